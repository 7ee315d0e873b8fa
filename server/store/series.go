package store

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// ErrorBound is how far a percentile may be off, as a fraction of itself.
const ErrorBound = 0.016

// Dimension is what a series is split by.
type Dimension string

// The dimensions.
const (
	ByNothing Dimension = ""
	ByService Dimension = "service"
	ByModel   Dimension = "model"
	ByName    Dimension = "name"
	ByType    Dimension = "type"
)

// SeriesQuery asks for figures over time. Spans count at their start, once they have ended.
type SeriesQuery struct {
	From, To time.Time     // required; widened to whole steps
	Step     time.Duration // of one point, whole minutes; 0: chosen for about 100 points. Above 6 h of range, whole hours
	By       Dimension
	Traces   bool // count traces by their roots, once these ended, in place of spans; no tokens, no cost

	Service, Type, Model, Name string // only these; empty for all
	Latency                    bool   // with percentiles, which cost more
	MaxKeys                    int    // the keys with the highest counts; the others become one, OtherKey; 0 means 50
}

// OtherKey is the key of all that has no key of its own.
const OtherKey = "other"

// SeriesSet is the answer: each series has one point for each of Times.
type SeriesSet struct {
	Step   time.Duration
	Times  []time.Time // starts of the steps, UTC
	Series []Series    // by falling count
	Commit uint64
}

// Series is the figures of one key.
type Series struct {
	Key    string
	Total  Point // of the whole range
	Points []Point
}

// Point is the figures of one step.
type Point struct {
	Count, Errors int
	Tokens        span.Tokens
	Cost          Cost
	P50, P95, P99 time.Duration // within ErrorBound; 0 when Count is 0 or latency was not asked for
}
