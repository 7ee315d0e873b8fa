package pipelinetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

func same(i int) int { return i }

// firstFault runs all scenarios, and returns the first error.
func firstFault(t *testing.T, play func(t *testing.T, r *round) error) error {
	t.Helper()
	for _, sc := range scenarios {
		for number := range 8 {
			if err := Bubble(t, func(t *testing.T) error { return play(t, newRound(sc, gather(nil), number)) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestFaultyPartsAreFound holds that stages, sources and sinks that break a promise are found.
func TestFaultyPartsAreFound(t *testing.T) {
	type inlet = *pipeline.Inlet[int]
	type outlet = *pipeline.Outlet[int]
	stage := func(run func(ctx context.Context, in inlet, out outlet) error) func(*testing.T, *round) error {
		return func(t *testing.T, r *round) error { return playStage(t, r, pipeline.Actor(run), same) }
	}
	source := func(feed func(ctx context.Context, out outlet) error) func(*testing.T, *round) error {
		return func(t *testing.T, r *round) error { return playSource(t, r, pipeline.SourceFunc[int](feed)) }
	}
	sink := func(run func(ctx context.Context, in inlet) error) func(*testing.T, *round) error {
		return func(t *testing.T, r *round) error { return playSink(t, r, pipeline.SinkActor(run), same) }
	}
	for _, c := range []struct {
		name string
		play func(*testing.T, *round) error
		want string
	}{
		{"a stage that forgets items", stage(func(_ context.Context, in inlet, out outlet) error {
			for item := range in.All() {
				if item%5 == 4 {
					continue
				}
				if err := out.Send(item); err != nil {
					return err
				}
			}
			return in.Err()
		}), "did not declare"},
		{"an operator that forgets items", func(t *testing.T, r *round) error {
			return playStage(t, r, pipeline.Fuse(func(_ *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
				return func(item *int) {
					if *item%5 != 4 {
						out.Push(item)
					}
				}
			}), same)
		}, "did not declare"},
		{"a stage that returns early", stage(func(_ context.Context, in inlet, out outlet) error {
			item, err := in.Recv()
			if err != nil {
				return in.Err()
			}
			return out.Send(item)
		}), "without Stop"},
		{"a stage that holds items without OnMark", stage(func(_ context.Context, in inlet, out outlet) error {
			var held []int
			for item := range in.All() {
				held = append(held, item)
			}
			for _, item := range held {
				if err := out.Send(item); err != nil {
					return err
				}
			}
			return in.Err()
		}), "flush waits for"},
		{"a stage that leaves a goroutine behind", stage(func(ctx context.Context, in inlet, out outlet) error {
			go func() { <-make(chan int) }()
			return NewFake[int]().act(ctx, in, out.Send)
		}), "goroutine"},
		{"a stage that ignores the end of its context", stage(func(_ context.Context, in inlet, out outlet) error {
			for item := range in.All() {
				time.Sleep(time.Second)
				if err := out.Send(item); err != nil {
					return err
				}
			}
			return in.Err()
		}), "DrainTimeout"},
		{"a source that ignores the end of its context", source(func(context.Context, outlet) error {
			select {}
		}), "deadlock"},
		{"a source that lets no mark pass", source(func(ctx context.Context, out outlet) error {
			for out.Send(1) == nil {
				if err := pause(ctx, 1000*time.Hour); err != nil {
					return err
				}
			}
			return nil
		}), "flush waits for"},
		{"a sink that forgets items", sink(func(_ context.Context, in inlet) error {
			for item := range in.All() {
				if item%5 != 4 {
					in.Delivered(item)
				}
			}
			return in.Err()
		}), "did not declare"},
		{"a sink that fails items without cause", sink(func(ctx context.Context, in inlet) error {
			for item := range in.All() {
				if ctx.Err() == nil {
					in.Abandoned(item)
				}
			}
			return in.Err()
		}), "although nothing went wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := firstFault(t, c.play)
			if err == nil {
				t.Fatal("it was not found")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("it was found by %v\nwant something about %q", err, c.want)
			}
		})
	}
}

func TestSettingsThatTestNothing(t *testing.T) {
	for name, opt := range map[string]Option{"Rounds is 0": Rounds(0), "Items is 0": Items(0), "Items is -1": Items(-1)} {
		if err := gather([]Option{opt}).check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	if err := gather(nil).check(); err != nil {
		t.Error(err)
	}
}

func TestFakesKeepThePromises(t *testing.T) {
	t.Run("stage", func(t *testing.T) {
		TestStage(t, func() pipeline.Stage[int, int] { return NewFake[int]().Stage() }, same)
	})
	t.Run("actor", func(t *testing.T) {
		TestStage(t, func() pipeline.Stage[int, int] { return NewFake[int]().Actor() }, same)
	})
	t.Run("sink", func(t *testing.T) {
		TestSink(t, func(*testing.T) pipeline.Sink[int] { return NewFake[int]().Sink() }, same)
	})
	t.Run("sink actor", func(t *testing.T) {
		TestSink(t, func(*testing.T) pipeline.Sink[int] { return NewFake[int]().SinkActor() }, same)
	})
	t.Run("feed", func(t *testing.T) {
		TestSource(t, func(*testing.T) pipeline.Source[int] { return &Feed[int]{N: 100, Item: same} })
	})
}
