package main

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/bench/internal/chart"
	"github.com/tailrace-go/tailrace/bench/internal/outcome"
	"github.com/tailrace-go/tailrace/bench/jobs"
)

// A curve is what an item costs over one number.
type curve struct {
	name, title string
	axis        string // what the number is
	xs          []int  // rising
	tick        func(x int) string
	series      []series
	known       string // why it is as it is, where that is not plain
}

// A series is one kind of work.
type series struct {
	name  string
	grows float64 // the cost may grow as x to the power of this: 0 is a flat line, 1 doubles as x does
	work  func(x int) (workload, error)
}

// A workload is what is run, for n items. It calls timed with the part that counts, once.
type workload struct {
	n   int
	run func(n int, timed func(part func() error) error) error
}

// whole is a workload of which all counts.
func whole(n int, run func(n int) error) workload {
	return workload{n, func(n int, timed func(func() error) error) error {
		return timed(func() error { return run(n) })
	}}
}

// cores are the values of GOMAXPROCS that every series is measured with.
var cores = []int{1, 2}

var figures = []string{"ns/item", "cpu-ns/item"}

func (c curve) job() string { return group + "/" + c.name }

// point names a turn, and the implementation of the kept file.
func point(s series, procs, x int) string { return fmt.Sprintf("%s/procs=%d/x=%d", s.name, procs, x) }

// contest has an entry for each point.
func (c curve) contest() outcome.Contest {
	contest := outcome.Contest{Name: c.job(), Base: point(c.series[0], cores[0], c.xs[0]), Figures: figures}
	for _, s := range c.series {
		for _, x := range c.xs {
			prepared := sync.OnceValues(func() (workload, error) { return s.work(x) })
			for _, procs := range cores {
				contest.Entries = append(contest.Entries, outcome.Entry{Name: point(s, procs, x), Turn: func() ([]float64, error) {
					w, err := prepared()
					if err != nil {
						return nil, err
					}
					taken, err := measure(w, procs)
					if err != nil {
						return nil, fmt.Errorf("%s, %s: %w", c.name, point(s, procs, x), err)
					}
					return taken, nil
				}})
			}
		}
	}
	return contest
}

// measure runs a workload with so many cores, behind a small run, and returns ns an item of wall and of CPU time.
func measure(w workload, procs int) ([]float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	untimed := func(part func() error) error { return part() }
	if err := w.run(w.n/16+1, untimed); err != nil {
		return nil, err
	}
	runtime.GC()
	var wall, used time.Duration
	err := w.run(w.n, func(part func() error) error {
		cpu, start := jobs.CPUTime(), time.Now()
		err := part()
		wall, used = time.Since(start), jobs.CPUTime()-cpu
		return err
	})
	n := float64(w.n)
	return []float64{float64(wall.Nanoseconds()) / n, float64(used.Nanoseconds()) / n}, err
}

// lines are the curves of a picture, with their steep stretches.
func (c curve) lines(job *outcome.Job, factor float64) []chart.Curve {
	var all []chart.Curve
	for i, s := range c.series {
		for _, procs := range cores {
			line := chart.Curve{Name: fmt.Sprintf("%s, GOMAXPROCS %d", s.name, procs), Colour: i, Dashed: procs == 1}
			for _, x := range c.xs {
				values := job.Column(point(s, procs, x), figures[0])
				if values == nil {
					continue
				}
				line.X, line.Y = append(line.X, float64(x)), append(line.Y, outcome.Median(values))
			}
			if len(line.X) != len(c.xs) {
				continue // kept by another version of this program
			}
			for _, stretch := range c.steep(job, s, procs, factor) {
				line.Steep = append(line.Steep, [2]int{stretch.from, stretch.to})
			}
			all = append(all, line)
		}
	}
	return all
}

func (c curve) picture(job *outcome.Job, factor float64) string {
	return chart.DrawCurves(chart.Plot{
		Title: c.title, X: c.axis, Y: "wall time an item",
		Curves: c.lines(job, factor),
		TickX:  func(x float64) string { return c.tick(int(x)) },
		TickY:  nanoseconds,
		Notes:  []string{fmt.Sprintf("%s, medians of %d rounds. Broad red: steeper than it may be.", job.Environment, job.Rounds())},
	}, chart.Auto)
}

// nanoseconds is a time in its unit: 20 ns, 5 µs, 10 ms.
func nanoseconds(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + " ms"
	case v >= 1e3:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + " µs"
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + " ns"
}
