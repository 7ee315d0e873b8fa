package stages_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first has finalized
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// 100,000 traces are open, and then as many others: what is alive is the spans that are held, and what the doc comment says
// for each trace and each decision.
func TestTailMemoryIsBounded(t *testing.T) {
	const n, perTrace, perDecision, slack = openTraces, 400, 100, 2 << 20
	spans := func(round int) []*span.Span {
		made := make([]*span.Span, n)
		for i := range made {
			made[i] = tailSpan(fmt.Sprintf("%016x%015x%d/2<1", i, i, round))
		}
		return made
	}
	tail := stages.TailSample(stages.TailConfig{MaxTraces: n, MaxDecided: n, MaxBytes: 256 << 20, MaxWait: time.Hour})
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, emitter), tail.Stage()), sink.Discard[*span.Span]())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	before := liveHeap()
	for round := range 3 {
		for _, s := range spans(round) {
			if err := emitter.Emit(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		for tail.Stats().Decided() < int64(round*n) || tail.Stats().OpenTraces < n {
			runtime.Gosched()
		}
		alive, s := liveHeap()-before, tail.Stats()
		if s.OpenTraces != n || s.OpenSpans != n {
			t.Fatalf("round %d: %+v", round, s)
		}
		held, decisions := s.OpenBytes, min(int64(round), 1)*n
		if alive > held*11/10+n*perTrace+decisions*perDecision+slack {
			t.Errorf("round %d: %d bytes are alive, %d of them spans: %d for each trace", round, alive, held, (alive-held)/n)
		}
		t.Logf("round %d: %d bytes besides %d of spans, %d a trace", round, alive-held, held, (alive-held)/n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// BenchmarkTailSample has so many traces open, of ten spans each, which come in turns.
func BenchmarkTailSample(b *testing.B) {
	for _, bench := range []struct {
		name   string
		traces int
		cfg    stages.TailConfig
	}{
		{"traces=100", 100, stages.TailConfig{}},
		{"traces=10000", 10_000, stages.TailConfig{}},
		{"traces=100000", 100_000, stages.TailConfig{}},
		{"traces=10000/tokens", 10_000, stages.TailConfig{Tokens: 1 << 30, Slow: time.Hour}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			const each = 10
			bench.cfg.MaxTraces, bench.cfg.MaxBytes, bench.cfg.MaxSpans = bench.traces, 1<<40, each
			spans := make([]*span.Span, bench.traces*2)
			for i := range spans {
				spans[i] = tailSpan(fmt.Sprintf("%032x/2<1", i), used(span.TypeModelGeneration, 12))
			}
			p := pipeline.New(pipeline.Config{})
			flow := pipeline.From(p, source.Seq(func(yield func(*span.Span) bool) {
				for i := 0; b.Loop(); i++ { // the traces in turn, ten times, and then others
					if !yield(spans[i/(bench.traces*each)%2*bench.traces+i%bench.traces]) {
						return
					}
				}
			}))
			tail := stages.TailSample(bench.cfg)
			pipeline.To(pipeline.Via(flow, tail.Stage()), sink.Discard[*span.Span]())
			b.ReportAllocs()
			if err := p.Run(b.Context()); err != nil {
				b.Error(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}
