package otlp

import (
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// Batch is what a body of spans holds: every span that was sent is in one of the two lists. Both are the caller's and
// share no memory with the body.
type Batch struct {
	Items    []Item             // in the order they were sent
	Rejected []intake.Rejection // in the order they were sent
	Cut      int                // items of which something was cut, with a mark where
}

// Item is one span, frozen, and what OTLP says of it that a span of ours has no place for.
type Item struct {
	Span    *span.Span
	Service string // the resource's service.name; empty for none

	// OwnUsage says that the usage of an inference is its own: no generation above it, in the same body, says the same.
	// Senders of OTLP tell the usage of a model call on one span alone, Mastra's own exporters on the generation and on
	// all below it.
	OwnUsage bool
}

func (b *Batch) reject(index int, field string, reason intake.Reason) {
	b.Rejected = append(b.Rejected, intake.Rejection{Index: index, Field: field, Reason: reason})
}
