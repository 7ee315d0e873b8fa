package outcome

import (
	"errors"
	"strings"
	"testing"
)

func TestAWrongRunIsNoFigure(t *testing.T) {
	for _, c := range []struct {
		name    string
		figures []float64
		err     error
		says    string
	}{
		{"an error", []float64{1}, errors.New("an item was lost"), "an item was lost"},
		{"a figure too few", nil, nil, "J/impl=wrong gave 0 figures"},
	} {
		t.Run(c.name, func(t *testing.T) {
			contest := Contest{Name: "J", Figures: []string{"ns"}, Entries: []Entry{
				{"wrong", func() ([]float64, error) { return c.figures, c.err }},
			}}
			if _, err := contest.Hold(1); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Hold returned %v, want %q", err, c.says)
			}
		})
	}
}

func TestEveryoneHasATurnInEachRoundAndTheOrderTurns(t *testing.T) {
	var order []string
	entry := func(name string) Entry {
		return Entry{name, func() ([]float64, error) {
			order = append(order, name)
			return []float64{float64(len(order))}, nil
		}}
	}
	contest := Contest{Name: "J", Figures: []string{"ns"}, Entries: []Entry{entry("a"), entry("b"), entry("c")}}
	job, err := contest.Hold(3)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abcbcacab" {
		t.Errorf("the order was %s, want abcbcacab", got)
	}
	if got := job.Column("b", "ns"); got[0] != 2 || got[1] != 4 || got[2] != 9 {
		t.Errorf("the figures of b are %v, want those of its turns", got)
	}
}
