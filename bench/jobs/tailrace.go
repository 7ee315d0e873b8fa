package jobs

import (
	"context"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// How the jobs are done with tailrace, through its public API, with its ledger, statistics and
// failure handling on. Three ways: fused by value, fused in place, and a goroutine a stage.
func init() {
	J1.Register("tailrace", func(n int) Result { return tailraceJ1(n, scaleByValue) })
	J1.Register("tailrace-inplace", func(n int) Result { return tailraceJ1(n, scaleInPlace) })
	J2.Register("tailrace", func(n int) Result { return tailraceJ2(n, stages.Map(Increment)) })
	J2.Register("tailrace-inplace", func(n int) Result { return tailraceJ2(n, stages.Apply(IncrementInPlace)) })
	J2.Register("tailrace-async", func(n int) Result {
		return tailraceJ2(n, stages.Apply(IncrementInPlace), pipeline.Async())
	})
	J2.Register("tailrace-async-byvalue", func(n int) Result {
		return tailraceJ2(n, stages.Map(Increment), pipeline.Async())
	})
	J3u.Register("tailrace", func(n int) Result { return tailraceJ3(n, false) })
	J3o.Register("tailrace", func(n int) Result { return tailraceJ3(n, true) })
	RegisterJ4("tailrace", tailraceJ4)
	J5.Register("tailrace", tailraceJ5)
	Idle.Register("tailrace", func() Line { return tailraceLine() })
	Idle.Register("tailrace-async", func() Line { return tailraceLine(pipeline.Async()) })
}

// made is the source of all jobs: item by item, as a user's source would send them.
func made(n int) pipeline.Source[Item] {
	return pipeline.SourceFunc[Item](func(_ context.Context, out *pipeline.Outlet[Item]) error {
		for i := range n {
			if err := out.Send(NewItem(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// must runs a pipeline whose jobs lose nothing.
func must(p *pipeline.Pipeline) {
	if err := p.Run(context.Background()); err != nil {
		panic(err)
	}
}

func scaleByValue(f pipeline.Flow[Item]) pipeline.Flow[Item] {
	return pipeline.Via(pipeline.Via(f, stages.Map(Scale)), stages.Filter(Even))
}

func scaleInPlace(f pipeline.Flow[Item]) pipeline.Flow[Item] {
	even := stages.Retain(func(item *Item) bool { return item.ID%2 == 0 })
	return pipeline.Via(pipeline.Via(f, stages.Apply(ScaleInPlace)), even)
}

// batches is the end of J1 and J4.
func batches(f pipeline.Flow[Item], seen *Result) {
	batch := stages.Batch[Item](stages.BatchConfig{MaxItems: batchItems})
	pipeline.To(pipeline.Via(f, batch), sink.Each(func(b pipeline.Batch[Item]) { seen.AddBatch(b) }))
}

func tailraceJ1(n int, scale func(pipeline.Flow[Item]) pipeline.Flow[Item]) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	batches(scale(pipeline.From(p, made(n))), &seen)
	must(p)
	return seen
}

func tailraceJ2(n int, increment pipeline.Stage[Item, Item], opts ...pipeline.Option) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	f := pipeline.From(p, made(n))
	for range increments {
		f = pipeline.Via(f, increment, opts...)
	}
	pipeline.To(f, sink.Each(seen.Add), opts...)
	must(p)
	return seen
}

func tailraceJ3(n int, ordered bool) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	opts, add := []pipeline.Option{pipeline.Workers(workers)}, seen.Add
	if ordered {
		opts, add = append(opts, pipeline.Ordered()), seen.AddInOrder
	}
	pipeline.To(pipeline.Via(pipeline.From(p, made(n)), stages.Map(Work), opts...), sink.Each(add))
	must(p)
	return seen
}

func tailraceJ4(producers, n int) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[Item](source.EmitterConfig{})
	batches(scaleByValue(pipeline.From(p, emitter)), &seen)
	go func() {
		defer emitter.Close()
		Produce(producers, n, func(from, to int) {
			for i := from; i < to; i++ {
				if err := emitter.Emit(context.Background(), NewItem(i)); err != nil {
					panic(err)
				}
			}
		})
	}()
	must(p)
	return seen
}

func tailraceJ5(n int) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	branches := pipeline.Partition(pipeline.From(p, made(n)), lanes, Lane)
	for i := range branches {
		branches[i] = pipeline.Via(branches[i], stages.Map(Scale))
	}
	pipeline.To(pipeline.Merge(branches...), sink.Each(seen.Add))
	must(p)
	return seen
}

func tailraceLine(opts ...pipeline.Option) Line {
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[Item](source.EmitterConfig{Queue: idleDepth})
	f := pipeline.From(p, emitter)
	for range idleStages {
		f = pipeline.Via(f, stages.Map(Increment), opts...)
	}
	arrived := make(chan Item)
	pipeline.To(f, sink.Each(func(item Item) { arrived <- item }), opts...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		must(p)
	}()
	return Line{
		Send: func(item Item) {
			if err := emitter.Emit(context.Background(), item); err != nil {
				panic(err)
			}
		},
		Receive: func() Item { return <-arrived },
		Stop:    func() { emitter.Close(); <-done },
	}
}
