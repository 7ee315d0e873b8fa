package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

// pushed is a source that a test pushes into.
type pushed[T any] struct{ entry *pipeline.Entry[T] }

func newPushed[T any](cfg pipeline.EntryConfig) pushed[T] {
	return pushed[T]{pipeline.NewEntry[T](cfg)}
}

func (s pushed[T]) Entry() *pipeline.Entry[T] { return s.entry }
func (s pushed[T]) Resume()                   {}
func (s pushed[T]) Feed(_ context.Context, out *pipeline.Outlet[T]) error {
	return out.Forward(s.entry)
}

// push pushes items, and fails the test if one is refused.
func (s pushed[T]) push(t *testing.T, items ...T) {
	t.Helper()
	for _, item := range items {
		if err := s.entry.Push(t.Context(), item); err != nil {
			t.Fatalf("push of %v: %v", item, err)
		}
	}
}

// running is a pipeline that runs until the test ends it.
type running struct {
	*pipeline.Pipeline
	t      *testing.T
	cancel context.CancelFunc
	done   chan struct{}
}

// start runs p until the test ends, at the latest.
func start(t *testing.T, p *pipeline.Pipeline) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{p, t, cancel, make(chan struct{})}
	go func() {
		defer close(r.done)
		_ = p.Run(ctx) // end returns it
	}()
	t.Cleanup(func() { _ = r.end() }) // a test that wants the error has called end
	return r
}

// end cancels the run, awaits it, checks the ledger and returns the error of the run.
func (r *running) end() error {
	r.t.Helper()
	r.cancel()
	return r.wait()
}

// wait awaits the end of the run.
func (r *running) wait() error {
	r.t.Helper()
	select {
	case <-r.done:
	case <-time.After(time.Hour):
		r.t.Fatalf("Run has not returned: %v", r.Stats())
	}
	pipelinetest.CheckLedger(r.t, r.Pipeline)
	return r.Err()
}

// flush calls Flush, which must return within an hour.
func (r *running) flush() error {
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Hour)
	defer cancel()
	return r.Flush(ctx)
}

// TestFlushCovers holds that a Flush returns when what came before it is delivered, and not
// sooner, through every kind of stage and join.
func TestFlushCovers(t *testing.T) {
	timed := func(opts ...pipeline.Option) func(pipeline.Flow[int]) pipeline.Flow[int] {
		return func(f pipeline.Flow[int]) pipeline.Flow[int] {
			batches := pipeline.Via(f, stages.Batch[int](stages.BatchConfig{MaxItems: 100, MaxWait: 100 * time.Hour}), opts...)
			return pipeline.Via(batches, unbatch())
		}
	}
	slow := func(opts ...pipeline.Option) func(pipeline.Flow[int]) pipeline.Flow[int] {
		return func(f pipeline.Flow[int]) pipeline.Flow[int] {
			return pipeline.Via(f, pipelinetest.NewFake[int]().Slow(time.Second).Stage(), opts...)
		}
	}
	for _, c := range []struct {
		name  string
		graph func(pipeline.Flow[int]) pipeline.Flow[int]
		made  int // items of one
	}{
		{"an operator", slow(), 1},
		{"a link", slow(pipeline.Async()), 1},
		{"workers", slow(pipeline.Workers(3)), 1},
		{"ordered workers", slow(pipeline.Workers(3), pipeline.Ordered()), 1},
		{"a timed batch", timed(), 1},
		{"timed batches of workers", timed(pipeline.Workers(3)), 1},
		{"an untimed batch", func(f pipeline.Flow[int]) pipeline.Flow[int] {
			return pipeline.Via(pipeline.Via(f, stages.Batch[int](stages.BatchConfig{MaxItems: 100})), unbatch())
		}, 1},
		{"a fork and a merge", func(f pipeline.Flow[int]) pipeline.Flow[int] {
			b := pipeline.Fork(f, 3)
			return pipeline.Merge(slow()(b[0]), timed()(b[1]), b[2])
		}, 3},
		{"a partition and a merge", func(f pipeline.Flow[int]) pipeline.Flow[int] {
			b := pipeline.Partition(f, 3, func(i int) int { return i })
			return pipeline.Merge(slow(pipeline.Workers(2))(b[0]), timed()(b[1]), b[2])
		}, 1},
		{"forks of forks", func(f pipeline.Flow[int]) pipeline.Flow[int] {
			a := pipeline.Fork(f, 2)
			b := pipeline.Fork(a[1], 2)
			return pipeline.Merge(slow()(a[0]), timed()(b[0]), slow()(b[1]))
		}, 3},
		{"an idle source beside", func(f pipeline.Flow[int]) pipeline.Flow[int] { return timed()(f) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				source, idle := newPushed[int](pipeline.EntryConfig{}), newPushed[int](pipeline.EntryConfig{})
				sink := pipelinetest.NewFake[int]().Slow(time.Millisecond)
				flow := pipeline.Merge(c.graph(pipeline.From(p, source)), pipeline.From(p, idle))
				pipeline.To(flow, sink.Sink())
				run := start(t, p)
				for round := range 5 {
					source.push(t, 1, 2, 3, 4, 5, 6, 7)
					if err := run.flush(); err != nil {
						t.Fatal(err)
					}
					if got, want := len(sink.Items()), 7*c.made*(round+1); got != want {
						t.Fatalf("after Flush %d the sink has %d items, want %d", round, got, want)
					}
					synctest.Wait()
					if stats := p.Stats(); stats.Ledger.InFlight != 0 || pipelinetest.CheckAtRest(stats) != nil {
						t.Fatalf("after Flush %d: %v\n%v", round, pipelinetest.CheckAtRest(stats), stats)
					}
				}
			})
		})
	}
}

func unbatch() pipeline.Stage[pipeline.Batch[int], int] {
	return stages.FlatMap(func(b pipeline.Batch[int], emit func(int)) {
		for _, i := range b {
			emit(i)
		}
	})
}

// TestFlushUnderLoad holds that many Flush calls at a time end while items never cease to come.
func TestFlushUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := &pipelinetest.Feed[int]{N: 1 << 30, Item: func(i int) int { return i }, Every: time.Microsecond}
		batches := pipeline.Via(pipeline.From(p, source), stages.Batch[int](stages.BatchConfig{MaxItems: 50, MaxWait: time.Hour}), pipeline.Queue(2))
		sink := pipelinetest.NewFake[pipeline.Batch[int]]().Slow(10 * time.Microsecond)
		pipeline.To(batches, sink.Sink(), pipeline.Queue(1), pipeline.Workers(2))
		run := start(t, p)
		var flushes sync.WaitGroup
		for range 8 {
			flushes.Go(func() {
				for range 50 {
					if err := run.flush(); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		flushes.Wait()
	})
}

// TestFlushIsNotOvertaken holds that a Flush ends in the time that what came before it takes,
// although later ones begin all the time.
func TestFlushIsNotOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := &pipelinetest.Feed[int]{N: 1 << 30, Item: func(i int) int { return i }}
		sink := pipelinetest.NewFake[int]().Slow(time.Millisecond)
		pipeline.To(pipeline.From(p, source), sink.Sink(), pipeline.Queue(100))
		start(t, p)
		time.Sleep(time.Second) // the queue is full
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var others sync.WaitGroup
		others.Go(func() {
			for ctx.Err() == nil {
				brief, cancel := context.WithTimeout(ctx, time.Millisecond)
				_ = p.Flush(brief) // it has no time to return
				cancel()
			}
		})
		if err := p.Flush(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		others.Wait()
	})
}

func TestFlushAtTheEdgesOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		sink := pipelinetest.NewFake[int]()
		pipeline.To(pipeline.From(p, source), sink.Sink())
		source.push(t, 1, 2)

		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Flush(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush before Run returned %v, want the error of its context", err)
		}
		early := make(chan error)
		go func() { early <- p.Flush(context.Background()) }()
		time.Sleep(time.Second)
		run := start(t, p)
		if err := <-early; err != nil || len(sink.Items()) != 2 {
			t.Errorf("Flush that waited for Run returned %v when the sink had %v", err, sink.Items())
		}
		if err := run.end(); err != nil {
			t.Error(err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Errorf("Flush after Run returned %v", err)
		}
	})
}

// TestFlushOfWhatIsGivenUp holds that a Flush does not end at the deadline of the drain, when the sinks
// are done with all that they will ever see, but with the run, when what a stage still held is counted.
func TestFlushOfWhatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		slow := pipeline.Operator(func(item int, emit func(int)) {
			time.Sleep(5 * time.Second) // it looks at no context
			emit(item)
		})
		pipeline.To(pipeline.Via(pipeline.From(p, source), slow, pipeline.Queue(1)), pipelinetest.NewFake[int]().Sink(), pipeline.Queue(1))
		run := start(t, p)
		source.push(t, 1)
		synctest.Wait() // the stage has it
		began := time.Now()
		flushed := make(chan error)
		go func() {
			err := run.flush()
			if l := p.Ledger(); l.InFlight != 0 || l.Abandoned != 1 {
				t.Errorf("Flush returned after %v with %+v", time.Since(began), l)
			}
			flushed <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var loss *pipeline.LossError
		if err := p.Shutdown(ctx); !errors.As(err, &loss) {
			t.Errorf("Shutdown returned %v, want that an item was given up", err)
		}
		if err := <-flushed; err != nil {
			t.Error(err)
		}
	})
}

// TestFlushCoversWhatIsAboveAStageThatDied holds that a Flush waits for what is on its way to a stage that
// is no more, although the sinks, which have ended, will never see it.
func TestFlushCoversWhatIsAboveAStageThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		slow := pipeline.Operator(func(item int, emit func(int)) {
			time.Sleep(time.Second)
			emit(item)
		})
		dies := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], _ *pipeline.Outlet[int]) error {
			if _, err := in.Recv(); err != nil {
				return err
			}
			return errDrawn
		})
		slowly := pipeline.Via(pipeline.From(p, source), slow, pipeline.Queue(10))
		pipeline.To(pipeline.Via(slowly, dies), pipelinetest.NewFake[int]().Sink())
		run := start(t, p)
		for i := range 5 {
			source.push(t, i)
		}
		began := time.Now()
		if err := run.flush(); err != nil {
			t.Error(err)
		}
		if l := p.Ledger(); l.InFlight != 0 || l.Failed != 1 || l.Abandoned != 4 {
			t.Errorf("Flush returned after %v with %+v", time.Since(began), l)
		}
		if err := p.Shutdown(t.Context()); !errors.Is(err, errDrawn) {
			t.Error(err)
		}
	})
}

// TestFlushNamesWhoHoldsItUp holds that a Flush that gives up says for whom it waited.
func TestFlushNamesWhoHoldsItUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		stuck := pipelinetest.NewFake[int]().StallOn(1)
		asleep := pipeline.SourceFunc[int](func(ctx context.Context, _ *pipeline.Outlet[int]) error {
			return rest(ctx, time.Minute)
		})
		flow := pipeline.Via(pipeline.From(p, source), stuck.Actor(), pipeline.Name("stuck"))
		pipeline.To(pipeline.Merge(flow, pipeline.From(p, asleep, pipeline.Name("asleep"))), pipelinetest.NewFake[int]().Sink())
		start(t, p)
		source.push(t, 1)
		for _, who := range []string{"asleep", "stuck"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), who) {
				t.Errorf("Flush returned %v, want it to name %q", err, who)
			}
			cancel()
			time.Sleep(time.Minute) // the source ends
		}
		stuck.Release()
	})
}

// TestMarkFollowsHelpers holds that a mark passes an actor when its helpers have settled what it
// took before, although nothing else happens there.
func TestMarkFollowsHelpers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		pipeline.To(pipeline.From(p, source), pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[int]) error {
			for item := range in.All() {
				err := pipeline.Go(ctx, "send", func(context.Context) error {
					time.Sleep(time.Second)
					in.Delivered(item)
					return nil
				})
				if err != nil {
					return err
				}
			}
			return in.Err()
		}))
		run := start(t, p)
		source.push(t, 1, 2, 3)
		began := time.Now()
		if err := run.flush(); err != nil || time.Since(began) != time.Second || p.Ledger().Delivered != 3 {
			t.Errorf("Flush returned %v after %v with %+v", err, time.Since(began), p.Ledger())
		}
	})
}
