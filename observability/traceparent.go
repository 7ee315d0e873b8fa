package observability

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tailrace-go/tailrace/span"
)

// Traceparent is the value of the header of that name: which trace a request belongs to.
//
// W3C Trace Context, https://www.w3.org/TR/trace-context/
type Traceparent struct {
	TraceID  span.TraceID // 32 hex digits
	ParentID span.ID      // of the caller's span, 16 hex digits
	Sampled  bool         // whether the caller records the trace
}

// ErrTraceparent is matched by the errors of [ParseTraceparent].
var ErrTraceparent = errors.New("observability: no valid traceparent")

const (
	headerParent = "Traceparent"
	headerState  = "Tracestate"
	stateKey     = "tailrace"
	maxState     = 512 // bytes of tracestate that are passed on, as the standard has it
	maxMembers   = 32
)

// ParseTraceparent reads a header. It takes a version that is not known yet by what it has in common with version 00.
func ParseTraceparent(header string) (Traceparent, error) {
	var t Traceparent
	fail := func(what string) (Traceparent, error) {
		return Traceparent{}, fmt.Errorf("%w: %s", ErrTraceparent, what)
	}
	if len(header) < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return fail("not of the form 00-<32 hex digits>-<16>-<2>")
	}
	version, flags := header[:2], header[53:55]
	t.TraceID, t.ParentID = span.TraceID(header[3:35]), span.ID(header[36:52])
	switch {
	case !lowerHex(version) || version == "ff":
		return fail("the version is not one")
	case version == "00" && len(header) != 55, len(header) > 55 && header[55] != '-':
		return fail("there is something behind the flags")
	case !t.TraceID.Valid():
		return fail("the trace id is not one")
	case !t.ParentID.Valid():
		return fail("the parent id is not one")
	case !lowerHex(flags):
		return fail("the flags are not hex digits")
	}
	bits, _ := hex.DecodeString(flags)
	t.Sampled = bits[0]&1 != 0
	return t, nil
}

func lowerHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// String writes the header.
func (t Traceparent) String() string {
	flags := "00"
	if t.Sampled {
		flags = "01"
	}
	return "00-" + string(t.TraceID) + "-" + string(t.ParentID) + "-" + flags
}

// Traceparent is what to tell others of the span: "" for one that is nil, and for one of an excluded type with nothing
// recorded above it.
func (s *Span) Traceparent() string {
	id := s.ID()
	if id == "" {
		return ""
	}
	return Traceparent{s.TraceID(), id, s.trace != nil}.String()
}

// remote is a span in another process.
type remote struct {
	sampled bool
	ours    bool   // it is exported by this library, so it will be where ours are
	others  string // tracestate of other vendors
}

// sampledElsewhere reports whether s is in another process, which records the trace.
func (s *Span) sampledElsewhere() bool { return s.remote != nil && s.remote.sampled }

// Inject tells the one who gets the headers, by traceparent and tracestate, which span of ctx has caused the request.
// Without a span it changes nothing.
func Inject(ctx context.Context, h http.Header) {
	if ctx == nil {
		return
	}
	s, _ := ctx.Value(spanKey).(*Span)
	if b := (*Tracer)(nil).bridgeFor(s); b != nil {
		if inner, ok := innermost(ctx, b, s); ok {
			injectInner(inner, h)
			return
		}
	}
	parent := s.Traceparent()
	if parent == "" {
		return
	}
	if s.remote != nil { // nothing has started here: what came in goes on
		h.Set(headerParent, Traceparent{s.TraceID(), s.ID(), s.remote.sampled}.String())
		h.Del(headerState)
		if s.remote.others != "" {
			h.Set(headerState, s.remote.others)
		}
		return
	}
	h.Set(headerParent, parent)
	if s.trace != nil {
		h.Set(headerState, joinState(stateKey+"="+string(s.ID()), s.trace.state))
	}
}

// Extract returns a context in which a trace goes on that began in another process: with the id, and the decision
// whether it is recorded, that traceparent has. The next span started with it is a child of the caller's span if that is
// exported by this library too, which tracestate says; else the first of its trace, with the other one as its
// [span.Span.ExternalParentID]. Without a valid traceparent, or with a span in ctx already, it returns ctx.
func Extract(ctx context.Context, h http.Header) context.Context {
	headers := h.Values(headerParent)
	if len(headers) != 1 || FromContext(ctx) != nil {
		return ctx
	}
	parent, err := ParseTraceparent(headers[0])
	if err != nil {
		return ctx
	}
	c := &spanContext{Context: ctx}
	c.span.ids.trace, _ = parent.TraceID.Bytes()
	c.span.ids.span, _ = parent.ParentID.Bytes()
	own, others := splitState(h.Values(headerState))
	c.span.remote = &remote{sampled: parent.Sampled, ours: own == string(parent.ParentID), others: others}
	return c
}

// splitState takes our own member out of tracestate, and keeps as many of the others as may be passed on.
func splitState(headers []string) (own, others string) {
	var kept []string
	size := 0
	for _, header := range headers {
		for member := range strings.SplitSeq(header, ",") {
			member = strings.Trim(member, " \t")
			name, value, ok := strings.Cut(member, "=")
			switch {
			case !ok || name == "" || !printable(member):
			case name == stateKey:
				own = value
			case len(kept) < maxMembers-1 && size+len(member)+1 <= maxState:
				kept = append(kept, member)
				size += len(member) + 1
			}
		}
	}
	return own, strings.Join(kept, ",")
}

func joinState(own, others string) string {
	if others == "" {
		return own
	}
	return own + "," + others
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
