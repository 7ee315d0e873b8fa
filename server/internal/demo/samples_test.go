package demo

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

func TestSamplesAreTheStoriesAndADay(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	told, ids, ordinary := map[string]bool{}, map[span.ID]bool{}, 0
	before := now
	for spans := range newGenerator(stories.Ordinary(), 1).samples(now) {
		for _, s := range spans {
			if ids[s.ID] {
				t.Errorf("span %s is there twice", s.ID)
			}
			ids[s.ID] = true
			if s.End.IsZero() != s.Event || s.Start.After(now) || s.End.After(now) || now.Sub(s.Start) > samplesOver+time.Hour {
				t.Errorf("span %q from %v to %v", s.Name, s.Start, s.End)
			}
		}
		root := spans[len(spans)-1]
		if slices.Contains(root.Tags, "sample") {
			if ordinary > 0 {
				t.Errorf("%q comes after ordinary traces", root.Name)
			}
			for _, tag := range root.Tags {
				told[tag] = true
			}
			continue
		}
		ordinary++
		if root.End.After(before) {
			t.Errorf("%q ended at %v, the one before it at %v", root.Name, root.End, before)
		}
		before = root.End
	}
	for _, s := range stories.All() {
		if live := s.Name == inProgress; told[s.Tag()] == live {
			t.Errorf("%s is among the samples: %t", s.Name, told[s.Tag()])
		}
	}
	if ordinary != ordinaryTraces {
		t.Errorf("%d ordinary traces, want %d", ordinary, ordinaryTraces)
	}
}

// Charts of a day need a day that has something in it: a provider that was away, a database that was slow, and a night.
func TestADayHasItsEpisodes(t *testing.T) {
	now := time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
	const rest = 2
	var traces, failed [rest + 1]int
	var took [rest + 1]time.Duration
	night, noon := 0, 0
	for spans := range newGenerator(stories.Ordinary(), 5).samples(now) {
		root := spans[len(spans)-1]
		if slices.Contains(root.Tags, "sample") {
			continue
		}
		in := slices.IndexFunc(episodes, func(e episode) bool {
			age := now.Sub(root.End)
			return age >= e.ago && age <= e.ago+e.lasts
		})
		if in < 0 {
			in = rest
		}
		traces[in]++
		took[in] += root.Duration()
		if root.Error != nil {
			failed[in]++
		}
		switch hour := root.End.Hour(); {
		case hour < 4:
			night++
		case hour >= 10 && hour < 14:
			noon++
		}
	}
	if 3*failed[0] < traces[0] || 5*failed[rest] > traces[rest] {
		t.Errorf("of %v traces %v failed", traces, failed)
	}
	if usually := took[rest] / time.Duration(traces[rest]); took[1]/time.Duration(traces[1]) < 2*usually {
		t.Errorf("%v traces took %v", traces, took)
	}
	if noon < 3*night {
		t.Errorf("%d traces in four hours of the night, %d at noon", night, noon)
	}
}

// What is in progress begins without an end, goes on, and ends when the demo does.
func TestARunCanBeWatchedWhileItLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []*span.Span
		e := source.NewEmitter[*span.Span](source.EmitterConfig{})
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, e), sink.Func(func(_ context.Context, s *span.Span) error {
			got = append(got, s)
			return nil
		}))
		running, drain := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(running) }()

		begun := time.Now()
		c := crew{emitter: e}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		c.ongoing(ctx, newGenerator(nil, 1).random)
		drain()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if root := got[0]; !root.Root || !root.End.IsZero() || begun.Sub(root.Start) != stories.InProgressFor {
			t.Errorf("it begins with %+v", root)
		}
		if last := got[len(got)-1]; !last.Root || !last.End.Equal(begun.Add(5*time.Minute)) {
			t.Errorf("it ends with %+v", last)
		}
		versions, runs := map[span.ID][]*span.Span{}, 0
		for _, s := range got {
			versions[s.ID] = append(versions[s.ID], s)
		}
		for _, v := range versions {
			if len(v) != 2 || !v[0].End.IsZero() || v[1].End.IsZero() || !v[0].Frozen() || !v[1].Frozen() {
				t.Errorf("%q was emitted %d times, first with the end %v", v[0].Name, len(v), v[0].End)
			}
			if v[0].Root {
				runs++
			}
		}
		if runs < 3 {
			t.Errorf("%d runs in five minutes", runs)
		}
	})
}

func BenchmarkSamples(b *testing.B) {
	g := newGenerator(stories.Ordinary(), 1)
	for b.Loop() {
		spans := 0
		for trace := range g.samples(now) {
			spans += len(trace)
		}
		b.ReportMetric(float64(spans), "spans")
	}
}
