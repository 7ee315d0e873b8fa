package stages_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// tailSpan makes a span of "trace/id" or "trace/id<parent"; the root has no parent. It lasts a second.
func tailSpan(text string, change ...func(*span.Span)) *span.Span {
	path, parent, _ := strings.Cut(text, "<")
	trace, id, _ := strings.Cut(path, "/")
	start := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	s := &span.Span{
		TraceID: span.TraceID(trace), ID: span.ID(id), ParentID: span.ID(parent), Root: parent == "", Name: text,
		Type: span.TypeGeneric, Start: start, End: start.Add(time.Second),
	}
	for _, c := range change {
		c(s)
	}
	s.Freeze()
	return s
}

func tailSpans(texts ...string) (spans []*span.Span) {
	for _, text := range texts {
		spans = append(spans, tailSpan(text))
	}
	return spans
}

func failing(s *span.Span) { s.Error = &span.Error{Message: "no"} }
func running(s *span.Span) { s.End = time.Time{} }
func anEvent(s *span.Span) { s.Event, s.End = true, time.Time{} }
func unsaid(s *span.Span)  { s.Start, s.End = time.Time{}, time.Time{} }
func at(d time.Duration) func(*span.Span) {
	return func(s *span.Span) { s.Start, s.End = s.Start.Add(d), s.End.Add(d) }
}

func used(kind span.Type, tokens int) func(*span.Span) {
	return func(s *span.Span) {
		s.Type, s.Attributes = kind, span.Value(fmt.Sprintf(`{"usage":{"inputTokens":%d}}`, tokens))
	}
}

func names(spans []*span.Span) string {
	var b []string
	for _, s := range spans {
		b = append(b, s.Name)
	}
	return strings.Join(b, " ")
}

// tailRun is a TailSampler in a pipeline of its own.
type tailRun struct {
	*pipelinetest.Run[*span.Span, *span.Span]
	t    *testing.T
	tail *stages.TailSampler
}

func startTail(t *testing.T, cfg stages.TailConfig, opts ...pipeline.Option) *tailRun {
	tail := stages.TailSample(cfg)
	return &tailRun{pipelinetest.Start(t, tail.Stage(), opts...), t, tail}
}

// want checks what has been emitted, after everything that can move has.
func (r *tailRun) want(what, emitted string) {
	r.t.Helper()
	synctest.Wait()
	if got := names(r.Emitted()); got != emitted {
		r.t.Errorf("%s: emitted %q, want %q", what, got, emitted)
	}
}

// counted checks the statistics.
func (r *tailRun) counted(want stages.TailStats) {
	r.t.Helper()
	synctest.Wait()
	got := r.tail.Stats()
	got.OpenBytes = 0
	if got != want {
		r.t.Errorf("counted\n%+v, want\n%+v", got, want)
	}
}

func TestTailDecidesWhenTheRootHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := ""
		r := startTail(t, stages.TailConfig{Keep: func(trace []*span.Span) bool { asked += names(trace) + ";"; return true }})
		r.Push(tailSpans("a/2<1")...)
		time.Sleep(time.Minute)
		r.Push(tailSpans("a/1")...)
		time.Sleep(4 * time.Second)
		r.Push(tailSpans("a/3<1")...)
		time.Sleep(time.Second - 1)
		r.want("before DecisionWait", "")
		r.counted(stages.TailStats{OpenTraces: 1, OpenSpans: 3})
		time.Sleep(time.Nanosecond)
		r.want("at DecisionWait", "a/2<1 a/1 a/3<1")
		r.Push(tailSpans("a/4<1")...)
		r.want("after it", "a/2<1 a/1 a/3<1 a/4<1")
		r.counted(stages.TailStats{Keep: 1, Late: 1})
		if asked != "a/2<1 a/1 a/3<1;" {
			t.Errorf("Keep was given %q", asked)
		}
	})
}

// A root that still runs, and one that is not known as such, are not waited for.
func TestTailDecidesAtMaxWaitWithoutARoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startTail(t, stages.TailConfig{MaxWait: 10 * time.Second, DecisionWait: time.Second, Keep: func([]*span.Span) bool { return true }})
		r.Push(tailSpan("a/1", running))
		time.Sleep(3 * time.Second)
		r.Push(tailSpan("b/2<1"))
		time.Sleep(6 * time.Second)
		r.Push(tailSpan("a/2<1"), tailSpan("c/1", anEvent))
		r.want("at 9 s", "")
		time.Sleep(time.Second)
		r.want("at 10 s", "c/1 a/1 a/2<1")
		r.counted(stages.TailStats{OpenTraces: 1, OpenSpans: 1, Keep: 2, Rootless: 1})
		time.Sleep(2 * time.Second)
		r.Push(tailSpan("b/1"))
		time.Sleep(time.Second - 1)
		r.want("after b's MaxWait, since its root has come", "c/1 a/1 a/2<1")
		time.Sleep(time.Nanosecond)
		r.want("DecisionWait after b's root", "c/1 a/1 a/2<1 b/2<1 b/1")
	})
}

func TestTailPolicies(t *testing.T) {
	gen := func(n int) func(*span.Span) { return used(span.TypeModelGeneration, n) }
	step := func(n int) func(*span.Span) { return used(span.TypeModelStep, n) }
	inside := func(s *span.Span) { s.Attributes = `{"internalUsage":{"totalTokens":7}}` }
	for _, test := range []struct {
		name  string
		cfg   stages.TailConfig
		spans []*span.Span
		sure  int // how many spans have come when the trace is kept; 0 if only in the end
		want  stages.TailStats
	}{
		{"nothing to keep it for", stages.TailConfig{}, tailSpans("a/2<1", "a/1"), 0, stages.TailStats{Rest: 1}},
		{"an error", stages.TailConfig{}, []*span.Span{tailSpan("a/3<1"), tailSpan("a/2<1", failing), tailSpan("a/1")}, 2, stages.TailStats{Errors: 1, Late: 1}},
		{"an error at once", stages.TailConfig{}, []*span.Span{tailSpan("a/2<1", failing), tailSpan("a/1")}, 1, stages.TailStats{Errors: 1, Late: 1}},
		{"an error that does not count", stages.TailConfig{IgnoreErrors: true}, []*span.Span{tailSpan("a/1", failing)}, 0, stages.TailStats{Rest: 1}},
		{"a slow span", stages.TailConfig{Slow: time.Second}, tailSpans("a/2<1", "a/1"), 1, stages.TailStats{Slow: 1, Late: 1}},
		{"a span almost slow", stages.TailConfig{Slow: time.Second + 1}, tailSpans("a/2<1", "a/1"), 0, stages.TailStats{Rest: 1}},
		{"a slow whole", stages.TailConfig{Slow: 3 * time.Second}, []*span.Span{tailSpan("a/2<1"), tailSpan("a/3<1", at(-2*time.Second))}, 2, stages.TailStats{Slow: 1}},
		{"times that nobody gave", stages.TailConfig{Slow: time.Hour, MaxWait: time.Second}, []*span.Span{tailSpan("a/2<1", unsaid), tailSpan("a/3<1", anEvent), tailSpan("a/1", running)}, 0, stages.TailStats{Rest: 1, Rootless: 1}},
		{"tokens", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/2<1", gen(6)), tailSpan("a/3<1", gen(4)), tailSpan("a/1")}, 2, stages.TailStats{Tokens: 1, Late: 1}},
		{"too few tokens", stages.TailConfig{Tokens: 11}, []*span.Span{tailSpan("a/2<1", gen(6)), tailSpan("a/3<1", gen(4)), tailSpan("a/1")}, 0, stages.TailStats{Rest: 1}},
		{"the same span again", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/2<1", gen(6)), tailSpan("a/2<1", gen(6)), tailSpan("a/1")}, 0, stages.TailStats{Rest: 1}},
		{"tokens of calls not shown", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/2<1", inside), tailSpan("a/1", inside)}, 2, stages.TailStats{Tokens: 1}},
		{"steps that repeat", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/4<3", step(6)), tailSpan("a/3<2", step(6)), tailSpan("a/2<1", gen(9)), tailSpan("a/1")}, 0, stages.TailStats{Rest: 1}},
		{"steps of their own", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/4<2", step(6)), tailSpan("a/3<2", step(6)), tailSpan("a/2<1"), tailSpan("a/1")}, 0, stages.TailStats{Tokens: 1}},
		{"steps that are above one another", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/4<3", step(6)), tailSpan("a/3<4", step(6)), tailSpan("a/1")}, 0, stages.TailStats{Rest: 1}},
		{"negative tokens", stages.TailConfig{Tokens: 10}, []*span.Span{tailSpan("a/2<1", gen(-9)), tailSpan("a/1", gen(10))}, 2, stages.TailStats{Tokens: 1}},
		{"more tokens than an int holds", stages.TailConfig{Tokens: math.MaxInt}, []*span.Span{tailSpan("a/2<1", gen(math.MaxInt-1)), tailSpan("a/1", gen(math.MaxInt-1))}, 2, stages.TailStats{Tokens: 1}},
		{"the share", stages.TailConfig{Share: 0.2}, tailSpans("h/2<1", "h/1"), 1, stages.TailStats{Share: 1, Late: 1}},
		{"not of the share", stages.TailConfig{Share: 0.2}, tailSpans("a/2<1", "a/1"), 0, stages.TailStats{Rest: 1}},
		{"not of the share, but an error", stages.TailConfig{Share: 0.2}, []*span.Span{tailSpan("a/2<1"), tailSpan("a/1", failing)}, 2, stages.TailStats{Errors: 1}},
		{"what Keep says", stages.TailConfig{Keep: func(trace []*span.Span) bool { return len(trace) == 2 }}, tailSpans("a/2<1", "a/1"), 0, stages.TailStats{Keep: 1}},
		{"what Keep does not want", stages.TailConfig{Keep: func(trace []*span.Span) bool { return len(trace) == 3 }}, tailSpans("a/2<1", "a/1"), 0, stages.TailStats{Rest: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startTail(t, test.cfg)
				for i, s := range test.spans {
					r.Push(s)
					want := ""
					if test.sure > 0 && i+1 >= test.sure {
						want = names(test.spans[:i+1])
					}
					r.want(fmt.Sprintf("after %d spans", i+1), want)
				}
				time.Sleep(5 * time.Second)
				if test.want.Rest == 0 {
					r.want("in the end", names(test.spans))
				} else {
					r.want("in the end", "")
				}
				r.counted(test.want)
			})
		})
	}
}

// Other processes that sample by trace id keep the same traces.
func TestTailShareIsThatOfSample(t *testing.T) {
	var spans []*span.Span
	for i := range 500 {
		spans = append(spans, tailSpan(string(span.NewTraceID())+"/1"), tailSpan(fmt.Sprintf("t%d/1", i)))
	}
	tail := through(t, stages.TailSample(stages.TailConfig{Share: 0.3}).Stage(), spans)
	head := through(t, stages.Sample(0.3, func(s *span.Span) string { return string(s.TraceID) }), spans)
	if !slices.Equal(tail.got, head.got) || len(tail.got) < 200 {
		t.Errorf("kept %d and %d spans", len(tail.got), len(head.got))
	}
}

func TestTailBounds(t *testing.T) {
	size := tailSpan("a/2<1").Size()
	for _, test := range []struct {
		name  string
		cfg   stages.TailConfig
		spans []*span.Span
		want  string
		stats stages.TailStats
	}{
		{"the oldest trace", stages.TailConfig{MaxTraces: 2}, tailSpans("a/2<1", "b/2<1", "a/3<1", "c/2<1"), "a/2<1 a/3<1",
			stages.TailStats{OpenTraces: 2, OpenSpans: 2, Keep: 1, EarlyTraces: 1}},
		{"one whose root has ended", stages.TailConfig{MaxTraces: 3}, tailSpans("a/2<1", "b/2<1", "c/1", "b/1", "d/2<1"), "c/1",
			stages.TailStats{OpenTraces: 3, OpenSpans: 4, Keep: 1, EarlyTraces: 1}},
		{"the trace that has so many", stages.TailConfig{MaxSpans: 2}, tailSpans("a/2<1", "b/2<1", "b/3<1", "b/4<1"), "b/2<1 b/3<1 b/4<1",
			stages.TailStats{OpenTraces: 1, OpenSpans: 1, Keep: 1, EarlySpans: 1, Late: 1}},
		{"bytes", stages.TailConfig{MaxBytes: 2 * size}, tailSpans("a/2<1", "b/2<1", "b/3<1"), "a/2<1",
			stages.TailStats{OpenTraces: 1, OpenSpans: 2, Keep: 1, EarlyBytes: 1}},
		{"a span larger than all", stages.TailConfig{MaxBytes: size - 1}, tailSpans("a/2<1", "a/3<1"), "a/2<1 a/3<1",
			stages.TailStats{Keep: 1, EarlyBytes: 1, Late: 1}},
		{"decisions", stages.TailConfig{MaxDecided: 2, MaxSpans: 1}, tailSpans("a/1", "b/1", "a/2<1", "c/1", "a/3<1", "b/2<1"), "a/1 b/1 a/2<1 c/1 a/3<1 b/2<1",
			stages.TailStats{Keep: 4, EarlySpans: 4, Late: 2, Forgotten: 2}}, // b, then c, since a is in use
		{"an error needs no room", stages.TailConfig{MaxTraces: 1}, []*span.Span{tailSpan("a/2<1"), tailSpan("b/1", failing)}, "b/1",
			stages.TailStats{OpenTraces: 1, OpenSpans: 1, Errors: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.cfg.Keep = func([]*span.Span) bool { return true }
				r := startTail(t, test.cfg)
				r.Push(test.spans...)
				r.want("by then", test.want)
				r.counted(test.stats)
			})
		})
	}
}

// A Flush decides what is open, and the end of the run does.
func TestTailDecidesAtMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startTail(t, stages.TailConfig{Keep: func(trace []*span.Span) bool { return trace[0].TraceID == "a" }})
		r.Push(tailSpans("a/2<1", "b/2<1", "a/3<1")...)
		r.Flush()
		if l := r.Pipeline.Ledger(); l.InFlight != 0 || l.Delivered != 2 || l.Filtered != 1 {
			t.Errorf("after Flush: %+v", l)
		}
		r.counted(stages.TailStats{Keep: 1, Rest: 1, EarlyMarks: 2})
		r.Push(tailSpans("a/1", "b/1", "c/2<1")...)
		r.want("after Flush", "a/2<1 a/3<1 a/1")
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		r.counted(stages.TailStats{Keep: 1, Rest: 2, EarlyMarks: 2, EarlyEnd: 1, Late: 2})
	})
}

// The pipeline's byte budget is smaller than what comes: it holds, nothing is lost, nobody waits for ever.
func TestTailUnderAByteBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 2000
		budget := 40 * tailSpan("t1000/2<1").Size()
		tail := stages.TailSample(stages.TailConfig{Keep: func(trace []*span.Span) bool { return trace[0].TraceID < "t5" }})
		p := pipeline.New(pipeline.Config{MaxBytes: budget})
		most, got := int64(0), 0
		var spans []*span.Span
		for i := range n {
			spans = append(spans, tailSpan(fmt.Sprintf("t%d/%d<1", i/2, i)))
		}
		flow := pipeline.Via(pipeline.From(p, source.Slice(spans...)), tail.Stage())
		pipeline.To(flow, sink.Each(func(*span.Span) { got++; most = max(most, p.Stats().Bytes) }))
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
		pipelinetest.CheckLedger(t, p)
		stats, l := tail.Stats(), p.Ledger()
		if l.Delivered != int64(got) || l.Delivered+l.Filtered != n || stats.Decided() != n/2 {
			t.Errorf("got %d, %+v, %+v", got, l, stats)
		}
		if most > int64(budget) || stats.EarlyBytes == 0 || stats.OpenBytes != 0 || stats.OpenSpans != 0 {
			t.Errorf("at most %d bytes of %d in flight; %+v", most, budget, stats)
		}
	})
}

// A panic in Keep costs its trace, also what comes later of it, and nothing else.
func TestTailKeepPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startTail(t, stages.TailConfig{Keep: func(trace []*span.Span) bool {
			if trace[0].TraceID == "b" {
				panic(trace[0])
			}
			return true
		}}, pipeline.OnError(pipeline.Skip))
		r.Push(tailSpans("a/2<1", "b/2<1", "b/1", "a/1", "c/2<1")...)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		r.Push(tailSpans("b/3<1", "c/1")...)
		time.Sleep(5 * time.Second)
		r.want("in the end", "a/2<1 a/1 c/2<1 c/1")
		r.counted(stages.TailStats{Keep: 2, Failed: 1, Late: 1})
		var loss *pipeline.LossError
		if err := r.Close(); !errors.As(err, &loss) || len(loss.Losses) != 1 || loss.Losses[0].Items != 3 || loss.Losses[0].Reason != pipeline.ReasonStagePanic {
			t.Errorf("Run returned %v", err)
		} else if p := new(pipeline.PanicError); !errors.As(loss.Losses[0].Err, &p) || len(p.Stack) == 0 {
			t.Errorf("the loss is by %v", loss.Losses[0].Err)
		}
	})
}

// Without another policy it ends the run, as it does for every actor.
func TestTailKeepPanicsAndEndsTheRun(t *testing.T) {
	o := through(t, stages.TailSample(stages.TailConfig{Keep: func([]*span.Span) bool { panic("no") }}).Stage(), tailSpans("a/1"))
	if p := new(pipeline.PanicError); !errors.As(o.err, &p) || o.ledger.Failed != 1 {
		t.Errorf("%v, %+v", o.err, o.ledger)
	}
}

// Spans of no trace do not share a fate.
func TestTailSpansOfNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startTail(t, stages.TailConfig{Slow: time.Hour})
		no := string(span.NoOpTraceID)
		r.Push(tailSpan(no+"/1"), tailSpan(no+"/2", failing), tailSpan("/3"), tailSpan("/4", failing))
		r.want("at once", no+"/2 /4")
		r.counted(stages.TailStats{Errors: 2, Rest: 2})
	})
}

func TestTailPartitioned(t *testing.T) {
	tail := stages.TailSample(stages.TailConfig{})
	p := pipeline.New(pipeline.Config{})
	var spans []*span.Span
	for i := range 900 {
		s := tailSpan(fmt.Sprintf("t%d/%d<1", i%300, i))
		if i >= 600 && i%3 == 0 { // the last span of every third trace
			failing(s)
		}
		spans = append(spans, s)
	}
	lanes := pipeline.Partition(pipeline.From(p, source.Slice(spans...)), 4, func(s *span.Span) int { return len(s.TraceID) + int(s.TraceID[len(s.TraceID)-1]) })
	for i, lane := range lanes {
		lanes[i] = pipeline.Via(lane, tail.Stage())
	}
	kept := map[span.TraceID]int{}
	pipeline.To(pipeline.Merge(lanes...), sink.Each(func(s *span.Span) { kept[s.TraceID]++ }))
	if err := p.Run(t.Context()); err != nil {
		t.Error(err)
	}
	pipelinetest.CheckLedger(t, p)
	if stats := tail.Stats(); len(kept) != 100 || stats.Errors != 100 || stats.Rest != 200 || stats.EarlyEnd != 200 {
		t.Errorf("kept %d traces, %+v", len(kept), stats)
	}
	for trace, n := range kept {
		if n != 3 {
			t.Errorf("%d spans of %s", n, trace)
		}
	}
}

func TestTailSettings(t *testing.T) {
	for want, cfg := range map[string]stages.TailConfig{
		"TailConfig.Share is -0.1":                               {Share: -0.1},
		"TailConfig.Share is NaN":                                {Share: math.NaN()},
		"TailConfig.Slow is negative: -1":                        {Slow: -1},
		"TailConfig.Tokens is negative: -1":                      {Tokens: -1},
		"TailConfig.DecisionWait is negative: -1":                {DecisionWait: -1},
		"TailConfig.MaxWait is negative: -1":                     {MaxWait: -1},
		"TailConfig.MaxTraces is negative: -1":                   {MaxTraces: -1},
		"TailConfig.MaxSpans is negative: -1":                    {MaxSpans: -1},
		"TailConfig.MaxBytes is negative: -1":                    {MaxBytes: -1},
		"TailConfig.MaxDecided is negative: -1":                  {MaxDecided: -1},
		"TailConfig.MaxDecided is 1073741825: 2^30 are the most": {MaxDecided: 1<<30 + 1},
	} {
		wrong(t, stages.TailSample(cfg).Stage(), want)
	}
	p := pipeline.New(pipeline.Config{})
	spans := pipeline.From(p, source.Slice[*span.Span]())
	pipeline.To(pipeline.Via(spans, stages.TailSample(stages.TailConfig{}).Stage(), pipeline.Workers(2)), sink.Discard[*span.Span]())
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "Partition") {
		t.Errorf("with Workers Run returned %v", err)
	}
}

func TestTailKeepsThePromisesOfAStage(t *testing.T) {
	newStage := func() pipeline.Stage[*span.Span, *span.Span] {
		return stages.TailSample(stages.TailConfig{
			Share: 0.2, Slow: 3 * time.Second, MaxTraces: 4, MaxSpans: 5, MaxDecided: 4,
			DecisionWait: 2 * time.Millisecond, MaxWait: 20 * time.Millisecond,
			Keep: func(trace []*span.Span) bool { return len(trace)%2 == 0 },
		}).Stage()
	}
	item := func(i int) *span.Span {
		s := tailSpan(fmt.Sprintf("t%d/%d<%s", i*i%13, i, []string{"", "1"}[min(i%4, 1)]), at(time.Duration(i%5)*time.Second))
		if i%11 == 0 {
			failing(s)
		}
		return s
	}
	pipelinetest.TestStage(t, newStage, item, pipelinetest.Single(), pipelinetest.Rounds(10))
}

// runtime.Goexit in Keep ends the goroutine, as in every actor: what it held has failed, and it begins anew.
func TestTailKeepCallsGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startTail(t, stages.TailConfig{DecisionWait: time.Second, Keep: func(trace []*span.Span) bool {
			if trace[0].TraceID == "b" {
				runtime.Goexit()
			}
			return true
		}}, pipeline.OnError(pipeline.Skip))
		r.Push(tailSpans("a/2<1", "b/1")...)
		time.Sleep(time.Second)
		synctest.Wait()
		r.counted(stages.TailStats{})
		r.Push(tailSpans("a/1")...)
		time.Sleep(time.Second)
		r.want("after it", "a/1")
		var loss *pipeline.LossError
		if err := r.Close(); !errors.As(err, &loss) || loss.Ledger.Failed != 2 || loss.Ledger.Delivered != 1 {
			t.Errorf("Run returned %v", err)
		}
	})
}
