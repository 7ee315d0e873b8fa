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

func TestProducersKeepTheRate(t *testing.T) {
	captured, err := readCaptured()
	if err != nil {
		t.Fatal(err)
	}
	for _, producers := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			const rate, seconds = 1000, 60
			p := pipeline.New(pipeline.Config{})
			c := crew{emitter: source.NewEmitter[*span.Span](source.EmitterConfig{})}
			pipeline.To(pipeline.From(p, c.emitter), sink.Discard[*span.Span]())
			ctx, cancel := context.WithTimeout(t.Context(), seconds*time.Second-time.Nanosecond)
			defer cancel()
			c.start(ctx, captured, producers, rate, 1)
			if err := p.Run(ctx); err != nil {
				t.Error(err)
			}
			c.working.Wait()
			// They are ahead of the rate by the trace that each has just sent, and by the captured spans.
			got, want := c.accepted.Load(), int64(rate*seconds)
			if got < want || got > want+int64(producers*80) {
				t.Errorf("%d producers emitted %d spans, want about %d", producers, got, want)
			}
			if l := p.Ledger(); l.Accepted != got || l.Refused != 0 {
				t.Errorf("ledger %+v, but %d were emitted", l, got)
			}
		})
	}
}

func TestAPaceDoesNotCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{interval: 10 * time.Millisecond}
		begun := time.Now()
		p.wait(t.Context(), 1)
		time.Sleep(time.Hour) // the pipeline was blocked
		p.wait(t.Context(), 100)
		if took := time.Since(begun); took != time.Hour+10*time.Millisecond+time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestAPaceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, interval := range []time.Duration{0, time.Hour} {
		p := pace{interval: interval}
		if p.wait(ctx, 1) {
			t.Errorf("interval %v: the next item is due after the end", interval)
		}
	}
}
