package demo

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/span"
)

const (
	ordinaryTraces = 190            // beside the stories
	samplesOver    = 24 * time.Hour // they ended at some time in the last day
)

// An episode is a time of the day on which more happens than usual, or other things do.
type episode struct {
	ago, lasts time.Duration // from its end to now, and from its beginning to its end
	traces     int           // that end in it, beside those that would anyway
	mood       mood
}

var episodes = []episode{
	{ago: 5 * time.Hour, lasts: 40 * time.Minute, traces: 18, mood: mood{errors: 0.6, slow: 1.3}}, // a provider was away
	{ago: 9 * time.Hour, lasts: time.Hour, traces: 16, mood: mood{errors: usual.errors, slow: 5}}, // a database was slow
}

// samples makes what a look at a server should find on its first day: the stories, but for the one that is told as it
// happens, then a day of ordinary traces, newest first. They are made one by one, so that the first are on their way while the
// others are made.
func (g *generator) samples(now time.Time) iter.Seq[[]*span.Span] {
	return func(yield func([]*span.Span) bool) {
		for _, s := range stories.All() {
			if s.Name == inProgress {
				continue
			}
			if !yield(s.Trace(now, g.random)) {
				return
			}
		}
		for _, age := range g.ages(now) {
			if !yield(g.traceIn(moodOf(age), now.Add(-age))) {
				return
			}
		}
	}
}

// ages says how long ago ordinary traces ended, youngest first: many in working hours, few at night.
func (g *generator) ages(now time.Time) []time.Duration {
	var ages []time.Duration
	for _, e := range episodes {
		for range e.traces {
			ages = append(ages, e.ago+time.Duration(g.random.Float64()*float64(e.lasts)))
		}
	}
	for len(ages) < ordinaryTraces {
		age := time.Duration(g.random.Float64() * float64(samplesOver))
		at := now.Add(-age)
		if g.random.Float64() < busyness(float64(at.Hour())+float64(at.Minute())/60) {
			ages = append(ages, age)
		}
	}
	slices.Sort(ages)
	return ages
}

// busyness is how much happens at an hour of the day, where 1 is the most: a hill around one o'clock, and a little at night.
func busyness(hour float64) float64 {
	return 0.12 + 0.88*math.Exp(-math.Pow((hour-13)/4.2, 2))
}

func moodOf(age time.Duration) mood {
	for _, e := range episodes {
		if age >= e.ago && age <= e.ago+e.lasts {
			return e.mood
		}
	}
	return usual
}
