package source

import (
	"context"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Chan sends what ch yields, until ch is closed or the run ends. While it waits, a Flush passes
// at once. It costs a channel operation an item; an [Emitter] costs its producers less, and tells
// them whether an item was accepted: here, one that was received at the very moment the run
// ended is counted as refused, and those that are still in ch stay there.
func Chan[T any](ch <-chan T) pipeline.Source[T] {
	if ch == nil {
		return nil
	}
	return channel[T](ch)
}

type channel[T any] <-chan T

func (c channel[T]) Feed(ctx context.Context, out *pipeline.Outlet[T]) error {
	for {
		item, open, err := c.next(ctx, out)
		if !open || err != nil {
			return err
		}
		if err := out.Send(item); err != nil {
			return err
		}
	}
}

// Resume implements [pipeline.Resumable]: what waits is in the channel.
func (c channel[T]) Resume() {}

// next waits for an item. Nothing is taken any more once the run is ending.
func (c channel[T]) next(ctx context.Context, out *pipeline.Outlet[T]) (item T, open bool, err error) {
	for {
		if err := out.Attend(); err != nil {
			return item, false, err
		}
		select {
		case item, open = <-c: // a select of one is many times cheaper
			return item, open, nil
		default:
		}
		select {
		case item, open = <-c:
			return item, open, nil
		case <-out.Attention():
		case <-ctx.Done():
			return item, false, ctx.Err()
		}
	}
}
