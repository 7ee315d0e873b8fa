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

// Bounds of a series.
const (
	maxSeriesPoints = 2000
	minuteRange     = 6 * time.Hour // up to which minutes are counted
)

var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour,
	6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour,
}

// Check fills in defaults and widens the range to whole steps. Resolution is that of the figures to read: a minute or an
// hour. The error is a *FieldError.
func (q SeriesQuery) Check() (checked SeriesQuery, resolution time.Duration, err error) {
	fail := func(field, reason string) (SeriesQuery, time.Duration, error) {
		return q, 0, &FieldError{Field: field, Reason: reason}
	}
	if q.From.IsZero() || q.From.Year() < 1970 {
		return fail("from", "is missing, or before 1970")
	}
	if !q.To.After(q.From) || q.To.Year() > 2261 {
		return fail("to", "is missing, not after from, or after 2261")
	}
	resolution = time.Minute
	if q.To.Sub(q.From) > minuteRange {
		resolution = time.Hour
	}
	switch q.By {
	case ByNothing, ByService, ByModel, ByName, ByType:
	default:
		return fail("by", "want service, model, name or type")
	}
	if q.Step == 0 {
		q.Step = steps[len(steps)-1]
		for _, s := range steps {
			if s >= resolution && q.To.Sub(q.From)/s <= 120 {
				q.Step = s
				break
			}
		}
	}
	if q.Step < 0 || q.Step%resolution != 0 {
		return fail("step", "want whole minutes, or whole hours for more than 6 h")
	}
	q.From, q.To = q.From.UTC().Truncate(q.Step), q.To.UTC().Add(q.Step-1).Truncate(q.Step)
	if q.To.Sub(q.From)/q.Step > maxSeriesPoints {
		return fail("step", "makes too many points")
	}
	if q.MaxKeys == 0 {
		q.MaxKeys = 50
	}
	if q.MaxKeys < 0 || q.MaxKeys > 1000 {
		return fail("max_keys", "want 1 to 1000")
	}
	return q, resolution, nil
}
