// Package facts derives from spans and records what a store has to know about them: ids, times, tokens, cost, service,
// facets, and what a trace is in sum. Both stores use it, so that both mean the same.
package facts

import (
	"encoding/hex"
	"math"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// TraceID is a trace id in binary.
type TraceID [16]byte

// Text is the id in its long form.
func (id TraceID) Text() span.TraceID { return span.TraceID(hex.EncodeToString(id[:])) }

// SpanID is a span id as a number; 0 is none.
type SpanID uint64

// Text is the id in its long form, empty for none.
func (id SpanID) Text() span.ID {
	if id == 0 {
		return ""
	}
	var b [8]byte
	for i := range b {
		b[i] = byte(id >> (56 - 8*i))
	}
	return span.ID(hex.EncodeToString(b[:]))
}

// ParseTraceID reads an id as a store is asked for it.
func ParseTraceID(id span.TraceID) (TraceID, bool) { return id.Bytes() }

// ParseSpanID reads an id as a store is asked for it.
func ParseSpanID(id span.ID) (SpanID, bool) {
	b, ok := id.Bytes()
	n := SpanID(0)
	for _, c := range b {
		n = n<<8 | SpanID(c)
	}
	return n, ok
}

// Span is what matters of a span.
type Span struct {
	Trace      TraceID
	ID, Parent SpanID

	Start    int64 // ns since 1970; the time of receipt when Clock
	Dur      int64 // ns; 0 while running
	Received int64 // ns

	Root, Running, Event, Failed, Clock bool

	Name, Type, Model string
	Service           string // its own, if any
	Resource          bool   // Service is the resource's

	Tokens span.Tokens
	Cost   int64 // nano-dollars
	Priced bool  // Cost is known

	Source *span.Span
}

// End is when it ended: Start while it runs.
func (f *Span) End() int64 { return f.Start + f.Dur }

// Bounds of names: they become entries of dictionaries.
const (
	maxName = 512
	day     = 24 * time.Hour
	maxDur  = int64(100 * 365 * day) // so that Start + Dur is a time in ns
)

// Day is the UTC day of a time in ns, in days since 1970.
func Day(ns int64) int64 {
	d := ns / int64(day)
	if ns%int64(day) < 0 {
		d--
	}
	return d
}

// DayText writes a day as 2006-01-02.
func DayText(d int64) string { return time.Unix(d*86400, 0).UTC().Format(time.DateOnly) }

// ParseDay is the reverse of DayText.
func ParseDay(text string) (int64, bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Format(time.DateOnly) != text {
		return 0, false
	}
	return t.Unix() / 86400, true
}

// OfSpan derives what matters of an item, or says why it is rejected. A start later than tomorrow, or earlier than what
// is kept, is not credible.
func OfSpan(item store.Item, received time.Time, keep time.Duration) (Span, store.Reason) {
	s := item.Span
	f := Span{Source: s, Received: received.UnixNano()}
	if s.TraceID == span.NoOpTraceID || s.ID == span.NoOpID {
		return f, store.ReasonNoOp
	}
	var ok bool
	if f.Trace, ok = s.TraceID.Bytes(); !ok {
		return f, store.ReasonTraceID
	}
	if f.ID, ok = ParseSpanID(s.ID); !ok {
		return f, store.ReasonSpanID
	}
	f.Parent, _ = ParseSpanID(s.ParentID)
	f.Event = s.Event
	f.Running = !s.Event && s.End.IsZero()
	f.Root = !s.Event && (s.Root || s.ParentID == "")
	f.Failed = s.Error != nil
	f.Name = store.CutText(s.Name, maxName)
	f.Type = store.CutText(string(s.Type.Canonical()), maxName)
	f.times(s, received, keep)
	f.attributes(s, item.OwnUsage)
	f.Service, f.Resource = store.CutText(item.Service, maxName), item.Service != ""
	if f.Service == "" {
		name, _ := s.Metadata.Get("serviceName").Text()
		f.Service = store.CutText(name, maxName)
	}
	return f, ""
}

func (f *Span) times(s *span.Span, received time.Time, keep time.Duration) {
	start := s.Start
	if start.IsZero() {
		start = s.End
	}
	f.Dur = min(int64(s.Duration()), maxDur)
	tomorrow := received.UTC().Truncate(day).Add(2 * day) // the first moment that is not tomorrow any more
	if start.IsZero() || !start.Before(tomorrow) || keep > 0 && start.Before(received.Add(-keep)) || start.Year() < 1970 {
		f.Clock = true
		f.Start = f.Received
		return
	}
	f.Start = start.UnixNano()
}

// attributes reads model and cost in one pass, since each look-up reads the object whole.
func (f *Span) attributes(s *span.Span, ownUsage bool) {
	usage, response := false, ""
	for key, v := range s.Attributes.Members() {
		switch key {
		case "model":
			f.Model, _ = v.Text()
		case "responseModel":
			response, _ = v.Text()
		case "usage", "internalUsage":
			usage = true
		case "costContext":
			if usd, ok := v.Get("estimatedCost").Float(); ok {
				f.Cost, f.Priced = Nano(usd)
			}
		}
	}
	if f.Model == "" {
		f.Model = response
	}
	f.Model = store.CutText(f.Model, maxName)
	if usage && !f.Running {
		f.Tokens = bounded(s.CountedTokens(!ownUsage || f.Type != string(span.TypeModelInference)))
	}
}

// bounded keeps sums from overflowing: no call has 2^40 tokens, and no sender may spoil the figures of others.
func bounded(t span.Tokens) span.Tokens {
	for _, n := range []*int{&t.Input, &t.Output, &t.Total, &t.Reasoning, &t.Cached} {
		*n = min(max(*n, 0), 1<<40)
	}
	return t
}

// Nano turns dollars into nano-dollars; not ok for what is no price.
func Nano(usd float64) (int64, bool) {
	if !(usd >= 0 && usd <= 1e6) { // also NaN
		return 0, false
	}
	return int64(math.Round(usd * 1e9)), true
}

// EndOf makes of a running span and the first finished version of it one span: it began when the first said so. known
// is what the store has, with a cost that metrics may have told.
func EndOf(known, end *Span) Span {
	f := *end
	if !f.Clock && !known.Clock {
		f.Dur = min(max(0, end.End()-known.Start), maxDur)
	}
	f.Start, f.Clock = known.Start, known.Clock
	f.Root = known.Root || end.Root
	if f.Event {
		f.Dur = 0
	}
	return f
}

// Floor rounds a time down to a multiple of step.
func Floor(t, step int64) int64 {
	if r := t % step; r < 0 {
		return t - r - step
	}
	return t - t%step
}
