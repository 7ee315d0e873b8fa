package otel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// ErrNoExporter is why spans fail where the exporter is nil.
var ErrNoExporter = errors.New("otel: there is no exporter")

// grace is how long an exporter may take to notice that its context has ended.
const grace = 30 * time.Millisecond

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
	return within(ctx, nameOf(e)+": Flush", e.Flush)
}

func shutdown(ctx context.Context, e observability.Exporter) error {
	if e == nil {
		return nil
	}
	return within(ctx, nameOf(e)+": Shutdown", e.Shutdown)
}

func nameOf(e observability.Exporter) string { return fmt.Sprintf("%T", e) }

// within calls a method of somebody's exporter, which may panic, or never return: then it is left behind.
func within(ctx context.Context, name string, call func(ctx context.Context) error) error {
	result := make(chan error, 1)
	go func() {
		err := fmt.Errorf("otel: %s ended its goroutine", name)
		defer func() {
			if r := recover(); r != nil { // r may hold a piece of a span: it is not for an error's text
				err = fmt.Errorf("otel: %s panicked", name)
			}
			result <- err
		}()
		err = call(ctx)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case err := <-result:
		return err
	case <-patience.C:
		return fmt.Errorf("otel: %s did not return: %w", name, context.Cause(ctx))
	}
}
