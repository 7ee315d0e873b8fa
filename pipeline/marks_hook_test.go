package pipeline_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

// TestMarkPassesAnActorWhoseHookFails holds that a Flush ends although the actor that it meets cannot
// send what it holds: downstream wants no more, or an operator behind the actor takes its
// goroutine away, or panics.
func TestMarkPassesAnActorWhoseHookFails(t *testing.T) {
	first := func(misbehave func()) pipeline.Stage[int, int] {
		return stages.Map(func(i int) int {
			if i == 0 {
				misbehave()
			}
			return i
		})
	}
	for _, c := range []struct {
		name   string
		behind pipeline.Stage[int, int]
	}{
		{"downstream stops", pipelinetest.NewFake[int]().StopAfter(1).Actor()},
		{"runtime.Goexit", first(runtime.Goexit)},
		{"a panic", first(func() { panic("the first item") })},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{})
				source := newPushed[int](pipeline.EntryConfig{})
				held := pipeline.Via(pipeline.From(p, source), holder[int](100, nil), pipeline.OnError(pipeline.Skip))
				pipeline.To(pipeline.Via(held, c.behind), intSink())
				// A branch that goes on keeps the source from ending when the other one stops.
				beside := newPushed[int](pipeline.EntryConfig{})
				pipeline.To(pipeline.From(p, beside), intSink())
				run := start(t, p)
				for range 3 {
					_ = source.entry.TryPush(0) // refused once downstream has stopped
					_ = source.entry.TryPush(1)
					_ = source.entry.TryPush(2)
					if err := run.flush(); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// TestAnActorEndsWhoseHookIsToldToStop holds that an actor's items end when what it sends at a mark is
// wanted no more, as they do when Send tells it.
func TestAnActorEndsWhoseHookIsToldToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		ended := false
		stage := pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[int]) error {
			last := 0
			in.OnMark(func() error { return out.Send(last) })
			for last = range in.All() {
			}
			ended = true
			return in.Err()
		})
		pipeline.To(pipeline.Via(pipeline.Via(pipeline.From(p, source), stage), pipelinetest.NewFake[int]().StopAfter(1).Actor()), intSink())
		run := start(t, p)
		source.push(t, 7)
		for range 3 {
			if err := run.flush(); err != nil {
				t.Fatal(err)
			}
		}
		if synctest.Wait(); !ended {
			t.Error("the actor waits for more items, of which nobody wants any")
		}
	})
}

// TestHooksComeBeforeThePass holds that a sink which lets marks pass by itself has sent what it holds by then.
func TestHooksComeBeforeThePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		source := newPushed[int](pipeline.EntryConfig{})
		pipeline.To(pipeline.From(p, source), pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
			var held []int
			in.OnMark(func() error {
				for _, item := range held {
					in.Delivered(item)
				}
				held = nil
				return nil
			})
			in.OnMarkPass(func(pass func()) {
				if len(held) > 0 {
					t.Errorf("%d items are held as the mark passes", len(held))
				}
				pass()
			})
			for item := range in.All() {
				held = append(held, item)
			}
			return in.Err()
		}))
		run := start(t, p)
		source.push(t, 1, 2, 3)
		if err := run.flush(); err != nil || p.Ledger().Delivered != 3 {
			t.Errorf("Flush returned %v with %+v", err, p.Ledger())
		}
	})
}
