package pipeline_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/stages"
)

// times is a sink that notes when each item came, in minutes.
func times(seen map[int]int) pipeline.Sink[int] {
	var mu sync.Mutex
	began := time.Now()
	return sink.Each(func(item int) {
		mu.Lock()
		defer mu.Unlock()
		seen[item] = int(time.Since(began).Minutes())
	})
}

// TestWorkersTakeOver holds that an item does not wait for a slow one that the same worker took
// with it, neither if the others have nothing to do nor if they always have.
func TestWorkersTakeOver(t *testing.T) {
	for name, pause := range map[string]time.Duration{"idle": 0, "busy": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const items = 4000
				p := pipeline.New(pipeline.Config{})
				seen := map[int]int{}
				f := pipeline.Via(pipeline.From(p, countTo(items)), stages.TryMap(func(ctx context.Context, item int) (int, error) {
					switch {
					case item == 1000:
						return item, rest(ctx, 1000*time.Hour)
					case item > 1000:
						return item, rest(ctx, pause)
					}
					return item, nil
				}), pipeline.Workers(3))
				pipeline.To(f, times(seen))
				if err := runWithin(t, p, 10000*time.Hour); err != nil {
					t.Fatal(err)
				}
				for item := range items {
					limit := int(pause.Minutes()) * (max(item-1000, 0)/2 + 3*100) // as many as all hands have
					if late := seen[item]; item != 1000 && late > limit {
						t.Fatalf("item %d came after %d minutes", item, late)
					}
				}
			})
		})
	}
}

// TestMarkAndHands holds that a Flush covers what a worker took and has not begun, whoever begins it.
func TestMarkAndHands(t *testing.T) {
	for name, opts := range map[string][]pipeline.Option{
		"unordered": {pipeline.Workers(3)},
		"ordered":   {pipeline.Workers(3), pipeline.Ordered()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				source := newPushed[int](pipeline.EntryConfig{Queue: 4000})
				f := pipeline.Via(pipeline.From(p, source), stages.TryMap(func(ctx context.Context, item int) (int, error) {
					switch {
					case item == 500: // whoever has it has those that follow it in hand
						return item, rest(ctx, time.Hour)
					case item > 500 && item < 510:
						return item, rest(ctx, 2*time.Hour)
					}
					return item, nil
				}), opts...)
				seen := pipelinetest.NewFake[int]()
				pipeline.To(f, seen.Sink())
				for item := range 1000 {
					source.push(t, item)
				}
				run := start(t, p)
				covered := make(chan []int)
				go func() {
					if err := p.Flush(t.Context()); err != nil {
						t.Error(err)
					}
					covered <- seen.Items()
				}()
				synctest.Wait()
				for item := range 1000 {
					source.push(t, 1000+item)
				}
				items := <-covered
				for item := range 1000 {
					if !slices.Contains(items, item) {
						t.Fatalf("Flush returned before item %d was through", item)
					}
				}
				if err := run.end(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestStopWithHands holds that the order of items has no gap where a worker that ends had items in
// hand.
func TestStopWithHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		stops := pipeline.Fuse(func(in *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
			return func(item *int) {
				switch {
				case *item == 300:
					_ = rest(in.Context(), time.Minute)
					in.Stop()
				case *item > 300:
					_ = rest(in.Context(), 10*time.Minute)
				}
				out.Push(item)
			}
		})
		seen := pipelinetest.NewFake[int]()
		pipeline.To(pipeline.Via(pipeline.From(p, countTo(1000)), stops, pipeline.Workers(3), pipeline.Ordered()), seen.Sink())
		run := start(t, p)
		if err := run.wait(); err != nil { // it checks the ledger
			t.Error(err)
		}
		if got := seen.Items(); len(got) <= 301 || len(got) > 310 || !slices.IsSorted(got) {
			t.Errorf("the sink has %d items: %v", len(got), got)
		}
	})
}

// TestQueueCountsHands holds that a link never has more than it may, with what its workers took and
// have not begun.
func TestQueueCountsHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queue, workers = 256, 2
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Minute})
		sent := 0
		source := pipeline.SourceFunc[int](func(_ context.Context, out *pipeline.Outlet[int]) error {
			for {
				if err := out.Send(sent); err != nil {
					return err
				}
				sent++
			}
		})
		begun := 0
		var mu sync.Mutex
		f := pipeline.Via(pipeline.From(p, source), stages.TryMap(func(ctx context.Context, item int) (int, error) {
			mu.Lock()
			begun++
			wait := begun > 2000
			mu.Unlock()
			if wait {
				return item, rest(ctx, time.Hour)
			}
			return item, nil
		}), pipeline.Workers(workers), pipeline.Queue(queue), pipeline.Name("slow"))
		pipeline.To(f, sink.Discard[int]())
		run := start(t, p)
		synctest.Wait()
		if got := run.Stats().Stage("slow"); got.Queued > queue+1 || int(got.In) > sent || sent-begun > queue || sent-begun < queue-queue/8 { // 1 in the hands of the source
			t.Errorf("%d sent, %d begun, %+v", sent, begun, got)
		}
		_ = run.end() // all that is left is abandoned
	})
}
