package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
)

// lines is what go test -json prints of one package: each of events is action, test, and the rest.
func lines(events ...[3]string) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, `{"Action":%q,"Package":"github.com/tailrace-go/tailrace/sink","Test":%q`, e[0], e[1])
		switch e[0] {
		case "attr":
			fmt.Fprintf(&b, `,"Key":"fault","Value":%q`, e[2])
		case "output":
			fmt.Fprintf(&b, `,"Output":%q`, e[2])
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// Each row is told by what its test says, or by why it was skipped; whatever else is an error.
func TestEachRowIsHeardOfOrWrong(t *testing.T) {
	for name, c := range map[string]struct {
		events [][3]string
		want   string // what happened, or a part of the error
		wrong  bool
	}{
		"it says so": {
			[][3]string{{"run", "TestA"}, {"attr", "TestA", "http.413 2 halves"}, {"pass", "TestA"}}, "2 halves", false,
		},
		"below it": {
			[][3]string{{"attr", "TestA/x", "http.413 2 halves"}, {"pass", "TestA/x"}, {"pass", "TestA"}}, "2 halves", false,
		},
		"twice the same": {
			[][3]string{{"attr", "TestA/x", "http.413 2 halves"}, {"attr", "TestA/y", "http.413 2 halves"}, {"pass", "TestA"}}, "2 halves", false,
		},
		"twice": {
			[][3]string{{"attr", "TestA/x", "http.413 2 halves"}, {"attr", "TestA/y", "http.413 3 halves"}, {"pass", "TestA"}}, "different", true,
		},
		"nothing": {[][3]string{{"pass", "TestA"}}, "says nothing", true},
		"failed": {
			[][3]string{{"attr", "TestA", "http.413 2 halves"}, {"output", "TestA", "a_test.go:1: got 3"}, {"fail", "TestA"}}, "TestA failed:\na_test.go:1: got 3", true,
		},
		"no such test": {[][3]string{{"pass", "TestB"}}, "has not run", true},
		"skipped": {
			[][3]string{{"output", "TestA", "    a_test.go:12: needs a spare disk\n"}, {"output", "TestA", "--- SKIP: TestA (0.00s)\n"}, {"skip", "TestA"}},
			"not played: needs a spare disk", false,
		},
		"skipped below": {
			[][3]string{{"output", "TestA/x", "    a_test.go:12: needs root\n"}, {"skip", "TestA/x"}, {"pass", "TestA"}}, "not played: needs root", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sections := []faults.Section{{Rows: []faults.Row{{ID: "http.413", Package: "sink", Test: "TestA"}}}}
			heard, failed := listen(strings.NewReader(lines(c.events...)))
			happened, err := judge(sections, heard)
			if (err != nil) != c.wrong {
				t.Fatalf("%v, want an error: %t", err, c.wrong)
			}
			if got := fmt.Sprint(happened["http.413"], failed, err); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}

// Two pages differ by their lines, but not by what one machine could not play.
func TestPagesAreComparedByWhatWasPlayed(t *testing.T) {
	const old = "| S-1 | kill -9 | 0 lost | 0 lost | [TestKill](../sink/spool) |\n| S-2 | power | 0 lost | not played: no crashfs | [TestPower](../sink/spool) |\n"
	for name, c := range map[string]struct {
		now  string
		want int
	}{
		"the same":         {old, 0},
		"another result":   {strings.Replace(old, "0 lost | 0 lost", "0 lost | 3 lost", 1), 2},
		"played here":      {strings.Replace(old, "not played: no crashfs", "0 lost", 1), 0},
		"not played here":  {strings.Replace(old, "0 lost | 0 lost", "0 lost | not played: no signals", 1), 0},
		"another reason":   {strings.Replace(old, "no crashfs", "no root", 1), 0},
		"another promise":  {strings.Replace(old, "power | 0 lost", "power | 1 lost", 1), 2},
		"one row more":     {old + "| S-3 | torn | counted | counted | [TestTorn](../sink/spool) |\n", 1},
		"another sequence": {"\n" + old[:len(old)-1], 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := differences(old, c.now); len(got) != c.want {
				t.Errorf("differences %q, want %d", got, c.want)
			}
		})
	}
}

func TestCellsKeepToTheTable(t *testing.T) {
	if got, want := cell("a|b <img>\nc"), `a\|b &lt;img> c`; got != want {
		t.Errorf("cell is %q, want %q", got, want)
	}
}
