package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/stages"
)

// groupings are the two ways in which items are held until there are ten: by an operator, and by an actor.
var groupings = map[string]stages.BatchConfig{
	"an operator": {MaxItems: 10},
	"an actor":    {MaxItems: 10, MaxWait: time.Hour},
}

// TestShutdownWithAnEndedContext holds that a Shutdown whose context has ended already sends nothing
// that a stage holds: it is no drain that gets through or does not, as the scheduler likes.
func TestShutdownWithAnEndedContext(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, cfg := range groupings {
		for _, opts := range [][]pipeline.Option{nil, {pipeline.Async()}} {
			t.Run(fmt.Sprintf("%s, %d options", name, len(opts)), func(t *testing.T) {
				defer busy()()
				for range 300 {
					var lost []int
					p := pipeline.New(pipeline.Config{MaxBytes: 1 << 20, OnLoss: func(_, reason string, item any) {
						if batch, ok := item.(pipeline.Batch[sized]); ok && reason == pipeline.ReasonCancelled {
							for _, one := range batch {
								lost = append(lost, int(one))
							}
						}
					}})
					source := newPushed[sized](pipeline.EntryConfig{})
					sink := pipelinetest.NewFake[pipeline.Batch[sized]]()
					pipeline.To(pipeline.Via(pipeline.From(p, source), stages.Batch[sized](cfg)), sink.Sink(), opts...)
					run := start(t, p)
					source.push(t, 1, 2, 3)
					for p.Stats().Stage("batch").Held < 3 {
						runtime.Gosched()
					}
					err := p.Shutdown(ended)
					if again := run.wait(); fmt.Sprint(again) != fmt.Sprint(err) {
						t.Errorf("Shutdown returned %v, Run %v", err, again)
					}
					if loss := new(pipeline.LossError); !errors.As(err, &loss) || loss.Ledger.Abandoned != 3 || !slices.Equal(lost, []int{1, 2, 3}) {
						t.Fatalf("Shutdown returned %v, want 3 abandoned; OnLoss was given %v, the sink %v", err, lost, sink.Items())
					}
					if held := p.Stats().Bytes; held != 0 {
						t.Fatalf("%d bytes are still charged", held)
					}
					pipelinetest.CheckLedger(t, p)
				}
			})
		}
	}
}

// TestWhatIsHeldAtTheDeadline holds that what a stage holds at the drain's deadline, because its source
// did not end, is abandoned as it was there, and given to no sink: not even to one on the same goroutine.
func TestWhatIsHeldAtTheDeadline(t *testing.T) {
	for name, cfg := range groupings {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lost []any
				p := pipeline.New(pipeline.Config{DrainTimeout: time.Second, OnLoss: func(stage, reason string, item any) {
					lost = append(lost, stage, reason, item)
				}})
				calls := 0
				sink := sink.Func(func(ctx context.Context, _ pipeline.Batch[int]) error {
					calls++
					return ctx.Err()
				})
				pipeline.To(pipeline.Via(pipeline.From(p, deafSource{sends: 3, then: 5 * time.Second}), stages.Batch[int](cfg)), sink)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := p.Run(ctx)
				if loss := new(pipeline.LossError); !errors.As(err, &loss) || calls != 0 || loss.Ledger.Abandoned != 3 {
					t.Errorf("Run returned %v after %d calls: %+v", err, calls, p.Ledger())
				}
				if want := []any{"batch", pipeline.ReasonDrainDeadline, pipeline.Batch[int]{0, 1, 2}}; !reflect.DeepEqual(lost, want) {
					t.Errorf("OnLoss was given %v, want %v", lost, want)
				}
				pipelinetest.CheckLedger(t, p)
			})
		})
	}
}

// A deafSource sends so many items, and does not hear for a while that it is to end.
type deafSource struct {
	sends int
	then  time.Duration
}

func (s deafSource) Feed(_ context.Context, out *pipeline.Outlet[int]) error {
	for i := range s.sends {
		if err := out.Send(i); err != nil {
			return err
		}
	}
	time.Sleep(s.then)
	return nil
}

// busy keeps the processors at work until the function that it returns is called.
func busy() (stop func()) {
	var over atomic.Bool
	n := 2 * runtime.GOMAXPROCS(0)
	done := make(chan struct{})
	for range n {
		go func() {
			for !over.Load() {
				runtime.Gosched()
			}
			done <- struct{}{}
		}()
	}
	return func() {
		over.Store(true)
		for range n {
			<-done
		}
	}
}
