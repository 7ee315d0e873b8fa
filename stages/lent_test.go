package stages_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// TestBatchIsUsedAgainOnlyIfLent holds that a batch keeps its array for as long as anybody may
// look at it, and that one array serves all batches if nobody does.
func TestBatchIsUsedAgainOnlyIfLent(t *testing.T) {
	type batch = pipeline.Batch[*int]
	view := func(see func(batch)) pipeline.Sink[batch] {
		return sink.View(func(b *batch) { see(*b) })
	}
	for _, c := range []struct {
		name   string
		sink   func(func(batch)) pipeline.Sink[batch]
		onLoss bool
		opts   []pipeline.Option
		arrays int
	}{
		{"a sink that borrows", view, false, nil, 1},
		{"a sink that may keep it", sink.Each[batch], false, nil, 4},
		{"a sink on a goroutine of its own", view, false, []pipeline.Option{pipeline.Async()}, 4},
		{"somebody who is handed what is lost", view, true, nil, 4},
	} {
		for _, wait := range []time.Duration{0, time.Hour} {
			arrays := map[**int]bool{}
			var kept []batch
			var cfg pipeline.Config
			if c.onLoss {
				cfg.OnLoss = func(string, string, any) {}
			}
			p := pipeline.New(cfg)
			batches := pipeline.Via(pipeline.From(p, source.Slice(make([]*int, 40)...)), stages.Batch[*int](stages.BatchConfig{MaxItems: 10, MaxWait: wait}))
			pipeline.To(batches, c.sink(func(b batch) {
				arrays[&b[0]] = true
				kept = append(kept, b) // so that no array has the address of another that is gone
			}), c.opts...)
			if err := p.Run(t.Context()); err != nil || p.Ledger().Delivered != 40 {
				t.Errorf("%s: Run returned %v with %+v", c.name, err, p.Ledger())
			}
			if len(arrays) != c.arrays {
				t.Errorf("%s, MaxWait %v: 4 batches had %d arrays, want %d", c.name, wait, len(arrays), c.arrays)
			}
		}
	}
}

// TestLentBatchForgets holds that a batch that is used again keeps no item of its past alive, and
// that the batches go on after a panic below.
func TestLentBatchForgets(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	items := make([]*int, 5)
	for i := range items {
		items[i] = new(i)
	}
	batches := pipeline.Via(pipeline.From(p, source.Slice(items...)), stages.Batch[*int](stages.BatchConfig{MaxItems: 2}))
	var lengths []int
	pipeline.To(batches, sink.View(func(b *pipeline.Batch[*int]) {
		if lengths = append(lengths, len(*b)); len(lengths) == 1 {
			panic("on the first batch")
		}
		for _, past := range (*b)[len(*b):cap(*b)] {
			if past != nil {
				t.Error("a batch still holds an item of the one before")
			}
		}
	}), pipeline.OnError(pipeline.Skip))
	var panicked *pipeline.PanicError
	if err := p.Run(t.Context()); !errors.As(err, &panicked) {
		t.Errorf("Run returned %v", err)
	}
	if l := p.Ledger(); l.Delivered != 3 || l.Failed != 2 || len(lengths) != 3 {
		t.Errorf("batches of %v, ledger %+v", lengths, l)
	}
}
