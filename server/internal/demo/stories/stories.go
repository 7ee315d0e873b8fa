// Package stories has ten runs of agents, each with one thing to find: samples for people who look at a dashboard for the
// first time, and for the tests that click their way to the cause. Beside them it has the runs of an ordinary day.
package stories

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// Story is something that happened to an agent, and where one sees why.
type Story struct {
	Name  string // in lower case, such as retry-loop
	Title string // a few words
	Cause string // the name of the span that explains what happened; [Story.Find] says which, where several are called so
	Hint  string // what one sees there

	// Trace makes the story's spans: one trace, or the two runs that are to be compared. Each trace has its children before
	// their parents, as senders send them. Everything happened in the hour before now, and equal randoms make equal spans.
	// The spans are frozen and the caller's own.
	Trace func(now time.Time, random *rand.Rand) []*span.Span
}

// Tag is on the root of each of the story's traces, beside "sample".
func (s Story) Tag() string { return "story:" + s.Name }

// Find returns the span that Cause names: of several the first that failed, else the first that still runs, else the first. It is
// nil when there is none.
func (s Story) Find(spans []*span.Span) *span.Span {
	var found *span.Span
	weight := func(s *span.Span) int {
		switch {
		case s.Error != nil:
			return 2
		case s.End.IsZero():
			return 1
		}
		return 0
	}
	for _, c := range spans {
		if c.Name != s.Cause {
			continue
		}
		if found == nil || weight(c) > weight(found) || weight(c) == weight(found) && c.Start.Before(found.Start) {
			found = c
		}
	}
	return found
}

// stories are in the order in which one would tell them.
var stories = []Story{
	cleanRun, retryLoop, contextOverflow, slowTool, manySpans, longChat, inProgress, rateLimit, wrongPrompt, lostParent,
}

// All returns the ten stories.
func All() []Story { return slices.Clone(stories) }
