package observability

import (
	"context"
	"fmt"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// ErrClosed is returned by an [Exporter] that was shut down. It is [pipeline.ErrClosed].
var ErrClosed = pipeline.ErrClosed

// Exporter is where finished spans go. [CloudExporter], [Console] and [Memory] are exporters.
//
// Each exporter of an [Instance] has a queue and a goroutine of its own, so one that is slow, stuck, failing or
// panicking costs its own spans, which are counted, and no other's.
type Exporter interface {
	// Export takes one span. nil means that the exporter has it, and may read it as long as it likes, but never
	// writes to it: others read it too. After an error the span is counted as failed. ctx ends when a Shutdown has
	// no more time.
	Export(ctx context.Context, s *span.Span) error
	// Flush returns nil when all that was exported before the call is delivered or otherwise accounted for.
	Flush(ctx context.Context) error
	// Shutdown flushes, and ends the exporter: Export then returns [ErrClosed]. What could not be delivered before
	// ctx ended is in the error. It may be called again, and returns the same.
	Shutdown(ctx context.Context) error
}

// Error says in which instance, and in which of its exporters, something went wrong. Errors.As finds in it the
// [*pipeline.LossError] with the exact loss.
type Error struct {
	Instance string
	Exporter string // its Go type; "" for what happened before the spans reached the exporters
	Err      error
}

func (e *Error) Error() string {
	if e.Exporter == "" {
		return fmt.Sprintf("observability: instance %q: %v", e.Instance, e.Err)
	}
	return fmt.Sprintf("observability: instance %q: exporter %s: %v", e.Instance, e.Exporter, e.Err)
}

// Unwrap returns what went wrong there.
func (e *Error) Unwrap() error { return e.Err }
