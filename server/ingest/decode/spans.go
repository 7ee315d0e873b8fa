package decode

import (
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// SpanBatch is what a body of spans holds: every span that was sent is in one of the two lists. Both are the caller's
// and share no memory with the body.
type SpanBatch struct {
	Items    []store.Item // in the order they were sent
	Rejected []Rejection  // in the order they were sent
	Cut      int          // items of which something was cut, with a mark where
}

// Spans reads {"spans":[…]} of Mastra 0.x and 1.x, as [span.Decoder] does; an empty list is fine. Ids become 32 and 16
// lower-case hex digits. An id that is not 1 to 32 or 1 to 16 hex digits, or is all zero, costs the span, under
// trace_id or span_id, and an unsampled span of 0.x is refused as no_op; a parent that is no id stays as it is. A text
// of more than MaxStringBytes is cut, and so are attributes, metadata and a request context of more than MaxKeys, with
// the marks of [span.ValueLimits].
//
// The error is about the body as a whole and matches [ErrBody], or [ErrTooLarge] for more than MaxRecords.
func Spans(body []byte, limits Limits) (SpanBatch, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return SpanBatch{}, err
	}
	decoder := span.Decoder{MaxRecordBytes: l.MaxRecordBytes, MaxDepth: l.MaxDepth, MaxSpans: l.MaxRecords}
	spans, bad, err := decoder.Body(body)
	switch {
	case errors.Is(err, span.ErrTooLarge):
		return SpanBatch{}, fmt.Errorf("%w: %w", ErrTooLarge, err)
	case err != nil:
		return SpanBatch{}, fmt.Errorf("%w: %w", ErrBody, err)
	}
	batch := SpanBatch{Items: make([]store.Item, 0, len(spans))}
	for index := 0; len(spans)+len(bad) > 0; index++ {
		if len(bad) > 0 && bad[0].Index == index {
			batch.Reject(index, bad[0].Field, reasonOf(bad[0].Field, bad[0].Err))
			bad = bad[1:]
			continue
		}
		batch.Add(index, store.Item{Span: spans[0]}, l)
		spans = spans[1:]
	}
	return batch, nil
}

// Reject puts the span at index among the rejected. It is for decoders of other formats, as [SpanBatch.Add] is.
func (b *SpanBatch) Reject(index int, field string, reason store.Reason) {
	b.Rejected = append(b.Rejected, Rejection{Index: index, Field: field, Reason: reason})
}

// Add takes a span that could be read: it brings its ids into the form of W3C and its texts and keys within l, as [Spans]
// says, or rejects it. The span is frozen, and becomes part of the batch. l is complete, see [Limits.WithDefaults]; each
// index is added or rejected once, in order.
func (b *SpanBatch) Add(index int, item store.Item, l Limits) {
	s := item.Span
	if unsampled(s) {
		b.Reject(index, "traceId", store.ReasonNoOp)
		return
	}
	switch field, ok := normalize(s); {
	case ok:
	case field == "traceId":
		b.Reject(index, field, store.ReasonTraceID)
		return
	default:
		b.Reject(index, field, store.ReasonSpanID)
		return
	}
	if l.cutSpan(s) {
		b.Cut++
	}
	b.Items = append(b.Items, item)
}
