package jobs

import (
	"context"
	"io"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// How the jobs are done with tailrace, through its public API, with its ledger, statistics and
// failure handling on. Three ways: fused by value, fused in place, and a goroutine a stage.
func init() {
	J1.Register("tailrace", func(n int) Result { return tailraceJ1(made(n), scaleByValue) })
	J1.Register("tailrace-inplace", func(n int) Result { return tailraceJ1(madeInPlace(n), scaleInPlace) })
	J2.Register("tailrace", func(n int) (seen Result) {
		tailraceJ2(made(n), stages.Map(Increment), sink.Each(seen.Add))
		return seen
	})
	J2.Register("tailrace-inplace", func(n int) (seen Result) {
		tailraceJ2(madeInPlace(n), stages.Apply(IncrementInPlace), sink.View(seen.addInPlace))
		return seen
	})
	J2.Register("tailrace-async", func(n int) (seen Result) {
		tailraceJ2(madeInPlace(n), stages.Apply(IncrementInPlace), sink.View(seen.addInPlace), pipeline.Async())
		return seen
	})
	J2.Register("tailrace-async-byvalue", func(n int) (seen Result) {
		tailraceJ2(made(n), stages.Map(Increment), sink.Each(seen.Add), pipeline.Async())
		return seen
	})
	J3u.Register("tailrace", func(n int) Result { return tailraceJ3(n, false) })
	J3o.Register("tailrace", func(n int) Result { return tailraceJ3(n, true) })
	RegisterJ4("tailrace", func(producers, n int) Result { return tailraceJ4(producers, n, scaleByValue) })
	RegisterJ4("tailrace-inplace", func(producers, n int) Result { return tailraceJ4(producers, n, scaleInPlace) })
	J5.Register("tailrace", func(n int) (seen Result) {
		tailraceJ5(made(n), stages.Map(Scale), sink.Each(seen.Add))
		return seen
	})
	J5.Register("tailrace-inplace", func(n int) (seen Result) {
		tailraceJ5(madeInPlace(n), stages.Apply(ScaleInPlace), sink.View(seen.addInPlace))
		return seen
	})
	Idle.Register("tailrace", func() Line { return tailraceLine() })
	Idle.Register("tailrace-async", func() Line { return tailraceLine(pipeline.Async()) })
}

// A lone is a variable of one goroutine that shares no cache line with those of others. What the source and the sink
// count with would be next to each other in memory, or not, as it happens.
type lone[T any] struct {
	v T
	_ [64]byte
}

// made is the source of the jobs.
func made(n int) pipeline.Source[Item] {
	i := new(lone[int])
	return source.Pull(func(_ context.Context, item *Item) error {
		if i.v == n {
			return io.EOF
		}
		*item = NewItem(i.v)
		i.v++
		return nil
	})
}

// madeInPlace is made for chains that leave each item where it was made.
func madeInPlace(n int) pipeline.Source[Item] {
	i := new(lone[int])
	return source.Pull(func(_ context.Context, item *Item) error {
		if i.v == n {
			return io.EOF
		}
		item.make(i.v)
		i.v++
		return nil
	})
}

// make is NewItem without the copy.
//
//go:noinline
func (item *Item) make(i int) {
	id := uint64(i)
	item.ID, item.Key = id, id*0x9E3779B97F4A7C15
	item.A, item.B, item.C, item.D, item.E, item.F = id, id, id, id, id, id
}

func (r *Result) addInPlace(item *Item) {
	r.Items++
	r.Sum += item.A
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
	pipeline.To(pipeline.Via(f, batch), sink.View(func(b *pipeline.Batch[Item]) { seen.AddBatch(*b) }))
}

func tailraceJ1(items pipeline.Source[Item], scale func(pipeline.Flow[Item]) pipeline.Flow[Item]) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	batches(scale(pipeline.From(p, items)), &seen)
	must(p)
	return seen
}

func tailraceJ2(items pipeline.Source[Item], increment pipeline.Stage[Item, Item], end pipeline.Sink[Item], opts ...pipeline.Option) {
	p := pipeline.New(pipeline.Config{})
	f := pipeline.From(p, items)
	for range increments {
		f = pipeline.Via(f, increment, opts...)
	}
	pipeline.To(f, end, opts...)
	must(p)
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

func tailraceJ4(producers, n int, scale func(pipeline.Flow[Item]) pipeline.Flow[Item]) (seen Result) {
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[Item](source.EmitterConfig{})
	batches(scale(pipeline.From(p, emitter)), &seen)
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

func tailraceJ5(items pipeline.Source[Item], scale pipeline.Stage[Item, Item], end pipeline.Sink[Item]) {
	p := pipeline.New(pipeline.Config{})
	branches := pipeline.Partition(pipeline.From(p, items), lanes, Lane)
	for i := range branches {
		branches[i] = pipeline.Via(branches[i], scale)
	}
	pipeline.To(pipeline.Merge(branches...), end)
	must(p)
}

// tailraceLine has a goroutine a stage if async, as the lines of channels do: the first stage is on
// that of the source, and the sink is on that of the last stage.
func tailraceLine(async ...pipeline.Option) Line {
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[Item](source.EmitterConfig{Queue: idleDepth})
	f := pipeline.From(p, emitter)
	f = pipeline.Via(f, stages.Map(Increment))
	for range idleStages - 1 {
		f = pipeline.Via(f, stages.Map(Increment), async...)
	}
	arrived := make(chan Item)
	pipeline.To(f, sink.Each(func(item Item) { arrived <- item }))
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
