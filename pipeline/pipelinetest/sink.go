package pipelinetest

import (
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// TestSink checks that a sink keeps the engine's promises: as [TestStage], but what happens is
// upstream of it, or in another branch. It must say of each item what became of it, and let a
// Flush pass only when all before it are settled.
//
// newSink is called once for each run, inside its bubble; what it needs, such as a server, ends
// with t.
func TestSink[T any](t *testing.T, newSink func(t *testing.T) pipeline.Sink[T], item func(i int) T, opts ...Option) {
	t.Helper()
	gather(opts).each(t, func(t *testing.T, r *round) error { return playSink(t, r, newSink(t), item) })
}

func playSink[T any](t *testing.T, r *round, sink pipeline.Sink[T], item func(i int) T) error {
	p := pipeline.New(pipeline.Config{Name: t.Name(), DrainTimeout: r.drain})
	feed := &Feed[T]{N: r.n, Item: item, Every: r.every, End: r.end}
	flow := pipeline.From(p, feed)
	upset := NewFake[T]()
	r.upset(upset)
	switch r.rng.IntN(3) {
	case 0:
		flow = pipeline.Via(flow, upset.Stage())
	case 1:
		flow = pipeline.Via(flow, upset.Actor())
	default:
		branches := pipeline.Fork(flow, 2)
		flow = branches[0]
		pipeline.To(branches[1], upset.Sink())
	}
	pipeline.To(flow, sink, r.options()...)
	return r.run(t, p, feed.over.Load)
}
