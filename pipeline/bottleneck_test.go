package pipeline_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

// paced is a source that sends an item each period, for ever.
func paced(every time.Duration) *pipelinetest.Feed[int] {
	feed := countTo(1 << 30)
	feed.Every = every
	return feed
}

// TestTheBottleneckIsNamed holds for each shape of trouble which stage is named, and who waits for it. Each pipeline
// runs for a while, and is then looked at for five seconds.
func TestTheBottleneckIsNamed(t *testing.T) {
	type ints = pipeline.Flow[int]
	batch := func(f ints) pipeline.Flow[pipeline.Batch[int]] {
		return pipeline.Via(f, stages.Batch[int](stages.BatchConfig{MaxItems: 10, MaxWait: time.Second}), pipeline.Name("batch"))
	}
	fake := pipelinetest.NewFake[int]
	for _, c := range []struct {
		name  string
		build func(t *testing.T, p *pipeline.Pipeline) (free func())
		want  pipeline.Bottleneck
		text  string
	}{
		{
			name: "a sink that stalls, below three stages",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				sink := pipelinetest.NewFake[pipeline.Batch[int]]().StallOn(20)
				f := pipeline.Via(pipeline.From(p, paced(time.Millisecond), pipeline.Name("feed")), passInts(), pipeline.Async(), pipeline.Queue(8), pipeline.Name("pass"))
				encoded := pipeline.Via(batch(f), stages.Map(func(b pipeline.Batch[int]) pipeline.Batch[int] { return b }), pipeline.Async(), pipeline.Name("encode"))
				pipeline.To(encoded, sink.SinkActor(), pipeline.Name("sink"))
				return sink.Release
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "sink", Blocked: []string{"feed", "pass", "batch", "encode"}, Waiting: 50, Stalled: true},
			text: `stage "sink" is the bottleneck: "feed" and 3 more wait for it, 50 items wait before it, it has finished none in 5s`,
		},
		{
			name: "a slow stage in the middle",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				f := pipeline.Via(pipeline.From(p, paced(time.Millisecond), pipeline.Name("feed")), fake().Slow(time.Second).Stage(), pipeline.Queue(4), pipeline.Name("slow"))
				pipeline.To(f, fake().Slow(time.Millisecond).SinkActor(), pipeline.Name("sink"))
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "slow", Blocked: []string{"feed"}, Waiting: 4},
			text: `stage "slow" is the bottleneck: "feed" waits for it, 4 items wait before it`,
		},
		{
			name: "a slow source",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				f := pipeline.Via(pipeline.From(p, paced(time.Second), pipeline.Name("feed")), passInts(), pipeline.Async())
				pipeline.To(f, fake().Slow(10*time.Millisecond).SinkActor())
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitSource, Stage: "feed"},
			text: `no stage is the bottleneck: the source "feed" sends no faster`,
		},
		{
			name: "a source of which nothing comes",
			build: func(t *testing.T, p *pipeline.Pipeline) func() {
				pipeline.To(batch(pipeline.From(p, newPushed[int](pipeline.EntryConfig{}))), pipelinetest.NewFake[pipeline.Batch[int]]().SinkActor())
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitNone},
			text: "no stage is at work",
		},
		{
			name: "a fused stage that keeps a batch for later is not at work",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				feed := countTo(3)
				feed.End = pipelinetest.Wait
				kept := pipeline.Via(pipeline.From(p, feed), stages.Batch[int](stages.BatchConfig{MaxItems: 10}))
				pipeline.To(kept, pipelinetest.NewFake[pipeline.Batch[int]]().Sink())
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitNone},
		},
		{
			name: "a sink that stalls on the goroutine of its source",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				sink := fake().StallOn(3)
				pipeline.To(pipeline.Via(pipeline.From(p, paced(time.Millisecond)), passInts()), sink.Sink(), pipeline.Name("sink"))
				return sink.Release
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "sink", Stalled: true},
			text: `stage "sink" is the bottleneck: it has finished none in 5s`,
		},
		{
			name: "a sink that stalls before its link is full",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				sink := fake().StallOn(1)
				pipeline.To(pipeline.From(p, paced(time.Second)), sink.SinkActor(), pipeline.Name("sink"))
				return sink.Release
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "sink", Waiting: 15, Stalled: true},
		},
		{
			name: "a stage that producers at a full entry wait for",
			build: func(t *testing.T, p *pipeline.Pipeline) func() {
				source := newPushed[int](pipeline.EntryConfig{Queue: 2})
				pipeline.To(pipeline.Via(pipeline.From(p, source, pipeline.Name("entry")), passInts()), fake().Slow(time.Second).Sink(), pipeline.Name("sink"))
				ctx := t.Context()
				go func() {
					for source.entry.Push(ctx, 1) == nil {
					}
				}()
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "sink", Waiting: 1},
		},
		{
			name: "one branch of a Fork",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				branches := pipeline.Fork(pipeline.From(p, paced(time.Millisecond), pipeline.Name("feed")), 2)
				pipeline.To(branches[0], fake().Slow(500*time.Millisecond).SinkActor(), pipeline.Queue(2), pipeline.Name("quick"))
				pipeline.To(branches[1], fake().Slow(time.Second).SinkActor(), pipeline.Queue(2), pipeline.Name("slow"))
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "slow", Blocked: []string{"feed"}, Waiting: 3},
		},
		{
			name: "too few workers",
			build: func(_ *testing.T, p *pipeline.Pipeline) func() {
				f := pipeline.Via(pipeline.From(p, paced(time.Millisecond), pipeline.Name("feed")), fake().Slow(time.Second).Stage(), pipeline.Workers(3), pipeline.Queue(1), pipeline.Name("work"))
				pipeline.To(pipeline.Merge(f), intSink())
				return nil
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "work", Blocked: []string{"feed"}, Waiting: 2},
		},
		{
			name: "a byte budget that is used up",
			build: func(t *testing.T, p *pipeline.Pipeline) func() {
				source := newPushed[sized](pipeline.EntryConfig{})
				sink := pipelinetest.NewFake[sized]().StallOn(1)
				pipeline.To(pipeline.From(p, source), sink.SinkActor(), pipeline.Name("sink"))
				ctx := t.Context()
				go func() {
					for source.entry.Push(ctx, 10) == nil {
					}
				}()
				return sink.Release
			},
			want: pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "sink", Waiting: 9, Stalled: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pipeline.New(pipeline.Config{MaxBytes: 100})
				free := c.build(t, p)
				r := start(t, p)
				if free != nil {
					defer free()
				}
				time.Sleep(10*time.Second + 300500*time.Microsecond) // between two items
				synctest.Wait()
				before := p.Stats()
				time.Sleep(5 * time.Second)
				synctest.Wait()
				got := p.Stats().Bottleneck(before)
				c.want.Over = 5 * time.Second
				if got.Limit != c.want.Limit || got.Stage != c.want.Stage || !slices.Equal(got.Blocked, c.want.Blocked) || got.Waiting != c.want.Waiting || got.Stalled != c.want.Stalled || got.Over != c.want.Over {
					t.Errorf("got  %+v\nwant %+v\nof %v", got, c.want, p.Stats())
				}
				if c.text != "" && got.String() != c.text {
					t.Errorf("got  %s\nwant %s", got, c.text)
				}
				_ = r
			})
		})
	}
}

// TestABottleneckGoesAway holds that pictures of after the stall no longer show it.
func TestABottleneckGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		sink := pipelinetest.NewFake[int]().StallOn(5)
		pipeline.To(pipeline.From(p, paced(10*time.Millisecond), pipeline.Name("feed")), sink.SinkActor(), pipeline.Queue(4), pipeline.Name("sink"))
		if got := p.Stats().Bottleneck(pipeline.Stats{}); got.Limit != pipeline.LimitNone {
			t.Errorf("before Run: %v", got)
		}
		r := start(t, p)
		time.Sleep(2 * time.Second)
		if got := p.Stats().Bottleneck(pipeline.Stats{}); got.Stage != "sink" {
			t.Errorf("after 2 s from the beginning: %v", got)
		}
		sink.Release()
		synctest.Wait()
		before := p.Stats()
		time.Sleep(time.Second)
		if got := p.Stats().Bottleneck(before); got.Limit != pipeline.LimitSource || got.Stage != "feed" {
			t.Errorf("a second after the stall: %v", got)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
		if got := p.Stats().Bottleneck(before); got.Limit != pipeline.LimitNone || got.Stage != "" {
			t.Errorf("after Run: %v", got)
		}
	})
}

// TestTheShapeIsInStats holds that Stats says which stage takes the items of which.
func TestTheShapeIsInStats(t *testing.T) {
	p := pipeline.New(pipeline.Config{MaxBytes: 1000})
	letters := pipeline.NewDeadLetters[int](p)
	halves := pipeline.Partition(pipeline.From(p, countTo(10), pipeline.Name("feed")), 2, func(i int) int { return i })
	odd := pipeline.Via(halves[1], passInts(), pipeline.Name("odd"), pipeline.Workers(2), pipeline.OnError(pipeline.ToDeadLetters(letters)))
	even := pipeline.Via(halves[0], passInts(), pipeline.Name("even"), pipeline.Reserve(100))
	both := pipeline.Fork(pipeline.Merge(even, odd), 2)
	pipeline.To(both[0], intSink(), pipeline.Name("one"), pipeline.OnError(pipeline.Skip))
	pipeline.To(both[1], intSink(), pipeline.Name("other"))
	pipeline.To(letters.Flow(), pipelinetest.NewFake[pipeline.DeadLetter[int]]().Sink(), pipeline.Name("lost"))
	if got := p.Stats().State; got != pipeline.StateNew {
		t.Errorf("before Run the state is %q", got)
	}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"dead letters": "odd", "feed": "", "partition": "feed", "odd": "partition", "even": "partition", "merge": "even odd",
		"fork": "merge", "one": "fork", "other": "fork", "lost": "dead letters",
	}
	stats := p.Stats()
	for _, st := range stats.Stages {
		if got := strings.Join(st.From, " "); got != want[st.Name] || st.From == nil {
			t.Errorf("%q takes from %q, want %q", st.Name, got, want[st.Name])
		}
	}
	if len(stats.Stages) != len(want) || stats.State != pipeline.StateEnded || stats.MaxBytes != 900 {
		t.Errorf("%d stages, state %q, %d bytes; want %d, ended, 900", len(stats.Stages), stats.State, stats.MaxBytes, len(want))
	}
}

// TestStates holds that each state is seen in its time.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		sink := pipelinetest.NewFake[int]().StallOn(1)
		feed := countTo(1)
		feed.End = pipelinetest.Wait
		pipeline.To(pipeline.From(p, feed), sink.SinkActor())
		check := func(want pipeline.State) {
			t.Helper()
			synctest.Wait()
			if got := p.Stats().State; got != want {
				t.Errorf("the state is %q, want %q", got, want)
			}
		}
		check(pipeline.StateNew)
		r := start(t, p)
		check(pipeline.StateRunning)
		r.cancel()
		check(pipeline.StateDraining)
		sink.Release()
		check(pipeline.StateEnded)
		if err := r.wait(); err != nil {
			t.Error(err)
		}
	})
	p := pipeline.New(pipeline.Config{})
	if err := p.Shutdown(context.Background()); err != nil || p.Stats().State != pipeline.StateEnded {
		t.Errorf("shut down before it ran: %v, %q", err, p.Stats().State)
	}
}

func TestABottleneckIsJSONWithItsSentence(t *testing.T) {
	got, err := json.Marshal(pipeline.Bottleneck{Limit: pipeline.LimitStage, Stage: "sink", Blocked: []string{"a", "b", "c"}, Over: time.Second})
	const want = `{"limit":"stage","stage":"sink","blocked":["a","b","c"],"waiting":0,"stalled":false,"over_ns":1000000000,` +
		`"text":"stage \"sink\" is the bottleneck: \"a\", \"b\" and \"c\" wait for it"}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}
