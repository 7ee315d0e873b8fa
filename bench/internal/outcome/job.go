// Package outcome keeps what was measured: one file for each group of jobs, which a person can read and compare with
// that of another day. The tables, the goals and the pictures are all made of these files.
package outcome

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Job is what one job's implementations cost, by round.
type Job struct {
	Name        string   `json:"name"`        // "J1", "J4/producers=8"; what comes before the slash is its group
	Environment string   `json:"environment"` // where it was measured, see [Environment]
	Base        string   `json:"base"`        // the implementation that ratios are taken against
	Figures     []string `json:"figures"`     // what was measured, as units; the first is what ratios are of
	Impls       []Impl   `json:"impls"`
}

// An Impl is one implementation's rounds.
type Impl struct {
	Name   string      `json:"name"`
	Rounds [][]float64 `json:"rounds"` // by round and figure; in the same round all implementations had a turn
}

// Group is the part of a job's name that its file is named for.
func Group(job string) string {
	group, _, _ := strings.Cut(job, "/")
	return group
}

// Rounds is in how many rounds each implementation had its turn.
func (j *Job) Rounds() int {
	if len(j.Impls) == 0 {
		return 0
	}
	return len(j.Impls[0].Rounds)
}

// Column is one figure of one implementation, by round; nil if either was not measured.
func (j *Job) Column(impl, figure string) []float64 {
	i := slices.IndexFunc(j.Impls, func(i Impl) bool { return i.Name == impl })
	f := slices.Index(j.Figures, figure)
	if i < 0 || f < 0 {
		return nil
	}
	values := make([]float64, len(j.Impls[i].Rounds))
	for round, figures := range j.Impls[i].Rounds {
		values[round] = figures[f]
	}
	return values
}

// Ratios divides each round's value by that of the same round of against. The machine may be twice as slow in one round
// as in the next: both have the same share of that.
func Ratios(values, against []float64) []float64 {
	ratios := slices.Clone(values)
	for round := range ratios {
		ratios[round] /= against[round]
	}
	return ratios
}

// Larger tells whether more of a figure is better, as of spans/s and of a codec's ratio. Of all others less is.
func Larger(figure string) bool { return strings.HasSuffix(figure, "/s") || figure == "ratio" }

// Median is the middle one, or the mean of the middle two.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Round keeps four digits, which is more than any figure here is worth: files differ where figures do.
func Round(value float64) float64 {
	if value == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return value
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 4, 64), 64) // what was just printed
	return rounded
}

// Format is a figure in a table, with about three digits: allocations are fractions and times are not.
func Format(value float64) string {
	switch {
	case value >= 100:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case value >= 1:
		return strconv.FormatFloat(value, 'f', 1, 64)
	case value == 0:
		return "0"
	}
	return strconv.FormatFloat(value, 'f', 4, 64)
}
