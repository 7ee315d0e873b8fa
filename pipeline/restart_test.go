package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
)

// mortal is an actor that dies of some of its items, and notes what it was given and when.
type mortal[T any] struct {
	mu    sync.Mutex
	given []T
	times []time.Time
	lives int
	dies  func(item T, life int) error // before the item is settled; it may panic or exit
	late  func(item T, life int) error // after
	start func(life int) error
}

func (m *mortal[T]) live() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lives++
	m.times = append(m.times, time.Now())
	return m.lives
}

func (m *mortal[T]) note(item T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.given = append(m.given, item)
}

func (m *mortal[T]) deed(do func(T, int) error, item T, life int) error {
	if do == nil {
		return nil
	}
	return do(item, life)
}

// run is the actor's function. settle says what becomes of an item that it survived.
func (m *mortal[T]) run(in *pipeline.Inlet[T], settle func(T) error) error {
	life := m.live()
	if m.start != nil {
		if err := m.start(life); err != nil {
			return err
		}
	}
	for item := range in.All() {
		m.note(item)
		if err := m.deed(m.dies, item, life); err != nil {
			return err
		}
		if err := settle(item); err != nil {
			return err
		}
		if err := m.deed(m.late, item, life); err != nil {
			return err
		}
	}
	return in.Err()
}

func (m *mortal[T]) stage() pipeline.Stage[T, T] {
	return pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[T], out *pipeline.Outlet[T]) error {
		return m.run(in, out.Send)
	}).Named("mortal")
}

func (m *mortal[T]) sink() pipeline.Sink[T] {
	return pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[T]) error {
		return m.run(in, func(item T) error { in.Delivered(item); return nil })
	}).Named("mortal")
}

// pauses are those between its lives.
func (m *mortal[T]) pauses() []time.Duration {
	var pauses []time.Duration
	for i := range m.times[1:] {
		pauses = append(pauses, m.times[i+1].Sub(m.times[i]))
	}
	return pauses
}

// once is a function that returns err for an item the first time it sees it.
func once[T comparable](fatal T, deed func() error) func(T, int) error {
	done := false
	return func(item T, _ int) error {
		if item != fatal || done {
			return nil
		}
		done = true
		return deed()
	}
}

// always is a function that returns err for an item whenever it sees it.
func always[T comparable](fatal T, err error) func(T, int) error {
	return func(item T, _ int) error { return when(item == fatal, err) }
}

var deaths = map[string]func() error{
	"an error": func() error { return errDrawn },
	"a panic":  func() error { panic(errDrawn) },
	"a Goexit": func() error { runtime.Goexit(); return nil },
}

// TestRestartLosesNothing holds that an actor which settles each item before it takes the next loses
// none by dying: it is given the fatal one again, first, and what is queued stays queued.
func TestRestartLosesNothing(t *testing.T) {
	for name, deed := range deaths {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{MaxBytes: 100, OnLoss: func(stage, reason string, item any) {
					t.Errorf("lost %v at %s: %s", item, stage, reason)
				}})
				m := &mortal[sized]{dies: once(sized(3), deed)}
				fake := pipelinetest.NewFake[sized]()
				feed := &pipelinetest.Feed[sized]{N: 6, Item: func(i int) sized { return sized(i + 1) }}
				pipeline.To(pipeline.Via(pipeline.From(p, feed), m.stage(), restarting(pipeline.RestartConfig{})), fake.Sink())
				if err := start(t, p).wait(); err != nil {
					t.Errorf("Run returned %v, want nil: nothing was lost", err)
				}
				if want := []sized{1, 2, 3, 3, 4, 5, 6}; !slices.Equal(m.given, want) {
					t.Errorf("it was given %v, want %v", m.given, want)
				}
				if want := []sized{1, 2, 3, 4, 5, 6}; !slices.Equal(fake.Items(), want) {
					t.Errorf("delivered %v, want %v", fake.Items(), want)
				}
				if s := p.Stats().Stage("mortal"); s.Restarts != 1 || s.LastError == "" || s.In != 6 || s.Out != 6 {
					t.Errorf("Stats have %+v, want one restart with its error, and each item once", s)
				}
			})
		})
	}
}

// TestPoison holds that an item of which the function dies again and again is given up, once, under
// the reason of its error, and that the others get through.
func TestPoison(t *testing.T) {
	for _, c := range []struct {
		name  string
		tries int // of the config
		want  int
	}{{"by default", 0, 3}, {"at the first death", 1, 1}, {"at the fifth", 5, 5}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lost []any
				p := pipeline.New(pipeline.Config{MaxBytes: 100, OnLoss: func(_, reason string, item any) { lost = append(lost, reason, item) }})
				letters := pipeline.NewDeadLetters[sized](p)
				dead := pipelinetest.NewFake[pipeline.DeadLetter[sized]]()
				pipeline.To(letters.Flow(), dead.Sink())
				m := &mortal[sized]{dies: always(sized(2), pipeline.WithReason("poison", errDrawn))}
				feed := &pipelinetest.Feed[sized]{N: 4, Item: func(i int) sized { return sized(i + 1) }}
				pipeline.To(pipeline.From(p, feed), m.sink(), restarting(pipeline.RestartConfig{Tries: c.tries, Item: pipeline.ToDeadLetters(letters)}))
				err := start(t, p).wait()
				var loss *pipeline.LossError
				if !errors.As(err, &loss) || len(loss.Losses) != 1 || loss.Losses[0].Reason != "poison" || loss.Ledger.Failed != 1 || loss.Ledger.Delivered != 3 {
					t.Errorf("Run returned %v, want one item failed of poison", err)
				}
				want := slices.Concat([]sized{1}, slices.Repeat([]sized{2}, c.want), []sized{3, 4})
				if !slices.Equal(m.given, want) {
					t.Errorf("it was given %v, want %v", m.given, want)
				}
				if got := dead.Items(); len(got) != 1 || got[0].Item != 2 || !errors.Is(got[0].Err, errDrawn) {
					t.Errorf("the dead letters are %v, want item 2 once", got)
				}
				if want := []any{"poison", sized(2)}; !slices.Equal(lost, want) {
					t.Errorf("OnLoss got %v, want %v", lost, want)
				}
			})
		})
	}
}

// TestTriesAreOfOneItem holds that the deaths of which one item was the cause do not count for another.
func TestTriesAreOfOneItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		deaths := map[int]int{}
		m := &mortal[int]{dies: func(item, _ int) error {
			deaths[item]++
			return when(deaths[item] < 3, errDrawn)
		}}
		pipeline.To(pipeline.From(p, countTo(3)), m.sink(), restarting(pipeline.RestartConfig{Tries: 3}))
		if err := start(t, p).wait(); err != nil || m.lives != 7 {
			t.Errorf("Run returned %v after %d lives, want nil after 7", err, m.lives)
		}
	})
}

// TestDeclaredFailures holds that an item which the function declares Failed is handled as
// RestartConfig.Item says, and costs no restart.
func TestDeclaredFailures(t *testing.T) {
	for name, c := range map[string]struct {
		item pipeline.Policy
		want int64
	}{"counted": {pipeline.Policy{}, 9}, "ends the run": {pipeline.FailRun, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
					for item := range in.All() {
						if item == 0 {
							in.Failed(item, errDrawn)
							time.Sleep(time.Second)
							continue
						}
						in.Delivered(item)
					}
					return in.Err()
				})
				pipeline.To(pipeline.From(p, countTo(10)), sink, pipeline.Queue(1), pipeline.Name("sink"), restarting(pipeline.RestartConfig{Item: c.item}))
				err := start(t, p).wait()
				var failure *pipeline.StageError
				if errors.As(err, &failure) != (c.want == 0) || p.Stats().Stage("sink").Restarts != 0 || p.Ledger().Failed != 1 {
					t.Errorf("Run returned %v with %+v", err, p.Ledger())
				}
				if got := p.Ledger().Delivered; c.want > 0 && got != c.want {
					t.Errorf("%d were delivered, want %d", got, c.want)
				}
			})
		})
	}
}

// TestWhatElseItHeld holds that a stage which groups items loses those that the engine cannot know,
// and is given the last one again.
func TestWhatElseItHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost []any
		p := pipeline.New(pipeline.Config{MaxBytes: 1000, OnLoss: func(_, reason string, item any) { lost = append(lost, reason, item) }})
		died, resumed := false, make(chan struct{})
		stage := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[sized], out *pipeline.Outlet[sized]) error {
			var held []sized
			for item := range in.All() {
				if held = append(held, item); len(held) == 3 && !died {
					died = true
					return errDrawn
				}
			}
			close(resumed)
			for _, item := range held {
				if err := out.Send(item); err != nil {
					return err
				}
			}
			return in.Err()
		})
		fake := pipelinetest.NewFake[sized]()
		feed := &pipelinetest.Feed[sized]{N: 5, Item: func(i int) sized { return sized(i + 1) }}
		pipeline.To(pipeline.Via(pipeline.From(p, feed), stage, pipeline.Name("group"), restarting(pipeline.RestartConfig{Min: time.Minute, Max: time.Minute})), fake.Sink())
		r := start(t, p)
		synctest.Wait()
		select {
		case <-resumed: // a short pause was drawn
		default:
			if err := pipelinetest.CheckAtRest(p.Stats()); err != nil {
				t.Errorf("between two lives: %v", err)
			}
		}
		err := r.wait()
		var loss *pipeline.LossError
		if !errors.As(err, &loss) || loss.Ledger.Failed != 2 || loss.Ledger.Delivered != 3 {
			t.Errorf("Run returned %v, want 2 failed and 3 delivered", err)
		}
		if want := []sized{3, 4, 5}; !slices.Equal(fake.Items(), want) {
			t.Errorf("delivered %v, want %v", fake.Items(), want)
		}
		if want := []any{pipeline.ReasonError, pipeline.Unknown{Items: 2}}; !slices.Equal(lost, want) {
			t.Errorf("OnLoss got %v, want %v", lost, want)
		}
	})
}

// TestNothingIsGivenTwice holds that an item which may have been settled is not given again.
func TestNothingIsGivenTwice(t *testing.T) {
	late := once(2, func() error { return errDrawn })
	for name, c := range map[string]struct {
		run       func(in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error
		delivered []int
		failed    int64
	}{
		"it died after Send": {
			func(in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
				m := &mortal[int]{late: late}
				return m.run(in, out.Send)
			}, []int{0, 1, 2, 3}, 0,
		},
		"it died after Filtered": {
			func(in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
				m := &mortal[int]{late: once(2, func() error { panic("two") })}
				return m.run(in, func(i int) error {
					if i == 2 {
						in.Filtered(i)
						return nil
					}
					return out.Send(i)
				})
			}, []int{0, 1, 3}, 0,
		},
		"it died after it had sent an older one": {
			func(in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
				first, err := in.Recv()
				if err != nil {
					return err
				}
				if first > 1 {
					return errors.Join(out.Send(first), (&mortal[int]{}).run(in, out.Send))
				}
				if _, err := in.Recv(); err != nil {
					return err
				}
				return errors.Join(out.Send(first), errDrawn) // the engine cannot tell which of the two it was
			}, []int{0, 2, 3}, 1,
		},
		"it died after it had filtered the last of two": {
			func(in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
				first, err := in.Recv()
				if err != nil {
					return err
				}
				if first > 1 {
					return errors.Join(out.Send(first), (&mortal[int]{}).run(in, out.Send))
				}
				second, err := in.Recv()
				if err != nil {
					return err
				}
				in.Filtered(second)
				return errDrawn
			}, []int{2, 3}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				stage := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
					return c.run(in, out)
				})
				fake := pipelinetest.NewFake[int]()
				pipeline.To(pipeline.Via(pipeline.From(p, countTo(4)), stage, pipeline.Name("stage"), restarting(pipeline.RestartConfig{})), fake.Sink())
				err := start(t, p).wait()
				if !slices.Equal(fake.Items(), c.delivered) || p.Ledger().Failed != c.failed || p.Stats().Stage("stage").Restarts != 1 {
					t.Errorf("Run returned %v, delivered %v with %+v; want %v and %d failed", err, fake.Items(), p.Ledger(), c.delivered, c.failed)
				}
			})
		})
	}
}

// TestPointersHaveAnIdentity holds that where items are pointers, settling another one does not keep
// the last from being given again.
func TestPointersHaveAnIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		died := false
		var delivered []int
		sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[*int]) error {
			var before *int
			for item := range in.All() {
				if before != nil {
					in.Delivered(before)
					delivered = append(delivered, *before)
				}
				if before = item; *item == 2 && !died {
					died = true
					panic("two")
				}
			}
			in.Delivered(before)
			delivered = append(delivered, *before)
			return in.Err()
		})
		feed := &pipelinetest.Feed[*int]{N: 4, Item: func(i int) *int { return &i }}
		pipeline.To(pipeline.From(p, feed), sink, restarting(pipeline.RestartConfig{}))
		if err := start(t, p).wait(); err != nil || !slices.Equal(delivered, []int{0, 1, 2, 3}) {
			t.Errorf("Run returned %v and delivered %v, want all four", err, delivered)
		}
	})
}

// TestACopyIsSettledToo holds that an item is not given again if the function settled it by a copy.
func TestACopyIsSettledToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		lives := 0
		sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[*int]) error {
			lives++
			for item := range in.All() {
				clone := *item
				if in.Delivered(&clone); lives == 1 {
					return errDrawn
				}
			}
			return in.Err()
		})
		feed := &pipelinetest.Feed[*int]{N: 3, Item: func(i int) *int { return &i }}
		pipeline.To(pipeline.From(p, feed), sink, restarting(pipeline.RestartConfig{}))
		if err := start(t, p).wait(); err != nil || lives != 2 || p.Ledger().Delivered != 3 {
			t.Errorf("Run returned %v after %d lives with %+v", err, lives, p.Ledger())
		}
	})
}

// TestRestartPauses holds that pauses are drawn at random below a bound that doubles, and that it
// begins anew when the function has run well for a window.
func TestRestartPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sum, longest [5]time.Duration
		const runs = 40
		for range runs {
			p := pipeline.New(pipeline.Config{})
			m := &mortal[int]{start: func(life int) error {
				if life == 4 { // as many as a window allows
					time.Sleep(time.Hour)
				}
				return when(life < 6, errDrawn)
			}}
			stop := make(chan struct{}) // the sources must not end: that would cut a pause short
			source := pipeline.SourceFunc[int](func(context.Context, *pipeline.Outlet[int]) error { <-stop; return nil })
			cfg := pipeline.RestartConfig{Restarts: 3, Window: time.Hour, Min: time.Second, Max: 3 * time.Second}
			pipeline.To(pipeline.From(p, source), m.sink(), restarting(cfg))
			r := start(t, p)
			time.Sleep(2 * time.Hour)
			close(stop)
			if err := r.wait(); err != nil {
				t.Fatal(err)
			}
			pauses := m.pauses()
			pauses[3] -= time.Hour // it was alive
			for i, pause := range pauses {
				sum[i] += pause
				longest[i] = max(longest[i], pause)
			}
		}
		for i, bound := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, time.Second, 2 * time.Second} {
			if longest[i] > bound+1 || longest[i] < bound*3/4 || sum[i]/runs < bound/4 || sum[i]/runs > bound*3/4 {
				t.Errorf("pause %d is at most %v, in the mean %v; want them spread below %v", i, longest[i], sum[i]/runs, bound)
			}
		}
	})
}

// TestRestartsAreBounded holds what follows when the function dies too often.
func TestRestartsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		then                         func(*pipeline.DeadLetters[int]) pipeline.Policy
		delivered, failed, abandoned int64
		letters                      int
		endless                      bool
	}{
		"the run fails":        {func(*pipeline.DeadLetters[int]) pipeline.Policy { return pipeline.Policy{} }, 2, 1, 0, 0, true},
		"the stage is skipped": {func(*pipeline.DeadLetters[int]) pipeline.Policy { return pipeline.Skip }, 2, 1, 7, 0, false},
		"the rest are letters": {pipeline.ToDeadLetters[int], 2, 8, 0, 8, false},
	} {
		for _, workers := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, workers %d", name, workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := pipeline.New(pipeline.Config{MaxBytes: 100})
					letters := pipeline.NewDeadLetters[int](p)
					dead := pipelinetest.NewFake[pipeline.DeadLetter[int]]()
					pipeline.To(letters.Flow(), dead.Sink())
					var mu sync.Mutex
					delivered := 0
					sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
						for item := range in.All() {
							mu.Lock()
							dying := delivered == 2
							if !dying {
								delivered++
							}
							mu.Unlock()
							if dying {
								return errDrawn
							}
							in.Delivered(item)
						}
						return in.Err()
					})
					feed := countTo(10)
					if c.endless {
						feed = countTo(1 << 30)
					}
					cfg := pipeline.RestartConfig{Restarts: 2, Tries: 100, Then: c.then(letters)}
					pipeline.To(pipeline.From(p, feed), sink, pipeline.Name("sink"), pipeline.Workers(workers), restarting(cfg))
					err := start(t, p).wait()
					if err == nil || !strings.Contains(err.Error(), `stage "sink": it failed again after 2 restarts in 1m0s: drawn`) {
						t.Errorf("Run returned %v", err)
					}
					l := p.Ledger()
					if got := p.Stats().Stage("sink").Restarts; got != int64(2*workers) {
						t.Errorf("it was restarted %d times, want %d", got, 2*workers)
					}
					if c.endless {
						if l.Delivered != c.delivered || l.Abandoned == 0 {
							t.Errorf("the ledger is %+v", l)
						}
						return
					}
					// Each worker that dies has one item in its hands.
					atHand := int64(workers - 1)
					if l.Delivered != c.delivered || l.Failed+l.Abandoned != 8 || c.abandoned > 0 && l.Failed != c.failed+atHand || len(dead.Items()) != c.letters {
						t.Errorf("the ledger is %+v with %d dead letters; want %d delivered, %d letters", l, len(dead.Items()), c.delivered, c.letters)
					}
				})
			})
		}
	}
}

// TestNotGivenIsNotADeath holds that a function which dies before it takes its item again does not
// use up that one's tries: it may be unable to connect.
func TestNotGivenIsNotADeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		m := &mortal[int]{dies: once(1, func() error { return errDrawn }), start: func(life int) error { return when(life > 1 && life < 6, errDrawn) }}
		pipeline.To(pipeline.From(p, countTo(3)), m.sink(), restarting(pipeline.RestartConfig{Tries: 2}))
		if err := start(t, p).wait(); err != nil || m.lives != 6 || !slices.Equal(m.given, []int{0, 1, 1, 2}) {
			t.Errorf("Run returned %v, it lived %d times and was given %v", err, m.lives, m.given)
		}
	})
}

// TestWorkersRestartAlone holds that the others go on while one pauses.
func TestWorkersRestartAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		m := &mortal[token]{dies: once(token{Seq: 0}, func() error { panic("zero") })}
		entry := pipeline.NewEntry[token](pipeline.EntryConfig{})
		fake := pipelinetest.NewFake[token]()
		pipeline.To(pipeline.Via(pipeline.From(p, entrySource{entry}), m.stage(), pipeline.Workers(3),
			restarting(pipeline.RestartConfig{Min: 1000 * time.Hour, Max: 1000 * time.Hour})), fake.Sink())
		r := start(t, p)
		for seq := range 10 {
			if err := entry.Push(t.Context(), token{Seq: seq}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if got := len(fake.Items()); got != 9 {
			t.Errorf("%d items got through beside a dead worker, want 9", got)
		}
		if err := r.end(); err != nil || len(fake.Items()) != 10 {
			t.Errorf("Run returned %v, and %d items got through", err, len(fake.Items()))
		}
	})
}
