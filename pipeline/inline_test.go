package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/stages"
)

// TestInlineRunsOnTheWorkersAbove holds that a stage behind Workers works in as many goroutines as that has,
// on one instance each, where one alone would have to wait for itself.
func TestInlineRunsOnTheWorkersAbove(t *testing.T) {
	const workers, items = 4, 40
	for _, inline := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var built, busy, most atomic.Int32
			slow := pipeline.Fuse(func(_ *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
				built.Add(1)
				return func(item *int) {
					most.Store(max(most.Load(), busy.Add(1)))
					time.Sleep(time.Second)
					busy.Add(-1)
					out.Push(item)
				}
			}).Named("slow")
			var opts []pipeline.Option
			want, each := int32(1), items*time.Second
			if inline {
				opts, want, each = append(opts, pipeline.Inline()), workers, items/workers*time.Second
			}
			p := pipeline.New(pipeline.Config{})
			fake := pipelinetest.NewFake[int]()
			flow := pipeline.Via(pipeline.From(p, countTo(items)), passInts(), pipeline.Workers(workers))
			pipeline.To(pipeline.Via(flow, slow, opts...), fake.Sink())
			began := time.Now()
			if err := p.Run(t.Context()); err != nil {
				t.Error(err)
			}
			got := fake.Items()
			slices.Sort(got)
			if built.Load() != want || most.Load() != want || time.Since(began) != each || len(got) != items || len(slices.Compact(got)) != items {
				t.Errorf("inline %v: %d built, %d at once, %d items after %v", inline, built.Load(), most.Load(), len(got), time.Since(began))
			}
			if st := p.Stats().Stage("slow"); st.Fused != inline || st.In != items || st.Out != items {
				t.Errorf("inline %v: %+v", inline, st)
			}
			pipelinetest.CheckLedger(t, p)
		})
	}
}

// TestInlineHolds holds that what each instance keeps back is sent by a Flush and at the end, and that what
// fails there is counted there.
func TestInlineHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		var got atomic.Int64
		fails := stages.TryMap(func(_ context.Context, n int) (int, error) {
			if n == 7 {
				return 0, errDrawn
			}
			return n, nil
		})
		flow := pipeline.Via(pipeline.From(p, source), passInts(), pipeline.Workers(3))
		flow = pipeline.Via(flow, fails, pipeline.Inline(), pipeline.Name("fails"))
		batches := pipeline.Via(flow, stages.Batch[int](stages.BatchConfig{MaxItems: 1000}), pipeline.Inline())
		pipeline.To(batches, sink.Each(func(b pipeline.Batch[int]) { got.Add(int64(len(b))) }), pipeline.Inline())
		run := start(t, p)
		for i := range 20 {
			source.push(t, i)
		}
		if err := p.Flush(t.Context()); err != nil || got.Load() != 19 {
			t.Errorf("Flush returned %v when %d items were through", err, got.Load())
		}
		source.push(t, 20, 21)
		err := run.end()
		var loss *pipeline.LossError
		if !errors.As(err, &loss) || loss.Ledger.Failed != 1 || loss.Losses[0].Stage != "fails" || got.Load() != 21 {
			t.Errorf("Run returned %v, %d items were through", err, got.Load())
		}
		pipelinetest.CheckLedger(t, p)
	})
}

func TestInlineWhereItCannotBe(t *testing.T) {
	ints := func(p *pipeline.Pipeline) pipeline.Flow[int] { return pipeline.From(p, countTo(1)) }
	pass := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
		for item := range in.All() {
			if err := out.Send(item); err != nil {
				return err
			}
		}
		return in.Err()
	})
	for name, build := range map[string]func(p *pipeline.Pipeline) pipeline.Flow[int]{
		"actor": func(p *pipeline.Pipeline) pipeline.Flow[int] { return pipeline.Via(ints(p), pass, pipeline.Inline()) },
		"Queue": func(p *pipeline.Pipeline) pipeline.Flow[int] {
			return pipeline.Via(ints(p), passInts(), pipeline.Inline(), pipeline.Queue(3))
		},
		"Ordered": func(p *pipeline.Pipeline) pipeline.Flow[int] {
			ordered := pipeline.Via(ints(p), passInts(), pipeline.Workers(2), pipeline.Ordered())
			return pipeline.Via(ordered, passInts(), pipeline.Inline())
		},
		"Fork": func(p *pipeline.Pipeline) pipeline.Flow[int] {
			return pipeline.Via(pipeline.Fork(ints(p), 1)[0], passInts(), pipeline.Inline())
		},
	} {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(build(p), intSink())
		if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "Inline") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: Run returned %v", name, err)
		}
	}
}
