package pipeline_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/stages"
)

func TestDrainSendsTimedBatchesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		sink := pipelinetest.NewFake[pipeline.Batch[int]]()
		cfg := stages.BatchConfig{MaxItems: 100, MaxWait: time.Hour}
		pipeline.To(pipeline.Via(pipeline.From(p, source), stages.Batch[int](cfg)), sink.Sink())
		run := start(t, p)
		source.push(t, 1, 2, 3)
		began := time.Now()
		if err := run.end(); err != nil || time.Since(began) != 0 {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
		if got := sink.Items(); len(got) != 1 || !slices.Equal(got[0], []int{1, 2, 3}) {
			t.Errorf("the sink has %v", got)
		}
	})
}

// TestTwoContexts holds that the end of Run's context ends sources only: stages have another,
// which ends at the drain's deadline with its cause, and values of the first.
func TestTwoContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Minute})
		source := newPushed[int](pipeline.EntryConfig{})
		var cause error
		var ended time.Time
		pipeline.To(pipeline.From(p, source), pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[int]) error {
			for item := range in.All() {
				<-ctx.Done()
				cause, ended = context.Cause(ctx), time.Now()
				if ctx.Value(key{}) != "value" {
					t.Error("the stages' context has lost the values of Run's")
				}
				in.Abandoned(item)
			}
			return in.Err()
		}))
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		source.push(t, 1, 2, 3)
		time.Sleep(time.Second)
		cancel()
		began := time.Now()
		err := <-done
		var loss *pipeline.LossError
		if !errors.As(err, &loss) || loss.Ledger.Abandoned != 3 || loss.Losses[0].Reason != pipeline.ReasonDrainDeadline {
			t.Errorf("Run returned %v, want 3 items abandoned at the deadline", err)
		}
		if !errors.Is(cause, pipeline.ErrDrainDeadline) || ended.Sub(began) != time.Minute || time.Since(began) != time.Minute {
			t.Errorf("the stages' context ended after %v with %v, Run returned after %v", ended.Sub(began), cause, time.Since(began))
		}
		pipelinetest.CheckLedger(t, p)
	})
}

// TestNothingBeginsAfterTheDeadline holds that what waits at the drain's deadline is abandoned: no
// sink, however soon it returns when its context ends, is given another item with that context.
func TestNothingBeginsAfterTheDeadline(t *testing.T) {
	const sinks, each = 64, 20
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Second})
		var late atomic.Int64
		for range sinks {
			flow := pipeline.From(p, countTo(each))
			pipeline.To(flow, sink.Func(func(ctx context.Context, _ int) error {
				if ctx.Err() != nil {
					late.Add(1)
				}
				<-ctx.Done()
				return ctx.Err()
			}), pipeline.Async())
		}
		var loss *pipeline.LossError
		if err := p.Run(t.Context()); !errors.As(err, &loss) || loss.Ledger.Failed != sinks || loss.Ledger.Abandoned != sinks*(each-1) {
			t.Errorf("Run returned %v, want one item failed in each of %d sinks, the others abandoned", err, sinks)
		}
		if late.Load() != 0 {
			t.Errorf("%d calls began with a context that had ended", late.Load())
		}
	})
}

// TestBlockedPush holds that whoever waits for room is released, with the right error, by the end
// of its own context, by Close, and by the end of the run, and that its item was not accepted.
func TestBlockedPush(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  pipeline.Config
		end  func(run *running, s pushed[sized], cancel context.CancelFunc)
		want error
	}{
		{"its context, for room", pipeline.Config{}, func(_ *running, _ pushed[sized], cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"its context, for bytes", pipeline.Config{MaxBytes: 10}, func(_ *running, _ pushed[sized], cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"Close, for room", pipeline.Config{}, func(_ *running, s pushed[sized], _ context.CancelFunc) { s.entry.Close() }, pipeline.ErrClosed},
		{"Close, for bytes", pipeline.Config{MaxBytes: 10}, func(_ *running, s pushed[sized], _ context.CancelFunc) { s.entry.Close() }, pipeline.ErrClosed},
		{"cancel, for room", pipeline.Config{}, func(run *running, _ pushed[sized], _ context.CancelFunc) { run.cancel() }, pipeline.ErrClosed},
		{"cancel, for bytes", pipeline.Config{MaxBytes: 10}, func(run *running, _ pushed[sized], _ context.CancelFunc) { run.cancel() }, pipeline.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(c.cfg)
				source := newPushed[sized](pipeline.EntryConfig{Queue: 2})
				stalled := pipelinetest.NewFake[sized]().StallOn(1)
				pipeline.To(pipeline.From(p, source), stalled.Sink())
				run := start(t, p)
				source.push(t, 5)
				synctest.Wait() // it is at the sink
				accepted := int64(1)
				for source.entry.TryPush(5) == nil {
					accepted++
				}
				ctx, cancel := context.WithCancel(context.Background())
				released := make(chan error)
				go func() { released <- source.entry.Push(ctx, 5) }()
				synctest.Wait()
				select {
				case err := <-released:
					t.Fatalf("Push did not wait: %v", err)
				default:
				}
				c.end(run, source, cancel)
				if err := <-released; !errors.Is(err, c.want) {
					t.Errorf("Push returned %v, want %v", err, c.want)
				}
				cancel()
				stalled.Release()
				if err := run.end(); err != nil || p.Ledger().Accepted != accepted || p.Ledger().Refused != 2 {
					t.Errorf("Run returned %v with %+v", err, p.Ledger())
				}
			})
		})
	}
}

// TestStuckStage holds that Run names the stages that ignore the end of their context.
func TestStuckStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Second, Grace: time.Minute})
		release := make(chan struct{})
		sink := pipeline.FuseSink(func(in *pipeline.In[int]) func(*int) {
			return func(item *int) { <-release; in.Delivered(item) }
		})
		pipeline.To(pipeline.From(p, countTo(5)), sink, pipeline.Async(), pipeline.Name("deaf"))
		began := time.Now()
		err := p.Run(t.Context())
		var stuck *pipeline.StuckError
		if !errors.As(err, &stuck) || !slices.Equal(stuck.Stages, []string{"deaf"}) {
			t.Errorf("Run returned %v, want a StuckError of deaf", err)
		}
		if took := time.Since(began); took != time.Second+time.Minute {
			t.Errorf("Run returned after %v", took)
		}
		if l := p.Ledger(); l.Balance() != 0 || l.InFlight != 5 {
			t.Errorf("the ledger is %+v, want 5 in flight in the stage that is stuck", l)
		}
		close(release)
	})
}

// TestStop holds that a stage that wants no more ends the source, and what was queued is filtered.
func TestStop(t *testing.T) {
	for name, take := range map[string]func(*pipelinetest.Fake[int]) pipeline.Stage[int, int]{
		"an operator": (*pipelinetest.Fake[int]).Stage,
		"an actor":    (*pipelinetest.Fake[int]).Actor,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				source := &pipelinetest.Feed[int]{N: 1 << 30, Item: func(i int) int { return i }}
				taken := pipelinetest.NewFake[int]().StopAfter(3)
				first := pipeline.Via(pipeline.From(p, source), passInts(), pipeline.Async())
				pipeline.To(pipeline.Via(first, take(taken)), pipelinetest.NewFake[int]().Sink())
				if err := start(t, p).wait(); err != nil || p.Ledger().Delivered != 3 {
					t.Errorf("Run returned %v with %+v", err, p.Ledger())
				}
			})
		})
	}
}

// TestSkipCallsAgain holds what FailRun and Skip do when an actor's function fails, panics or exits.
func TestSkipCallsAgain(t *testing.T) {
	for _, c := range []struct {
		name      string
		policy    pipeline.Policy
		upset     func(*pipelinetest.Fake[int])
		delivered int64
		failed    int64
	}{
		{"skip an error", pipeline.Skip, func(f *pipelinetest.Fake[int]) { f.FailOn(3, errDrawn) }, 9, 1},
		{"skip a panic", pipeline.Skip, func(f *pipelinetest.Fake[int]) { f.PanicOn(3, "three") }, 9, 1},
		{"skip a Goexit", pipeline.Skip, func(f *pipelinetest.Fake[int]) { f.GoexitOn(3) }, 9, 1},
		{"fail the run", pipeline.FailRun, func(f *pipelinetest.Fake[int]) { f.FailOn(3, errDrawn) }, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				fake := pipelinetest.NewFake[int]()
				c.upset(fake)
				pipeline.To(pipeline.From(p, countTo(10)), fake.SinkActor(), pipeline.OnError(c.policy))
				err := start(t, p).wait()
				l := p.Ledger()
				if joined, ok := err.(interface{ Unwrap() []error }); !ok || int64(len(joined.Unwrap())) != c.failed+1 {
					t.Errorf("Run returned %v, want each failure once and a LossError", err)
				}
				if err == nil || l.Delivered != c.delivered || l.Failed != c.failed || l.Accepted != l.Delivered+l.Failed+l.Abandoned {
					t.Errorf("Run returned %v with %+v, want %d delivered and %d failed", err, l, c.delivered, c.failed)
				}
			})
		})
	}
}

// TestFailRunNotesAPanicOnce holds that a panic which ends the run is not told twice.
func TestFailRunNotesAPanicOnce(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	stage := stages.Map(func(i int) int { panic("on any item") })
	pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), stage, pipeline.OnError(pipeline.FailRun)), intSink())
	err := p.Run(t.Context())
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 2 {
		t.Errorf("Run returned %v, want the panic and a LossError", err)
	}
}

// TestGoexit holds that runtime.Goexit in an operator costs one item and no goroutine.
func TestGoexit(t *testing.T) {
	for name, opts := range map[string][]pipeline.Option{
		"async":           {pipeline.Async()},
		"workers":         {pipeline.Workers(3)},
		"ordered workers": {pipeline.Workers(3), pipeline.Ordered()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				sink := pipelinetest.NewFake[int]()
				stage := stages.Map(func(i int) int {
					if i%10 == 0 {
						runtime.Goexit()
					}
					return i
				})
				pipeline.To(pipeline.Via(pipeline.From(p, countTo(100)), stage, opts...), sink.Sink())
				err := start(t, p).wait()
				var exit *pipeline.PanicError
				if !errors.As(err, &exit) || exit.Value != nil || p.Ledger().Failed != 10 || p.Ledger().Delivered != 90 {
					t.Errorf("Run returned %v with %+v", err, p.Ledger())
				}
				if name == "ordered workers" && !slices.IsSorted(sink.Items()) {
					t.Errorf("the items came as %v", sink.Items())
				}
			})
		})
	}
}

func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		letters := pipeline.NewDeadLetters[int](p)
		kept := pipelinetest.NewFake[pipeline.DeadLetter[int]]()
		pipeline.To(letters.Flow(), kept.Sink())
		sink := pipelinetest.NewFake[int]().FailOn(2, errDrawn).PanicOn(4, "four")
		pipeline.To(pipeline.From(p, countTo(5)), sink.Sink(), pipeline.Name("sink"), pipeline.OnError(pipeline.ToDeadLetters(letters)))
		if err := start(t, p).wait(); err == nil {
			t.Error("Run returned nil although items failed")
		}
		got := kept.Items()
		if len(got) != 2 || got[0].Item != 1 || !errors.Is(got[0].Err, errDrawn) || got[1].Item != 3 || got[1].Stage != "sink" {
			t.Errorf("the dead letters are %+v", got)
		}
		if stats := p.Stats(); stats.Ledger.Failed != 2 || stats.DeadLetters.Accepted != 2 || stats.DeadLetters.Delivered != 2 {
			t.Errorf("the ledgers are %+v and %+v", stats.Ledger, stats.DeadLetters)
		}
	})
}

// TestBudget holds that entries wait for bytes, that batches give way to them, and that all bytes
// come back.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{MaxBytes: 100})
		source := newPushed[sized](pipeline.EntryConfig{})
		sink := pipelinetest.NewFake[pipeline.Batch[sized]]().Slow(time.Second)
		cfg := stages.BatchConfig{MaxItems: 1000, MaxWait: 1000 * time.Hour}
		pipeline.To(pipeline.Via(pipeline.From(p, source), stages.Batch[sized](cfg)), sink.Sink(), pipeline.Async())
		run := start(t, p)
		began := time.Now()
		for range 50 { // 5 times as many as fit
			source.push(t, 10)
			if bytes := p.Stats().Bytes; bytes > 100 {
				t.Fatalf("%d bytes are in flight, MaxBytes is 100", bytes)
			}
		}
		if took := time.Since(began); took == 0 || took > 10*time.Second {
			t.Errorf("50 items of 10 bytes took %v", took)
		}
		if err := source.entry.Push(t.Context(), 101); !errors.Is(err, pipeline.ErrTooLarge) {
			t.Errorf("Push of an item that is too large returned %v", err)
		}
		if err := run.end(); err != nil || p.Ledger().Delivered != 50 {
			t.Errorf("Run returned %v with %+v", err, p.Ledger())
		}
	})
}

// TestBudgetIsFair holds that an item which needs most of the budget gets it, however many small ones
// come meanwhile, and that none of these has to wait for long.
func TestBudgetIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{MaxBytes: 100})
		source := newPushed[sized](pipeline.EntryConfig{})
		sink := pipelinetest.NewFake[sized]().Slow(10 * time.Millisecond)
		pipeline.To(pipeline.From(p, source), sink.Sink(), pipeline.Workers(8))
		run := start(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		var small sync.WaitGroup
		var longest atomic.Int64
		small.Go(func() { // eight at once, for as long as it takes
			for tick := time.NewTicker(1250 * time.Microsecond); ctx.Err() == nil; <-tick.C {
				small.Go(func() {
					began := time.Now()
					if err := source.entry.Push(t.Context(), 10); err != nil {
						t.Error(err)
					}
					for took := int64(time.Since(began)); ; {
						if most := longest.Load(); took <= most || longest.CompareAndSwap(most, took) {
							return
						}
					}
				})
			}
		})
		for range 10 {
			time.Sleep(50 * time.Millisecond)
			hurry, done := context.WithTimeout(t.Context(), 200*time.Millisecond)
			if err := source.entry.Push(hurry, 95); err != nil {
				t.Errorf("an item of most of the budget: %v", err)
			}
			done()
		}
		cancel()
		small.Wait()
		if longest := time.Duration(longest.Load()); longest > 200*time.Millisecond {
			t.Errorf("a small item waited for %v", longest)
		}
		if err := run.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestBudgetOfWhatIsGivenUp holds that bytes come back from a branch that wants no more while
// another goes on.
func TestBudgetOfWhatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{MaxBytes: 150})
		source := &pipelinetest.Feed[sized]{N: 50, Item: func(i int) sized { return sized(10 + i/10*30) }}
		branches := pipeline.Fork(pipeline.From(p, source), 2)
		pipeline.To(branches[0], pipelinetest.NewFake[sized]().Slow(time.Second).StopAfter(1).SinkActor())
		sink := pipelinetest.NewFake[sized]()
		pipeline.To(branches[1], sink.Sink())
		if err := start(t, p).wait(); err != nil || len(sink.Items()) != 50 {
			t.Errorf("Run returned %v when %d items had come", err, len(sink.Items()))
		}
	})
}

// TestStatsNameTheBottleneck holds that the times in Stats add up and point at the slow stage.
func TestStatsNameTheBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		batches := pipeline.Via(pipeline.From(p, countTo(100)), stages.Batch[int](stages.BatchConfig{MaxItems: 10}), pipeline.Async(), pipeline.Queue(1), pipeline.Name("batch"))
		sink := pipelinetest.NewFake[pipeline.Batch[int]]().Slow(time.Second)
		pipeline.To(batches, sink.Sink(), pipeline.Queue(1), pipeline.Name("slow"))
		if err := start(t, p).wait(); err != nil {
			t.Fatal(err)
		}
		stats := p.Stats()
		slow, above := stats.Stage("slow"), stats.Stage("batch")
		if slow.Busy != 10*time.Second || slow.Blocked != 0 {
			t.Errorf("the slow stage was busy for %v and blocked for %v, want 10s and 0", slow.Busy, slow.Blocked)
		}
		if above.Blocked < 7*time.Second || above.Busy != 0 {
			t.Errorf("the stage above was blocked for %v and busy for %v, want most of 10s and 0", above.Blocked, above.Busy)
		}
		if above.Batch.Count != 10 || above.Batch.P50 != 10 || above.Batch.Max != 10 {
			t.Errorf("the batches are %+v, want 10 of 10", above.Batch)
		}
		if stats.Elapsed != 10*time.Second || slow.InRate != 10 {
			t.Errorf("Run took %v at %v items/s, want 10s at 10", stats.Elapsed, slow.InRate)
		}
	})
}

// TestStatsAtAnyTime holds that Stats may be called while Run begins, goes on and ends.
func TestStatsAtAnyTime(t *testing.T) {
	for range 20 {
		p := pipeline.New(pipeline.Config{})
		flow := pipeline.Via(pipeline.From(p, countTo(1000)), passInts(), pipeline.Workers(2))
		pipeline.To(flow, pipelinetest.NewFake[int]().Sink())
		over := make(chan struct{})
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for {
					select {
					case <-over:
						return
					default:
						_ = p.Stats()
					}
				}
			})
		}
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
		close(over)
		readers.Wait()
		pipelinetest.CheckLedger(t, p)
	}
}

// TestShutdown holds that all who call Shutdown get what Run returns, and that it gives up what is
// in flight when its own context ends.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		stalled := pipelinetest.NewFake[int]().StallOn(1)
		pipeline.To(pipeline.From(p, source), stalled.SinkActor())
		run := start(t, p)
		source.push(t, 1, 2, 3)
		synctest.Wait()
		var callers sync.WaitGroup
		for i := range 3 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i+1)*time.Second)
				defer cancel()
				var loss *pipeline.LossError
				if err := p.Shutdown(ctx); !errors.As(err, &loss) || loss.Ledger.Abandoned != 3 {
					t.Errorf("Shutdown returned %v, want 3 items abandoned", err)
				}
			})
		}
		began := time.Now()
		callers.Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("Shutdown took %v, want the shortest patience, 1s", took)
		}
		_ = run.wait()
	})
}

// TestNeverRun holds that what was pushed into a pipeline that does not come to run is accounted for.
func TestNeverRun(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, p *pipeline.Pipeline) error{
		"shut down": func(t *testing.T, p *pipeline.Pipeline) error { return p.Shutdown(t.Context()) },
		"not buildable": func(t *testing.T, p *pipeline.Pipeline) error {
			pipeline.From(p, countTo(1)) // leads nowhere
			return p.Run(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := pipeline.New(pipeline.Config{MaxBytes: 100})
			source := newPushed[sized](pipeline.EntryConfig{})
			pipeline.To(pipeline.From(p, source), pipelinetest.NewFake[sized]().Sink())
			source.push(t, 10, 20, 30)
			var loss *pipeline.LossError
			if err := end(t, p); !errors.As(err, &loss) || loss.Ledger.Abandoned != 3 {
				t.Errorf("it returned %v, want 3 items abandoned", err)
			}
			if err := source.entry.Push(t.Context(), 1); !errors.Is(err, pipeline.ErrClosed) {
				t.Errorf("Push returned %v", err)
			}
			pipelinetest.CheckLedger(t, p)
		})
	}
}
