package otlp

import (
	"encoding/hex"
	"math"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// Assembler makes spans of ours from OpenTelemetry spans that are in memory, part by part: the same span that [Decode]
// makes of one that came as a body of its own, without the body. It uses its scratch room again, so one that is kept
// costs few allocations a span. It is for one goroutine at a time.
//
// [Assembler.Resource] and [Assembler.Scope] say what the spans that follow are of, and hold until they are said anew.
// [Assembler.Span] begins a span, [Assembler.Event] and [Assembler.Link] a part of it. Attributes belong to what was begun
// last: [Assembler.Key], then one value. [Assembler.End] returns the span.
type Assembler struct {
	c      collector
	part   part
	schema string // of the resource
	scope  scopeHead
	event  event
	link   link

	attr   attr          // that is being said
	keyed  bool          // its value is due, or that of a member
	muted  bool          // its value is not kept
	fault  intake.Reason // of its value
	opened []byte        // brackets that are open in it
}

// part is what was begun last.
type part uint8

const (
	partNone part = iota
	partResource
	partScope
	partSpan
	partEvent
	partLink
)

// NewAssembler makes an assembler of spans within limits, of which MaxKeys, MaxStringBytes, MaxDepth and MaxRecordBytes
// count; the latter here bounds the JSON of a span's attributes. The error matches [intake.ErrConfig].
func NewAssembler(limits intake.Limits) (*Assembler, error) {
	l, err := limits.WithDefaults()
	if err != nil {
		return nil, err
	}
	return &Assembler{c: collector{limits: l}}, nil
}

// StatusCode is the code of an OpenTelemetry status; the numbers are those of OTLP.
type StatusCode uint8

// The status codes.
const (
	StatusUnset StatusCode = 0
	StatusOK    StatusCode = 1
	StatusError StatusCode = 2
)

// SpanHead is what an OpenTelemetry span has once.
type SpanHead struct {
	TraceID                     [16]byte
	ID, Parent                  [8]byte // a parent of zeros is none
	TraceState                  string
	Flags                       uint32 // as OTLP has them: W3C's, and whether the parent is remote; 0 says nothing
	Name                        string
	Kind                        span.Kind // as OTLP numbers them: 0 to 5
	Start, End                  time.Time // zero: none
	Status                      StatusCode
	Message                     string // of the status
	Dropped                     int    // attributes that were left out before, and events and links
	DroppedEvents, DroppedLinks int
}

// LinkHead is what a link has beside its attributes.
type LinkHead struct {
	TraceID    [16]byte
	ID         [8]byte
	TraceState string
	Flags      uint32 // as OTLP has them: W3C's, and whether what it leads to is remote; 0 says nothing
	Dropped    int    // attributes that were left out before
}

// ScopeHead is what an instrumentation scope has beside its attributes.
type ScopeHead struct {
	Name, Version string
	SchemaURL     string
	Dropped       int // attributes that were left out before
}

// Resource begins a resource, whose attributes follow; an empty schemaURL says nothing.
func (a *Assembler) Resource(schemaURL string) {
	a.close()
	a.part = partResource
	a.c.span.reset()
	a.schema = schemaURL
}

// Scope begins an instrumentation scope, whose attributes follow.
func (a *Assembler) Scope(h ScopeHead) {
	a.close()
	a.part = partScope
	a.c.span.reset()
	a.scope = scopeHead{h.Name, h.Version, h.SchemaURL, count(h.Dropped)}
}

// Span begins a span. One that was begun and not ended is forgotten.
func (a *Assembler) Span(h SpanHead) {
	a.close()
	a.part = partSpan
	s := &a.c.span
	s.reset()
	var ids [64]byte
	hex.Encode(ids[:32], h.TraceID[:])
	hex.Encode(ids[32:48], h.ID[:])
	hex.Encode(ids[48:], h.Parent[:])
	text := string(ids[:])
	s.traceID, s.id = span.TraceID(text[:32]), span.ID(text[32:48])
	if h.Parent != [8]byte{} {
		s.parent = span.ID(text[48:])
	}
	s.traceState = strings.ToValidUTF8(h.TraceState, "\uFFFD")
	s.name = strings.ToValidUTF8(h.Name, "\uFFFD")
	s.message = strings.ToValidUTF8(h.Message, "\uFFFD")
	s.kind, s.status, s.flags = uint64(h.Kind), uint64(h.Status), uint64(h.Flags)
	s.start, s.end = nanos(h.Start), nanos(h.End)
	s.dropped, s.droppedEvents, s.droppedLinks = count(h.Dropped), count(h.DroppedEvents), count(h.DroppedLinks)
}

// Event begins an event of the span. dropped attributes of it were left out before.
func (a *Assembler) Event(at time.Time, name string, dropped int) {
	a.close()
	a.part = partEvent
	a.event = event{time: nanos(at), name: name, dropped: count(dropped), attrs: a.c.span.newList()}
}

// Link begins a link of the span.
func (a *Assembler) Link(h LinkHead) {
	a.close()
	a.part = partLink
	a.link = link{traceState: h.TraceState, flags: uint64(h.Flags), dropped: count(h.Dropped), attrs: a.c.span.newList()}
	a.link.traceID, _ = span.TraceID(hex.EncodeToString(h.TraceID[:])).W3C()
	a.link.id, _ = span.ID(hex.EncodeToString(h.ID[:])).W3C()
}

// End returns the span that was begun. The error is an [intake.Rejection] that says why it is none. The span is the
// caller's, and frozen.
func (a *Assembler) End() (Item, error) {
	if a.close(); a.part == partNone {
		a.c.span.reset()
	}
	a.part = partNone
	c := &a.c
	c.next, c.shared = 0, c.limits.MaxBodyBytes
	c.batch = Batch{Items: c.batch.Items[:0], Rejected: c.batch.Rejected[:0]}
	c.finish()
	clear(c.fields) // whose values would keep the text of the span
	if len(c.batch.Rejected) > 0 {
		return Item{}, c.batch.Rejected[0]
	}
	ownUsage(c.batch.Items)
	item := c.batch.Items[0]
	c.batch.Items[0] = Item{}
	const most = 64 << 10 // one large span must not keep its room for ever
	if cap(c.span.text) > most {
		c.span.text = nil
	}
	if cap(c.scratch) > most {
		c.scratch = nil
	}
	return item, nil
}

// close ends an event, a link, a resource or a scope that was begun. A span stays open for its parts.
func (a *Assembler) close() {
	for len(a.opened) > 0 {
		a.Close()
	}
	if a.keyed {
		a.Empty()
	}
	c, s := &a.c, &a.c.span
	switch a.part {
	case partResource:
		c.ownResource(s.attrs, a.schema)
		a.part = partNone
	case partScope:
		c.ownScope(a.scope, s.attrs)
		a.part = partNone
	case partEvent:
		a.part = partSpan
		if len(s.events) == c.limits.MaxKeys {
			s.moreEvents++
			return
		}
		s.keepList(a.event.attrs)
		s.events = append(s.events, a.event)
	case partLink:
		a.part = partSpan
		if len(s.links) == c.limits.MaxKeys {
			s.moreLinks++
			return
		}
		s.keepList(a.link.attrs)
		s.links = append(s.links, a.link)
	}
}

// into is the list that attributes go to, the field they are of, and how many brackets will be around a value.
func (a *Assembler) into() (to *list, field string, depth int) {
	switch a.part {
	case partResource:
		return &a.c.span.attrs, "resource", 1
	case partScope:
		return &a.c.span.attrs, "scope", 2
	case partEvent:
		return &a.event.attrs, "events", 3
	case partLink:
		return &a.link.attrs, "links", 3
	}
	return &a.c.span.attrs, "attributes", 1
}

// beyond reports whether the event or link is one too many, of which nothing is kept.
func (a *Assembler) beyond() bool {
	s := &a.c.span
	return a.part == partEvent && len(s.events) == a.c.limits.MaxKeys || a.part == partLink && len(s.links) == a.c.limits.MaxKeys
}

// nanos is a time in ns since 1970; 0 for none, and for one that OTLP has no number for.
func nanos(t time.Time) uint64 {
	const second = uint64(time.Second)
	s := uint64(t.Unix()) // far too many for one before 1970
	if s > math.MaxUint64/second {
		return 0
	}
	ns := s*second + uint64(t.Nanosecond())
	if ns < s*second {
		return 0
	}
	return ns
}

// count is a number that OTLP counts in 32 bits.
func count(n int) uint64 { return uint64(min(max(n, 0), math.MaxUint32)) }
