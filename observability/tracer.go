package observability

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/tailrace-go/tailrace/span"
)

// Tracer starts spans. A nil Tracer starts none, and everything goes on. Make one with [New].
type Tracer struct{ home *Observability }

// Start begins a span and returns it with a context for what happens below it. The type of the span follows from the Go
// type of attributes; nil means [span.Generic]. The span is recorded when End is called on it, and not if that never
// happens.
//
// If ctx has a span, the new one is its child: it belongs to the same trace and instance. Else a trace starts, and the
// instance and its sampling are decided for all that comes below. In a trace that is not recorded, Start costs a look
// into ctx and allocates nothing but what options carry; its methods do nothing.
//
// The span is never nil, except where there is no tracer; its methods work on nil.
func (t *Tracer) Start(ctx context.Context, name string, attributes span.Attributes, opts ...Option) (context.Context, *Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	parent, _ := ctx.Value(spanKey).(*Span)
	if b := t.bridgeFor(parent); b != nil {
		if inner, ok := innermost(ctx, b, parent); ok {
			return t.below(ctx, parent, inner, name, attributes, opts)
		}
	}
	switch {
	case parent == nil:
	case parent.trace != nil:
		return parent.child(ctx, name, attributes, opts)
	case !parent.sampledElsewhere():
		return ctx, parent
	}
	if t == nil || t.home == nil {
		return ctx, nil
	}
	return t.home.root(ctx, parent, name, attributes, opts)
}

// Start begins a span below the one in ctx, with the tracer of that. Where there is none it returns ctx and nil, and
// nothing is recorded: so a library can be traced without being given a tracer.
func Start(ctx context.Context, name string, attributes span.Attributes, opts ...Option) (context.Context, *Span) {
	return (*Tracer)(nil).Start(ctx, name, attributes, opts...)
}

// trace is what the spans of one trace share.
type trace struct {
	in                    *instance
	id                    span.TraceID
	started               time.Time
	tags                  []string
	parent                span.ID // of the first span, in another process
	external              span.ID // the same, in another tracing system
	state                 string  // tracestate, to be passed on
	hideInput, hideOutput bool
}

// now is the time in this trace: that of the wall clock when it started, and a steady clock from then on.
func (t *trace) now() time.Time { return t.started.Add(time.Since(t.started)) }

// root starts a trace, or the part of one that is in this process.
func (o *Observability) root(ctx context.Context, from *Span, name string, attributes span.Attributes, opts []Option) (context.Context, *Span) {
	var set settings
	if run, ok := ctx.Value(runKey).([]Option); ok {
		set.apply(run)
	}
	set.apply(opts)
	if set.rootName != "" {
		name = set.rootName
	}
	root := Root{Name: name, Type: typeOf(attributes), Metadata: set.metadata}
	switch {
	case from != nil:
		root.trace = from.ids.trace
	case set.traceID != "":
		var ok bool
		if root.trace, ok = set.traceID.Bytes(); !ok {
			o.odd("WithTraceID: not 1 to 32 hex digits, or all zero; the id is not used")
			root.trace = newTraceID()
		}
	default:
		root.trace = newTraceID()
	}

	in := o.choose(ctx, root)
	if picked := pickRequest(ctx, in, set.keys); picked != nil {
		root.Metadata = joined(picked, set.metadata)
	}
	sampled := from != nil
	if !sampled && in.cfg.Sampling.kind == samplingFunc {
		o.guard(in.sampling, func() { sampled = in.cfg.Sampling.keeps(ctx, root) })
	} else if !sampled {
		sampled = in.cfg.Sampling.keeps(ctx, root)
	}
	c := &spanContext{Context: ctx}
	s := &c.span
	if !sampled || in.disabled != "" {
		s.ids = ids{root.trace, newID()}
		if in.disabled == "" {
			s.crossUnsampled(c, in.bridge)
		}
		return c, s
	}

	s.trace = &trace{
		in: in, id: root.TraceID(), started: time.Now(), tags: set.tags,
		hideInput: set.hideInput || in.cfg.HideInput, hideOutput: set.hideOutput || in.cfg.HideOutput,
	}
	if from != nil {
		s.trace.state = from.remote.others
		if from.remote.ours {
			s.trace.parent = span.ID(hex.EncodeToString(from.ids.span[:]))
		} else {
			s.trace.external = span.ID(hex.EncodeToString(from.ids.span[:]))
		}
	}
	if set.parentID != "" {
		id, ok := set.parentID.W3C()
		if !ok {
			o.odd("WithParentID: not 1 to 16 hex digits, or all zero; the id is not used")
		} else {
			s.trace.parent, s.trace.external = "", id
		}
	}
	metadata := joined(map[string]any{"serviceName": in.service}, root.Metadata)
	s.begin(nil, nil, name, attributes, &set, metadata)
	s.cross(c)
	return c, s
}

// child starts a span below a recorded one.
func (s *Span) child(ctx context.Context, name string, attributes span.Attributes, opts []Option) (context.Context, *Span) {
	return s.childOf(ctx, nil, name, attributes, opts)
}

// childOf starts a span below a recorded one, with a span of the other system between them if inner is not nil.
func (s *Span) childOf(ctx context.Context, inner *BridgedSpan, name string, attributes span.Attributes, opts []Option) (context.Context, *Span) {
	var set settings
	set.apply(opts)
	c := &spanContext{Context: ctx}
	c.span.trace = s.trace
	c.span.begin(s, inner, name, attributes, &set, set.metadata)
	c.span.cross(c)
	return c, &c.span
}

// odd says once what is wrong with an option, which has no other way to say so.
func (o *Observability) odd(what string) {
	o.oddities.do(what, func() { o.logger.Warn("observability: " + what) })
}

// pickRequest is what the instance and the run want of the request context.
func pickRequest(ctx context.Context, in *instance, keys []string) map[string]any {
	if len(in.cfg.RequestContextKeys) == 0 && len(keys) == 0 {
		return nil
	}
	values, _ := ctx.Value(requestKey).(map[string]any)
	return pick(values, in.cfg.RequestContextKeys, keys)
}

// setAttributes sets the type and the attributes of d.
func setAttributes(d *span.Span, a span.Attributes) {
	d.Type, d.Attributes = span.TypeGeneric, "{}"
	if a == nil {
		return
	}
	defer func() {
		if recover() != nil {
			d.Attributes = `{"error":"[Panic]"}`
		}
	}()
	d.SetAttributes(unseen(a))
}

// typeOf and textOf ask attributes, which may be anybody's and then may panic.
func typeOf(a span.Attributes) (typ span.Type) {
	typ = span.TypeGeneric
	if a == nil {
		return typ
	}
	defer func() { _ = recover() }()
	return unseen(a).SpanType()
}

func textOf(a span.Attributes) (text span.Value) {
	if a == nil {
		return "{}"
	}
	defer func() {
		if recover() != nil {
			text = `{"error":"[Panic]"}`
		}
	}()
	return span.Value(unseen(a).AppendJSON(nil))
}

// unseen returns a so that the compiler does not see it come out. Else it would have to think that AppendJSON may keep
// a, and put the attributes of every call of Start on the heap, also of those that record nothing. That AppendJSON and
// SpanType keep nothing is the rule of [span.Attributes].
//
//go:nosplit
func unseen(a span.Attributes) span.Attributes {
	words := *(*[2]uintptr)(unsafe.Pointer(&a))        //nolint:gosec // an interface is two words, and stays alive in a
	return *(*span.Attributes)(unsafe.Pointer(&words)) //nolint:gosec // the same two words
}

// newTraceID and newID are span.NewTraceID and span.NewID before they become text.
func newTraceID() (id [16]byte) {
	binary.LittleEndian.PutUint64(id[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64()|1) // not all zero, which means none
	return id
}

func newID() (id [8]byte) {
	binary.LittleEndian.PutUint64(id[:], rand.Uint64()|1)
	return id
}
