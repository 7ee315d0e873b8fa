package pipeline_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
)

// TestRestartAndFlush holds that a Flush covers what a dead stage held: it waits for the next life.
func TestRestartAndFlush(t *testing.T) {
	for name, run := range map[string]func(die func() bool, in *pipeline.Inlet[int]) error{
		"it dies of an item": func(die func() bool, in *pipeline.Inlet[int]) error {
			for item := range in.All() {
				if die() {
					return errDrawn
				}
				in.Delivered(item)
			}
			return in.Err()
		},
		"it dies of the mark": func(die func() bool, in *pipeline.Inlet[int]) error {
			var held []int
			in.OnMark(func() error {
				if len(held) > 0 && die() {
					panic("at the mark")
				}
				for _, item := range held {
					in.Delivered(item)
				}
				held = nil
				return nil
			})
			for item := range in.All() {
				held = append(held, item)
			}
			return in.Err()
		},
		"it dies and has not let the mark pass": func(die func() bool, in *pipeline.Inlet[int]) error {
			var passes []func()
			var held []int
			in.OnMarkPass(func(pass func()) { passes = append(passes, pass) })
			for {
				item, err := in.RecvUntil(time.Now().Add(10 * time.Second)) // the mark comes before
				switch {
				case err == nil:
					held = append(held, item)
				case !errors.Is(err, pipeline.ErrDue):
					return in.Err()
				case len(passes) > 0 && die():
					return errDrawn
				default:
					for _, item := range held {
						in.Delivered(item)
					}
					for _, pass := range passes {
						pass()
					}
					held, passes = nil, nil
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				dead := false
				die := func() bool { was := dead; dead = true; return !was }
				sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error { return run(die, in) })
				stop := make(chan struct{})
				source := pipeline.SourceFunc[int](func(_ context.Context, out *pipeline.Outlet[int]) error {
					if err := out.Send(1); err != nil {
						return err
					}
					for {
						select {
						case <-stop:
							return nil
						case <-out.Attention():
							if err := out.Attend(); err != nil {
								return err
							}
						}
					}
				})
				pipeline.To(pipeline.From(p, source), sink, pipeline.Name("sink"), restarting(pipeline.RestartConfig{Min: time.Minute, Max: time.Minute}))
				r := start(t, p)
				time.Sleep(time.Second)
				if err := p.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				if l := p.Ledger(); l.Delivered != 1 || l.InFlight != 0 {
					t.Errorf("after Flush the ledger is %+v", l)
				}
				if got := p.Stats().Stage("sink").Restarts; got != 1 {
					t.Errorf("it was restarted %d times", got)
				}
				close(stop)
				if err := r.wait(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestALostMarkPasses holds that a mark which a dead function had promised to let pass is not lost
// with it.
func TestALostMarkPasses(t *testing.T) {
	for name, policy := range map[string]pipeline.Policy{
		"Restart": pipeline.Restart(pipeline.RestartConfig{}),
		"Skip":    pipeline.Skip,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				lives := 0
				sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[token]) error {
					lives++
					died := lives > 1
					in.OnMarkPass(func(pass func()) {
						if !died {
							panic("at the mark")
						}
						pass()
					})
					for item := range in.All() {
						in.Delivered(item)
					}
					return in.Err()
				})
				entry := pipeline.NewEntry[token](pipeline.EntryConfig{})
				pipeline.To(pipeline.From(p, entrySource{entry}), sink, pipeline.OnError(policy))
				r := start(t, p)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if err := p.Flush(ctx); err != nil || lives != 2 {
					t.Errorf("Flush returned %v after %d lives", err, lives)
				}
				_ = r.end()
			})
		})
	}
}

// TestRestartAndTimers holds that the time of a dead function's RecvUntil does not end that of the
// next life.
func TestRestartAndTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		lives := 0
		var due []time.Duration
		sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[token]) error {
			lives++
			began := time.Now()
			wait := 5 * time.Second
			if lives == 1 {
				wait = time.Nanosecond + 100*time.Millisecond // would come in the pause
			}
			for {
				item, err := in.RecvUntil(began.Add(wait))
				switch {
				case errors.Is(err, pipeline.ErrDue):
					due = append(due, time.Since(began))
					wait = time.Hour
				case err != nil:
					return in.Err()
				case lives == 1:
					return errDrawn
				default:
					in.Delivered(item)
				}
			}
		})
		entry := pipeline.NewEntry[token](pipeline.EntryConfig{})
		pipeline.To(pipeline.From(p, entrySource{entry}), sink, restarting(pipeline.RestartConfig{Min: time.Minute, Max: time.Minute}))
		r := start(t, p)
		if err := entry.Push(t.Context(), token{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if err := r.end(); err != nil || lives != 2 || !slices.Equal(due, []time.Duration{5 * time.Second}) {
			t.Errorf("Run returned %v after %d lives, and times were due at %v", err, lives, due)
		}
	})
}

// TestRestartAwaitsHelpers holds that no helper of one life is there in the next, also if a helper is
// what died.
func TestRestartAwaitsHelpers(t *testing.T) {
	for name, deed := range deaths {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				var mu sync.Mutex
				helpers, most, lives := 0, 0, 0
				sink := pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[*int]) error {
					lives++
					dying := lives == 1
					work := make(chan *int)
					defer close(work)
					for range 2 {
						err := pipeline.Go(ctx, "send", func(ctx context.Context) error {
							mu.Lock()
							helpers++
							most = max(most, helpers)
							mu.Unlock()
							defer func() {
								_ = rest(context.WithoutCancel(ctx), time.Second) // slow to end
								mu.Lock()
								defer mu.Unlock()
								helpers--
							}()
							for item := range work {
								if *item == 2 && dying {
									return deed()
								}
								in.Delivered(item)
							}
							return nil
						})
						if err != nil {
							return err
						}
					}
					for item := range in.All() {
						select {
						case work <- item:
						case <-ctx.Done():
							return context.Cause(ctx)
						}
					}
					return in.Err()
				})
				feed := &pipelinetest.Feed[*int]{N: 3, Item: func(i int) *int { return &i }}
				pipeline.To(pipeline.From(p, feed), sink, restarting(pipeline.RestartConfig{}))
				if err := start(t, p).wait(); err != nil || lives != 2 || most != 2 || p.Ledger().Delivered != 3 {
					t.Errorf("Run returned %v after %d lives with %+v; at most %d helpers at once, want 2", err, lives, p.Ledger(), most)
				}
			})
		})
	}
}

// TestRestartOfAChanActor holds that the function gets new channels, and that the item it died of is given to
// it again if nothing was taken after it, and else has failed; in neither case is another one given twice.
func TestRestartOfAChanActor(t *testing.T) {
	for name, deed := range deaths {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				dies := once(3, deed)
				stage := pipeline.ChanActor(func(_ context.Context, in <-chan int, out chan<- int) error {
					for item := range in {
						if err := dies(item, 0); err != nil {
							return err
						}
						out <- item
					}
					return nil
				})
				fake := pipelinetest.NewFake[int]()
				pipeline.To(pipeline.Via(pipeline.From(p, countTo(8)), stage, pipeline.Name("stage"), restarting(pipeline.RestartConfig{})), fake.Sink())
				err := start(t, p).wait()
				l := p.Ledger()
				if got := fake.Items(); !slices.IsSorted(got) || slices.Contains(got, 3) != (l.Failed == 0) || len(slices.Compact(slices.Clone(got))) != len(got) ||
					int64(len(got))+l.Failed != 8 || l.Failed > 2 {
					t.Errorf("Run returned %v with %+v, delivered %v", err, l, got)
				}
				if p.Stats().Stage("stage").Restarts != 1 {
					t.Errorf("it was restarted %d times", p.Stats().Stage("stage").Restarts)
				}
			})
		})
	}
}

// TestAnExitBehindAStageThatWasGivenUp holds that what takes the place of such a stage outlives runtime.Goexit in an
// operator on its goroutine: its items go on to the dead letters, and a Flush passes.
func TestAnExitBehindAStageThatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		letters := pipeline.NewDeadLetters[int](p)
		source := newPushed[int](pipeline.EntryConfig{})
		dying := pipelinetest.NewFake[int]().FailOn(1, errDrawn)
		given := pipeline.Restart(pipeline.RestartConfig{Restarts: 1, Tries: 1, Item: pipeline.ToDeadLetters(letters), Then: pipeline.ToDeadLetters(letters)})
		flow := pipeline.Via(pipeline.From(p, source), dying.FailOn(2, errDrawn).Actor(), pipeline.OnError(given))
		exits := pipeline.Fuse(func(in *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
			in.OnMark(runtime.Goexit)
			return out.Push
		})
		pipeline.To(pipeline.Via(flow, exits), intSink())
		lost := pipelinetest.NewFake[pipeline.DeadLetter[int]]()
		pipeline.To(letters.Flow(), lost.Sink())
		r := start(t, p)
		for i := range 4 {
			source.push(t, i)
			time.Sleep(time.Second) // a restart has a pause
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := p.Flush(ctx); err != nil {
				t.Errorf("flush %d: %v", i, err)
			}
			cancel()
		}
		if err := r.end(); err == nil || len(lost.Items()) != 4 {
			t.Errorf("Run returned %v, with %d dead letters, want an error and 4", err, len(lost.Items()))
		}
	})
}
