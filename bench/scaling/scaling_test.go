package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
	"github.com/tailrace-go/tailrace/observability"
)

// drawn is a curve whose points take what costs say, by x and round, with any number of cores.
func drawn(grows float64, costs map[int][]float64, xs ...int) (curve, *outcome.Job) {
	c := curve{name: "c", title: "a <curve>", axis: "x & y", xs: xs, tick: strconv.Itoa, series: []series{{name: "s", grows: grows}}}
	job := &outcome.Job{Name: c.job(), Environment: "here", Figures: figures}
	for _, x := range xs {
		for _, procs := range cores {
			impl := outcome.Impl{Name: point(c.series[0], procs, x)}
			for _, cost := range costs[x] {
				impl.Rounds = append(impl.Rounds, []float64{cost, cost})
			}
			job.Impls = append(job.Impls, impl)
		}
	}
	return c, job
}

func TestSteepStretches(t *testing.T) {
	for _, c := range []struct {
		name  string
		grows float64
		costs map[int][]float64
		want  string
	}{
		{"a flat line", 0, map[int][]float64{1: {10, 20}, 2: {11, 21}, 4: {10, 22}, 8: {10, 21}}, "[]"},
		{"one step", 0, map[int][]float64{1: {10}, 2: {10}, 4: {20}, 8: {20}}, "[{1 2 2 2}]"},
		{"two steps are one stretch", 0, map[int][]float64{1: {10}, 2: {10}, 4: {20}, 8: {80}}, "[{1 3 8 2.8284271247461903}]"},
		{"two stretches", 0, map[int][]float64{1: {10}, 2: {20}, 4: {20}, 8: {40}}, "[{0 1 2 2} {2 3 2 2}]"},
		{"linear where that may be", 1, map[int][]float64{1: {10}, 2: {20}, 4: {40}, 8: {80}}, "[]"},
		{"quadratic where linear may be", 1, map[int][]float64{1: {10}, 2: {20}, 4: {40}, 8: {160}}, "[{2 3 2 2}]"},
		{"a slower machine in one round", 0, map[int][]float64{1: {10, 30}, 2: {10, 30}, 4: {10, 30}, 8: {10, 30}}, "[]"},
		{"not in every round", 0, map[int][]float64{1: {10, 10, 10}, 2: {20, 20, 9}, 4: {20, 20, 9}, 8: {20, 20, 9}}, "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			line, job := drawn(c.grows, c.costs, 1, 2, 4, 8)
			if got := fmt.Sprint(line.steep(job, line.series[0], 2, 1.25)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The step is short, so a rise of a tenth is already more than a quarter for each doubling.
func TestASmallRiseOverAShortStepIsChance(t *testing.T) {
	c, job := drawn(0, map[int][]float64{16: {100}, 20: {109}}, 16, 20)
	if got := c.steep(job, c.series[0], 1, 1.25); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}

func TestTheReportNamesWhatIsTooSteep(t *testing.T) {
	c, job := drawn(1, map[int][]float64{1: {10}, 2: {60}}, 1, 2)
	got := report(c, job, 1.25)
	want := `| x & y | s, GOMAXPROCS 1: wall / CPU ns | s, GOMAXPROCS 2: wall / CPU ns |
|---:|---:|---:|
| 1 | 10.0 / 10.0 | 10.0 / 10.0 |
| 2 | 60.0 / 60.0 | 60.0 / 60.0 |

- Too steep: s, GOMAXPROCS 1, from 1 to 2: x 3.00 beyond linear, x 3.00 for each doubling.
- Too steep: s, GOMAXPROCS 2, from 1 to 2: x 3.00 beyond linear, x 3.00 for each doubling.

here, medians of 1 rounds.
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := report(c, job, 9); !strings.Contains(got, "Nowhere") {
		t.Errorf("got\n%s", got)
	}
}

func TestWhatIsKeptIsDrawn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	c := curve{name: "c", title: "a <curve>", axis: "x & y", xs: []int{1, 2}, tick: strconv.Itoa, series: []series{{"s", 0, func(x int) (workload, error) {
		return whole(x, func(int) error { return nil }), nil
	}}}}
	var printed strings.Builder
	if err := run(&printed, options{rounds: 1, factor: 1.25, dir: dir}, []curve{c}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(printed.String(), "| x & y |") {
		t.Errorf("printed\n%s", printed.String())
	}
	// A run takes no time worth drawing: what is kept is made up.
	_, job := drawn(0, map[int][]float64{1: {10}, 2: {60}}, 1, 2)
	if _, err := outcome.Keep(dir, []outcome.Job{*job}); err != nil {
		t.Fatal(err)
	}
	if err := run(io.Discard, options{rounds: 1, factor: 1.25, dir: dir, draw: true}, []curve{c}); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "scaling-c.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(svg, new(struct{})); err != nil {
		t.Errorf("%v in\n%s", err, svg)
	}
	for _, want := range []string{"a &lt;curve&gt;", "x &amp; y", `class="steep"`, "s, GOMAXPROCS 2"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("no %q in\n%s", want, svg)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "Scaling.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "Too steep: s, GOMAXPROCS 1, from 1 to 2") {
		t.Errorf("Scaling.md is\n%s", text)
	}
}

func TestOptionsThatMakeNoSenseAreErrors(t *testing.T) {
	for _, o := range []options{
		{rounds: 0, factor: 2},
		{rounds: 1, factor: 1},
		{rounds: 1, factor: 2, curve: "nothing"},
		{rounds: 1, factor: 2, draw: true, dir: t.TempDir()},
	} {
		if err := run(io.Discard, o, curves()); err == nil {
			t.Errorf("run(%+v) was no error", o)
		}
	}
}

// Every workload does its work, and finds when something is missing: it is run small.
func TestWorkloadsDeliverEverything(t *testing.T) {
	spans := finished(tinySpan)[:100]
	for name, w := range map[string]workload{
		"hand-off":           handOff(spans, 3, 0),
		"hand-off, no reply": queued(spans, 3, 0),
		"end to end":         endToEnd(observability.CloudExporterConfig{Compression: observability.CompressZstd, MaxBatchSize: 7}, spans, 0),
		"ingress":            whole(0, func(n int) error { return ingress(3, n) }),
		"batches":            whole(0, func(n int) error { return grouped(7, n) }),
		"stages":             must(t, curves()[1].series[2], 3),
	} {
		t.Run(name, func(t *testing.T) {
			parts := 0
			err := w.run(50, func(part func() error) error { parts++; return part() })
			if err != nil || parts != 1 {
				t.Errorf("%d timed parts, %v", parts, err)
			}
		})
	}
}

func must(t *testing.T, s series, x int) workload {
	t.Helper()
	w, err := s.work(x)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSpansHaveTheSizeThatIsAskedFor(t *testing.T) {
	for _, bytes := range []int{200, 4 << 10, 1 << 20} {
		spans := finished(bytes)
		texts := 0
		for _, v := range []string{string(spans[len(spans)-1].Input), string(spans[len(spans)-1].Output)} {
			texts += len(v)
		}
		if !spans[0].Frozen() || texts > bytes || texts < bytes-200 {
			t.Errorf("%d bytes: %d bytes of text, frozen: %v", bytes, texts, spans[0].Frozen())
		}
	}
	for bytes, want := range map[int]string{200: "200 B", 4 << 10: "4 KiB", 1 << 20: "1 MiB"} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) = %s, want %s", bytes, got, want)
		}
	}
}

func TestTimesHaveTheirUnit(t *testing.T) {
	for v, want := range map[float64]string{0.5: "0.5 ns", 20: "20 ns", 5000: "5 µs", 1e7: "10 ms"} {
		if got := nanoseconds(v); got != want {
			t.Errorf("nanoseconds(%g) = %s, want %s", v, got, want)
		}
	}
}
