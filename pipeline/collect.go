package pipeline

import (
	"context"
	"iter"
	"sync/atomic"
)

// Collect ends a flow in the loop that ranges over it. The pipeline runs while the loop does: the
// first iteration calls Run with ctx, and after the last Run has returned. An early break ends the
// sources and waits for the drain, and what comes then is filtered. The error of the run is
// [Pipeline.Err]. The sequence is good for one loop; in a second one it is empty.
func Collect[T any](ctx context.Context, f Flow[T]) iter.Seq[T] {
	p := pipelineOf(f)
	out := make(chan T)
	quit := make(chan struct{})
	To(f, SinkActor(func(ctx context.Context, in *Inlet[T]) error {
		for item := range in.All() {
			select {
			case out <- item:
				in.Delivered(item)
			case <-quit:
				in.Filtered(item)
				in.Stop()
			case <-ctx.Done():
				in.Abandoned(item)
			}
		}
		return in.Err()
	}).Named("collect"))
	var used atomic.Bool
	return func(yield func(T) bool) {
		if used.Swap(true) {
			return
		}
		go func() {
			defer close(out)
			_ = p.Run(ctx) // Err has it
		}()
		for item := range out {
			if !yield(item) {
				close(quit)
				p.stop()
				for range out { // until Run has returned
				}
				return
			}
		}
	}
}

// Err is what Run returned, nil before.
func (p *Pipeline) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result
}
