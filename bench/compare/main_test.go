package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

// turns is an entry that gives one figure a round, in order.
func turns(name string, figures ...float64) outcome.Entry {
	return outcome.Entry{Name: name, Turn: func() ([]float64, error) {
		figure := figures[0]
		figures = figures[1:]
		return []float64{figure}, nil
	}}
}

// contestants are three rounds of two jobs.
func contestants() []contest {
	return []contest{
		{Contest: outcome.Contest{Name: "J1", Base: "loop", Figures: []string{"ns/item"}, Entries: []outcome.Entry{
			turns("loop", 100, 1000, 10), // the machine was ten times as slow in round 2, and as fast in round 3
			turns("tailrace", 200, 2000, 30),
			turns("loop-funcs", 100, 1000, 10),
			turns("chan64", 400, 4000, 60),
		}}},
		{Contest: outcome.Contest{Name: "E/none", Base: "bsp", Figures: []string{"spans/s"}, Entries: []outcome.Entry{
			turns("bsp", 10, 100, 20), turns("tailrace", 40, 300, 90),
		}}},
		{Contest: outcome.Contest{Name: "E/gzip", Base: "bsp", Figures: []string{"spans/s"}, Entries: []outcome.Entry{turns("bsp", 1, 10, 2)}}},
	}
}

func held(t *testing.T) []outcome.Job {
	t.Helper()
	var jobs []outcome.Job
	for _, c := range contestants() {
		job, err := c.Hold(3)
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, job)
	}
	return jobs
}

func TestATableHasRatiosOfTheSameRoundAndStandIns(t *testing.T) {
	got := table(held(t)[0], 0)
	want := `| J1 | ns/item | ns/item, ratio to loop | min..max |
|---|---:|---:|---:|
| loop | 100 | 1.000 | 1.000..1.000 |
| tailrace | 200 | 2.000 | 2.000..3.000 |
| loop-funcs | 100 | 1.000 | 1.000..1.000 |
| chan64 | 400 | 4.000 | 4.000..6.000 |
| golem (stand-in: 1.47 x chan64) | 588 | 5.880 | 5.880..8.820 |
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", got, want)
	}
	if got := table(held(t)[1], 0); !strings.Contains(got, "more is better") || strings.Contains(got, "stand-in") {
		t.Errorf("got\n%s", got)
	}
}

func TestGoals(t *testing.T) {
	jobs := held(t)
	for _, c := range []struct {
		goal    goal
		want    []float64
		verdict string
	}{
		{most("", "J1", "tailrace", "loop", "ns/item", 1.5), []float64{2, 2, 3}, "missed by 33 %"},
		{most("", "J1", "tailrace", "loop", "ns/item", 2), []float64{2, 2, 3}, "met"},
		{most("", "J1", "tailrace", "loop", "ns/item", 1.99), []float64{2, 2, 3}, "missed by less than 1 %"},
		{least("", "J1", "chan64", "tailrace", "ns/item", 2.5), []float64{2, 2, 2}, "missed by 20 %"},
		{least("", "J1", "golem", "tailrace", "ns/item", 2.5), []float64{2.94, 2.94, 2.94}, "met"},
		{least("", "E/none", "tailrace", "bsp", "spans/s", 4), []float64{4, 3, 4.5}, "met"},
		{least("", "E/none", "tailrace", "bsp", "spans/s", 10), []float64{4, 3, 4.5}, "missed by 60 %"},
		{most("", "J1", "tailrace", "", "ns/item", 0), []float64{200, 2000, 30}, "missed by 200"},
		{most("", "J1", "nobody", "loop", "ns/item", 1), nil, ""},
		{most("", "J1", "loop", "nobody", "ns/item", 1), nil, ""},
		{most("", "J1", "loop", "tailrace", "ns/span", 1), nil, ""},
		{most("", "J7", "loop", "tailrace", "ns/item", 1), nil, ""},
	} {
		got := c.goal.values(jobs, c.goal.figure)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }) {
			t.Errorf("%s: values are %v, want %v", c.goal.rule(), got, c.want)
			continue
		}
		if got == nil {
			continue
		}
		if verdict := c.goal.verdict(outcome.Median(got)); verdict != c.verdict {
			t.Errorf("%s: %s, want %s", c.goal.rule(), verdict, c.verdict)
		}
	}
}

func TestGoalsAndPicturesNameWhatThereIs(t *testing.T) {
	all := contests(0)
	has := func(job, impl, figure string) bool {
		i := slices.IndexFunc(all, func(c contest) bool { return c.Name == job })
		return i >= 0 && slices.Contains(all[i].Figures, figure) &&
			(slices.ContainsFunc(all[i].Entries, func(e outcome.Entry) bool { return e.Name == impl }) ||
				slices.ContainsFunc(standIns, func(s standIn) bool { return s.job == job && s.peer == impl }))
	}
	for _, g := range goals {
		if !has(g.job, g.of, g.figure) || g.against != "" && !has(g.job, g.against, g.figure) {
			t.Errorf("%s (%s): there is no such job, implementation or figure", g.asks, g.rule())
		}
	}
	for _, p := range pictures {
		for _, b := range append(p.bars, bar{impl: p.base}) {
			if !has(p.job, b.impl, p.figure) {
				t.Errorf("the picture %q shows %s/impl=%s by %s, which there is not", p.title, p.job, b.impl, p.figure)
			}
		}
	}
	for _, s := range standIns {
		if !has(s.job, standInBase, "ns/item") {
			t.Errorf("%s in %s has nothing to stand on", s.name(), s.job)
		}
	}
}

func TestSelections(t *testing.T) {
	for _, c := range []struct {
		name string
		o    options
		want string
	}{
		{"everything", options{}, "J1:loop,tailrace,loop-funcs,chan64 E/none:bsp,tailrace E/gzip:bsp"},
		{"a prefix", options{job: "E/"}, "E/none:bsp,tailrace E/gzip:bsp"},
		{"implementations, and the base", options{job: "J1", impls: regexp.MustCompile("^tail")}, "J1:loop,tailrace"},
		{"another base", options{job: "J1", base: "chan64", impls: regexp.MustCompile("^tail")}, "J1:tailrace,chan64"},
		{"what goals are about", options{goals: true}, "J1:loop,tailrace,loop-funcs,chan64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.impls == nil {
				c.o.impls = regexp.MustCompile("")
			}
			chosen, err := choose(contestants(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, contest := range chosen {
				var names []string
				for _, e := range contest.Entries {
					names = append(names, e.Name)
				}
				got = append(got, contest.Name+":"+strings.Join(names, ","))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("chose %s, want %s", strings.Join(got, " "), c.want)
			}
		})
	}
}

func TestOptionsThatNameNothingAreErrors(t *testing.T) {
	every := regexp.MustCompile("")
	for _, o := range []options{
		{rounds: 0, impls: every},
		{rounds: 1, job: "J9", impls: every},
		{rounds: 1, job: "J1", by: "p50", impls: every},
		{rounds: 1, job: "J1", base: "nobody", impls: every},
		{rounds: 1, job: "J1", base: "chan64", dir: "x", impls: every},
		{draw: true, dir: t.TempDir()},
	} {
		if err := run(io.Discard, o, contestants()); err == nil {
			t.Errorf("run(%+v) was no error", o)
		}
	}
}

// What -o has kept is what -draw shows: the same tables and goals, and pictures that are XML.
func TestWhatIsKeptIsDrawn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	stat := filepath.Join(t.TempDir(), "new.txt")
	var printed, drawn strings.Builder
	if err := run(&printed, options{rounds: 3, impls: regexp.MustCompile(""), dir: dir, benchstat: stat}, contestants()); err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	tables, goals := read(filepath.Join(dir, "J1.md")), read(filepath.Join(dir, "goals.md"))
	if err := run(&drawn, options{draw: true, dir: dir}, nil); err != nil {
		t.Fatal(err)
	}
	if read(filepath.Join(dir, "J1.md")) != tables || read(filepath.Join(dir, "goals.md")) != goals {
		t.Error("drawing has changed tables or goals")
	}
	row := "| J1 by value, the public API | J1: ns/item of tailrace ≤ 1.1 x loop-funcs | 2.00 | 2.00..3.00 | – | missed by 82 % |"
	for name, text := range map[string]string{"what was printed": printed.String(), "goals.md": goals, "what was printed with the pictures": drawn.String()} {
		if !strings.Contains(text, row) {
			t.Errorf("no row\n%s\nin %s:\n%s", row, name, text)
		}
	}
	if want := "\n" + table(held(t)[0], 0); !strings.Contains(tables, want) || !strings.Contains(printed.String(), want[1:]) {
		t.Errorf("no table\n%s\nin J1.md:\n%s\nor in what was printed:\n%s", want, tables, printed.String())
	}
	for _, name := range []string{"compare-light.svg", "compare-dark.svg"} {
		svg := read(filepath.Join(dir, name))
		if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(svg, ">0.50<") || !strings.Contains(svg, "golem") { // tailrace is half of chan64
			t.Errorf("%s does not show J1:\n%s", name, svg)
		}
	}
	lines := read(stat)
	for _, want := range []string{"goos: ", "pkg: ", "BenchmarkJ1/impl=tailrace 1 200 ns/item\n", "BenchmarkE/none/impl=bsp 1 100 spans/s\n"} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %q in\n%s", want, lines)
		}
	}
}
