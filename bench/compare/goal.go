package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

// A goal is a bound on one figure of one implementation, or on its ratio to that of another in the same round.
type goal struct {
	asks        string // in words
	job         string
	of, against string // implementations; no against: the figure itself is bounded
	figure      string
	limit       float64
	least       bool // the limit is the least; else it is the most
}

func most(asks, job, of, against, figure string, limit float64) goal {
	return goal{asks, job, of, against, figure, limit, false}
}

func least(asks, job, of, against, figure string, limit float64) goal {
	return goal{asks, job, of, against, figure, limit, true}
}

// rule is the goal without its words.
func (g goal) rule() string {
	sign := "≤"
	if g.least {
		sign = "≥"
	}
	if g.against == "" {
		return fmt.Sprintf("%s: %s of %s %s %.4g", g.job, g.figure, g.of, sign, g.limit)
	}
	return fmt.Sprintf("%s: %s of %s %s %.4g x %s", g.job, g.figure, called(g.job, g.of), sign, g.limit, called(g.job, g.against))
}

// called is an implementation's name, which says so if it is a stand-in.
func called(job, impl string) string {
	for _, s := range standIns {
		if s.job == job && s.peer == impl {
			return s.name()
		}
	}
	return impl
}

// values are what the goal is about, by round; nil if it was not measured.
func (g goal) values(jobs []outcome.Job, figure string) []float64 {
	job := find(jobs, g.job)
	if job == nil {
		return nil
	}
	of := column(job, g.of, figure)
	if of == nil || g.against == "" {
		return of
	}
	against := column(job, g.against, figure)
	if against == nil {
		return nil
	}
	return outcome.Ratios(of, against)
}

func find(jobs []outcome.Job, name string) *outcome.Job {
	i := slices.IndexFunc(jobs, func(j outcome.Job) bool { return j.Name == name })
	if i < 0 {
		return nil
	}
	return &jobs[i]
}

// verdict says whether a median meets the goal, or by how much it does not: as a part of the limit, or as it is where
// the limit is 0.
func (g goal) verdict(median float64) string {
	by := median - g.limit
	if g.least {
		by = -by
	}
	switch {
	case by <= 0:
		return "met"
	case g.limit == 0:
		return "missed by " + outcome.Format(by)
	case by/g.limit < 0.01:
		return "missed by less than 1 %"
	}
	return fmt.Sprintf("missed by %.0f %%", 100*by/g.limit)
}

// concerned are the implementations of a job that goals are about.
func concerned(job string) []string {
	var names []string
	for _, g := range goals {
		if g.job != job {
			continue
		}
		names = append(names, g.of, g.against)
		if slices.ContainsFunc(standIns, func(s standIn) bool { return s.job == job && (s.peer == g.of || s.peer == g.against) }) {
			names = append(names, standInBase)
		}
	}
	return names
}

// byCPU are the figures of CPU time that stand beside those of wall time.
var byCPU = map[string]string{"ns/item": "cpu-ns/item"}

// goalRows are the rows of the goals: of all goals, or of those whose job is among jobs.
func goalRows(jobs []outcome.Job, all bool) []string {
	var rows []string
	for _, g := range goals {
		if !all && find(jobs, g.job) == nil {
			continue
		}
		values := g.values(jobs, g.figure)
		if values == nil {
			rows = append(rows, fmt.Sprintf("| %s | %s | – | – | – | not measured |", g.asks, g.rule()))
			continue
		}
		cpu := "–"
		if used := g.values(jobs, byCPU[g.figure]); used != nil && outcome.Median(used) > 0 { // not every system tells
			cpu = digits(outcome.Median(used))
		}
		median := outcome.Median(values)
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s..%s | %s | %s |", g.asks, g.rule(),
			digits(median), digits(slices.Min(values)), digits(slices.Max(values)), cpu, g.verdict(median)))
	}
	return rows
}

// goalTable is the section of the goals. A goal in wall time is judged by it; the same ratio of CPU times stands beside it.
func goalTable(rows []string) string {
	return "| goal | rule | measured | min..max | by CPU time | |\n|---|---|---:|---:|---:|---|\n" + strings.Join(rows, "\n") + "\n"
}

// digits are three of them, or four decimals.
func digits(value float64) string {
	switch {
	case value >= 100 || value == 0:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	case value >= 1:
		return fmt.Sprintf("%.2f", value)
	case value >= 0.01:
		return fmt.Sprintf("%.3f", value)
	}
	return fmt.Sprintf("%.2g", value)
}
