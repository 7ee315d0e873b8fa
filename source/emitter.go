package source

import (
	"context"

	"github.com/tailrace-go/tailrace/pipeline"
)

// EmitterConfig holds the settings of an [Emitter]. Its zero value works.
type EmitterConfig struct {
	Queue    int               // items that may wait; 0 means 1024
	Overflow pipeline.Overflow // what happens when they do; the default is pipeline.Block
}

// Emitter is a source that any number of goroutines push items into, before, while and after the
// pipeline runs. What one goroutine emits stays in order.
type Emitter[T any] struct{ entry *pipeline.Entry[T] }

// NewEmitter makes an emitter. An error in cfg is reported by the pipeline's Run.
func NewEmitter[T any](cfg EmitterConfig) *Emitter[T] {
	return &Emitter[T]{pipeline.NewEntry[T](pipeline.EntryConfig{Queue: cfg.Queue, Overflow: cfg.Overflow})}
}

// Emit hands item to the pipeline. nil means it was accepted and is now the pipeline's, even if
// the overflow policy then drops it. With an error the item stays with the caller:
// [pipeline.ErrClosed] after the end, ctx's error if that ended while Emit waited for room,
// [pipeline.ErrTooLarge] if it is larger than the pipeline's MaxBytes.
func (e *Emitter[T]) Emit(ctx context.Context, item T) error { return e.entry.Push(ctx, item) }

// TryEmit is Emit that never waits: where Emit would, it returns [pipeline.ErrFull].
func (e *Emitter[T]) TryEmit(item T) error { return e.entry.TryPush(item) }

// Close ends the flow of this emitter: what was emitted before is still sent. The end of the run
// closes it too.
func (e *Emitter[T]) Close() { e.entry.Close() }

// Waiting is how many items wait now.
func (e *Emitter[T]) Waiting() int { return e.entry.Waiting() }

// Entry implements the engine's view of a source that accepts items ahead of sending them.
func (e *Emitter[T]) Entry() *pipeline.Entry[T] { return e.entry }

// Feed implements [pipeline.Source].
func (e *Emitter[T]) Feed(_ context.Context, out *pipeline.Outlet[T]) error {
	return out.Forward(e.entry)
}

// Resume implements [pipeline.Resumable]: what waits is kept outside of Feed.
func (e *Emitter[T]) Resume() {}
