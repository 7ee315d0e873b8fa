package source_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// sized is an item that says how large it is.
type sized int

func (s sized) Size() int { return int(s) }

func TestEmitterManyProducers(t *testing.T) {
	type item struct{ producer, n int }
	for _, overflow := range []pipeline.Overflow{pipeline.Block, pipeline.DropNewest, pipeline.DropOldest} {
		t.Run(overflow.String(), func(t *testing.T) {
			const producers, each = 16, 2000
			emitter := source.NewEmitter[item](source.EmitterConfig{Queue: 32, Overflow: overflow})
			var got []item
			p := pipeline.New(pipeline.Config{})
			pipeline.To(pipeline.From(p, emitter), sink.Each(func(i item) { got = append(got, i) }))
			var group sync.WaitGroup
			for producer := range producers {
				group.Go(func() {
					for n := range each {
						if err := emitter.Emit(t.Context(), item{producer, n}); err != nil {
							t.Errorf("Emit: %v", err)
							return
						}
					}
				})
			}
			go func() {
				group.Wait()
				emitter.Close()
			}()
			err := p.Run(t.Context())
			pipelinetest.CheckLedger(t, p)
			l := p.Ledger()
			if l.Accepted != producers*each || l.Delivered != int64(len(got)) || l.Delivered+l.Dropped != l.Accepted {
				t.Errorf("ledger %+v, sink has %d", l, len(got))
			}
			if overflow == pipeline.Block && (err != nil || l.Dropped != 0) {
				t.Errorf("Run returned %v, ledger %+v", err, l)
			}
			last := map[int]int{}
			for _, i := range got {
				if before, ok := last[i.producer]; ok && before >= i.n {
					t.Fatalf("producer %d: %d came after %d", i.producer, i.n, before)
				}
				last[i.producer] = i.n
			}
		})
	}
}

func TestEmitBeforeRun(t *testing.T) {
	emitter := source.NewEmitter[int](source.EmitterConfig{Queue: 3})
	for i := range 3 {
		if err := emitter.Emit(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := emitter.TryEmit(3); !errors.Is(err, pipeline.ErrFull) || emitter.Waiting() != 3 {
		t.Errorf("TryEmit into a full queue: %v, %d wait", err, emitter.Waiting())
	}
	emitter.Close()
	got, p, err := drained(t, pipeline.Source[int](emitter))
	if err != nil || fmt.Sprint(got) != "[0 1 2]" || p.Ledger().Refused != 1 {
		t.Errorf("got %v, error %v, ledger %+v", got, err, p.Ledger())
	}
}

func TestEmitterBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		emitter := source.NewEmitter[int](source.EmitterConfig{Queue: 3})
		l := start(t, pipeline.Config{}, pipeline.Source[int](emitter), true)
		for i := range 3 { // one is in the sink's hands
			if err := emitter.Emit(t.Context(), i); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := emitter.TryEmit(3); !errors.Is(err, pipeline.ErrFull) {
			t.Errorf("TryEmit: %v, want ErrFull", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := emitter.Emit(ctx, 4); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("Emit until a deadline: %v after %v", err, time.Since(began))
		}
		waits := make(chan error, 1)
		go func() { waits <- emitter.Emit(context.Background(), 5) }()
		l.moving(pipeline.Ledger{Accepted: 3, InFlight: 3, Refused: 2})
		l.gate <- struct{}{}
		if err := <-waits; err != nil {
			t.Errorf("Emit that had to wait: %v", err)
		}
		l.moving(pipeline.Ledger{Accepted: 4, Delivered: 1, InFlight: 3, Refused: 2})
		go func() { waits <- emitter.Emit(context.Background(), 6) }()
		synctest.Wait()
		if err := l.end(); err != nil {
			t.Errorf("Run returned %v", err)
		}
		if err := <-waits; !errors.Is(err, pipeline.ErrClosed) {
			t.Errorf("Emit that waited at the end: %v, want ErrClosed", err)
		}
		if fmt.Sprint(l.got) != "[0 1 2 5]" {
			t.Errorf("got %v", l.got)
		}
	})
}

func TestEmitterDrops(t *testing.T) {
	for _, test := range []struct {
		overflow pipeline.Overflow
		queue    int // an item at work counts, but not with DropOldest
		want     string
	}{
		{pipeline.DropNewest, 3, "[0 1 2]"},
		{pipeline.DropOldest, 2, "[0 9 10]"},
	} {
		t.Run(test.overflow.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dropped []int
				cfg := pipeline.Config{OnLoss: func(stage, reason string, item any) {
					if stage != "emitter" || reason != pipeline.ReasonQueueFull {
						t.Errorf("lost at %s: %s", stage, reason)
					}
					dropped = append(dropped, item.(int))
				}}
				emitter := source.NewEmitter[int](source.EmitterConfig{Queue: test.queue, Overflow: test.overflow})
				l := start(t, cfg, pipeline.Source[int](emitter), true)
				for i := range 10 { // one is in the sink's hands, two wait
					if err := emitter.Emit(t.Context(), i); err != nil {
						t.Errorf("Emit(%d): %v", i, err)
					}
					synctest.Wait()
				}
				l.moving(pipeline.Ledger{Accepted: 10, Dropped: 7, InFlight: 3})
				if err := emitter.TryEmit(10); err != nil {
					t.Errorf("TryEmit: %v", err)
				}
				l.moving(pipeline.Ledger{Accepted: 11, Dropped: 8, InFlight: 3})
				err := l.end()
				var lost *pipeline.LossError
				if !errors.As(err, &lost) || lost.Ledger.Dropped != 8 {
					t.Errorf("Run returned %v, want a LossError about 8", err)
				}
				if fmt.Sprint(l.got) != test.want || len(dropped) != 8 {
					t.Errorf("got %v, want %v; OnLoss got %v", l.got, test.want, dropped)
				}
			})
		})
	}
}

func TestEmitterAfterTheEnd(t *testing.T) {
	for _, overflow := range []pipeline.Overflow{pipeline.Block, pipeline.DropNewest, pipeline.DropOldest} {
		synctest.Test(t, func(t *testing.T) {
			emitter := source.NewEmitter[int](source.EmitterConfig{Overflow: overflow})
			l := start(t, pipeline.Config{}, pipeline.Source[int](emitter), false)
			if err := emitter.Emit(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if err := l.end(); err != nil {
				t.Errorf("%v: Run returned %v", overflow, err)
			}
			if err := emitter.Emit(t.Context(), 2); !errors.Is(err, pipeline.ErrClosed) {
				t.Errorf("%v: Emit: %v, want ErrClosed", overflow, err)
			}
			if err := emitter.TryEmit(3); !errors.Is(err, pipeline.ErrClosed) {
				t.Errorf("%v: TryEmit: %v, want ErrClosed", overflow, err)
			}
			emitter.Close()
			if got := l.p.Ledger(); got != (pipeline.Ledger{Accepted: 1, Delivered: 1, Refused: 2}) {
				t.Errorf("%v: ledger %+v", overflow, got)
			}
		})
	}
}

func TestEmitterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		emitter := source.NewEmitter[int](source.EmitterConfig{})
		l := start(t, pipeline.Config{}, pipeline.Source[int](emitter), false)
		for i := range 10 {
			if err := emitter.Emit(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		emitter.Close()
		if err := <-l.done; err != nil || len(l.got) != 10 { // by itself
			t.Errorf("Run returned %v, got %v", err, l.got)
		}
		l.cancel()
	})
}

func TestEmitterUnderAByteBudget(t *testing.T) {
	t.Run("block", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			emitter := source.NewEmitter[sized](source.EmitterConfig{})
			l := start(t, pipeline.Config{MaxBytes: 100}, pipeline.Source[sized](emitter), true)
			for range 2 {
				if err := emitter.Emit(t.Context(), 50); err != nil {
					t.Fatal(err)
				}
			}
			if err := emitter.TryEmit(1); !errors.Is(err, pipeline.ErrFull) {
				t.Errorf("TryEmit: %v, want ErrFull", err)
			}
			if err := emitter.Emit(t.Context(), 101); !errors.Is(err, pipeline.ErrTooLarge) {
				t.Errorf("Emit of more than MaxBytes: %v, want ErrTooLarge", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := emitter.Emit(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Emit until a deadline: %v", err)
			}
			waits := make(chan error, 1)
			go func() { waits <- emitter.Emit(context.Background(), 49) }()
			l.moving(pipeline.Ledger{Accepted: 2, InFlight: 2, Refused: 3})
			l.gate <- struct{}{}
			if err := <-waits; err != nil {
				t.Errorf("Emit that waited for bytes: %v", err)
			}
			synctest.Wait()
			if bytes := l.p.Stats().Bytes; bytes != 99 {
				t.Errorf("%d bytes are charged, want 99", bytes)
			}
			if err := l.end(); err != nil || l.p.Stats().Bytes != 0 {
				t.Errorf("Run returned %v, %d bytes are still charged", err, l.p.Stats().Bytes)
			}
		})
	})
	for _, test := range []struct {
		overflow pipeline.Overflow
		want     string
	}{{pipeline.DropNewest, "[40 40]"}, {pipeline.DropOldest, "[40 50]"}} {
		t.Run(test.overflow.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				emitter := source.NewEmitter[sized](source.EmitterConfig{Overflow: test.overflow})
				l := start(t, pipeline.Config{MaxBytes: 100}, pipeline.Source[sized](emitter), true)
				for _, item := range []sized{40, 40, 50} {
					if err := emitter.Emit(t.Context(), item); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				l.moving(pipeline.Ledger{Accepted: 3, Dropped: 1, InFlight: 2})
				if losses := l.p.Stats().Losses; len(losses) != 1 || losses[0].Reason != pipeline.ReasonByteBudget {
					t.Errorf("losses %v", losses)
				}
				_ = l.end() // a LossError
				if fmt.Sprint(l.got) != test.want || l.p.Stats().Bytes != 0 {
					t.Errorf("got %v, want %v, %d bytes are still charged", l.got, test.want, l.p.Stats().Bytes)
				}
			})
		})
	}
}

// charged is an item by pointer that has a size, as a span is.
type charged struct{ bytes int }

func (c *charged) Size() int { return c.bytes }

func TestTryEmitAllocatesNothing(t *testing.T) {
	for name, cfg := range map[string]pipeline.Config{"without a byte budget": {}, "under a byte budget": {MaxBytes: 1 << 20}} {
		t.Run(name, func(t *testing.T) {
			emitter := source.NewEmitter[*charged](source.EmitterConfig{Queue: 4096})
			p := pipeline.New(cfg)
			pipeline.To(pipeline.From(p, emitter), sink.Discard[*charged]())
			item := &charged{8}
			if got := testing.AllocsPerRun(1000, func() {
				if err := emitter.TryEmit(item); err != nil {
					t.Error(err)
				}
			}); got != 0 {
				t.Errorf("%v allocations for each TryEmit", got)
			}
			emitter.Close()
			if err := p.Run(t.Context()); err != nil || p.Stats().Bytes != 0 {
				t.Errorf("Run returned %v, and left %d bytes charged", err, p.Stats().Bytes)
			}
		})
	}
}

func TestEmitterFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		emitter := source.NewEmitter[int](source.EmitterConfig{})
		p := pipeline.New(pipeline.Config{})
		var got []pipeline.Batch[int]
		flow := pipeline.Via(pipeline.From(p, emitter), stages.Batch[int](stages.BatchConfig{}))
		pipeline.To(flow, sink.Each(func(b pipeline.Batch[int]) { got = append(got, b) }))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		for i := range 3 {
			if err := emitter.Emit(ctx, i); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				if err := p.Flush(ctx); err != nil {
					t.Errorf("Flush: %v", err)
				}
				if fmt.Sprint(got) != "[[0 1]]" {
					t.Errorf("after Flush the sink has %v", got)
				}
			}
		}
		cancel()
		if err := <-done; err != nil || fmt.Sprint(got) != "[[0 1] [2]]" {
			t.Errorf("Run returned %v, got %v", err, got)
		}
	})
}

func TestEmittersRaceWithTheEnd(t *testing.T) {
	for range 50 {
		emitter := source.NewEmitter[int](source.EmitterConfig{Queue: 4})
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, emitter), sink.Discard[int](), pipeline.Async())
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		var accepted [4]int
		for i := range accepted {
			group.Go(func() {
				for emitter.Emit(context.Background(), 1) == nil {
					if accepted[i]++; accepted[i] == 100 {
						cancel()
					}
				}
			})
		}
		group.Go(func() { _ = p.Flush(ctx) })
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run returned %v", err)
		}
		group.Wait()
		sum := int64(accepted[0] + accepted[1] + accepted[2] + accepted[3])
		if l := p.Ledger(); l.Accepted != sum || l.Delivered != sum || l.Refused != 4 {
			t.Errorf("%d were accepted, ledger %+v", sum, l)
		}
		cancel()
	}
}

func TestEmitterSettings(t *testing.T) {
	for _, test := range []struct {
		cfg  source.EmitterConfig
		want string
	}{
		{source.EmitterConfig{Queue: -1}, "Queue is negative: -1"},
		{source.EmitterConfig{Overflow: 7}, "Overflow is Overflow(7)"},
	} {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, source.NewEmitter[int](test.cfg)), sink.Discard[int]())
		if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: Run returned %v, want an ErrConfig with %q", test.cfg, err, test.want)
		}
	}
	p := pipeline.New(pipeline.Config{})
	emitter := source.NewEmitter[int](source.EmitterConfig{})
	for range 2 {
		pipeline.To(pipeline.From(p, emitter), sink.Discard[int]())
	}
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("an emitter used twice: %v, want an ErrConfig", err)
	}
}

func BenchmarkEmitter(b *testing.B) {
	for _, producers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			emitter := source.NewEmitter[int](source.EmitterConfig{})
			p := pipeline.New(pipeline.Config{})
			pipeline.To(pipeline.From(p, emitter), sink.Discard[int]())
			done := make(chan error)
			go func() { done <- p.Run(b.Context()) }()
			b.ReportAllocs()
			b.SetParallelism(slices.Max([]int{producers / 2, 1})) // times GOMAXPROCS
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := emitter.Emit(b.Context(), 1); err != nil {
						b.Error(err)
						return
					}
				}
			})
			emitter.Close()
			if err := <-done; err != nil {
				b.Error(err)
			}
		})
	}
}

// heavy is an item that is charged to the byte budget and is passed by pointer, as spans are.
type heavy struct{ bytes int }

func (h *heavy) Size() int { return h.bytes }

func TestEmitAllocatesNothing(t *testing.T) {
	for _, cfg := range []pipeline.Config{{}, {MaxBytes: 1 << 30}} {
		emitter := source.NewEmitter[*heavy](source.EmitterConfig{Queue: 1 << 14})
		p := pipeline.New(cfg)
		flow := pipeline.From(p, emitter)
		item := &heavy{100}
		allocs := testing.AllocsPerRun(1000, func() {
			if emitter.Emit(t.Context(), item) != nil || emitter.TryEmit(item) != nil {
				t.Error("an item was refused")
			}
		})
		if allocs != 0 {
			t.Errorf("MaxBytes %d: Emit and TryEmit made %v allocations", cfg.MaxBytes, allocs)
		}
		emitter.Close()
		pipeline.To(flow, sink.Discard[*heavy]())
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestEmitBesideFrom holds that what is emitted while the pipeline is being built is charged
// exactly once.
func TestEmitBesideFrom(t *testing.T) {
	const producers, each = 4, 500
	for _, overflow := range []pipeline.Overflow{pipeline.Block, pipeline.DropOldest} {
		for range 20 {
			emitter := source.NewEmitter[sized](source.EmitterConfig{Queue: 64, Overflow: overflow})
			var group sync.WaitGroup
			for range producers {
				group.Go(func() {
					for range each {
						if err := emitter.Emit(t.Context(), 10); err != nil {
							t.Error(err)
						}
					}
				})
			}
			p := pipeline.New(pipeline.Config{MaxBytes: 1 << 20})
			pipeline.To(pipeline.From(p, emitter), sink.Discard[sized]())
			go func() {
				group.Wait()
				emitter.Close()
			}()
			_ = p.Run(t.Context()) // a LossError where items were dropped
			if s := p.Stats(); s.Bytes != 0 || s.Ledger.Accepted != producers*each || s.Ledger.InFlight != 0 {
				t.Fatalf("%v: %d bytes are still charged; ledger %+v", overflow, s.Bytes, s.Ledger)
			}
		}
	}
}
