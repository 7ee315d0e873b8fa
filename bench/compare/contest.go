package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/bench/exporters"
	"github.com/tailrace-go/tailrace/bench/internal/outcome"
	"github.com/tailrace-go/tailrace/bench/jobs"
)

// A contest is a job, and the figure to compare it by.
type contest struct {
	outcome.Contest
	by int
}

// contests are all jobs with all that is registered. Runs of those that move items have n, or as many as suit if n is 0.
func contests(n int) []contest {
	var all []contest
	for _, job := range jobs.Jobs() {
		c := outcome.Contest{Name: job.Name, Base: job.Base, Figures: []string{"ns/item", "cpu-ns/item", "allocs/item"}}
		for _, impl := range job.Impls {
			size := n
			c.Entries = append(c.Entries, outcome.Entry{Name: impl.Name, Turn: func() ([]float64, error) {
				if size <= 0 {
					size = job.Cut(impl) // once: all rounds do the same
				}
				sample, err := job.Measure(impl, size)
				return []float64{sample.Wall, sample.CPU, sample.Allocs}, err
			}})
		}
		all = append(all, contest{Contest: c})
	}
	idle := outcome.Contest{Name: jobs.Idle.Name, Base: jobs.Idle.Base, Figures: []string{"p50-ns", "p99-ns"}}
	for _, impl := range jobs.Idle.Impls {
		idle.Entries = append(idle.Entries, outcome.Entry{Name: impl.Name, Turn: func() ([]float64, error) {
			sample, err := jobs.Idle.Measure(impl)
			return []float64{sample.P50, sample.P99}, err
		}})
	}
	all = append(all, contest{Contest: idle})
	for _, job := range jobs.Append {
		c := outcome.Contest{Name: job.Name, Base: job.Base, Figures: []string{"µs/record", "MiB/s"}}
		for _, impl := range job.Impls {
			c.Entries = append(c.Entries, outcome.Entry{Name: impl.Name, Turn: func() ([]float64, error) {
				sample, err := job.Measure(impl)
				return []float64{sample.Wall, sample.Rate}, err
			}})
		}
		all = append(all, contest{Contest: c})
	}
	for _, job := range exporters.Jobs() {
		c := outcome.Contest{Name: job.Name, Base: job.Base, Figures: job.Figures}
		for _, impl := range job.Impls {
			c.Entries = append(c.Entries, outcome.Entry{Name: impl.Name, Turn: impl.Run})
		}
		all = append(all, contest{Contest: c})
	}
	return all
}

// choose returns the contests that the options name, with the entries that they name.
func choose(all []contest, o options) ([]contest, error) {
	var chosen []contest
	for _, c := range all {
		if !strings.HasPrefix(c.Name, o.job) || o.goals && len(concerned(c.Name)) == 0 {
			continue
		}
		c.Base = cmp.Or(o.base, c.Base)
		c.by = slices.IndexFunc(c.Figures, func(f string) bool { return strings.HasPrefix(f, o.by) })
		if c.by < 0 {
			return nil, fmt.Errorf("%s has the figures %q, none begins with %q", c.Name, c.Figures, o.by)
		}
		c.Entries = slices.DeleteFunc(slices.Clone(c.Entries), func(e outcome.Entry) bool {
			return e.Name != c.Base && (!o.impls.MatchString(e.Name) || o.goals && !slices.Contains(concerned(c.Name), e.Name))
		})
		if !slices.ContainsFunc(c.Entries, func(e outcome.Entry) bool { return e.Name == c.Base }) {
			return nil, fmt.Errorf("%s has no implementation %q to compare with", c.Name, c.Base)
		}
		chosen = append(chosen, c)
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no job's name begins with %q", o.job)
	}
	return chosen, nil
}
