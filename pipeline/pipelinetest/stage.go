package pipelinetest

import (
	"fmt"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// TestStage checks that a stage keeps the engine's promises, whatever happens around it: the
// source ends, fails or panics; the run is cancelled; downstream is slow, fails, panics, stalls
// past the drain's deadline or wants no more; Flush is called. Every item that was accepted must
// then be in a column of the ledger, none of them undeclared; a Flush must leave nothing in flight;
// Run must return at the deadline, and no goroutine may be left.
//
// newStage is called once for each run, inside its bubble of testing/synctest. item makes item i,
// counted from 0.
//
//	func TestUpper(t *testing.T) {
//		pipelinetest.TestStage(t, newUpper, strconv.Itoa)
//	}
func TestStage[A, B any](t *testing.T, newStage func() pipeline.Stage[A, B], item func(i int) A, opts ...Option) {
	t.Helper()
	gather(opts).each(t, func(t *testing.T, r *round) error { return playStage(t, r, newStage(), item) })
}

func playStage[A, B any](t *testing.T, r *round, stage pipeline.Stage[A, B], item func(i int) A) error {
	p := pipeline.New(pipeline.Config{Name: t.Name(), DrainTimeout: r.drain})
	feed := &Feed[A]{N: r.n, Item: item, Every: r.every, End: r.end}
	flow := pipeline.Via(pipeline.From(p, feed), stage, r.options()...)
	sink := downstream(r, flow)
	if err := r.run(t, p, feed.over.Load); err != nil {
		return err
	}
	if got, want := weightOf(sink.Items()), p.Ledger().Delivered; got != want {
		return fmt.Errorf("the sink got %d items, but %d are counted as delivered", got, want)
	}
	return nil
}

// downstream ends a flow in a sink that may make trouble, or stands behind a stage that does, on
// the goroutine of the tested part or on others. It returns the sink.
func downstream[T any](r *round, flow pipeline.Flow[T]) *Fake[T] {
	upset, sink := NewFake[T](), NewFake[T]()
	r.upset(upset)
	switch r.rng.IntN(4) {
	case 0:
		pipeline.To(flow, upset.Sink())
		return upset
	case 1:
		pipeline.To(flow, upset.SinkActor())
		return upset
	case 2:
		pipeline.To(pipeline.Via(flow, upset.Actor()), sink.Sink())
	default:
		pipeline.To(pipeline.Via(flow, upset.Stage()), sink.Sink())
	}
	return sink
}
