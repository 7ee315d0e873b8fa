package sink_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
)

var errOdd = errors.New("odd")

// evens is a sink for even numbers.
func evens(got *[]int) pipeline.Sink[int] {
	return sink.Func(func(_ context.Context, i int) error {
		if i%2 == 1 {
			return fmt.Errorf("%d is %w", i, errOdd)
		}
		*got = append(*got, i)
		return nil
	})
}

func TestFunc(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy []pipeline.Option
		failed int64
	}{
		{"by default an error ends the run", nil, 1},
		{"Skip goes on", []pipeline.Option{pipeline.OnError(pipeline.Skip)}, 3},
		{"Skip on a goroutine of its own", []pipeline.Option{pipeline.OnError(pipeline.Skip), pipeline.Async()}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int
			p, err := serve(t, pipeline.Config{}, evens(&got), []int{0, 1, 2, 3, 4, 5}, test.policy...)
			var lost *pipeline.LossError
			if !errors.As(err, &lost) {
				t.Fatalf("Run returned %v, want a LossError", err)
			}
			l := p.Ledger()
			if l.Failed < test.failed || l.Delivered != int64(len(got)) {
				t.Errorf("ledger %+v, got %v", l, got)
			}
			if test.failed == 1 && !errors.Is(err, errOdd) {
				t.Errorf("Run returned %v, want the function's own error in it", err)
			}
		})
	}
}

func TestFuncRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		flaky := sink.Func(func(context.Context, int) error {
			if tries++; tries%3 != 0 {
				return errOdd
			}
			return nil
		})
		p, err := serve(t, pipeline.Config{}, flaky, []int{1, 2}, pipeline.OnError(pipeline.Retry(pipeline.RetryConfig{Attempts: 2})))
		if err != nil || tries != 6 || p.Ledger().Delivered != 2 {
			t.Errorf("%d tries, error %v, ledger %+v", tries, err, p.Ledger())
		}
	})
}

func TestFuncWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int32
		slow := sink.Func(func(context.Context, int) error {
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			inside.Add(-1)
			return nil
		})
		began := time.Now()
		p, err := serve(t, pipeline.Config{}, slow, make([]int, 12), pipeline.Workers(4))
		if err != nil || p.Ledger().Delivered != 12 || most.Load() != 4 || time.Since(began) != 3*time.Second {
			t.Errorf("error %v, ledger %+v, %d at once, after %v", err, p.Ledger(), most.Load(), time.Since(began))
		}
	})
}

func TestFuncIsToldOfTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Minute})
		pipeline.To(pipeline.From(p, source.Slice(1, 2, 3)), sink.Func(func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}), pipeline.Async())
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		err := p.Run(ctx)
		if !errors.Is(err, pipeline.ErrDrainDeadline) || time.Since(began) > time.Hour+time.Minute {
			t.Errorf("Run returned %v after %v", err, time.Since(began))
		}
		if l := p.Ledger(); l.Failed+l.Abandoned != 3 {
			t.Errorf("ledger %+v", l)
		}
		settled(t, p)
	})
}

func TestEachAndDiscard(t *testing.T) {
	sum := 0
	p, err := serve(t, pipeline.Config{}, sink.Each(func(i int) { sum += i }), []int{1, 2, 3})
	if err != nil || sum != 6 || p.Ledger().Delivered != 3 {
		t.Errorf("Each: sum %d, error %v, ledger %+v", sum, err, p.Ledger())
	}
	p, err = serve(t, pipeline.Config{}, sink.Discard[pipeline.Batch[int]](), []pipeline.Batch[int]{{1, 2}, {3}})
	if err != nil || p.Ledger().Delivered != 3 {
		t.Errorf("Discard: error %v, ledger %+v", err, p.Ledger())
	}
	p, err = serve(t, pipeline.Config{}, sink.Each(func(i int) {
		if i == 2 {
			panic("two")
		}
	}), []int{1, 2, 3}, pipeline.OnError(pipeline.Skip))
	var panicked *pipeline.PanicError
	if !errors.As(err, &panicked) || p.Ledger().Delivered != 2 || p.Ledger().Failed != 1 {
		t.Errorf("Each that panics: error %v, ledger %+v", err, p.Ledger())
	}
}

func TestSinksOfNothing(t *testing.T) {
	wrong(t, sink.Func[int](nil), "the function is nil")
	wrong(t, sink.Each[int](nil), "the function is nil")
	wrong(t, sink.View[int](nil), "the function is nil")
	wrong(t, sink.Chan[int](nil, sink.ChanConfig{}), "the channel is nil")
	wrong(t, sink.Bodies(nil), "the writer is nil")
	wrong(t, sink.Writer[int](nil, digits, sink.WriterConfig{}), "the writer is nil")
	wrong(t, sink.Writer[int](new(strings.Builder), nil, sink.WriterConfig{}), "the function is nil")
	wrong(t, sink.Writer(new(strings.Builder), digits, sink.WriterConfig{BufferBytes: -1}), "WriterConfig.BufferBytes is negative: -1")
	wrong(t, sink.Writer(new(strings.Builder), digits, sink.WriterConfig{MaxWait: -1}), "WriterConfig.MaxWait is negative: -1ns")
}

// wrong checks that Run refuses a sink with an error that has the text want.
func wrong[T any](t *testing.T, s pipeline.Sink[T], want string) {
	t.Helper()
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice[T]()), s)
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) {
		t.Errorf("Run returned %v, want an ErrConfig with %q", err, want)
	}
}

func BenchmarkFunc(b *testing.B) {
	p := pipeline.New(pipeline.Config{})
	flow := pipeline.From(p, source.Seq(func(yield func(int) bool) {
		for b.Loop() {
			if !yield(1) {
				return
			}
		}
	}))
	pipeline.To(flow, sink.Func(func(context.Context, int) error { return nil }))
	b.ReportAllocs()
	if err := p.Run(b.Context()); err != nil {
		b.Error(err)
	}
}

// serve runs items into a sink and returns the pipeline when it is over.
func serve[T any](t testing.TB, cfg pipeline.Config, sink pipeline.Sink[T], items []T, opts ...pipeline.Option) (*pipeline.Pipeline, error) {
	t.Helper()
	p := pipeline.New(cfg)
	pipeline.To(pipeline.From(p, source.Slice(items...)), sink, opts...)
	err := p.Run(context.Background())
	settled(t, p)
	return p, err
}

// settled checks the law after a run.
func settled(t testing.TB, p *pipeline.Pipeline) {
	t.Helper()
	l := p.Ledger()
	if l.Balance() != 0 || l.InFlight != 0 {
		t.Errorf("the ledger does not add up: balance %d, %+v", l.Balance(), l)
	}
	for _, loss := range p.Stats().Losses {
		if loss.Reason == pipeline.ReasonUndeclared {
			t.Errorf("undeclared: %v", loss)
		}
	}
}

// An item for which the function returns an error has failed. By default that also ends the run;
// Skip goes on with the next item.
func ExampleFunc() {
	p := pipeline.New(pipeline.Config{})
	store := func(_ context.Context, name string) error {
		if name == "" {
			return errors.New("no name")
		}
		fmt.Println("stored", name)
		return nil
	}
	pipeline.To(pipeline.From(p, source.Slice("plan", "", "search")), sink.Func(store), pipeline.OnError(pipeline.Skip))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// stored plan
	// stored search
	// pipeline: lost 1 of 3 items; func: 1 failed: error (no name)
}

// Each is Func for what cannot fail.
func ExampleEach() {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice(1, 2, 3)), sink.Each(func(i int) { fmt.Println(i * i) }))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// 1
	// 4
	// 9
	// <nil>
}

// View saves the copy of a large item.
func ExampleView() {
	type call struct {
		name  string
		input [1000]byte
	}
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice(call{name: "plan"}, call{name: "search"})), sink.View(func(c *call) {
		fmt.Println(c.name, len(c.input))
	}))
	fmt.Println(p.Run(context.Background()))
	// Output:
	// plan 1000
	// search 1000
	// <nil>
}

// A sink that keeps nothing, to measure what is above it.
func ExampleDiscard() {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice(1, 2, 3)), sink.Discard[int]())
	fmt.Println(p.Run(context.Background()), p.Ledger().Delivered)
	// Output: <nil> 3
}
