package otel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tailrace-go/tailrace/observability"
)

// SpanExporter stands where otlptracehttp stood, behind a span processor of OpenTelemetry's own. Make one with
// [NewSpanExporter]. [SpanProcessor] costs the program less.
type SpanExporter struct {
	exporter   observability.Exporter
	keep       bool
	chain      []observability.Processor
	closed     atomic.Bool
	converters sync.Pool // one for each call that is going on
}

var _ sdktrace.SpanExporter = (*SpanExporter)(nil)

// NewSpanExporter makes an exporter for OpenTelemetry's SDK of one of ours. Of the options only [KeepExporter] and
// [WithProcessors] mean something here.
func NewSpanExporter(exporter observability.Exporter, opts ...Option) *SpanExporter {
	set := settingsOf(opts)
	return &SpanExporter{
		exporter: exporter, keep: set.keep, chain: set.chain,
		converters: sync.Pool{New: func() any { return newConverter() }},
	}
}

// ErrNotTaken is matched by what ExportSpans returns when there are spans that the exporter did not take.
var ErrNotTaken = errors.New("otel: spans were not taken")

// ExportSpans converts spans and gives them to the exporter. nil means that it has them all, as after its Export, but for
// those that a processor turned away: they need not be delivered yet. Else the error matches [ErrNotTaken], says how many
// were not taken, and wraps the first reason; the others are taken. When ctx ends, the rest is not. After Shutdown nothing
// is, and the error matches [observability.ErrClosed] too.
func (e *SpanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	c := e.converters.Get().(*converter)
	defer e.converters.Put(c)
	missed, all := 0, 0
	var first error
	for _, s := range spans {
		if s == nil {
			continue
		}
		all++
		if err := e.one(ctx, c, s); err != nil {
			missed++
			if first == nil {
				first = err
			}
		}
	}
	if missed == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d of %d: %w", ErrNotTaken, missed, all, first)
}

// one exports one span. A panic is its own alone.
func (e *SpanExporter) one(ctx context.Context, c *converter, s sdktrace.ReadOnlySpan) (err error) {
	if e.closed.Load() {
		return observability.ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer func() {
		if r := recover(); r != nil { // r may hold a piece of the span: it is not for an error's text
			err = fmt.Errorf("otel: %s panicked", nameOf(e.exporter))
		}
	}()
	ours, err := c.convert(s)
	if err != nil {
		return err
	}
	if keep, err := process(ours, e.chain); err != nil || !keep {
		return err
	}
	return export(ctx, e.exporter, ours)
}

// Shutdown flushes and ends the exporter. What it could not deliver before ctx ended is in the error.
func (e *SpanExporter) Shutdown(ctx context.Context) error {
	e.closed.Store(true)
	if e.keep {
		return flush(ctx, e.exporter)
	}
	return shutdown(ctx, e.exporter)
}
