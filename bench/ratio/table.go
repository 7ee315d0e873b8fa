package main

import (
	"fmt"
	"slices"
	"strings"
)

// A table is a contest with its outcome.
type table struct {
	contest
	base   int           // index of the entry that the others are compared with
	rounds [][][]float64 // by round, entry, figure
}

// markdown is the table, comparing by the figure with that index.
func (t table) markdown(by int) string {
	var w strings.Builder
	fmt.Fprintf(&w, "| %s | %s | %s, ratio to %s | min..max |\n", t.name, strings.Join(t.figures, " | "),
		t.figures[by], t.entries[t.base].name)
	fmt.Fprintf(&w, "|---|%s\n", strings.Repeat("---:|", len(t.figures)+2))
	for i, entry := range t.entries {
		fmt.Fprintf(&w, "| %s |", entry.name)
		for figure := range t.figures {
			fmt.Fprintf(&w, " %s |", format(median(t.column(i, figure))))
		}
		ratios := t.ratios(i, by)
		fmt.Fprintf(&w, " %.3f | %.3f..%.3f |\n", median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	w.WriteString("\n")
	return w.String()
}

// column is one figure of one entry, by round.
func (t table) column(entry, figure int) []float64 {
	values := make([]float64, len(t.rounds))
	for round, figures := range t.rounds {
		values[round] = figures[entry][figure]
	}
	return values
}

// ratios divides one figure of an entry by the base's of the same round.
func (t table) ratios(entry, figure int) []float64 {
	ratios := t.column(entry, figure)
	for round, base := range t.column(t.base, figure) {
		ratios[round] /= base
	}
	return ratios
}

// median is the middle one, or the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// format keeps about three digits: allocations are fractions and times are not.
func format(value float64) string {
	switch {
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 1:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.4f", value)
}
