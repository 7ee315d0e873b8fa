package pipelinetest_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
)

// upper is the stage that somebody wrote and wants to be sure of.
func upper() pipeline.Stage[string, string] {
	return pipeline.Operator(func(s string, emit func(string)) { emit(strings.ToUpper(s)) })
}

// Tests are functions, so these show how they are written; TestStage and its like report to t.
func Example() {
	// The promises of the engine hold, whatever happens around the stage.
	_ = func(t *testing.T) {
		pipelinetest.TestStage(t, upper, strconv.Itoa,
			pipelinetest.Rounds(5), pipelinetest.Items(20), pipelinetest.With(pipeline.Queue(2)))
	}
	// What the stage does, in fake time.
	_ = func(t *testing.T) {
		emits := func(run *pipelinetest.Run[string, string], want string) {
			run.Flush()
			if got := strings.Join(run.Emitted(), " "); got != want {
				t.Errorf("emitted %s", got)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			run := pipelinetest.Start(t, upper())
			run.Push("plan", "search")
			emits(run, "PLAN SEARCH")
		})
	}
	// Sources and sinks of one's own.
	_ = func(t *testing.T) {
		opts := []pipelinetest.Option{pipelinetest.Single()} // not safe under Workers
		pipelinetest.TestSource(t, func(*testing.T) pipeline.Source[int] {
			return &pipelinetest.Feed[int]{N: 50, Item: func(i int) int { return i }, End: pipelinetest.Wait}
		})
		pipelinetest.TestSink(t, func(*testing.T) pipeline.Sink[int] {
			return pipelinetest.NewFake[int]().SinkActor()
		}, func(i int) int { return i }, opts...)
	}
	// A property test judges outside of the bubble, so that it can shrink what fails.
	_ = func(t *testing.T) {
		err := pipelinetest.Bubble(t, func(t *testing.T) error {
			p := pipeline.New(pipeline.Config{})
			fake := pipelinetest.NewFake[int]().Slow(time.Hour)
			pipeline.To(pipeline.From(p, &pipelinetest.Feed[int]{N: 3, Item: func(i int) int { return i }}), fake.Sink())
			if err := p.Run(t.Context()); err != nil {
				return err
			}
			return pipelinetest.Check(p)
		})
		if err != nil {
			t.Error(err)
		}
	}
	// Output:
}

// A fake misbehaves where it is told to, and the ledger shows what became of each item.
func ExampleFake() {
	p := pipeline.New(pipeline.Config{})
	feed := &pipelinetest.Feed[int]{N: 5, Item: func(i int) int { return 10 * i }}
	clumsy := func(f *pipelinetest.Fake[int]) *pipelinetest.Fake[int] {
		return f.FailOn(2, errors.New("no tens")).PanicOn(4, "thirty")
	}
	fake := clumsy(pipelinetest.NewFake[int]())
	sink := pipelinetest.NewFake[int]()
	pipeline.To(pipeline.Via(pipeline.From(p, feed), fake.Stage()), sink.Sink())
	err := p.Run(context.Background())

	fmt.Println(sink.Items(), "of", feed.Sent())
	fmt.Println(p.Ledger().Failed, "failed,", err != nil)
	fmt.Println(pipelinetest.Check(p), pipelinetest.CheckAtRest(p.Stats()))
	// Output:
	// [0 20 40] of 5
	// 2 failed, true
	// <nil> <nil>
}

// CheckLedger is what a test ends with.
func ExampleCheckLedger() {
	_ = func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, &pipelinetest.Feed[int]{N: 5, Item: func(i int) int { return i }}), pipelinetest.NewFake[int]().Sink())
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
		pipelinetest.CheckLedger(t, p)
	}
	// Output:
}
