package observability

import (
	"github.com/tailrace-go/tailrace/span"
)

// Processor changes finished spans, or turns them away, before any exporter sees them.
type Processor interface {
	// Process may change s as it likes; until it returns nobody else has it. keep false means that the span is not
	// wanted: it is counted as filtered. A span on which Process returns an error or panics goes nowhere, and is
	// counted as failed: what should have been taken out of it may still be in it.
	//
	// It is called from one goroutine at a time, off the path of the program that is traced.
	Process(s *span.Span) (keep bool, err error)
}

// ProcessorFunc is a function that is a [Processor].
type ProcessorFunc func(s *span.Span) (keep bool, err error)

// Process calls f.
func (f ProcessorFunc) Process(s *span.Span) (keep bool, err error) { return f(s) }
