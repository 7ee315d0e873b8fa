package pipeline_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/stages"
)

// tokensOf returns the tokens in an item of a random graph.
func tokensOf[T any](item T) []token {
	switch item := any(item).(type) {
	case token:
		return []token{item}
	case pipeline.Batch[token]:
		return item
	}
	return nil
}

func hashOf[T any](item T) int { return tokensOf(item)[0].hash() }

// operator makes a stage of a function that says what is to be done for an item: pass it on (nil),
// filter it (errFilter) or fail it. It may also panic, call runtime.Goexit, or stop the stage.
func operator[T any](b *book, do func(in *pipeline.In[T], item T) error) pipeline.Stage[T, T] {
	return pipeline.Fuse(func(in *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		return func(item *T) {
			switch err := do(in, *item); {
			case err == nil:
				out.Push(item)
			case errors.Is(err, errFilter):
				filterAll(b, *item)
				in.Filtered(item)
			default:
				in.Failed(item, err)
			}
		}
	})
}

var errFilter = errors.New("filter this")

func filterAll[T any](b *book, item T) {
	for _, k := range tokensOf(item) {
		b.filter(k)
	}
}

// actor makes a stage with a goroutine of its own of such a function. An error ends the actor.
func actor[T any](b *book, do func(ctx context.Context, in *pipeline.Inlet[T], item T) error) pipeline.Stage[T, T] {
	return pipeline.Actor(func(ctx context.Context, in *pipeline.Inlet[T], out *pipeline.Outlet[T]) error {
		for item := range in.All() {
			err := do(ctx, in, item)
			switch {
			case err == nil:
				err = out.Send(item)
			case errors.Is(err, errFilter):
				filterAll(b, item)
				in.Filtered(item)
				err = nil
			}
			if err != nil {
				return err
			}
		}
		return in.Err()
	})
}

// stageFor makes the stage of a step that takes and sends items of one type, and reports whether
// it is an operator that may be Ordered. It returns false if there is no such stage.
func stageFor[T any](b *book, s step) (stage pipeline.Stage[T, T], orderly, ok bool) {
	every := func(item T) bool { return hashOf(item)%(s.N+1) == 0 }
	var seen atomic.Int64
	nth := func() bool { return seen.Add(1) == int64(s.N) }
	op := func(do func(in *pipeline.In[T], item T) error) (pipeline.Stage[T, T], bool, bool) {
		return operator(b, do), true, true
	}
	act := func(do func(ctx context.Context, in *pipeline.Inlet[T], item T) error) (pipeline.Stage[T, T], bool, bool) {
		return actor(b, do), false, true
	}
	switch s.Op {
	case "map":
		return stages.Map(func(item T) T { return item }), true, true
	case "filter":
		return op(func(_ *pipeline.In[T], item T) error { return when(every(item), errFilter) })
	case "slow":
		return op(func(in *pipeline.In[T], _ T) error { return rest(in.Context(), s.Pause) })
	case "stall":
		return op(func(in *pipeline.In[T], _ T) error {
			if nth() {
				return rest(in.Context(), 300*time.Millisecond)
			}
			return nil
		})
	case "flaky":
		return op(flaky[T](s.N))
	case "fails":
		return op(func(_ *pipeline.In[T], item T) error { return when(every(item), errDrawn) })
	case "panics":
		return op(func(_ *pipeline.In[T], item T) error {
			if every(item) {
				panic(errDrawn)
			}
			return nil
		})
	case "exits":
		return op(func(_ *pipeline.In[T], item T) error {
			if every(item) {
				runtime.Goexit()
			}
			return nil
		})
	case "take":
		return op(func(in *pipeline.In[T], _ T) error {
			if seen.Add(1) <= int64(s.N) {
				return nil
			}
			in.Stop()
			return errFilter
		})
	case "hook exits":
		return hoarder[T](s.N), false, true
	case "actor":
		return act(func(_ context.Context, _ *pipeline.Inlet[T], item T) error { return when(every(item), errFilter) })
	case "holder":
		return holder[T](s.N, nil), false, true
	case "chan actor":
		return pipeline.ChanActor(passChan[T]), false, true
	case "actor take":
		return act(func(_ context.Context, in *pipeline.Inlet[T], _ T) error {
			if nth() {
				in.Stop()
			}
			return nil
		})
	case "actor fails":
		return act(func(context.Context, *pipeline.Inlet[T], T) error { return when(nth(), errDrawn) })
	case "actor panics":
		return act(func(context.Context, *pipeline.Inlet[T], T) error {
			if nth() {
				panic(errDrawn)
			}
			return nil
		})
	case "actor dies":
		return act(func(_ context.Context, _ *pipeline.Inlet[T], item T) error { return die(every(item), hashOf(item)) })
	case "holder dies":
		return holder(s.N, func(item T) error { return die(every(item), hashOf(item)) }), false, true
	case "actor exits":
		return act(func(context.Context, *pipeline.Inlet[T], T) error {
			if nth() {
				runtime.Goexit()
			}
			return nil
		})
	}
	return stage, false, false
}

func when(wrong bool, err error) error {
	if wrong {
		return err
	}
	return nil
}

// die has an actor die in one of three ways.
func die(fatal bool, way int) error {
	switch {
	case !fatal:
		return nil
	case way%3 == 0:
		panic(errDrawn)
	case way%3 == 1:
		runtime.Goexit()
	}
	return errDrawn
}

// flaky fails some items the first time it sees them, and others twice.
func flaky[T any](n int) func(*pipeline.In[T], T) error {
	var mu sync.Mutex
	tries := map[token]int{}
	return func(_ *pipeline.In[T], item T) error {
		mu.Lock()
		defer mu.Unlock()
		k := tokensOf(item)[0]
		tries[k]++
		return when(tries[k] <= k.hash()%(n+2)-n+1, errDrawn)
	}
}

// holder is an actor that sends its items n at a time, and all it has at each mark. It may die of an
// item that it was about to hold.
func holder[T any](n int, dies func(T) error) pipeline.Stage[T, T] {
	return pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[T], out *pipeline.Outlet[T]) error {
		var held []T
		send := func() error {
			for len(held) > 0 {
				item := held[0]
				held = held[1:] // it is settled, also by a Send that fails
				if err := out.Send(item); err != nil {
					return err
				}
			}
			return nil
		}
		in.OnMark(send)
		for item := range in.All() {
			if dies != nil {
				if err := dies(item); err != nil {
					return err
				}
			}
			if held = append(held, item); len(held) < n {
				continue
			}
			if err := send(); err != nil {
				return err
			}
		}
		return in.Err()
	})
}

// hoarder is an operator that sends its items at marks only, and the first time, with n even, calls
// Goexit there, or else panics.
func hoarder[T any](n int) pipeline.Stage[T, T] {
	var once atomic.Bool
	return pipeline.Fuse(func(in *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		var held []T
		in.OnMark(func() {
			mine := held
			held = nil
			if once.CompareAndSwap(false, true) {
				if n%2 == 0 {
					runtime.Goexit()
				}
				panic(errDrawn)
			}
			for i := range mine {
				out.Push(&mine[i])
			}
		})
		return func(item *T) {
			held = append(held, *item)
			in.Hold(item)
		}
	})
}

func passChan[T any](ctx context.Context, in <-chan T, out chan<- T) error {
	for item := range in {
		select {
		case out <- item:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// sinkFor makes a sink.
func sinkFor[T any](b *book, s sinkPlan, watch *orders) pipeline.Sink[T] {
	deliver := func(item T) {
		for _, k := range tokensOf(item) {
			b.deliver(k)
			if watch != nil {
				if err := watch.see(k); err != nil {
					b.fault("at a sink: %v", err)
				}
			}
		}
	}
	var seen atomic.Int64
	meet := func(ctx context.Context, item T) error {
		switch hit := hashOf(item)%(s.N+1) == 0; {
		case s.Kind == "slow":
			return rest(ctx, s.Pause)
		case s.Kind == "stall" && seen.Add(1) == int64(s.N):
			return rest(ctx, 200*time.Millisecond)
		case s.Kind == "fails" && hit:
			return errDrawn
		case s.Kind == "panics" && hit:
			panic(errDrawn)
		}
		return nil
	}
	switch s.Kind {
	case "actor", "actor dies":
		return pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[T]) error {
			for item := range in.All() {
				if err := die(s.Kind == "actor dies" && hashOf(item)%(s.N+1) == 0, hashOf(item)); err != nil {
					return err
				}
				deliver(item)
				in.Delivered(item)
			}
			return in.Err()
		})
	case "helpers":
		return pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[T]) error {
			return serve(ctx, in, s.Pause, deliver)
		})
	}
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) {
		return func(item *T) {
			if err := meet(in.Context(), *item); err != nil {
				in.Failed(item, err)
				return
			}
			deliver(*item)
			in.Delivered(item)
		}
	})
}

// serve is a sink with two helpers that deliver, each item taking a while. A mark waits for what
// is in their hands.
func serve[T any](ctx context.Context, in *pipeline.Inlet[T], pause time.Duration, deliver func(T)) error {
	work := make(chan T)
	defer close(work)
	var busy sync.WaitGroup
	in.OnMark(func() error { busy.Wait(); return nil })
	for range 2 {
		err := pipeline.Go(ctx, "send", func(ctx context.Context) error {
			for item := range work {
				if rest(ctx, pause) == nil {
					deliver(item)
					in.Delivered(item)
				} else {
					in.Abandoned(item)
				}
				busy.Done()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for item := range in.All() {
		busy.Add(1)
		select {
		case work <- item:
		case <-ctx.Done():
			in.Abandoned(item)
			busy.Done()
		}
	}
	return in.Err()
}
