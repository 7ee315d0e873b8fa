package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// A sink that settles out of order lets each Flush go when what came before it is settled, and
// takes items all the while.
func TestMarksPassASinkThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{}), "c": make(chan struct{})}
		settled := make(chan string, 10)
		p := pipeline.New(pipeline.Config{MaxBytes: 1000})
		source := newPushed[string](pipeline.EntryConfig{Queue: 10})
		pipeline.To(pipeline.From(p, source), pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[string]) error {
			if got := in.Budget(); got != 1000 {
				t.Errorf("a budget of %d", got)
			}
			open, passes := 0, map[int]func(){}
			var at []int // how many were settled, or will be, when a mark may pass
			in.OnMarkPass(func(pass func()) {
				at = append(at, open)
				passes[len(at)-1] = pass
			})
			for item := range in.All() {
				open++
				if err := pipeline.Go(ctx, item, func(context.Context) error {
					<-hold[item]
					in.Delivered(item)
					settled <- item
					switch item {
					case "a":
						passes[0]()
					case "b":
						passes[2]() // the later one covers the other, which comes late
						passes[1]()
					}
					return nil
				}); err != nil {
					return err
				}
			}
			return in.Err()
		}))
		r := start(t, p)
		flush := func() <-chan error {
			done := make(chan error, 1)
			go func() { done <- p.Flush(t.Context()) }()
			synctest.Wait()
			return done
		}
		passed := func(done <-chan error) bool {
			synctest.Wait()
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
				return true
			default:
				return false
			}
		}
		source.push(t, "a")
		first := flush()
		source.push(t, "b")
		second := flush()
		third := flush()
		source.push(t, "c")
		close(hold["c"])
		if time.Sleep(time.Second); passed(first) || passed(second) {
			t.Error("a flush has passed what is not settled")
		}
		close(hold["a"])
		if !passed(first) || passed(second) || passed(third) {
			t.Error("the first flush waits for a, and the others for b")
		}
		close(hold["b"])
		if !passed(second) || !passed(third) {
			t.Error("a flush waits for nothing")
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// The budget is what stages leave, and Queued is what waits.
func TestBudgetAndQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{Queue: 10})
		next := make(chan struct{})
		var in *pipeline.Inlet[int]
		pipeline.To(pipeline.From(p, source), pipeline.SinkActor(func(_ context.Context, inlet *pipeline.Inlet[int]) error {
			in = inlet
			for item := range in.All() {
				<-next
				in.Delivered(item)
			}
			return in.Err()
		}))
		r := start(t, p)
		source.push(t, 1, 2, 3, 4)
		synctest.Wait()
		if in.Budget() != 0 || in.Queued() != 3 {
			t.Errorf("a budget of %d, %d queued", in.Budget(), in.Queued())
		}
		close(next)
		synctest.Wait()
		if in.Queued() != 0 {
			t.Errorf("%d queued", in.Queued())
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// However many items fail, only a few of the errors are kept.
func TestErrorsOfItemsAreBounded(t *testing.T) {
	const items = 10_000
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, pipeline.SourceFunc[int](func(_ context.Context, out *pipeline.Outlet[int]) error {
		for i := range items {
			if err := out.Send(i); err != nil { // a sink that fails ends its sources
				return err
			}
		}
		return nil
	})), pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
		for item := range in.All() {
			in.Failed(item, errDrawn)
		}
		return in.Err()
	}), pipeline.OnError(pipeline.FailRun), pipeline.Queue(items))
	err := p.Run(t.Context())
	many, ok := err.(interface{ Unwrap() []error })
	if !ok || len(many.Unwrap()) > 40 {
		t.Errorf("Run returned %d errors", len(many.Unwrap()))
	}
	if l := p.Ledger(); l.Failed != l.Accepted || l.Balance() != 0 {
		t.Errorf("%+v", l)
	}
}
