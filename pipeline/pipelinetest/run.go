package pipelinetest

import (
	"context"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Run is one stage between a source that the test pushes into and a sink that keeps what comes.
type Run[A, B any] struct {
	Pipeline *pipeline.Pipeline
	Sink     *Fake[B] // may be made slow, or fail, before the first Push

	t     testing.TB
	entry *pipeline.Entry[A]
	stop  context.CancelFunc
	done  chan struct{}
}

// Start runs a stage on its own, in a pipeline that ends with the test. Call it inside a bubble of
// testing/synctest, where the clock is fake:
//
//	run := pipelinetest.Start(t, stages.Batch[string](stages.BatchConfig{MaxWait: time.Second}))
//	run.Push("prompt")
//	time.Sleep(time.Second)
//	synctest.Wait()
//	got := run.Emitted()
//
// opts are the stage's.
func Start[A, B any](t testing.TB, stage pipeline.Stage[A, B], opts ...pipeline.Option) *Run[A, B] {
	t.Helper()
	r := &Run[A, B]{
		Pipeline: pipeline.New(pipeline.Config{Name: t.Name()}),
		Sink:     NewFake[B](),
		t:        t,
		entry:    pipeline.NewEntry[A](pipeline.EntryConfig{}),
		done:     make(chan struct{}),
	}
	pipeline.To(pipeline.Via(pipeline.From(r.Pipeline, pushed[A]{r.entry}), stage, opts...), r.Sink.Sink())
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() {
		defer close(r.done)
		_ = r.Pipeline.Run(ctx) // Close returns it
	}()
	t.Cleanup(func() { _ = r.Close() }) // a test that wants the error has called Close
	return r
}

// Push hands items to the stage. It waits while there is no room.
func (r *Run[A, B]) Push(items ...A) {
	r.t.Helper()
	for _, item := range items {
		if err := r.entry.Push(r.t.Context(), item); err != nil {
			r.t.Fatalf("push of %v: %v", item, err)
		}
	}
}

// Emitted returns what the stage has sent so far, in order.
func (r *Run[A, B]) Emitted() []B { return r.Sink.Items() }

// Flush makes the stage send what it holds, and returns when the sink has it.
func (r *Run[A, B]) Flush() {
	r.t.Helper()
	if err := r.Pipeline.Flush(r.t.Context()); err != nil {
		r.t.Errorf("flush: %v", err)
	}
}

// Close ends the source, waits for the drain, checks the ledger, and returns what Run returned.
// The end of the test calls it too.
func (r *Run[A, B]) Close() error {
	r.t.Helper()
	r.stop()
	<-r.done
	CheckLedger(r.t, r.Pipeline)
	return r.Pipeline.Err()
}

// pushed is a source made of an entry.
type pushed[T any] struct{ entry *pipeline.Entry[T] }

func (s pushed[T]) Entry() *pipeline.Entry[T] { return s.entry }
func (s pushed[T]) Resume()                   {}
func (s pushed[T]) Feed(_ context.Context, out *pipeline.Outlet[T]) error {
	return out.Forward(s.entry)
}
