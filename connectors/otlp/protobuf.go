package otlp

import (
	"encoding/hex"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// The field numbers are those of opentelemetry-proto: collector/trace/v1, trace/v1, common/v1, resource/v1.

func (c *collector) protobuf(body []byte) error {
	n, err := countProtobuf(body, c.limits.MaxRecords)
	if err != nil {
		return err
	}
	if n > c.limits.MaxRecords {
		return tooMany(c.limits)
	}
	c.batch.Items = make([]Item, 0, n)
	request := fields{rest: body}
	for request.next() {
		if !request.is(1) { // resource_spans
			continue
		}
		if err := c.protoResource(request.bytes); err != nil {
			return err
		}
		scopes := fields{rest: request.bytes}
		for scopes.next() {
			if !scopes.is(2) { // scope_spans
				continue
			}
			if err := c.protoScope(scopes.bytes); err != nil {
				return err
			}
			spans := fields{rest: scopes.bytes}
			for spans.next() {
				if spans.is(2) { // spans
					c.protoSpan(spans.bytes)
				}
			}
		}
	}
	return nil
}

// countProtobuf counts the spans, up to one more than most, and finds out whether the messages around them are sound.
func countProtobuf(body []byte, most int) (int, error) {
	n := 0
	request := fields{rest: body}
	for request.next() {
		if !request.is(1) {
			continue
		}
		scopes := fields{rest: request.bytes}
		for scopes.next() {
			if !scopes.is(2) {
				continue
			}
			spans := fields{rest: scopes.bytes}
			for spans.next() {
				if !spans.is(2) {
					continue
				}
				if n++; n > most {
					return n, nil
				}
			}
			if spans.broken {
				return 0, brokenProtobuf("ScopeSpans")
			}
		}
		if scopes.broken {
			return 0, brokenProtobuf("ResourceSpans")
		}
	}
	if request.broken {
		return 0, brokenProtobuf("ExportTraceServiceRequest")
	}
	return n, nil
}

func brokenProtobuf(message string) error {
	return fmt.Errorf("%w: broken protobuf in a %s", intake.ErrBody, message)
}

// protoResource reads the resource of a ResourceSpans, which may stand behind the spans.
func (c *collector) protoResource(b []byte) error {
	c.span.reset()
	r := &protoReader{collector: c, lenient: true}
	var schema string
	group := fields{rest: b}
	for group.next() {
		if group.is(3) { // schema_url
			schema = valid(group.bytes)
		}
		if !group.is(1) { // resource
			continue
		}
		resource := fields{rest: group.bytes}
		for resource.next() {
			if resource.is(1) {
				r.attribute(&c.span.attrs, "resource", resource.bytes, 1)
			}
		}
		if resource.broken || c.span.bad.Reason != "" {
			return brokenProtobuf("Resource")
		}
	}
	c.ownResource(c.span.attrs, schema)
	return nil
}

// protoScope reads the scope of a ScopeSpans.
func (c *collector) protoScope(b []byte) error {
	c.span.reset()
	r := &protoReader{collector: c, lenient: true}
	var h scopeHead
	group := fields{rest: b}
	for group.next() {
		if group.is(3) { // schema_url
			h.schema = view(group.bytes)
		}
		if !group.is(1) { // scope
			continue
		}
		scope := fields{rest: group.bytes}
		for scope.next() {
			switch {
			case scope.is(1):
				h.name = view(scope.bytes)
			case scope.is(2):
				h.version = view(scope.bytes)
			case scope.is(3):
				r.attribute(&c.span.attrs, "scope", scope.bytes, 2)
			case scope.num == 4 && scope.typ == protowire.VarintType:
				h.dropped = uint64(uint32(scope.n)) // a uint32 on the wire
			}
		}
		if scope.broken || c.span.bad.Reason != "" {
			return brokenProtobuf("InstrumentationScope")
		}
	}
	c.ownScope(h, c.span.attrs)
	return nil
}

// protoReader reads one span, or a resource or scope, into the collector's scratch.
type protoReader struct {
	*collector
	lenient bool // a value that is nested too deep becomes a mark, since it is no one span's fault
}

func (c *collector) protoSpan(b []byte) {
	c.span.reset()
	s := &c.span
	if len(b) > c.limits.MaxRecordBytes {
		s.fail("record", intake.ReasonTooLarge)
		c.finish()
		return
	}
	r := &protoReader{collector: c}
	f := fields{rest: b}
	for f.next() && s.bad.Reason == "" {
		switch {
		case f.typ == protowire.BytesType:
			r.spanPart(&f)
		case f.num == 6 && f.typ == protowire.VarintType:
			s.kind = f.n
		case f.num == 7 && f.typ == protowire.Fixed64Type:
			s.start = f.n
		case f.num == 8 && f.typ == protowire.Fixed64Type:
			s.end = f.n
		case f.num == 10 && f.typ == protowire.VarintType:
			s.dropped = uint64(uint32(f.n)) // a uint32 on the wire
		case f.num == 12 && f.typ == protowire.VarintType:
			s.droppedEvents = uint64(uint32(f.n))
		case f.num == 14 && f.typ == protowire.VarintType:
			s.droppedLinks = uint64(uint32(f.n))
		case f.num == 16 && f.typ == protowire.Fixed32Type:
			s.flags = f.n
		}
	}
	if f.broken {
		s.fail("record", intake.ReasonSyntax)
	}
	c.finish()
}

func (r *protoReader) spanPart(f *fields) {
	s := &r.span
	switch f.num {
	case 1:
		s.traceID = span.TraceID(hexOf(f.bytes, 16))
	case 2:
		s.id = span.ID(hexOf(f.bytes, 8))
	case 3:
		s.traceState = valid(f.bytes)
	case 4:
		switch s.parent = span.ID(hexOf(f.bytes, 8)); {
		case strings.Trim(string(s.parent), "0") != "":
		case s.parent == "" && len(f.bytes) > 0:
			s.fail("parentSpanId", intake.ReasonType)
		default:
			s.parent = "" // none, also as zeros
		}
	case 5:
		s.name = valid(f.bytes)
	case 9:
		r.attribute(&s.attrs, "attributes", f.bytes, 1)
	case 11:
		r.event(f.bytes)
	case 13:
		r.link(f.bytes)
	case 15:
		r.status(f.bytes)
	}
}

// hexOf writes an id of n bytes in hex; "" for one of another length.
func hexOf(b []byte, n int) string {
	if len(b) != n {
		return ""
	}
	return hex.EncodeToString(b)
}

// valid is b as text.
func valid(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

func (r *protoReader) event(b []byte) {
	s := &r.span
	if len(s.events) == r.limits.MaxKeys {
		s.moreEvents++
		return
	}
	e := event{attrs: s.newList()}
	f := fields{rest: b}
	for f.next() {
		switch {
		case f.num == 1 && f.typ == protowire.Fixed64Type:
			e.time = f.n
		case f.is(2):
			e.name = view(f.bytes)
		case f.is(3):
			r.attribute(&e.attrs, "events", f.bytes, 3)
		case f.num == 4 && f.typ == protowire.VarintType:
			e.dropped = uint64(uint32(f.n)) // a uint32 on the wire
		}
	}
	if f.broken {
		s.fail("events", intake.ReasonSyntax)
	}
	s.keepList(e.attrs)
	s.events = append(s.events, e)
}

func (r *protoReader) link(b []byte) {
	s := &r.span
	if len(s.links) == r.limits.MaxKeys {
		s.moreLinks++
		return
	}
	k := link{attrs: s.newList()}
	f := fields{rest: b}
	for f.next() {
		switch {
		case f.is(1):
			k.traceID, _ = span.TraceID(hexOf(f.bytes, 16)).W3C()
		case f.is(2):
			k.id, _ = span.ID(hexOf(f.bytes, 8)).W3C()
		case f.is(3):
			k.traceState = view(f.bytes)
		case f.is(4):
			r.attribute(&k.attrs, "links", f.bytes, 3)
		case f.num == 5 && f.typ == protowire.VarintType:
			k.dropped = uint64(uint32(f.n)) // a uint32 on the wire
		case f.num == 6 && f.typ == protowire.Fixed32Type:
			k.flags = f.n
		}
	}
	if f.broken {
		s.fail("links", intake.ReasonSyntax)
	}
	s.keepList(k.attrs)
	s.links = append(s.links, k)
}

func (r *protoReader) status(b []byte) {
	s := &r.span
	f := fields{rest: b}
	for f.next() {
		switch {
		case f.is(2):
			s.message = valid(f.bytes)
		case f.num == 3 && f.typ == protowire.VarintType:
			s.status = f.n
		}
	}
	if f.broken {
		s.fail("status", intake.ReasonSyntax)
	}
}
