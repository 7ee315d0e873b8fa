package store

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// QuietAfter is how long nothing must have arrived for a trace without a root before it counts as incomplete.
const QuietAfter = 10 * time.Minute

// Status says how a trace or a span ended.
type Status uint8

// The statuses. Spans have no StatusIncomplete.
const (
	StatusAny        Status = iota // of a filter: no matter which
	StatusRunning                  // has no end yet, or its root has not arrived
	StatusSuccess                  // ended without an error
	StatusError                    // has an error
	StatusIncomplete               // its root is missing, and it is quiet
)

var statusNames = [...]string{"", "running", "success", "error", "incomplete"}

// String names the status: running, success, error, incomplete.
func (s Status) String() string {
	if int(s) >= len(statusNames) {
		return ""
	}
	return statusNames[s]
}

// Summary is a trace as a list shows it.
type Summary struct {
	TraceID    span.TraceID // 32 lower-case digits
	Name       string       // of its root; until that arrives, of the span that started first
	Type       span.Type    // of the same span, canonical
	Service    string
	Status     Status
	SpanErrors int // failed spans anywhere
	Spans      int
	Start      time.Time     // of its earliest span, UTC
	Duration   time.Duration // from Start to the latest end; so far, while it runs
	Tokens     span.Tokens
	Cost       *Cost // nil: not known
	Tags       []string
	User       string // metadata userId; the first by name, when spans differ
	Thread     string // metadata threadId; likewise
	Preview    string // last text of the user, or the tool's arguments; at most 200 bytes
	Day        string // UTC day of the file that has it, such as 2026-11-22; a hint for TraceOptions
}

// Cost is money in nano-dollars: 1e9 are one USD.
type Cost int64

// USD is the cost in dollars.
func (c Cost) USD() float64 { return float64(c) / 1e9 }

// Page is part of a list.
type Page struct {
	Traces   []Summary
	Next     string // cursor of the next page; empty at the end
	Searched Searched
	Commit   uint64 // number of the latest commit that the list has seen; an ETag
}

// Searched says how far a search came that has a budget. A list without one is always Done.
type Searched struct {
	From  time.Time // start of the oldest trace looked at; zero when none was
	Bytes int64     // unpacked bytes looked at
	Done  bool      // false: the budget ended it; go on with Page.Next
}
