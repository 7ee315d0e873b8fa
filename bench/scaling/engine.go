package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tailrace-go/tailrace/bench/jobs"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// made is a source of n items.
func made(n int) pipeline.Source[jobs.Item] {
	i := 0
	return source.Pull(func(_ context.Context, item *jobs.Item) error {
		if i == n {
			return io.EOF
		}
		*item = jobs.NewItem(i)
		i++
		return nil
	})
}

// through runs p and says if not all of n items have arrived.
func through(p *pipeline.Pipeline, seen *jobs.Result, n int) error {
	if err := p.Run(context.Background()); err != nil {
		return err
	}
	if seen.Items != n {
		return fmt.Errorf("%d items arrived, want %d", seen.Items, n)
	}
	return nil
}

// ingress is so many producers, an emitter, a map and a sink.
func ingress(producers, n int) error {
	var seen jobs.Result
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[jobs.Item](source.EmitterConfig{})
	pipeline.To(pipeline.Via(pipeline.From(p, emitter), stages.Map(jobs.Scale)), sink.Each(seen.Add))
	failed := make(chan error, 1)
	go func() {
		defer emitter.Close()
		jobs.Produce(producers, n, func(from, to int) {
			for i := from; i < to; i++ {
				if err := emitter.Emit(context.Background(), jobs.NewItem(i)); err != nil {
					select {
					case failed <- err:
					default:
					}
					return
				}
			}
		})
	}()
	if err := through(p, &seen, n); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// line is a source, so many stages, and a sink.
func line(stage pipeline.Stage[jobs.Item, jobs.Item], count, n int, opts ...pipeline.Option) error {
	var seen jobs.Result
	p := pipeline.New(pipeline.Config{})
	f := pipeline.From(p, made(n))
	for range count {
		f = pipeline.Via(f, stage, opts...)
	}
	pipeline.To(f, sink.Each(seen.Add), opts...)
	return through(p, &seen, n)
}

// grouped is a source, batches of that size, and a sink that looks at each item of a batch.
func grouped(size, n int) error {
	var seen jobs.Result
	p := pipeline.New(pipeline.Config{})
	batch := stages.Batch[jobs.Item](stages.BatchConfig{MaxItems: size})
	pipeline.To(pipeline.Via(pipeline.From(p, made(n)), batch), sink.View(func(b *pipeline.Batch[jobs.Item]) { seen.AddBatch(*b) }))
	return through(p, &seen, n)
}
