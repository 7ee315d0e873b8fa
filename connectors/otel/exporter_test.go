package otel_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

func TestExportSpansSaysWhatWasNotTaken(t *testing.T) {
	no := errors.New("no")
	e := &exporter{export: func(_ context.Context, s *span.Span) error {
		switch s.ID {
		case "0000000000000002":
			return no
		case "0000000000000003":
			panic("a prompt")
		}
		return nil
	}}
	x := otel.NewSpanExporter(e)
	var spans []sdktrace.ReadOnlySpan
	for n := range 5 {
		spans = append(spans, snapshot(n, trace.FlagsSampled), nil)
	}
	err := x.ExportSpans(t.Context(), spans)
	if !errors.Is(err, otel.ErrNotTaken) || !errors.Is(err, no) || !strings.Contains(err.Error(), "2 of 5") || e.len() != 3 {
		t.Errorf("%d were taken, %v", e.len(), err)
	}
	if err := x.ExportSpans(t.Context(), spans[:1]); err != nil {
		t.Error(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.ExportSpans(over, spans); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "5 of 5") {
		t.Errorf("after the end of ctx: %v", err)
	}
	if err := x.Shutdown(t.Context()); err != nil || e.shutDowns.Load() != 1 {
		t.Errorf("%d shutdowns, %v", e.shutDowns.Load(), err)
	}
	if err := x.ExportSpans(t.Context(), spans); !errors.Is(err, observability.ErrClosed) {
		t.Errorf("after Shutdown: %v", err)
	}
	none := otel.NewSpanExporter(nil)
	if err := none.ExportSpans(t.Context(), spans); !errors.Is(err, otel.ErrNoExporter) {
		t.Errorf("without an exporter: %v", err)
	}
	if err := none.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
