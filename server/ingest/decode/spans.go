package decode

import (
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// SpanBatch is what a body of spans holds: every span that was sent is in one of the two lists. Both are the caller's
// and share no memory with the body.
type SpanBatch struct {
	Items    []store.Item       // in the order they were sent
	Rejected []intake.Rejection // in the order they were sent
	Cut      int                // items of which something was cut, with a mark where
}

// Spans reads {"spans":[…]} of Mastra 0.x and 1.x, as [span.Decoder] does; an empty list is fine. Each span is then what
// [intake.Limits.Fit] makes of it, or rejected.
//
// The error is about the body as a whole and matches [intake.ErrBody], or [intake.ErrTooLarge] for more than MaxRecords.
func Spans(body []byte, limits intake.Limits) (SpanBatch, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return SpanBatch{}, err
	}
	decoder := span.Decoder{MaxRecordBytes: l.MaxRecordBytes, MaxDepth: l.MaxDepth, MaxSpans: l.MaxRecords}
	spans, bad, err := decoder.Body(body)
	switch {
	case errors.Is(err, span.ErrTooLarge):
		return SpanBatch{}, fmt.Errorf("%w: %w", intake.ErrTooLarge, err)
	case err != nil:
		return SpanBatch{}, fmt.Errorf("%w: %w", intake.ErrBody, err)
	}
	batch := SpanBatch{Items: make([]store.Item, 0, len(spans))}
	for index := 0; len(spans)+len(bad) > 0; index++ {
		if len(bad) > 0 && bad[0].Index == index {
			batch.reject(index, bad[0].Field, reasonOf(bad[0].Field, bad[0].Err))
			bad = bad[1:]
			continue
		}
		batch.add(index, spans[0], l)
		spans = spans[1:]
	}
	return batch, nil
}

func (b *SpanBatch) reject(index int, field string, reason intake.Reason) {
	b.Rejected = append(b.Rejected, intake.Rejection{Index: index, Field: field, Reason: reason})
}

// add takes a span that could be read, or rejects it.
func (b *SpanBatch) add(index int, s *span.Span, l intake.Limits) {
	cut, field, reason := l.Fit(s)
	if reason != "" {
		b.reject(index, field, reason)
		return
	}
	if cut {
		b.Cut++
	}
	b.Items = append(b.Items, store.Item{Span: s})
}

// reasonOf finds the word for an error of the span package about one field.
func reasonOf(field string, err error) intake.Reason {
	switch {
	case errors.Is(err, span.ErrMissing) && field == "traceId":
		return intake.ReasonTraceID
	case errors.Is(err, span.ErrMissing) && field == "spanId":
		return intake.ReasonSpanID
	case errors.Is(err, span.ErrMissing):
		return intake.ReasonMissing
	case errors.Is(err, span.ErrTooDeep):
		return intake.ReasonDepth
	case errors.Is(err, span.ErrTooLarge):
		return intake.ReasonTooLarge
	case errors.Is(err, span.ErrDate):
		return intake.ReasonDate
	case errors.Is(err, span.ErrFieldType):
		return intake.ReasonType
	}
	return intake.ReasonSyntax
}
