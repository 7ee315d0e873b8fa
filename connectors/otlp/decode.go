package otlp

import (
	"fmt"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// Decode reads the body of one export, in plain: an ExportTraceServiceRequest. Every span in it is among the items or the
// rejected of the batch, which is the caller's and shares no memory with body; the package's documentation says what
// becomes of its parts.
//
// A span needs a trace id, a span id and a name. Ids are 16 and 8 bytes; in JSON 1 to 32 and 1 to 16 hex digits, or the
// base64 of those bytes, which ends in = and so is never taken for digits. A span without an end still runs: OTLP sends
// ended spans, but some send a first version early. An end before its start stays, as in intake.Spans. A span failed when
// its status says so, or says nothing while an exception event escaped it; the last exception then tells what the error
// was, and is among the events all the same.
//
// Attributes nest at most MaxDepth deep, or the span is refused; a list of attributes, events or links has at most
// MaxKeys, and a mark says how many more there were. Where a resource or a scope is long, the copy of it that each span
// keeps is cut; together these copies are no longer than MaxBodyBytes. Protobuf fields that a message has once count as
// they stand last, and so do keys in JSON; unknown ones are passed over. Bytes that are not UTF-8 become U+FFFD.
//
// The error is about the body as a whole and matches [intake.ErrBody], or [intake.ErrTooLarge] for more than MaxRecords,
// which is known before any span is read.
func Decode(body []byte, f Format, limits intake.Limits) (Batch, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return Batch{}, err
	}
	c := collector{limits: l, shared: l.MaxBodyBytes}
	if f == JSON {
		err = c.json(body)
	} else {
		err = c.protobuf(body)
	}
	if err != nil {
		return Batch{}, err
	}
	ownUsage(c.batch.Items)
	return c.batch, nil
}

// tooMany is the error for a body of more than MaxRecords.
func tooMany(limits intake.Limits) error {
	return fmt.Errorf("%w: MaxRecords is %d", intake.ErrTooLarge, limits.MaxRecords)
}
