package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

// table is a job in Markdown, compared by the figure with that index. Behind those who were measured come the stand-ins.
func table(job outcome.Job, by int) string {
	figure := job.Figures[by]
	note := ""
	if outcome.Larger(figure) {
		note = " (more is better)"
	}
	var w strings.Builder
	fmt.Fprintf(&w, "| %s | %s | %s, ratio to %s%s | min..max |\n", job.Name, strings.Join(job.Figures, " | "), figure, job.Base, note)
	fmt.Fprintf(&w, "|---|%s\n", strings.Repeat("---:|", len(job.Figures)+2))
	base := job.Column(job.Base, figure)
	for _, impl := range job.Impls {
		fmt.Fprintf(&w, "| %s |", impl.Name)
		for _, f := range job.Figures {
			fmt.Fprintf(&w, " %s |", outcome.Format(outcome.Median(job.Column(impl.Name, f))))
		}
		w.WriteString(spread(outcome.Ratios(job.Column(impl.Name, figure), base)))
	}
	for _, s := range standIns {
		values := s.column(&job, figure)
		if s.job != job.Name || values == nil {
			continue
		}
		fmt.Fprintf(&w, "| %s | %s |%s", s.name(), outcome.Format(outcome.Median(values)), strings.Repeat(" – |", len(job.Figures)-1))
		w.WriteString(spread(outcome.Ratios(values, base)))
	}
	return w.String()
}

// spread is the end of a row.
func spread(ratios []float64) string {
	return fmt.Sprintf(" %.3f | %.3f..%.3f |\n", outcome.Median(ratios), slices.Min(ratios), slices.Max(ratios))
}

// footer says where the jobs were measured, and in how many rounds: once, if it was the same for all.
func footer(jobs []outcome.Job) string {
	var lines []string
	for _, job := range jobs {
		line := fmt.Sprintf("%s, %d rounds. Medians; ratios are of one round.", job.Environment, job.Rounds())
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n\n")
}

// benchstat is what go test -bench would print: a line for each implementation and round.
func benchstat(jobs []outcome.Job) []byte {
	var w strings.Builder
	fmt.Fprintf(&w, "goos: %s\ngoarch: %s\npkg: github.com/tailrace-go/tailrace/bench\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, outcome.Processor())
	for _, job := range jobs {
		for round := range job.Rounds() {
			for _, impl := range job.Impls {
				fmt.Fprintf(&w, "Benchmark%s/impl=%s 1", job.Name, impl.Name)
				for f, value := range impl.Rounds[round] {
					fmt.Fprintf(&w, " %v %s", value, job.Figures[f])
				}
				w.WriteString("\n")
			}
		}
	}
	return []byte(w.String())
}
