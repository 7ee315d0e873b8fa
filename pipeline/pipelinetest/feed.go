package pipelinetest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Feed is a source that sends N items and then ends, or does what End says. It is made inside the
// bubble of the test, and feeds one pipeline.
type Feed[T any] struct {
	N     int
	Item  func(i int) T // makes item i, counted from 0
	Every time.Duration // the pause before each item but the first
	// End is called after the last item, and its result is Feed's: it may return an error, panic
	// or call runtime.Goexit. [Wait] keeps the source open until the run ends. nil ends it.
	End func(ctx context.Context, attend func(time.Duration) error) error

	sent atomic.Int64
	over atomic.Bool // all are sent, or no more will be
}

// Wait is an End that lets the source go on until the run ends, without sending anything.
func Wait(_ context.Context, attend func(time.Duration) error) error {
	const forever = 1000 * time.Hour
	return attend(forever)
}

// Sent is how many items were accepted.
func (f *Feed[T]) Sent() int { return int(f.sent.Load()) }

// Feed implements [pipeline.Source].
func (f *Feed[T]) Feed(ctx context.Context, out *pipeline.Outlet[T]) error {
	defer f.over.Store(true)
	attend := func(d time.Duration) error { return attend(ctx, out, d) }
	for i := range f.N {
		if i > 0 && f.Every > 0 {
			if err := attend(f.Every); err != nil {
				return err
			}
		}
		if err := out.Send(f.Item(i)); err != nil {
			return err
		}
		f.sent.Add(1)
	}
	f.over.Store(true)
	if f.End == nil {
		return nil
	}
	return f.End(ctx, attend)
}

// attend waits for a while, and lets marks pass meanwhile.
func attend[T any](ctx context.Context, out *pipeline.Outlet[T], d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-out.Attention():
			if err := out.Attend(); err != nil {
				return err
			}
		}
	}
}
