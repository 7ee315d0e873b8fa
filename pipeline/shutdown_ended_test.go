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
	const branches = 50 // the more there are, the longer it takes to tell all of them
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, cfg := range groupings {
		for i, opts := range [][]pipeline.Option{nil, nil, {pipeline.Async()}, {pipeline.Async()}} {
			isBusy := i%2 == 0 // other goroutines meet then than on processors that are idle
			t.Run(fmt.Sprintf("%s, %d options, busy %v", name, len(opts), isBusy), func(t *testing.T) {
				if isBusy {
					defer busy()()
				}
				for range 20 {
					var lost atomic.Int64
					p := pipeline.New(pipeline.Config{MaxBytes: 1 << 20, OnLoss: func(_, reason string, item any) {
						if batch, ok := item.(pipeline.Batch[sized]); ok && reason == pipeline.ReasonCancelled && slices.Equal(batch, []sized{1, 2, 3}) {
							lost.Add(1)
						}
					}})
					sink := pipelinetest.NewFake[pipeline.Batch[sized]]()
					sources := make([]pushed[sized], branches)
					for i := range sources {
						sources[i] = newPushed[sized](pipeline.EntryConfig{})
						pipeline.To(pipeline.Via(pipeline.From(p, sources[i]), stages.Batch[sized](cfg)), sink.Sink(), opts...)
					}
					run := start(t, p)
					for _, source := range sources {
						source.push(t, 1, 2, 3)
					}
					for held(p) < 3*branches {
						runtime.Gosched()
					}
					err := p.Shutdown(ended)
					if again := run.wait(); fmt.Sprint(again) != fmt.Sprint(err) {
						t.Errorf("Shutdown returned %v, Run %v", err, again)
					}
					if loss := new(pipeline.LossError); !errors.As(err, &loss) || loss.Ledger.Abandoned != 3*branches || lost.Load() != branches {
						t.Fatalf("Shutdown returned %v, want %d abandoned; OnLoss was given %d batches, the sinks %v", err, 3*branches, lost.Load(), sink.Items())
					}
					if charged := p.Stats().Bytes; charged != 0 {
						t.Fatalf("%d bytes are still charged", charged)
					}
					pipelinetest.CheckLedger(t, p)
				}
			})
		}
	}
}

// held is how many items stages hold.
func held(p *pipeline.Pipeline) (items int64) {
	for _, s := range p.Stats().Stages {
		items += s.Held
	}
	return items
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

// TestAnItemIsAbandonedOnce holds that what an actor sends at the deadline is settled: with the policy Restart
// it is not taken for the item that is left in the actor's hands.
func TestAnItemIsAbandonedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost []any
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Second, OnLoss: func(_, _ string, item any) { lost = append(lost, item) }})
		stage := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
			last := -1
			in.OnMark(func() error {
				if last < 0 {
					return nil
				}
				return out.Send(last)
			})
			for item := range in.All() {
				last = item
			}
			return in.Err()
		})
		flow := pipeline.Via(pipeline.From(p, deafSource{sends: 2, then: 5 * time.Second}), stage, pipeline.OnError(pipeline.Restart(pipeline.RestartConfig{})))
		pipeline.To(flow, sink.Discard[int]())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Run(ctx)
		if loss := new(pipeline.LossError); !errors.As(err, &loss) || loss.Ledger.Abandoned != 2 {
			t.Errorf("Run returned %v: %+v", err, p.Ledger())
		}
		if want := []any{1, pipeline.Unknown{Items: 1}}; !reflect.DeepEqual(lost, want) {
			t.Errorf("OnLoss was given %v, want %v", lost, want)
		}
		pipelinetest.CheckLedger(t, p)
	})
}

// A deafSource sends so many items, and does not hear for a while, of fake time, that it is to end.
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
