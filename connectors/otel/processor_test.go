package otel_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// snapshot is a finished span.
func snapshot(n int, flags trace.TraceFlags) sdktrace.ReadOnlySpan {
	c := trace.SpanContextConfig{TraceID: trace.TraceID{15: 1}, TraceFlags: flags}
	binary.BigEndian.PutUint64(c.SpanID[:], uint64(n)+1)
	return tracetest.SpanStub{Name: "work", SpanContext: trace.NewSpanContext(c)}.Snapshot()
}

// exporter is one of ours whose methods may be anything; nil ones do nothing.
type exporter struct {
	mu        sync.Mutex
	spans     []*span.Span
	export    func(ctx context.Context, s *span.Span) error
	flush     func(ctx context.Context) error
	shutdown  func(ctx context.Context) error
	flushed   atomic.Int32
	shutDowns atomic.Int32
}

func (e *exporter) Export(ctx context.Context, s *span.Span) error {
	if e.export != nil {
		if err := e.export(ctx, s); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans = append(e.spans, s)
	return nil
}

func (e *exporter) Flush(ctx context.Context) error {
	e.flushed.Add(1)
	if e.flush != nil {
		return e.flush(ctx)
	}
	return nil
}

func (e *exporter) Shutdown(ctx context.Context) error {
	e.shutDowns.Add(1)
	if e.shutdown != nil {
		return e.shutdown(ctx)
	}
	return nil
}

func (e *exporter) len() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.spans)
}

var quiet = otel.WithLogger(slog.New(slog.DiscardHandler))

// lost is the loss that an error tells of.
func lost(t *testing.T, err error) pipeline.Ledger {
	t.Helper()
	var loss *pipeline.LossError
	if !errors.As(err, &loss) {
		t.Fatalf("got %v, not a loss", err)
	}
	return loss.Ledger
}

func TestASpanIsDroppedWhereThereIsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		e := &exporter{export: func(context.Context, *span.Span) error { <-gate; return nil }}
		var log bytes.Buffer
		p := otel.NewSpanProcessor(e, otel.WithQueue(8), otel.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), otel.WithName("checkout"))
		for n := range 1000 {
			p.OnEnd(snapshot(n, trace.FlagsSampled)) // none of them waits
		}
		synctest.Wait()
		l := p.Ledger()
		if l.Accepted != 1000 || l.Dropped < 980 || l.Dropped+l.InFlight != 1000 || l.Balance() != 0 {
			t.Errorf("ledger %+v", l)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), `msg="otel: spans lost" lost=`) || !strings.Contains(log.String(), "by.queue_full=") {
			t.Errorf("the log has %d lines:\n%s", lines, &log)
		}
		close(gate)
		if got := lost(t, p.Shutdown(t.Context())); got.Dropped != l.Dropped || got.Delivered != int64(e.len()) || got.Balance() != 0 {
			t.Errorf("loss %+v, %d exported", got, e.len())
		}
		if p.Stats().Name != "checkout" {
			t.Errorf("the name is %q", p.Stats().Name)
		}
	})
}

func TestOverflowPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		held := func(context.Context, *span.Span) error { <-gate; return nil }
		oldest := &exporter{export: held}
		p := otel.NewSpanProcessor(oldest, otel.WithQueue(1), otel.WithOverflow(pipeline.DropOldest), quiet)
		for n := range 10 {
			p.OnEnd(snapshot(n, trace.FlagsSampled))
			synctest.Wait()
		}
		all := &exporter{export: held}
		blocking := otel.NewSpanProcessor(all, otel.WithQueue(2), otel.WithOverflow(pipeline.Block), quiet)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for n := range 10 {
				blocking.OnEnd(snapshot(n, trace.FlagsSampled))
			}
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("nobody waited")
		default:
		}
		close(gate)
		<-done
		if err := blocking.Shutdown(t.Context()); err != nil || all.len() != 10 {
			t.Errorf("%d exported, %v", all.len(), err)
		}
		got := lost(t, p.Shutdown(t.Context()))
		if last := oldest.spans[oldest.len()-1]; last.ID != "000000000000000a" || got.Dropped != int64(10-oldest.len()) {
			t.Errorf("the last is %s, loss %+v", last.ID, got)
		}
	})
}

func TestWhatAnExporterDoesStaysWithTheSpan(t *testing.T) {
	var typedNil *observability.CloudExporter
	for _, tt := range []struct {
		name      string
		exporter  observability.Exporter
		failed    int64
		flush     string // in the error of ForceFlush
		shutdown  string
		delivered int64
	}{
		{"nil", nil, 3, "", "there is no exporter", 0},
		{"a nil of a type", typedNil, 3, "panicked", "panicked", 0},
		{"fails", &exporter{export: func(_ context.Context, s *span.Span) error {
			if s.ID == "0000000000000002" {
				return errors.New("no")
			}
			return nil
		}}, 1, "", "no", 2},
		{"panics", &exporter{export: func(_ context.Context, s *span.Span) error {
			if s.ID == "0000000000000002" {
				panic("a prompt")
			}
			return nil
		}, flush: func(context.Context) error { panic("a prompt") }, shutdown: func(context.Context) error { panic("a prompt") }}, 1, "Flush panicked", "Shutdown panicked", 2},
		{"fails to flush", &exporter{flush: func(context.Context) error { return errors.New("later") }, shutdown: func(context.Context) error { return errors.New("never") }}, 0, "later", "never", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := otel.NewSpanProcessor(tt.exporter, quiet)
			for n := range 3 {
				p.OnEnd(snapshot(n, trace.FlagsSampled))
			}
			p.OnEnd(nil)
			if err := p.ForceFlush(t.Context()); (err == nil) != (tt.flush == "") || err != nil && (!strings.Contains(err.Error(), tt.flush) || strings.Contains(err.Error(), "a prompt")) {
				t.Errorf("ForceFlush gives %v", err)
			}
			err := p.Shutdown(t.Context())
			if (err == nil) != (tt.shutdown == "") || err != nil && !strings.Contains(err.Error(), tt.shutdown) {
				t.Errorf("Shutdown gives %v", err)
			}
			p.OnEnd(snapshot(9, trace.FlagsSampled))
			if l := p.Ledger(); l.Failed != tt.failed || l.Delivered != tt.delivered || l.Refused != 1 || l.Balance() != 0 {
				t.Errorf("ledger %+v", l)
			}
			_ = p.ForceFlush(t.Context())
			p.OnStart(t.Context(), nil)
			p.MarshalLog()
		})
	}
}

func TestProcessorsComeBeforeTheExporter(t *testing.T) {
	chain := otel.WithProcessors(nil,
		observability.ProcessorFunc(func(s *span.Span) (bool, error) {
			s.Metadata = s.Metadata.Set("seen", "true")
			return s.ID != "0000000000000001", nil
		}),
		observability.ProcessorFunc(func(s *span.Span) (bool, error) {
			switch s.ID {
			case "0000000000000002":
				return true, errors.New("no")
			case "0000000000000003":
				panic("a prompt")
			}
			return true, nil
		}))
	e, kept := &exporter{}, &exporter{}
	p, x := otel.NewSpanProcessor(e, chain, quiet), otel.NewSpanExporter(kept, chain)
	for n := range 5 {
		p.OnEnd(snapshot(n, trace.FlagsSampled))
		if err := x.ExportSpans(t.Context(), []sdktrace.ReadOnlySpan{snapshot(n, trace.FlagsSampled)}); (err != nil) != (n == 1 || n == 2) {
			t.Errorf("span %d: %v", n, err)
		}
	}
	if got := lost(t, p.Shutdown(t.Context())); got.Filtered != 1 || got.Failed != 2 || got.Delivered != 2 {
		t.Errorf("loss %+v", got)
	}
	for _, s := range append(e.spans, kept.spans...) {
		if s.Metadata.Get("seen") != "true" || !s.Frozen() {
			t.Errorf("%+v", s)
		}
	}
	if e.len() != 2 || kept.len() != 2 {
		t.Errorf("%d and %d exported", e.len(), kept.len())
	}
}

func TestASpanThatCannotBeOursFails(t *testing.T) {
	memory := new(observability.Memory)
	p := otel.NewSpanProcessor(memory, quiet)
	p.OnEnd(tracetest.SpanStub{Name: "no ids", SpanContext: trace.SpanContext{}.WithTraceFlags(trace.FlagsSampled)}.Snapshot())
	p.OnEnd(snapshot(1, trace.FlagsSampled))
	if got := lost(t, p.Shutdown(t.Context())); got.Failed != 1 || got.Delivered != 1 {
		t.Errorf("loss %+v", got)
	}
}

func TestBytesThatAreNoTextCostNoSpan(t *testing.T) {
	memory := new(observability.Memory) // the original exporter loses the batch
	p := otel.NewSpanProcessor(memory, quiet)
	p.OnEnd(tracetest.SpanStub{Name: "bad \xff", SpanContext: snapshot(1, trace.FlagsSampled).SpanContext()}.Snapshot())
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if got := memory.Spans()[0].Name; got != "bad \uFFFD" {
		t.Errorf("the name is %q", got)
	}
}

func TestOnlySampledSpansAreExported(t *testing.T) {
	e := &exporter{}
	p := otel.NewSpanProcessor(e, quiet)
	p.OnEnd(snapshot(1, 0))
	p.OnEnd(snapshot(2, trace.FlagsSampled))
	if err := p.ForceFlush(t.Context()); err != nil || e.len() != 1 || e.flushed.Load() != 1 {
		t.Errorf("%d exported, %d flushes, %v", e.len(), e.flushed.Load(), err)
	}
	if err := p.Shutdown(t.Context()); err != nil || p.Ledger().Delivered != 1 || p.Ledger().Filtered != 1 {
		t.Errorf("ledger %+v, %v", p.Ledger(), err)
	}
}

func TestAStuckExporterKeepsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		stuck := func(context.Context) error { <-gate; return nil }
		e := &exporter{export: func(ctx context.Context, _ *span.Span) error { return stuck(ctx) }, flush: stuck, shutdown: stuck}
		p := otel.NewSpanProcessor(e, quiet)
		for n := range 5 {
			p.OnEnd(snapshot(n, trace.FlagsSampled))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := p.ForceFlush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ForceFlush gives %v", err)
		}
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				var stuck *pipeline.StuckError
				if err := p.Shutdown(ctx); !errors.As(err, &stuck) || !strings.Contains(err.Error(), "Shutdown did not return") {
					t.Errorf("Shutdown gives %v", err)
				}
			})
		}
		group.Wait()
		if spent := time.Since(began); spent > time.Second+100*time.Millisecond {
			t.Errorf("it took %v", spent)
		}
		if l := p.Ledger(); l.InFlight != 5 || l.Balance() != 0 {
			t.Errorf("ledger %+v", l)
		}
		close(gate)
	})
}

func TestWhatIsNotExportedInTimeIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &exporter{export: func(ctx context.Context, _ *span.Span) error { <-ctx.Done(); return ctx.Err() }}
		p := otel.NewSpanProcessor(e, quiet)
		for n := range 5 {
			p.OnEnd(snapshot(n, trace.FlagsSampled))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := lost(t, p.Shutdown(ctx)); got.Abandoned != 4 || got.Failed != 1 || got.Balance() != 0 {
			t.Errorf("loss %+v", got)
		}
	})
}

func TestTheExporterIsKeptForOthers(t *testing.T) {
	e := &exporter{}
	p := otel.NewSpanProcessor(e, otel.KeepExporter(), quiet)
	if err := p.Shutdown(t.Context()); err != nil || e.flushed.Load() != 1 || e.shutDowns.Load() != 0 {
		t.Errorf("%d flushes, %d shutdowns, %v", e.flushed.Load(), e.shutDowns.Load(), err)
	}
	if err := otel.NewSpanExporter(e, otel.KeepExporter()).Shutdown(t.Context()); err != nil || e.flushed.Load() != 2 || e.shutDowns.Load() != 0 {
		t.Errorf("%d flushes, %d shutdowns, %v", e.flushed.Load(), e.shutDowns.Load(), err)
	}
}

func TestOptionsThatSayNothing(t *testing.T) {
	p := otel.NewSpanProcessor(&exporter{}, nil, otel.WithQueue(-1), otel.WithQueue(0), otel.WithOverflow(99), otel.WithLogger(nil), otel.WithName(""))
	if s := p.Stats(); s.Name != "otel" || s.Stages[0].Room != 4096 {
		t.Errorf("%+v", s)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	large := otel.NewSpanProcessor(&exporter{}, otel.WithQueue(1<<40))
	if room := large.Stats().Stages[0].Room; room != 1<<20 {
		t.Errorf("room for %d", room)
	}
	if err := large.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOnEndAllocatesNothing(t *testing.T) {
	gate := make(chan struct{})
	e := &exporter{export: func(context.Context, *span.Span) error { <-gate; return nil }}
	p := otel.NewSpanProcessor(e, otel.WithQueue(2000), quiet)
	s := snapshot(1, trace.FlagsSampled)
	for range 100 {
		p.OnEnd(s) // until the pipeline has come to rest
	}
	if n := testing.AllocsPerRun(1000, func() { p.OnEnd(s) }); n != 0 {
		t.Errorf("OnEnd allocates %v times", n)
	}
	close(gate)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNothingIsLostSilently: whatever producers, flushes, overflow, failures and the end come to, every span is in one
// column.
func TestNothingIsLostSilently(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		queue := rapid.IntRange(1, 16).Draw(rt, "queue")
		policy := rapid.SampledFrom([]pipeline.Overflow{pipeline.Block, pipeline.DropNewest, pipeline.DropOldest}).Draw(rt, "policy")
		producers := rapid.IntRange(1, 4).Draw(rt, "producers")
		each := rapid.IntRange(0, 40).Draw(rt, "each")
		every := rapid.IntRange(2, 9).Draw(rt, "fails")
		early := rapid.Bool().Draw(rt, "early")
		var calls atomic.Int64
		e := &exporter{export: func(context.Context, *span.Span) error {
			switch calls.Add(1) % int64(every) {
			case 0:
				return errors.New("no")
			case 1:
				if every > 5 {
					panic("no")
				}
			}
			return nil
		}}
		p := otel.NewSpanProcessor(e, otel.WithQueue(queue), otel.WithOverflow(policy), quiet)
		var group sync.WaitGroup
		for i := range producers {
			group.Go(func() {
				for n := range each {
					p.OnEnd(snapshot(i*1000+n, trace.FlagsSampled))
					if n == 7 {
						_ = p.ForceFlush(context.Background())
					}
				}
			})
		}
		if !early {
			group.Wait()
		}
		err := p.Shutdown(context.Background())
		group.Wait()
		l := p.Ledger()
		if l.Accepted+l.Refused != int64(producers*each) || l.Balance() != 0 || l.InFlight != 0 || l.Delivered != int64(e.len()) || (err == nil) != (l.Lost() == 0) {
			rt.Fatalf("%d spans ended, %d exported, ledger %+v, error %v", producers*each, e.len(), l, err)
		}
		if !early && l.Refused != 0 {
			rt.Fatalf("ledger %+v", l)
		}
	})
}

// BenchmarkConvert is what the pipeline's goroutine does for a span.
func BenchmarkConvert(b *testing.B) {
	kept := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(kept))
	serve(provider.Tracer("support"))
	spans := kept.GetSpans().Snapshots()
	x := otel.NewSpanExporter(&nowhere{})
	b.ReportAllocs()
	for b.Loop() {
		if err := x.ExportSpans(b.Context(), spans); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(spans)), "ns/span")
}

// nowhere is an exporter that takes everything.
type nowhere struct{ exporter }

func (*nowhere) Export(context.Context, *span.Span) error { return nil }

func BenchmarkOnEnd(b *testing.B) {
	e := &exporter{export: func(context.Context, *span.Span) error { return nil }}
	p := otel.NewSpanProcessor(e, quiet)
	s := snapshot(1, trace.FlagsSampled)
	b.ReportAllocs()
	for b.Loop() {
		p.OnEnd(s)
	}
	_ = p.Shutdown(context.Background())
}
