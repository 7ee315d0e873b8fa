package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

// turns is an entry that gives one figure a round, in order.
func turns(name string, figures ...float64) entry {
	return entry{name, func() ([]float64, error) {
		figure := figures[0]
		figures = figures[1:]
		return []float64{figure}, nil
	}}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	c := contest{name: "J", base: "floor", figures: []string{"ns"}, entries: []entry{
		turns("floor", 100, 1000, 10), // the machine was ten times as slow in round 2, and as fast in round 3
		turns("ours", 200, 2000, 30),
		turns("left out"),
	}}
	outcome, err := c.hold("floor", options{rounds: 3, impls: regexp.MustCompile("ours")})
	if err != nil {
		t.Fatal(err)
	}
	want := `| J | ns | ns, ratio to floor | min..max |
|---|---:|---:|---:|
| floor | 100 | 1.000 | 1.000..1.000 |
| ours | 200 | 2.000 | 2.000..3.000 |

`
	if got := outcome.markdown(0); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAWrongRunIsNoFigure(t *testing.T) {
	wrong := errors.New("an item was lost")
	c := contest{name: "J", figures: []string{"ns"}, entries: []entry{
		{"wrong", func() ([]float64, error) { return []float64{1}, wrong }},
	}}
	if _, err := c.hold("wrong", options{rounds: 1, impls: regexp.MustCompile("")}); !errors.Is(err, wrong) {
		t.Errorf("hold returned %v, want %v", err, wrong)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 2}, 2},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestOptionsThatNameNothingAreErrors(t *testing.T) {
	every := regexp.MustCompile("")
	for _, o := range []options{
		{rounds: 0, impls: every},
		{rounds: 1, job: "J9", impls: every},
		{rounds: 1, job: "J1", by: "p50", impls: every},
		{rounds: 1, job: "J1", base: "nobody", impls: every},
	} {
		if err := run(&strings.Builder{}, o); err == nil {
			t.Errorf("run(%+v) was no error", o)
		}
	}
}
