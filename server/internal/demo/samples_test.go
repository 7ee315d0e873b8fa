package demo

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

func TestSamplesHaveSomethingOfEverything(t *testing.T) {
	templates, err := readTemplates()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	traces := newGenerator(templates, 1).samples(now)
	if len(traces) != sampleTraces {
		t.Errorf("%d traces, want %d", len(traces), sampleTraces)
	}
	largest, failed, retried, chats := 0, 0, 0, 0
	for _, spans := range traces {
		ids, calls := map[span.ID]bool{}, map[span.Value]int{}
		root := spans[len(spans)-1]
		for _, s := range spans {
			if ids[s.ID] || s.TraceID != root.TraceID {
				t.Errorf("span %s of trace %s is there twice, or of another trace", s.ID, s.TraceID)
			}
			ids[s.ID] = true
			if s.End.IsZero() && !s.Event || s.Start.After(now) || now.Sub(s.Start) > samplesOver+time.Hour {
				t.Errorf("span %q from %v to %v", s.Name, s.Start, s.End)
			}
			if s.Type == span.TypeToolCall && s.Error != nil {
				calls[s.Input]++
			}
		}
		largest = max(largest, len(spans))
		if root.Error != nil {
			failed++
		}
		for _, n := range calls {
			if n >= 4 {
				retried++
			}
		}
		if root.EntityID == "billing-agent" && len(spans) == chatTurns+1 {
			chats++
		}
	}
	if largest != manySteps || failed < 10 || retried != 1 || chats != 1 {
		t.Errorf("largest %d, failed %d, with retries %d, chats %d", largest, failed, retried, chats)
	}
}

// What is in progress begins without an end, goes on every second, and ends when the demo does.
func TestARunCanBeWatchedWhileItLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []*span.Span
		e := source.NewEmitter[*span.Span](source.EmitterConfig{})
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, e), sink.Func(func(_ context.Context, s *span.Span) error {
			got = append(got, s)
			return nil
		}))
		running, drain := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(running) }()

		c := crew{emitter: e}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+ongoingStep/2)
		defer cancel()
		c.ongoing(ctx, newGenerator(nil, 1))
		drain()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if len(got) != 12 {
			t.Fatalf("%d spans in ten seconds, want a beginning, ten steps and an end", len(got))
		}
		first, last := got[0], got[11]
		if !first.End.IsZero() || !first.Root || last.ID != first.ID || last.End.Sub(last.Start) != 10*time.Second+ongoingStep/2 {
			t.Errorf("begins as %+v, ends as %+v", first, last)
		}
		for _, s := range got[1:11] {
			if s.ParentID != first.ID || s.Duration() != ongoingStep {
				t.Errorf("step %+v", s)
			}
		}
	})
}
