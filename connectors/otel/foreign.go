package otel

import (
	"context"
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/internal/foreign"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// ErrNoExporter is why spans fail where the exporter is nil.
var ErrNoExporter = errors.New("otel: there is no exporter")

func export(ctx context.Context, e observability.Exporter, s *span.Span) error {
	if e == nil {
		return ErrNoExporter
	}
	return e.Export(ctx, s)
}

func flush(ctx context.Context, e observability.Exporter) error {
	if e == nil {
		return nil
	}
	return foreign.Call(ctx, "otel: "+nameOf(e)+": Flush", e.Flush)
}

func shutdown(ctx context.Context, e observability.Exporter) error {
	if e == nil {
		return nil
	}
	return foreign.Call(ctx, "otel: "+nameOf(e)+": Shutdown", e.Shutdown)
}

func nameOf(e observability.Exporter) string { return fmt.Sprintf("%T", e) }
