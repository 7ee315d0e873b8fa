package store

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// Batch is what one request brought. It and all that it points to is the caller's: a store reads it until Append
// returns, and writes to none of it.
type Batch struct {
	Received time.Time // the server's clock; zero: when Append is called
	Label    string    // the token's label, the last resort for a service name

	// Key is the request's Idempotency-Key, at most 256 bytes; empty for none. Sum tells bodies with the same key apart:
	// a hash of the decoded body. A key seen before with another sum means nothing, and the batch is stored as usual.
	Key string
	Sum [32]byte

	Spans   []Item
	Records []Record
}

// Item is one span of a batch. The span is read-only and needs no freezing.
type Item struct {
	Span    *span.Span
	Service string // the resource's service.name, which beats the span's own metadata; empty for none

	// OwnUsage says that the usage of an inference is its own: no generation above it says the same. Senders of OTLP tell
	// the usage of a model call on one span alone, Mastra's own exporters on the generation and on all below it.
	OwnUsage bool
}

// Limits of what is stored. Ingest may set tighter ones.
const (
	MaxKeyBytes  = 256      // of a batch's key
	MaxSpanBytes = 16 << 20 // of one encoded span
)

// Outcome is what became of one item.
type Outcome struct {
	State  State
	Reason Reason // of a rejected item; empty otherwise
}

// State says what became of an item.
type State uint8

// The states. received = stored + repeated + rejected.
const (
	Stored   State = iota // new, or the end of a span that was running
	Repeated              // known before; nothing changed
	Rejected              // cannot be stored, now or later
)

// String names the state: stored, repeated, rejected.
func (s State) String() string { return [...]string{"stored", "repeated", "rejected"}[s] }

// Reason says why an item is rejected: a short word for a counter.
type Reason string

// The reasons.
const (
	ReasonTraceID  Reason = "trace_id"  // not 1 to 32 hex digits, or all zero
	ReasonSpanID   Reason = "span_id"   // not 1 to 16 hex digits, or all zero
	ReasonNoOp     Reason = "no_op"     // an unsampled span of Mastra 0.x
	ReasonEncode   Reason = "encode"    // a value that is not JSON
	ReasonTooLarge Reason = "too_large" // more than MaxSpanBytes
	ReasonRecordID Reason = "record_id" // a record without an id
	ReasonKind     Reason = "kind"      // a record that is no log, metric, score or feedback
)

// Result is the account of a batch.
type Result struct {
	Spans   []Outcome // one for each of Batch.Spans, in order
	Records []Outcome // one for each of Batch.Records, in order
	Commit  uint64    // number of the commit that has it all
}

// Count adds up the outcomes of spans and records: stored + repeated + the sum of rejected = all items.
func (r Result) Count() (stored, repeated int, rejected map[Reason]int) {
	for _, outcomes := range [][]Outcome{r.Spans, r.Records} {
		for _, o := range outcomes {
			switch o.State {
			case Stored:
				stored++
			case Repeated:
				repeated++
			case Rejected:
				if rejected == nil {
					rejected = map[Reason]int{}
				}
				rejected[o.Reason]++
			}
		}
	}
	return stored, repeated, rejected
}
