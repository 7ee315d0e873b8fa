// Command ratio compares the implementations of the jobs with each other in one process, interleaved: in each round
// every implementation has its turn, so that whatever else the machine does, it does to all of them.
//
//	go run ./bench/ratio                                   # every job, 6 rounds
//	go run ./bench/ratio -job J1 -rounds 20 -by cpu        # by CPU time
//	go run ./bench/ratio -job J4/ -base swap-link          # all of J4, against another base
//	go run ./bench/ratio -job Spool -by MiB                # appending to a spool with a sync each, against bbolt
//	go run ./bench/ratio -job J2 -impl 'loop|tailrace'     # some implementations; the base is always there
//
// It prints a table in Markdown for each job: medians over the rounds, then the ratio to the base: the median of the
// ratios of one round each, and the smallest and the largest of them.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/bench/jobs"
)

func main() {
	var o options
	var impls string
	flag.IntVar(&o.rounds, "rounds", 6, "rounds, in each of which every implementation has a turn")
	flag.StringVar(&o.job, "job", "", "only jobs whose name begins with this: J1, J4/, J4/producers=8, Idle, Spool")
	flag.StringVar(&o.base, "base", "", "implementation to compare with; empty means each job's own")
	flag.StringVar(&impls, "impl", "", "only implementations that this regular expression matches, and the base")
	flag.StringVar(&o.by, "by", "", "figure to compare by, as the column's name begins: wall, cpu, p50, p99, MiB; empty means the first")
	flag.IntVar(&o.items, "items", 0, "items in a run; 0 means the job's own number, cut to about 120 ms")
	flag.Parse()
	var err error
	if o.impls, err = regexp.Compile(impls); err == nil {
		err = run(os.Stdout, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ratio:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds, items int
	job, base, by string
	impls         *regexp.Regexp
}

func run(w io.Writer, o options) error {
	if o.rounds < 1 {
		return fmt.Errorf("-rounds is %d, want at least 1", o.rounds)
	}
	found := false
	for _, c := range contests(o.items) {
		if !strings.HasPrefix(c.name, o.job) {
			continue
		}
		found = true
		by := slices.IndexFunc(c.figures, func(f string) bool { return strings.HasPrefix(f, o.by) })
		if by < 0 {
			return fmt.Errorf("%s has the figures %q, none begins with %q", c.name, c.figures, o.by)
		}
		t, err := c.hold(cmp.Or(o.base, c.base), o)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, t.markdown(by)); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("no job's name begins with %q", o.job)
	}
	_, err := fmt.Fprintf(w, "%s, %s/%s, %d cores, %d rounds. Medians; ratios are of one round.\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), o.rounds)
	return err
}

// A contest is one job, as far as this program is concerned.
type contest struct {
	name, base string
	figures    []string // what turn returns, with units
	entries    []entry
}

type entry struct {
	name string
	turn func() ([]float64, error)
}

// contests are all jobs with all that is registered. Runs have n items, or as many as suit if n is 0.
func contests(n int) []contest {
	var all []contest
	for _, job := range jobs.Jobs() {
		c := contest{name: job.Name, base: job.Base, figures: []string{"wall ns/item", "cpu ns/item", "allocs/item"}}
		for _, impl := range job.Impls {
			size := n
			c.entries = append(c.entries, entry{impl.Name, func() ([]float64, error) {
				if size <= 0 {
					size = job.Cut(impl) // once: all rounds do the same
				}
				sample, err := job.Measure(impl, size)
				return []float64{sample.Wall, sample.CPU, sample.Allocs}, err
			}})
		}
		all = append(all, c)
	}
	idle := contest{name: jobs.Idle.Name, base: jobs.Idle.Base, figures: []string{"p50 ns", "p99 ns"}}
	for _, impl := range jobs.Idle.Impls {
		idle.entries = append(idle.entries, entry{impl.Name, func() ([]float64, error) {
			sample, err := jobs.Idle.Measure(impl)
			return []float64{sample.P50, sample.P99}, err
		}})
	}
	all = append(all, idle)
	for _, job := range jobs.Append {
		c := contest{name: job.Name, base: job.Base, figures: []string{"wall µs/record", "MiB/s"}}
		for _, impl := range job.Impls {
			c.entries = append(c.entries, entry{impl.Name, func() ([]float64, error) {
				sample, err := job.Measure(impl)
				return []float64{sample.Wall, sample.Rate}, err
			}})
		}
		all = append(all, c)
	}
	return all
}

// hold lets every entry have its turns.
func (c contest) hold(base string, o options) (table, error) {
	t := table{contest: c, base: -1}
	t.entries = slices.DeleteFunc(slices.Clone(c.entries), func(e entry) bool {
		return e.name != base && !o.impls.MatchString(e.name)
	})
	if t.base = slices.IndexFunc(t.entries, func(e entry) bool { return e.name == base }); t.base < 0 {
		return t, fmt.Errorf("%s has no implementation %q to compare with", c.name, base)
	}
	t.rounds = make([][][]float64, o.rounds)
	for round := range t.rounds {
		t.rounds[round] = make([][]float64, len(t.entries))
		for turn := range t.entries {
			i := (turn + round) % len(t.entries) // nobody always follows the same neighbour's garbage first
			figures, err := t.entries[i].turn()
			if err != nil {
				return t, err
			}
			t.rounds[round][i] = figures
		}
	}
	return t, nil
}
