package main

import (
	"fmt"

	"github.com/tailrace-go/tailrace/bench/internal/outcome"
)

// A standIn is a peer that the Go module proxy does not give out. Where it could be had it was measured beside chan64, in
// the same rounds of the same job, in wall time: that ratio is known, and nothing else of it.
type standIn struct {
	job, peer string
	ratio     float64
}

// standInBase is what stand-ins are multiples of.
const standInBase = "chan64"

var standIns = []standIn{
	{"J1", "golem", 1.47}, {"J1", "splunk", 1.63}, {"J1", "deliveryhero", 4.2}, {"J1", "RxGo", 4.4}, {"J1", "rill", 4.8}, {"J1", "go-streams", 8.6},
	{"J2", "splunk", 1.6}, {"J2", "golem", 1.7}, {"J2", "rill", 4.8},
	{"J3o", "rill", 1.7},
	{"J5", "golem", 2.8},
}

// name says what it is, wherever it is shown.
func (s standIn) name() string {
	return fmt.Sprintf("%s (stand-in: %.3g x %s)", s.peer, s.ratio, standInBase)
}

// column is what it stands in for in each round; nil if chan64 was not measured, or the figure is not the job's time.
func (s standIn) column(job *outcome.Job, figure string) []float64 {
	if figure != job.Figures[0] {
		return nil
	}
	values := job.Column(standInBase, figure)
	for i := range values {
		values[i] *= s.ratio
	}
	return values
}

// column is one figure of an implementation, or of a peer that has a stand-in in this job; nil if there is neither.
func column(job *outcome.Job, impl, figure string) []float64 {
	if values := job.Column(impl, figure); values != nil {
		return values
	}
	for _, s := range standIns {
		if s.job == job.Name && s.peer == impl {
			return s.column(job, figure)
		}
	}
	return nil
}
