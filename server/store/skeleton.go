package store

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// TraceOptions says how much of a trace is wanted.
type TraceOptions struct {
	MaxSpans int    // spans of the skeleton, from the root downwards, level by level; 0 means 20,000, < 0 no limit
	Day      string // where to look first, from Summary.Day; empty or wrong costs some time only
}

// Skeleton is a trace without its payloads, in columns of equal length, one row a span. Rows are ordered by start, then
// id; with MaxSpans they are the rows nearest to the top. Name, Type, Service and Model are indices into Strings.
type Skeleton struct {
	Trace Summary

	ID      []span.ID // 16 lower-case digits
	Parent  []span.ID // empty for none; may be a span that is not here
	Name    []int32
	Type    []int32 // canonical
	Service []int32
	Model   []int32
	Start   []int64 // ns since 1970
	Dur     []int64 // ns; -1 while running; 0 for an event
	Status  []Status
	Event   []bool
	Clock   []bool // its start was not credible and was replaced by the time of receipt
	Tokens  []span.Tokens
	Cost    []*Cost // nil: not known

	Strings   []string // Strings[0] is ""
	Truncated bool     // MaxSpans left some out
	Commit    uint64   // an ETag
}

// Len is the number of rows.
func (k *Skeleton) Len() int { return len(k.ID) }

// Row is one row of a skeleton, for the live view.
type Row struct {
	ID, Parent                 span.ID
	Name, Type, Service, Model string
	Start, Dur                 int64 // ns, as in Skeleton
	Status                     Status
	Event, Clock               bool
	Tokens                     span.Tokens
	Cost                       *Cost
}

// FullSpan is a span with all that was sent. It is the caller's.
type FullSpan struct {
	Span     *span.Span // ids in their long form, times to the nanosecond
	Received time.Time  // the server's clock
	Clock    bool       // Span.Start is as sent, but the trace shows the time of receipt in its place
	Service  string
	Status   Status
	Tokens   span.Tokens // what it adds to its trace
	Cost     *Cost       // nil: not known
}

// Found is the answer to a search inside a trace.
type Found struct {
	Spans []span.ID // in order of start
	Done  bool      // false: the budget ended the search
}
