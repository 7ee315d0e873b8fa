package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

const (
	ongoingStep  = time.Second // between two spans of the run that is in progress
	ongoingSteps = 60          // after which it ends, and the next one begins
)

// ongoing emits runs that can be watched while they last: first the root, which has no end yet, then a span each step,
// and in the end the root again, finished. When ctx ends, so does the run.
func (c *crew) ongoing(ctx context.Context, g *generator) {
	last := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		st := g.story(time.Now())
		root := st.begin(nil, "agent run: 'research-agent'", span.AgentRun{AgentID: "research-agent"}, "Watch the news of the day and tell me what matters.")
		if !c.emit(ctx, []*span.Span{frozen(root)}) {
			return
		}
		for i := range ongoingSteps {
			s := st.begin(root, "tool: 'read-page'", span.ToolCall{ToolID: "read-page", ToolType: "function"}, map[string]int{"page": i + 1})
			if !sleep(ctx, ongoingStep) {
				break
			}
			st.end(s, time.Since(st.now), fmt.Sprintf("page %d: nothing that matters", i+1))
			if !c.emit(ctx, []*span.Span{frozen(s)}) {
				break
			}
		}
		st.end(root, max(time.Since(st.now), time.Millisecond), map[string]string{"text": "Nothing of note."})
		if !c.emit(last, []*span.Span{frozen(root)}) {
			return
		}
	}
}

// frozen returns a copy of a span that can be handed on, so that the story may go on with its own.
func frozen(s *span.Span) *span.Span {
	s = s.Clone()
	s.Freeze()
	return s
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
