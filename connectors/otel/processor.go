package otel

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tailrace-go/tailrace/internal/foreign"
	"github.com/tailrace-go/tailrace/internal/losslog"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
)

// SpanProcessor stands where a BatchSpanProcessor and its exporter stood: it takes the finished spans of
// OpenTelemetry's SDK to an exporter of this library. Make one with [NewSpanProcessor]; any number of goroutines may
// call its methods at once.
//
// It is a pipeline. The program only puts a pointer into a bounded queue; one goroutine converts what is there and
// exports it, so that an exporter that is slow, stuck, failing or panicking costs spans, which are counted, and nothing
// else.
type SpanProcessor struct {
	exporter observability.Exporter
	keep     bool
	emitter  *source.Emitter[finished]
	pipe     *pipeline.Pipeline
	losses   *losslog.Log
	done     chan struct{} // closed when the run is over
}

// finished is a snapshot in the queue. It has no methods, whatever those of the snapshot are, so that the engine asks
// it neither for a weight nor for a size.
type finished struct{ of sdktrace.ReadOnlySpan }

var _ sdktrace.SpanProcessor = (*SpanProcessor)(nil)

// NewSpanProcessor starts a processor, which runs until Shutdown. It owns the exporter, unless an option says
// otherwise. Without one, every span is counted as failed.
func NewSpanProcessor(exporter observability.Exporter, opts ...Option) *SpanProcessor {
	set := settingsOf(opts)
	p := &SpanProcessor{
		exporter: exporter, keep: set.keep, done: make(chan struct{}),
		emitter: source.NewEmitter[finished](source.EmitterConfig{Queue: set.queue, Overflow: set.overflow}),
		losses:  losslog.To(set.logger, "otel: spans lost"),
	}
	p.pipe = pipeline.New(pipeline.Config{Name: set.name, Grace: foreign.Grace, OnLoss: p.losses.OnLoss})
	began := make(chan struct{})
	ended := pipeline.From(p.pipe, feed{p.emitter, sync.OnceFunc(func() { close(began) })}, pipeline.Name("queue"))
	pipeline.To(pipeline.Via(ended, convert(set.chain)), p.export(), pipeline.OnError(pipeline.Skip))
	go func() {
		defer close(p.done)
		_ = p.pipe.Run(context.Background()) // Shutdown returns the same
	}()
	select { // one that is shut down before it runs would lose what came first
	case <-began:
	case <-p.done: // it could not be built, which settingsOf has ruled out; Shutdown would say why
	}
	return p
}

// feed is the emitter, and says when the run has begun.
type feed struct {
	*source.Emitter[finished]
	began func()
}

// Feed implements [pipeline.Source].
func (f feed) Feed(ctx context.Context, out *pipeline.Outlet[finished]) error {
	f.began()
	return f.Emitter.Feed(ctx, out)
}

// convert makes our spans of snapshots. A panic in it, or a span that cannot be one of ours, fails that span alone.
func convert(chain []observability.Processor) pipeline.Stage[finished, *span.Span] {
	return pipeline.Fuse(func(in *pipeline.In[finished], out *pipeline.Out[*span.Span]) func(*finished) {
		c := newConverter()
		return func(item *finished) {
			if !item.of.SpanContext().IsSampled() {
				in.Filtered(item)
				return
			}
			s, err := c.convert(item.of)
			keep := true
			if err == nil {
				keep, err = process(s, chain)
			}
			switch {
			case err != nil:
				in.Failed(item, err)
			case !keep:
				in.Filtered(item)
			default:
				out.Push(&s)
			}
		}
	}).Named("convert")
}

// process runs the processors on s.
func process(s *span.Span, chain []observability.Processor) (keep bool, err error) {
	for _, p := range chain {
		if keep, err = p.Process(s); err != nil || !keep {
			return false, err
		}
	}
	if len(chain) > 0 {
		s.Freeze()
	}
	return true, nil
}

// export gives each span to the exporter.
func (p *SpanProcessor) export() pipeline.Sink[*span.Span] {
	return pipeline.FuseSink(func(in *pipeline.In[*span.Span]) func(**span.Span) {
		return func(item **span.Span) {
			if err := export(in.Context(), p.exporter, *item); err != nil {
				in.Failed(item, err)
				return
			}
			in.Delivered(item)
		}
	}).Named("export")
}

// OnStart implements sdktrace.SpanProcessor. It does nothing.
func (*SpanProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd takes a finished span, and allocates nothing. It does not wait, unless [WithOverflow] says pipeline.Block: then
// until there is room. After Shutdown it only counts the span, as refused. A span that is recorded and not sampled goes
// no further than the queue, and is counted as filtered: to ask for its context here would cost more than to take it.
func (p *SpanProcessor) OnEnd(s sdktrace.ReadOnlySpan) {
	if s == nil {
		return
	}
	_ = p.emitter.Emit(context.Background(), finished{s}) // what is not taken the pipeline has counted
}

// ForceFlush returns nil when every span that ended before the call is exported, and the exporter has delivered it or
// accounted for it.
func (p *SpanProcessor) ForceFlush(ctx context.Context) error {
	if err := p.pipe.Flush(ctx); err != nil {
		return err
	}
	return flush(ctx, p.exporter)
}

// Shutdown takes no more spans, exports those that wait, and shuts the exporter down. It returns nil if nothing was
// lost: else the error has a [*pipeline.LossError] with the exact numbers of this processor, and what the exporter says
// of its own. When ctx ends, what still waits is given up. It may be called again, and by several.
func (p *SpanProcessor) Shutdown(ctx context.Context) error {
	err := p.pipe.Shutdown(ctx)
	<-p.done
	p.losses.Close()
	if p.keep {
		return errors.Join(err, flush(ctx, p.exporter))
	}
	return errors.Join(err, shutdown(ctx, p.exporter))
}

// Stats is a picture of the processor's pipeline: what waits, what was exported, what was lost where and why. It is
// exact whenever nothing moves.
func (p *SpanProcessor) Stats() pipeline.Stats { return p.pipe.Stats() }

// Ledger is the account of Stats: accepted, delivered to the exporter, dropped for lack of room, failed; and refused,
// for spans that ended after Shutdown.
func (p *SpanProcessor) Ledger() pipeline.Ledger { return p.pipe.Ledger() }

// MarshalLog is what OpenTelemetry's own log shows of the processor.
func (p *SpanProcessor) MarshalLog() any {
	return slog.GroupValue(slog.String("type", "tailrace"), slog.String("exporter", nameOf(p.exporter)))
}
