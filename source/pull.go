package source

import (
	"context"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Pull calls next for one item after the other, on the source's goroutine, until next returns
// [io.EOF], or an error, which ends the run, or the run's context ends. next fills in *item whole;
// its memory is used again, so nothing is copied and nothing allocated. ctx is the run's: a next
// that waits should give up when it ends, and return its error.
func Pull[T any](next func(ctx context.Context, item *T) error) pipeline.Source[T] {
	if next == nil {
		return nil
	}
	return pull[T](next)
}

type pull[T any] func(context.Context, *T) error

func (p pull[T]) Feed(ctx context.Context, out *pipeline.Outlet[T]) error { return out.Pull(ctx, p) }

// Resume implements [pipeline.Resumable]: the state is that of the function.
func (p pull[T]) Resume() {}
