package observability

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/tailrace-go/tailrace/span"
)

// Bridge joins the traces of a [Tracer] with those of another tracing system in the same process, whose spans go to the
// same place: a span of ours that starts below one of theirs is its child, and one of theirs below ours likewise. The
// innermost span in the context is the parent, and whether the trace is recorded is inherited with it.
//
// connectors/otel has the one for OpenTelemetry. Its methods are called by many goroutines at once.
type Bridge interface {
	// Current returns the other system's span in ctx, ok false if there is none.
	Current(ctx context.Context) (s BridgedSpan, ok bool)
	// With returns a context in which s, a span of ours, is the current one for the other system: Current then returns
	// its ids.
	With(ctx context.Context, s BridgedSpan) context.Context
}

// BridgedSpan is what two tracing systems have to know of each other's spans.
type BridgedSpan struct {
	TraceID [16]byte
	ID      [8]byte // all zero: there is a trace, but no span in it yet
	Sampled bool    // whether the trace is recorded
	Remote  bool    // the span is in another process
	State   string  // tracestate, without the member of this library
}

// bridgeFor is the bridge of the tracer, or of the trace that goes on.
func (t *Tracer) bridgeFor(parent *Span) Bridge {
	switch {
	case parent != nil && parent.trace != nil:
		return parent.trace.in.bridge
	case t != nil && t.home != nil:
		return t.home.bridge
	}
	return nil
}

// innermost returns the other system's span in ctx if that is further in than ours is: if it is not the one that was put
// there for ours.
func innermost(ctx context.Context, b Bridge, ours *Span) (s BridgedSpan, ok bool) {
	s, ok = b.Current(ctx)
	if !ok || s.TraceID == [16]byte{} {
		return s, false
	}
	if ours == nil {
		return s, s.ID != [8]byte{}
	}
	trace, id := ours.bytes()
	return s, s.TraceID != trace || s.ID != id
}

// bytes are the ids of a span as others see them.
func (s *Span) bytes() (trace [16]byte, id [8]byte) {
	if s.trace == nil {
		return s.ids.trace, s.ids.span
	}
	trace, _ = s.trace.id.Bytes()
	id, _ = s.above.Bytes()
	return trace, id
}

// below starts a span whose parent is one of the other system. ours is the next span of ours above that one, nil if
// there is none.
func (t *Tracer) below(ctx context.Context, ours *Span, inner BridgedSpan, name string, attributes span.Attributes, opts []Option) (context.Context, *Span) {
	if !inner.Sampled {
		if ours != nil && ours.trace == nil && ours.remote == nil && ours.ids.trace == inner.TraceID {
			return ctx, ours // it says what there is to say
		}
		c := &spanContext{Context: ctx}
		c.span.ids = ids{inner.TraceID, inner.ID}
		return c, &c.span
	}
	if ours != nil && ours.trace != nil {
		if trace, _ := ours.trace.id.Bytes(); trace == inner.TraceID {
			return ours.childOf(ctx, &inner, name, attributes, opts)
		}
	}
	home := t
	if home == nil || home.home == nil {
		if ours == nil || ours.trace == nil {
			return ctx, ours // no tracer is known
		}
		home = &ours.trace.in.home.tracer // the trace is another one, and its instance is chosen anew
	}
	own, others := splitState([]string{inner.State})
	id := span.ID(hex.EncodeToString(inner.ID[:]))
	from := &Span{
		ids:    ids{inner.TraceID, inner.ID},
		remote: &remote{sampled: true, ours: !inner.Remote || own == string(id), others: others},
	}
	return home.home.root(ctx, from, name, attributes, opts)
}

// cross makes a new span the current one of the other system too.
func (s *Span) cross(c *spanContext) {
	b := s.trace.in.bridge
	if b == nil {
		return
	}
	trace, id := s.bytes()
	c.Context = b.With(c.Context, BridgedSpan{TraceID: trace, ID: id, Sampled: true, State: s.trace.state})
}

// crossUnsampled tells the other system not to record what is below either.
func (s *Span) crossUnsampled(c *spanContext, b Bridge) {
	if b != nil {
		c.Context = b.With(c.Context, BridgedSpan{TraceID: s.ids.trace, ID: s.ids.span})
	}
}

// injectInner is Inject where a span of the other system is further in than ours.
func injectInner(s BridgedSpan, h http.Header) {
	id := span.ID(hex.EncodeToString(s.ID[:]))
	h.Set(headerParent, Traceparent{span.TraceID(hex.EncodeToString(s.TraceID[:])), id, s.Sampled}.String())
	_, state := splitState([]string{s.State})
	if s.Sampled && !s.Remote {
		state = joinState(stateKey+"="+string(id), state)
	}
	h.Del(headerState)
	if state != "" {
		h.Set(headerState, state)
	}
}
