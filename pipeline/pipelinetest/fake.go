package pipelinetest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Fake is a stage or a sink that passes items on, counts them, and misbehaves where it is told to:
//
//	slow := pipelinetest.NewFake[int]().Slow(time.Second).FailOn(3, errors.New("no"))
//	pipeline.To(flow, slow.Sink())
//
// Make it inside the bubble of the test. One Fake stands in one place of one pipeline.
type Fake[T any] struct {
	mu      sync.Mutex
	items   []T
	count   int
	stop    int // wants no more than so many items; 0 means no limit
	slow    time.Duration
	deeds   map[int]func(context.Context) error
	release chan struct{}
	once    sync.Once
}

// NewFake returns a Fake that does nothing wrong yet.
func NewFake[T any]() *Fake[T] {
	return &Fake[T]{deeds: map[int]func(context.Context) error{}, release: make(chan struct{})}
}

// errEnough is why a Fake takes no more items.
var errEnough = errors.New("pipelinetest: enough items")

// Slow makes each item take d.
func (f *Fake[T]) Slow(d time.Duration) *Fake[T] {
	f.slow = d
	return f
}

// FailOn makes item n, counted from 1, fail with err. An actor's function returns err.
func (f *Fake[T]) FailOn(n int, err error) *Fake[T] {
	return f.on(n, func(context.Context) error { return err })
}

// PanicOn makes item n panic with value.
func (f *Fake[T]) PanicOn(n int, value any) *Fake[T] {
	return f.on(n, func(context.Context) error { panic(value) })
}

// GoexitOn makes item n call runtime.Goexit.
func (f *Fake[T]) GoexitOn(n int) *Fake[T] {
	return f.on(n, func(context.Context) error { runtime.Goexit(); return nil })
}

// StallOn makes item n wait for [Fake.Release] or for the end of the stages' context.
func (f *Fake[T]) StallOn(n int) *Fake[T] {
	return f.on(n, func(ctx context.Context) error {
		select {
		case <-f.release:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// StopAfter makes it want no more items after n.
func (f *Fake[T]) StopAfter(n int) *Fake[T] {
	f.stop = n
	return f
}

func (f *Fake[T]) on(n int, deed func(context.Context) error) *Fake[T] {
	f.deeds[n] = deed
	return f
}

// Release ends the stall of [Fake.StallOn].
func (f *Fake[T]) Release() { f.once.Do(func() { close(f.release) }) }

// Count is how many items it has met, with those that failed.
func (f *Fake[T]) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Items returns those that it passed on or delivered, in order.
func (f *Fake[T]) Items() []T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]T(nil), f.items...)
}

// meet does what is to be done for an item.
func (f *Fake[T]) meet(ctx context.Context, item T) error {
	f.mu.Lock()
	f.count++
	n, deed := f.count, f.deeds[f.count]
	f.mu.Unlock()
	if f.stop > 0 && n > f.stop {
		return errEnough
	}
	if f.slow > 0 {
		if err := pause(ctx, f.slow); err != nil {
			return err
		}
	}
	if deed != nil {
		if err := deed(ctx); err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.items = append(f.items, item)
	f.mu.Unlock()
	return nil
}

// pause waits for d, or until ctx ends, and then returns its cause.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 { // Go 1.26 crashes on a timer in a bubble that is due at once, under the race detector
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Stage returns the Fake as an operator, which shares its neighbour's goroutine.
func (f *Fake[T]) Stage() pipeline.Stage[T, T] {
	return pipeline.Fuse(func(in *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		return func(item *T) {
			if f.settle(in, item) {
				out.Push(item)
			}
		}
	}).Named("fake")
}

// Sink returns the Fake as a sink that shares its neighbour's goroutine.
func (f *Fake[T]) Sink() pipeline.Sink[T] {
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) {
		return func(item *T) {
			if f.settle(in, item) {
				in.Delivered(item)
			}
		}
	}).Named("fake")
}

// settle meets an item and says what became of it, unless it is fine.
func (f *Fake[T]) settle(in *pipeline.In[T], item *T) bool {
	switch err := f.meet(in.Context(), *item); {
	case errors.Is(err, errEnough):
		in.Filtered(item)
		in.Stop()
	case err != nil:
		in.Failed(item, err)
	default:
		return true
	}
	return false
}

// Actor returns the Fake as a stage with a goroutine of its own.
func (f *Fake[T]) Actor() pipeline.Stage[T, T] {
	return pipeline.Actor(func(ctx context.Context, in *pipeline.Inlet[T], out *pipeline.Outlet[T]) error {
		return f.act(ctx, in, out.Send)
	}).Named("fake")
}

// SinkActor returns the Fake as a sink with a goroutine of its own.
func (f *Fake[T]) SinkActor() pipeline.Sink[T] {
	return pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[T]) error {
		return f.act(ctx, in, func(item T) error { in.Delivered(item); return nil })
	}).Named("fake")
}

func (f *Fake[T]) act(ctx context.Context, in *pipeline.Inlet[T], pass func(T) error) error {
	for item := range in.All() {
		switch err := f.meet(ctx, item); {
		case errors.Is(err, errEnough):
			in.Filtered(item)
			in.Stop()
		case err != nil:
			return err
		default:
			if err := pass(item); err != nil {
				return err
			}
		}
	}
	return in.Err()
}
