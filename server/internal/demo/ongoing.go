package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/span"
)

// inProgress is the story that is told as it happens.
const inProgress = "in-progress"

// ongoing emits runs that can be watched while they last: each span when it begins, without an end, and again when it has
// ended. The first run has been going on for a while already. When ctx ends, so does the run.
func (c *crew) ongoing(ctx context.Context, random *rand.Rand) {
	last := context.WithoutCancel(ctx)
	for start := time.Now().Add(-stories.InProgressFor); ctx.Err() == nil; start = time.Now() {
		open := stories.Go(random, start,
			func(at time.Time) bool { return sleep(ctx, time.Until(at)) },
			func(s *span.Span) bool { return c.emit(ctx, []*span.Span{s}) })
		for _, s := range open {
			s.End = later(s.Start, time.Now().UTC().Truncate(time.Millisecond))
			s.Output = span.Of(map[string]string{"status": "aborted", "reason": "the demo ended"})
			s.Freeze()
		}
		if !c.emit(last, open) {
			return
		}
	}
}

// sleep waits and reports whether ctx still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
