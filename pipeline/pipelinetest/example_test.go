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
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// distinct passes on each item once.
func distinct() pipeline.Stage[string, string] {
	return pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[string], out *pipeline.Outlet[string]) error {
		seen := map[string]bool{}
		for item := range in.All() {
			if seen[item] {
				in.Filtered(item)
				continue
			}
			seen[item] = true
			if err := out.Send(item); err != nil {
				return err
			}
		}
		return in.Err()
	})
}

// Some of these Examples are tests: inATest stands for the go command, which calls them with a t. TestTheExamples does.
var inATest = func(func(*testing.T)) {}

func TestTheExamples(t *testing.T) {
	defer func(before func(func(*testing.T))) { inATest = before }(inATest)
	for name, example := range map[string]func(){
		"TestStage":    ExampleTestStage,
		"TestSource":   ExampleTestSource,
		"TestSink":     ExampleTestSink,
		"Start":        ExampleStart,
		"Fake_StallOn": ExampleFake_StallOn,
	} {
		t.Run(name, func(t *testing.T) {
			ran := false
			inATest = func(test func(*testing.T)) { ran = true; test(t) }
			if example(); !ran {
				t.Error("the Example runs no test")
			}
		})
	}
}

// The test of a stage of your own.
func ExampleTestStage() {
	TestDistinct := func(t *testing.T) {
		item := func(i int) string { return strconv.Itoa(i % 10) }
		thorough := []pipelinetest.Option{pipelinetest.Rounds(50), pipelinetest.Items(100)}
		pipelinetest.TestStage(t, distinct, item, thorough...)
	}
	inATest(TestDistinct)
}

// The test of a source. What feeds it ends with the test.
func ExampleTestSource() {
	TestSource := func(t *testing.T) {
		pipelinetest.TestSource(t, func(t *testing.T) pipeline.Source[int] {
			ch := make(chan int)
			go func() {
				defer close(ch)
				for i := range 1000 {
					select {
					case ch <- i:
					case <-t.Context().Done():
						return
					}
				}
			}()
			return source.Chan(ch)
		})
	}
	inATest(TestSource)
}

// The test of a sink that must not run in several goroutines, with a failure policy.
func ExampleTestSink() {
	TestSink := func(t *testing.T) {
		newSink := func(*testing.T) pipeline.Sink[string] {
			return sink.Func(func(_ context.Context, item string) error {
				if item == "7" {
					return errors.New("seven")
				}
				return nil
			})
		}
		skip := pipelinetest.With(pipeline.OnError(pipeline.Skip))
		pipelinetest.TestSink(t, newSink, strconv.Itoa, pipelinetest.Single(), skip)
	}
	inATest(TestSink)
}

// One stage, driven by hand, in fake time.
func ExampleStart() {
	waits := func(run *pipelinetest.Run[string, pipeline.Batch[string]], d time.Duration) int {
		time.Sleep(d)
		synctest.Wait()
		return len(run.Emitted())
	}
	TestBatchWaits := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			run := pipelinetest.Start(t, stages.Batch[string](stages.BatchConfig{MaxWait: time.Second}))
			run.Push("plan", "search")
			if got := waits(run, time.Second-time.Nanosecond); got != 0 {
				t.Errorf("emitted %d batches before MaxWait", got)
			}
			if got := waits(run, time.Nanosecond); got != 1 {
				t.Errorf("emitted %d batches at MaxWait", got)
			}
			run.Push("answer")
			run.Flush()
			if err := run.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	inATest(TestBatchWaits)
}

// A pipeline of your own, with a stage that fails on its second item and a source that then waits.
func ExampleFake() {
	p := pipeline.New(pipeline.Config{})
	words := &pipelinetest.Feed[string]{N: 3, Item: func(i int) string { return strings.Repeat("a", i+1) }}
	fake := pipelinetest.NewFake[string]().FailOn(2, errors.New("no room"))
	pipeline.To(pipeline.From(p, words), fake.Sink(), pipeline.OnError(pipeline.Skip), pipeline.Name("shelf"))

	fmt.Println(p.Run(context.Background()))
	fmt.Println(fake.Items(), "of", fake.Count(), "met and", words.Sent(), "sent")
	fmt.Println("exact:", pipelinetest.Check(p) == nil)
	// Output:
	// pipeline: lost 1 of 3 items; shelf: 1 failed: error (no room)
	// [a aaa] of 3 met and 3 sent
	// exact: true
}

// A source that stays open until the run ends, and a stage that stalls until it is let go.
func ExampleFake_StallOn() {
	TestSlowDrain := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := pipeline.New(pipeline.Config{})
			feed := &pipelinetest.Feed[int]{N: 10, Item: func(i int) int { return i }, Every: time.Second, End: pipelinetest.Wait}
			fake := pipelinetest.NewFake[int]().StallOn(3)
			pipeline.To(pipeline.From(p, feed), fake.SinkActor())
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			time.AfterFunc(time.Hour, fake.Release)
			if err := p.Run(ctx); err != nil {
				t.Error(err)
			}
			pipelinetest.CheckLedger(t, p)
		})
	}
	inATest(TestSlowDrain)
}

func TestStartDrivesOneStage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := pipelinetest.Start(t, stages.Batch[string](stages.BatchConfig{MaxItems: 10, MaxWait: time.Second}))
		run.Push("plan", "search")
		time.Sleep(time.Second - time.Nanosecond)
		synctest.Wait()
		if got := run.Emitted(); len(got) != 0 {
			t.Errorf("emitted %v before MaxWait", got)
		}
		if err := pipelinetest.CheckAtRest(run.Pipeline.Stats()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := run.Emitted(); len(got) != 1 || len(got[0]) != 2 {
			t.Errorf("emitted %v at MaxWait, want a batch of 2", got)
		}
		run.Push("answer")
		run.Flush()
		if got := run.Emitted(); len(got) != 2 {
			t.Errorf("emitted %v after Flush, want another batch", got)
		}
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBubbleReportsWhoIsStuck(t *testing.T) {
	err := pipelinetest.Bubble(t, func(*testing.T) error {
		go func() { <-make(chan int) }()
		return errors.New("mine")
	})
	for _, part := range []string{"deadlock", "mine", "TestBubbleReportsWhoIsStuck"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("Bubble returned %v, want something about %q", err, part)
		}
	}
}
