package demo

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

// crew is what stands for a program with agents in it: goroutines that make spans and emit them.
type crew struct {
	emitter         *source.Emitter[*span.Span]
	accepted, begun atomic.Int64 // what Emit has taken, as emitted returns it
	working         sync.WaitGroup
}

// emitted is what producers have emitted, to be compared with what the pipeline and the endpoint say.
type emitted struct {
	spans int64 // all
	begun int64 // those of them that had no end yet: each is emitted again when it has ended
}

func (c *crew) emitted() emitted { return emitted{c.accepted.Load(), c.begun.Load()} }

// start starts n producers, which emit rate spans a second together, or as fast as the emitter takes them if rate is 0.
// They stop when ctx ends or the emitter is closed. The first one begins with the captured spans as they are.
func (c *crew) start(ctx context.Context, captured [][]*span.Span, n, rate int, seed uint64) {
	for i := range n {
		var first []*span.Span
		if i == 0 {
			for _, trace := range captured {
				for _, s := range trace {
					first = append(first, s.Clone()) // what is emitted is the pipeline's; the captured ones stay ours
				}
			}
		}
		p := pace{interval: time.Duration(n) * time.Second / time.Duration(max(rate, 1))}
		if rate == 0 {
			p.interval = 0
		}
		c.working.Go(func() {
			if !c.emit(ctx, first) || !p.wait(ctx, len(first)) {
				return
			}
			g := newGenerator(stories.Ordinary(), seed+uint64(i)) // now: the captured ones are on their way meanwhile
			for {
				if spans := g.trace(time.Now()); !c.emit(ctx, spans) || !p.wait(ctx, len(spans)) {
					return
				}
			}
		})
	}
}

// show emits what a look at the server should find beside that: samples first, then runs that can be watched.
func (c *crew) show(ctx context.Context, seed uint64) {
	c.working.Go(func() {
		g := newGenerator(stories.Ordinary(), ^seed)
		for spans := range g.samples(time.Now()) {
			if !c.emit(ctx, spans) {
				return
			}
		}
		c.ongoing(ctx, g.random)
	})
}

// emit reports whether it could emit all spans. An error says only that it is time to stop: the item was refused, which
// the pipeline counts.
func (c *crew) emit(ctx context.Context, spans []*span.Span) bool {
	for _, s := range spans {
		if ctx.Err() != nil {
			return false
		}
		running := s.End.IsZero() && !s.Event // now: what is emitted is the pipeline's
		err := c.emitter.Emit(ctx, s)
		switch {
		case err == nil:
			c.accepted.Add(1)
			if running {
				c.begun.Add(1)
			}
		case !errors.Is(err, pipeline.ErrTooLarge):
			return false
		}
	}
	return true
}

// pace spreads items evenly over time.
type pace struct {
	interval time.Duration // between two items; 0 means no wait
	due      time.Time     // of the next item
}

// wait waits until the item behind n more is due, and reports whether ctx still lasts. Who is late by more than a second
// does not catch up: a burst would hide the rate that was asked for.
func (p *pace) wait(ctx context.Context, n int) bool {
	if p.interval == 0 {
		return ctx.Err() == nil
	}
	now := time.Now()
	if now.Sub(p.due) > time.Second {
		p.due = now
	}
	p.due = p.due.Add(time.Duration(n) * p.interval)
	return sleep(ctx, p.due.Sub(now))
}
