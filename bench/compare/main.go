// Command compare holds the implementations of the jobs against each other in one process, interleaved: in each round
// every implementation has its turn, so that whatever else the machine does, it does to all of them.
//
//	go run ./bench/compare                                   # every job, 6 rounds
//	go run ./bench/compare -job J1 -rounds 20 -by cpu        # by CPU time
//	go run ./bench/compare -job J4/ -base swap-link          # all of J4, against another base
//	go run ./bench/compare -job HandOff                      # what handing over a finished span costs, by producers
//	go run ./bench/compare -job OnEnd                        # what the end of a span costs who traces with OpenTelemetry
//	go run ./bench/compare -job EndToEnd/compression=zstd    # spans delivered to a collector in a process of its own
//	go run ./bench/compare -job Spool -by MiB                # appending to a spool with a sync each, against bbolt
//	go run ./bench/compare -job J2 -impl 'loop|tailrace'     # some implementations; the base is always there
//	go run ./bench/compare -goals                            # what the goals are about, and nothing else
//	go run ./bench/compare -benchstat new.txt                # all figures, for benchstat
//	go run ./bench/compare -o bench/results                  # keep the figures, and tables and pictures of them
//	go run ./bench/compare -draw -o bench/results            # measure nothing: tables, goals and pictures of what was kept
//
// It prints a table in Markdown for each job: medians over the rounds, then the ratio to the base: the median of the
// ratios of one round each, and the smallest and the largest of them. A stand-in is a peer that the Go module proxy does
// not give out: its row is what it took elsewhere as a multiple of chan64, times chan64 of the same round here.
//
// The goals come last: what is asked of a job, what was measured, and by how much it is missed.
//
// With -o the figures of each job, by round, are in <group>.json, and tables of them in <group>.md. All that is kept there
// makes goals.md, and compare-light.svg and compare-dark.svg, where the shortest bar is the best. What the last run of a
// job has measured takes the place of what was kept of that job.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

func main() {
	var o options
	var impls string
	flag.IntVar(&o.rounds, "rounds", 6, "rounds, in each of which every implementation has a turn")
	flag.StringVar(&o.job, "job", "", "only jobs whose name begins with this: J1, J4/, J4/producers=8, Idle, Spool, HandOff, OnEnd, EndToEnd")
	flag.StringVar(&o.base, "base", "", "implementation to compare with; empty means each job's own")
	flag.StringVar(&impls, "impl", "", "only implementations that this regular expression matches, and the base")
	flag.StringVar(&o.by, "by", "", "figure to compare by, as the column's name begins: cpu, p99, wire, MiB; empty means the first")
	flag.IntVar(&o.items, "items", 0, "items in a run of a job that moves items; 0 means the job's own number, cut to about 120 ms")
	flag.BoolVar(&o.goals, "goals", false, "only implementations that a goal is about")
	flag.StringVar(&o.dir, "o", "", "directory to keep the figures in")
	flag.StringVar(&o.benchstat, "benchstat", "", "file to write the figures to as go test -bench does, for benchstat")
	flag.BoolVar(&o.draw, "draw", false, "measure nothing; make the tables and pictures of what -o has, or bench/results")
	flag.Parse()
	var err error
	if o.impls, err = regexp.Compile(impls); err == nil {
		err = run(os.Stdout, o, contests(o.items))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds, items  int
	job, base, by  string
	dir, benchstat string
	impls          *regexp.Regexp
	goals, draw    bool
}

func run(w io.Writer, o options, all []contest) error {
	if o.draw {
		return redraw(w, cmp.Or(o.dir, "bench/results"))
	}
	if o.rounds < 1 {
		return fmt.Errorf("-rounds is %d, want at least 1", o.rounds)
	}
	if o.dir != "" && o.base != "" {
		return errors.New("-base is for a look at the figures; what -o keeps is compared with each job's own base")
	}
	chosen, err := choose(all, o)
	if err != nil {
		return err
	}
	var measured []outcome.Job
	for _, c := range chosen {
		job, err := c.Hold(o.rounds)
		if err != nil {
			return err
		}
		measured = append(measured, job)
		if _, err := fmt.Fprintln(w, table(job, c.by)); err != nil {
			return err
		}
	}
	if rows := goalRows(measured, false); len(rows) > 0 {
		if _, err := fmt.Fprintf(w, "%s\n", goalTable(rows)); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w, footer(measured)); err != nil {
		return err
	}
	if o.benchstat != "" {
		if err := os.WriteFile(o.benchstat, benchstat(measured), 0o644); err != nil {
			return err
		}
	}
	if o.dir == "" {
		return nil
	}
	return keep(o.dir, measured)
}

// keep adds what was measured to dir, and makes all anew that is made of it.
func keep(dir string, measured []outcome.Job) error {
	groups, err := outcome.Keep(dir, measured)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := writeTables(dir, group); err != nil {
			return err
		}
	}
	kept, err := outcome.ReadAll(dir)
	if err != nil {
		return err
	}
	return writeWhole(dir, kept)
}

// writeWhole makes what is made of all that is kept.
func writeWhole(dir string, kept []outcome.Job) error {
	if err := writeGoals(dir, kept); err != nil {
		return err
	}
	return writePictures(dir, kept)
}

// redraw makes all that is made of kept figures.
func redraw(w io.Writer, dir string) error {
	kept, err := outcome.ReadAll(dir)
	if err != nil {
		return err
	}
	var groups []string
	for _, job := range kept {
		if group := outcome.Group(job.Name); group != "Scaling" && !slices.Contains(groups, group) { // bench/scaling has its own
			groups = append(groups, group)
		}
	}
	if len(groups) == 0 {
		return fmt.Errorf("nothing was kept in %s", dir)
	}
	for _, group := range groups {
		if err := writeTables(dir, group); err != nil {
			return err
		}
	}
	if err := writeWhole(dir, kept); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n%s\n", goalTable(goalRows(kept, true)), footer(kept))
	return err
}

// writeTables makes <group>.md of <group>.json.
func writeTables(dir, group string) error {
	jobs, err := outcome.Read(dir, group)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n\n`go run ./bench/compare -job %s -o bench/results`\n", group, group)
	for _, job := range jobs {
		fmt.Fprintf(&text, "\n%s", table(job, 0))
	}
	fmt.Fprintf(&text, "\n%s\n", footer(jobs))
	return os.WriteFile(filepath.Join(dir, group+".md"), []byte(text.String()), 0o644)
}

// writeGoals makes goals.md of all that dir has.
func writeGoals(dir string, kept []outcome.Job) error {
	text := fmt.Sprintf("# Goals\n\n`go run ./bench/compare -draw -o bench/results`, of the figures beside this file.\n\n%s\n%s\n",
		goalTable(goalRows(kept, true)), footer(kept))
	return os.WriteFile(filepath.Join(dir, "goals.md"), []byte(text), 0o644)
}
