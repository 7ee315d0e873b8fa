package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

// TestBadInput holds that each mistake is an error of Run that names the stage and says what is
// wrong, and never a hang or a panic.
func TestBadInput(t *testing.T) {
	name := pipeline.Name("culprit")
	for _, c := range []struct {
		name  string
		cfg   pipeline.Config
		build func(p *pipeline.Pipeline)
		want  []string // parts of the error
	}{
		{"an empty pipeline", pipeline.Config{Name: "bare"}, func(*pipeline.Pipeline) {}, []string{"bare", "no stages"}},
		{"a nil source", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From[int](p, nil, name), intSink())
		}, []string{"culprit", "source is nil"}},
		{"a zero stage", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), pipeline.Stage[int, int]{}, name), intSink())
		}, []string{"culprit", "nil"}},
		{"a stage of a nil function", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), pipeline.Operator[int, int](nil), name), intSink())
		}, []string{"culprit", "nil"}},
		{"an actor of a nil function", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), pipeline.Actor[int, int](nil), name), intSink())
		}, []string{"culprit", "nil"}},
		{"a chan actor of a nil function", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), pipeline.ChanActor[int, int](nil), name), intSink())
		}, []string{"culprit", "nil"}},
		{"a built-in of a nil function", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), stages.Filter[int](nil), name), intSink())
		}, []string{"culprit", "keep is nil"}},
		{"a queue without end", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.Queue(math.MaxInt))
		}, []string{"culprit", "Queue("}},
		{"more workers than a machine holds", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.Workers(math.MaxInt))
		}, []string{"culprit", "Workers("}},
		{"an entry without end", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, newPushed[int](pipeline.EntryConfig{Queue: math.MaxInt}), name), intSink())
		}, []string{"culprit", "EntryConfig.Queue"}},
		{"a broken stream that looks like an end", pipeline.Config{}, func(p *pipeline.Pipeline) {
			source := pipeline.SourceFunc[int](func(ctx context.Context, out *pipeline.Outlet[int]) error {
				return out.Pull(ctx, func(context.Context, *int) error { return fmt.Errorf("cut off: %w", io.EOF) })
			})
			pipeline.To(pipeline.From(p, source, name), intSink())
		}, []string{"culprit", "cut off"}},
		{"a zero sink", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), pipeline.Sink[int]{}, name)
		}, []string{"culprit", "nil"}},
		{"a nil option", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, nil)
		}, []string{"culprit", "option is nil"}},
		{"a flow used twice", pipeline.Config{}, func(p *pipeline.Pipeline) {
			f := pipeline.From(p, countTo(1))
			pipeline.To(f, intSink())
			pipeline.To(f, intSink(), name)
		}, []string{"culprit", "used twice", "Fork"}},
		{"a flow left open", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.From(p, countTo(1), name)
		}, []string{"culprit", "leads nowhere"}},
		{"a branch left open", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Fork(pipeline.From(p, countTo(1)), 2, name)[0], intSink())
		}, []string{"culprit", "leads nowhere"}},
		{"a zero flow beside another", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Merge(pipeline.From(p, countTo(1)), pipeline.Flow[int]{}), intSink())
		}, []string{"merge", "zero Flow"}},
		{"a zero flow before another", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Merge(pipeline.Flow[int]{}, pipeline.From(p, countTo(1))), intSink())
		}, []string{"merge", "zero Flow"}},
		{"flows of two pipelines", pipeline.Config{}, func(p *pipeline.Pipeline) {
			other := pipeline.New(pipeline.Config{})
			pipeline.To(pipeline.Merge(pipeline.From(p, countTo(1)), pipeline.From(other, countTo(1))), intSink())
		}, []string{"merge", "another pipeline"}},
		{"a source with two flows", pipeline.Config{}, func(p *pipeline.Pipeline) {
			source := entrySource{pipeline.NewEntry[token](pipeline.EntryConfig{})}
			pipeline.To(pipeline.From(p, source), pipelinetest.NewFake[token]().Sink())
			pipeline.To(pipeline.From(p, source, name), pipelinetest.NewFake[token]().Sink())
		}, []string{"culprit", "another flow"}},
		{"a negative queue of an entry", pipeline.Config{}, func(p *pipeline.Pipeline) {
			source := entrySource{pipeline.NewEntry[token](pipeline.EntryConfig{Queue: -1})}
			pipeline.To(pipeline.From(p, source, name), pipelinetest.NewFake[token]().Sink())
		}, []string{"culprit", "Queue", "-1"}},
		{"an unknown overflow", pipeline.Config{}, func(p *pipeline.Pipeline) {
			source := entrySource{pipeline.NewEntry[token](pipeline.EntryConfig{Overflow: 9})}
			pipeline.To(pipeline.From(p, source, name), pipelinetest.NewFake[token]().Sink())
		}, []string{"culprit", "Overflow(9)"}},
		{"no queue", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.Queue(0))
		}, []string{"culprit", "Queue(0)"}},
		{"negative workers", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.Workers(-2))
		}, []string{"culprit", "Workers(-2)"}},
		{"workers of a source", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1), name, pipeline.Workers(2)), intSink())
		}, []string{"culprit", "Workers"}},
		{"a negative reserve", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.Reserve(-1))
		}, []string{"culprit", "Reserve(-1)"}},
		{"a negative batch", pipeline.Config{}, func(p *pipeline.Pipeline) {
			batches := pipeline.Via(pipeline.From(p, countTo(1)), stages.Batch[int](stages.BatchConfig{MaxItems: -1}), name)
			pipeline.To(batches, pipelinetest.NewFake[pipeline.Batch[int]]().Sink())
		}, []string{"culprit", "MaxItems", "-1"}},
		{"a negative drain timeout", pipeline.Config{DrainTimeout: -1}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink())
		}, []string{"DrainTimeout"}},
		{"a negative grace", pipeline.Config{Grace: -1}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink())
		}, []string{"Grace"}},
		{"a negative budget", pipeline.Config{MaxBytes: -1}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink())
		}, []string{"MaxBytes"}},
		{"a budget smaller than one item", pipeline.Config{MaxBytes: 100, MaxItemBytes: 101}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink())
		}, []string{"MaxBytes", "MaxItemBytes"}},
		{"a budget that is reserved", pipeline.Config{MaxBytes: 100}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), pipeline.Reserve(100))
		}, []string{"MaxBytes", "reserve"}},
		{"an item larger than the budget", pipeline.Config{MaxBytes: 100}, func(p *pipeline.Pipeline) {
			source := &pipelinetest.Feed[sized]{N: 1, Item: func(int) sized { return 101 }}
			pipeline.To(pipeline.From(p, source, name), pipelinetest.NewFake[sized]().Sink())
		}, []string{"culprit", "101 bytes", "100"}},
		{"a stage that returns early without Stop", pipeline.Config{}, func(p *pipeline.Pipeline) {
			stage := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
				item, err := in.Recv()
				if err != nil {
					return err
				}
				return out.Send(item)
			})
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(5000)), stage, name), intSink())
		}, []string{"culprit", "returned before its items ended, without Stop"}},
		{"a stage that does not declare its items", pipeline.Config{}, func(p *pipeline.Pipeline) {
			stage := pipeline.Fuse(func(*pipeline.In[int], *pipeline.Out[int]) func(*int) { return func(*int) {} })
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(3)), stage, name), intSink())
		}, []string{"culprit", "undeclared"}},
		{"a change in place below a Fork", pipeline.Config{}, func(p *pipeline.Pipeline) {
			branches := pipeline.Fork(pipeline.From(p, countTo(1)), 2)
			pipeline.To(pipeline.Via(branches[0], stages.Apply(func(*int) {}), name), intSink())
			pipeline.To(branches[1], intSink())
		}, []string{"culprit", "below a Fork", "Clone"}},
		{"a change in place further below a Fork", pipeline.Config{}, func(p *pipeline.Pipeline) {
			branches := pipeline.Fork(pipeline.From(p, countTo(1)), 2)
			kept := pipeline.Via(branches[0], stages.Filter(func(int) bool { return true }))
			pipeline.To(pipeline.Via(pipeline.Merge(kept, branches[1]), stages.Apply(func(*int) {}), name), intSink())
		}, []string{"culprit", "below a Fork", "Clone"}},
		{"a Clone of another type", pipeline.Config{}, func(p *pipeline.Pipeline) {
			branches := pipeline.Fork(pipeline.From(p, countTo(1)), 2, name, pipeline.Clone(func(s string) string { return s }))
			pipeline.To(branches[0], intSink())
			pipeline.To(branches[1], intSink())
		}, []string{"culprit", "Clone", "int"}},
		{"a Fork into none", pipeline.Config{}, func(p *pipeline.Pipeline) {
			for _, f := range pipeline.Fork(pipeline.From(p, countTo(1)), 0, name) {
				pipeline.To(f, intSink())
			}
		}, []string{"culprit", "0 flows"}},
		{"a Partition without a function", pipeline.Config{}, func(p *pipeline.Pipeline) {
			for _, f := range pipeline.Partition(pipeline.From(p, countTo(1)), 2, nil, name) {
				pipeline.To(f, intSink())
			}
		}, []string{"culprit", "lane", "nil"}},
		{"a Fork with workers", pipeline.Config{}, func(p *pipeline.Pipeline) {
			for _, f := range pipeline.Fork(pipeline.From(p, countTo(1)), 2, name, pipeline.Workers(2)) {
				pipeline.To(f, intSink())
			}
		}, []string{"culprit", "branches"}},
		{"an ordered actor", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), pipelinetest.NewFake[int]().Actor(), name, pipeline.Workers(2), pipeline.Ordered()), intSink())
		}, []string{"culprit", "Ordered"}},
		{"an ordered batch", pipeline.Config{}, func(p *pipeline.Pipeline) {
			batches := pipeline.Via(pipeline.From(p, countTo(1)), stages.Batch[int](stages.BatchConfig{}), name, pipeline.Ordered())
			pipeline.To(batches, pipelinetest.NewFake[pipeline.Batch[int]]().Sink())
		}, []string{"culprit", "Ordered"}},
		{"an ordered sink", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.Ordered())
		}, []string{"culprit", "Ordered"}},
		{"dead letters of another type", pipeline.Config{}, func(p *pipeline.Pipeline) {
			letters := pipeline.NewDeadLetters[string](p)
			pipeline.To(letters.Flow(), pipelinetest.NewFake[pipeline.DeadLetter[string]]().Sink())
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.OnError(pipeline.ToDeadLetters(letters)))
		}, []string{"culprit", "string", "int"}},
		{"dead letters that lead nowhere", pipeline.Config{}, func(p *pipeline.Pipeline) {
			letters := pipeline.NewDeadLetters[int](p, name)
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), pipeline.OnError(pipeline.ToDeadLetters(letters)))
		}, []string{"culprit", "leads nowhere"}},
		{"a retry of a retry", pipeline.Config{}, func(p *pipeline.Pipeline) {
			retry := pipeline.Retry(pipeline.RetryConfig{Then: pipeline.Retry(pipeline.RetryConfig{})})
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.OnError(retry))
		}, []string{"culprit", "Retry"}},
		{"a retry of an actor", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), pipelinetest.NewFake[int]().SinkActor(), name, pipeline.OnError(pipeline.Retry(pipeline.RetryConfig{})))
		}, []string{"culprit", "Retry is for operators", "Restart"}},
		{"a restart of an operator", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), passInts(), name, pipeline.Async(), restarting(pipeline.RestartConfig{})), intSink())
		}, []string{"culprit", "Restart is for actors", "Retry"}},
		{"a restart of a fused sink", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, restarting(pipeline.RestartConfig{}))
		}, []string{"culprit", "Restart is for actors"}},
		{"a restart of a source", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1), name, restarting(pipeline.RestartConfig{})), intSink())
		}, []string{"culprit", "Restart is for actors"}},
		{"a restart of a Fork", pipeline.Config{}, func(p *pipeline.Pipeline) {
			for _, f := range pipeline.Fork(pipeline.From(p, countTo(1)), 1, name, restarting(pipeline.RestartConfig{})) {
				pipeline.To(f, intSink())
			}
		}, []string{"culprit", "Restart is for actors"}},
		{"a restart in which items restart", pipeline.Config{}, badRestart(pipeline.RestartConfig{Item: pipeline.Restart(pipeline.RestartConfig{})}), []string{"culprit", "RestartConfig.Item"}},
		{"a restart that ends in a retry", pipeline.Config{}, badRestart(pipeline.RestartConfig{Then: pipeline.Retry(pipeline.RetryConfig{})}), []string{"culprit", "RestartConfig.Then"}},
		{"negative restarts", pipeline.Config{}, badRestart(pipeline.RestartConfig{Restarts: -1}), []string{"culprit", "RestartConfig.Restarts", "-1"}},
		{"negative tries", pipeline.Config{}, badRestart(pipeline.RestartConfig{Tries: -1}), []string{"culprit", "RestartConfig.Tries", "-1"}},
		{"a negative window", pipeline.Config{}, badRestart(pipeline.RestartConfig{Window: -1}), []string{"culprit", "RestartConfig.Window"}},
		{"a negative shortest pause", pipeline.Config{}, badRestart(pipeline.RestartConfig{Min: -1}), []string{"culprit", "RestartConfig.Min"}},
		{"a negative longest pause", pipeline.Config{}, badRestart(pipeline.RestartConfig{Max: -1}), []string{"culprit", "RestartConfig.Max"}},
		{"a sink whose own policy is wrong", pipeline.Config{}, func(p *pipeline.Pipeline) {
			sink := pipelinetest.NewFake[int]().SinkActor().WithPolicy(pipeline.Restart(pipeline.RestartConfig{Tries: -1}))
			pipeline.To(pipeline.From(p, countTo(1)), sink, name)
		}, []string{"culprit", "RestartConfig.Tries"}},
		{"a restart with dead letters of another type", pipeline.Config{}, func(p *pipeline.Pipeline) {
			letters := pipeline.NewDeadLetters[string](p)
			pipeline.To(letters.Flow(), pipelinetest.NewFake[pipeline.DeadLetter[string]]().Sink())
			badRestart(pipeline.RestartConfig{Then: pipeline.ToDeadLetters(letters)})(p)
		}, []string{"culprit", "string", "int"}},
		{"negative attempts", pipeline.Config{}, func(p *pipeline.Pipeline) {
			pipeline.To(pipeline.From(p, countTo(1)), intSink(), name, pipeline.OnError(pipeline.Retry(pipeline.RetryConfig{Attempts: -1})))
		}, []string{"culprit", "Attempts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := pipelinetest.Bubble(t, func(t *testing.T) error {
				p := pipeline.New(c.cfg)
				c.build(p)
				err := runWithin(t, p, time.Hour)
				if err == nil {
					t.Fatal("Run returned nil")
				}
				for _, part := range c.want {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("Run returned %q, want something about %q", err, part)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	faults.Happened(t, "input.config-graph", "each is an error of Run that names the stage and says what is wrong")
}

func restarting(cfg pipeline.RestartConfig) pipeline.Option {
	return pipeline.OnError(pipeline.Restart(cfg))
}

// badRestart builds a pipeline with a wrong RestartConfig.
func badRestart(cfg pipeline.RestartConfig) func(*pipeline.Pipeline) {
	return func(p *pipeline.Pipeline) {
		pipeline.To(pipeline.From(p, countTo(1)), pipelinetest.NewFake[int]().SinkActor(), pipeline.Name("culprit"), restarting(cfg))
	}
}

func TestRunTwice(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, countTo(3)), intSink())
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrRunTwice) || !errors.Is(err, pipeline.ErrConfig) {
		t.Errorf("the second Run returned %v, want ErrRunTwice", err)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestMergeOfNothing(t *testing.T) {
	merged := pipeline.Merge[int]()
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Merge(pipeline.From(p, countTo(1)), merged), intSink())
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "merge") {
		t.Errorf("Run returned %v, want an error about the merge", err)
	}
}

func TestDeadLettersThatNobodySends(t *testing.T) {
	err := pipelinetest.Bubble(t, func(t *testing.T) error {
		p := pipeline.New(pipeline.Config{})
		letters := pipeline.NewDeadLetters[int](p)
		pipeline.To(letters.Flow(), pipelinetest.NewFake[pipeline.DeadLetter[int]]().Sink())
		pipeline.To(pipeline.From(p, countTo(3)), intSink())
		return runWithin(t, p, time.Hour)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestGoWithAForeignContext(t *testing.T) {
	if err := pipeline.Go(t.Context(), "helper", func(context.Context) error { return nil }); err == nil {
		t.Error("Go accepted a context that no stage was given")
	}
}

// TestCollectIsForOneLoop holds that a second loop finds nothing, and does no harm.
func TestCollectIsForOneLoop(t *testing.T) {
	items := pipeline.Collect(t.Context(), pipeline.From(pipeline.New(pipeline.Config{}), countTo(3)))
	if first, second := slices.Collect(items), slices.Collect(items); len(first) != 3 || len(second) != 0 {
		t.Errorf("the loops found %v and %v", first, second)
	}
}

// TestPanicErrorShowsNoItem holds that what was panicked with is shown only if it is a message.
func TestPanicErrorShowsNoItem(t *testing.T) {
	type item struct{ Prompt string }
	for _, c := range []struct {
		value any
		want  string
	}{
		{item{"a secret"}, `stage "s" panicked with a pipeline_test.item`},
		{&item{"a secret"}, `stage "s" panicked with a *pipeline_test.item`},
		{"unreachable", `stage "s" panicked: unreachable`},
		{errors.New("no such row"), `stage "s" panicked: no such row`},
		{nil, `stage "s" called runtime.Goexit`},
	} {
		err := &pipeline.PanicError{Stage: "s", Value: c.value, Stack: []byte("goroutine 7")}
		if got := err.Error(); got != "pipeline: "+c.want {
			t.Errorf("%T: got %s, want %s", c.value, got, c.want)
		}
		if got := fmt.Sprintf("%v|%s|%+v", err, err, err); got != err.Error()+"|"+err.Error()+"|"+err.Error()+"\ngoroutine 7" {
			t.Errorf("%T: the verbs print %s", c.value, got)
		}
	}
}
