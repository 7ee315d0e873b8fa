package otlp

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/span"
)

// The field numbers are those of opentelemetry-proto: collector/trace/v1, trace/v1, common/v1, resource/v1.
var (
	memberResourceSpans = member{1, "resourceSpans"}

	memberResource   = member{1, "resource"}
	memberScopeSpans = member{2, "scopeSpans"}
	memberScope      = member{1, "scope"}
	memberSpans      = member{2, "spans"}

	memberResourceSchema = member{3, "schemaUrl"}
	memberScopeSchema    = member{3, "schemaUrl"}

	memberScopeName       = member{1, "name"}
	memberScopeVersion    = member{2, "version"}
	memberScopeAttributes = member{3, "attributes"}
	memberScopeDropped    = member{4, "droppedAttributesCount"}

	memberTraceID    = member{1, "traceId"}
	memberSpanID     = member{2, "spanId"}
	memberTraceState = member{3, "traceState"}
	memberParent     = member{4, "parentSpanId"}
	memberName       = member{5, "name"}
	memberKind       = member{6, "kind"}
	memberStart      = member{7, "startTimeUnixNano"}
	memberEnd        = member{8, "endTimeUnixNano"}
	memberAttributes = member{9, "attributes"}
	memberDropped    = member{10, "droppedAttributesCount"}
	memberEvents     = member{11, "events"}
	memberNoEvents   = member{12, "droppedEventsCount"}
	memberLinks      = member{13, "links"}
	memberNoLinks    = member{14, "droppedLinksCount"}
	memberStatus     = member{15, "status"}
	memberFlags      = member{16, "flags"}

	memberEventTime       = member{1, "timeUnixNano"}
	memberEventName       = member{2, "name"}
	memberEventAttributes = member{3, "attributes"}
	memberEventDropped    = member{4, "droppedAttributesCount"}

	memberLinkAttributes = member{4, "attributes"}
	memberLinkDropped    = member{5, "droppedAttributesCount"}
	memberLinkFlags      = member{6, "flags"}

	memberStatusMessage = member{2, "message"}
	memberStatusCode    = member{3, "code"}

	memberKey          = member{1, "key"}
	memberValue        = member{2, "value"}
	memberValues       = member{1, "values"}
	memberStringValue  = member{kindString, "stringValue"}
	memberBoolValue    = member{kindBool, "boolValue"}
	memberIntValue     = member{kindInt, "intValue"}
	memberDoubleValue  = member{kindDouble, "doubleValue"}
	memberArrayValue   = member{kindArray, "arrayValue"}
	memberKvlistValue  = member{kindList, "kvlistValue"}
	memberResourceAttr = member{1, "attributes"}
)

// told are the extra keys under which spans of OpenTelemetry keep what ours have no field for.
type told struct {
	kind, resource, schema, scope, events, links, state, flags, status, dropped, droppedEvents, droppedLinks span.Value

	any bool // it came by OTLP
}

func toldBy(s *span.Span) (t told) {
	for _, f := range s.Extra {
		var to *span.Value
		switch f.Key {
		case "kind":
			to = &t.kind
		case "resource":
			to = &t.resource
		case "schemaUrl":
			to = &t.schema
		case "scope":
			to = &t.scope
		case "events":
			to = &t.events
		case "links":
			to = &t.links
		case "traceState":
			to = &t.state
		case "flags":
			to = &t.flags
		case "droppedAttributes":
			to = &t.dropped
		case "droppedEvents":
			to = &t.droppedEvents
		case "droppedLinks":
			to = &t.droppedLinks
		case "status":
			to = &t.status
		default:
			continue
		}
		*to, t.any = f.Value, true
	}
	return t
}

// group writes a ResourceSpans with one span.
func (w *writer) group(s *span.Span, i *ids, t *told, service string) {
	var outer mark
	if w.json { // whose commas are the codec's business here
		w.b = append(w.b, '{')
	} else {
		outer = w.element(memberResourceSpans, long)
	}
	w.resource(t, service)
	w.list(memberScopeSpans)
	scope := w.element(memberScopeSpans, long)
	w.scope(t)
	w.list(memberSpans)
	one := w.element(memberSpans, long)
	w.span(s, i, t)
	w.close(one)
	w.endList()
	w.schema(memberScopeSchema, t.scope.Get("schemaUrl"))
	w.close(scope)
	w.endList()
	w.schema(memberResourceSchema, t.schema)
	w.close(outer)
}

func (w *writer) schema(m member, url span.Value) {
	if text, ok := url.Text(); ok {
		w.text(m, text)
	}
}

// serviceOf is the name of the service that a span is of, where its resource does not tell.
func serviceOf(s *span.Span, t *told, otherwise string) string {
	if !t.resource.Get("service.name").IsNull() {
		return ""
	}
	if own, ok := s.Metadata.Get("serviceName").Text(); ok && own != "" {
		return own
	}
	return otherwise
}

func (w *writer) resource(t *told, service string) {
	m := w.open(memberResource, long)
	w.list(memberResourceAttr)
	for key, v := range t.resource.Members() {
		w.attribute(memberResourceAttr, key, v)
	}
	if service != "" {
		w.attribute(memberResourceAttr, "service.name", span.Text(service))
	}
	w.endList()
	w.close(m)
}

func (w *writer) scope(t *told) {
	if t.any && t.scope.IsNull() {
		return
	}
	m := w.open(memberScope, short)
	defer w.close(m)
	name, ok := t.scope.Get("name").Text()
	if !ok {
		name = "tailrace"
	}
	w.text(memberScopeName, name)
	if version, ok := t.scope.Get("version").Text(); ok {
		w.text(memberScopeVersion, version)
	}
	w.attributes(memberScopeAttributes, t.scope.Get("attributes"))
	w.whole(memberScopeDropped, countOf(t.scope.Get("droppedAttributes")))
}

func (w *writer) span(s *span.Span, i *ids, t *told) {
	g := span.ToGenAI(s)
	w.id(memberTraceID, i.trace[:])
	w.id(memberSpanID, i.id[:])
	if state, ok := t.state.Text(); ok {
		w.text(memberTraceState, state)
	}
	if i.child {
		w.id(memberParent, i.parent[:])
	}
	w.text(memberName, cmp.Or(s.Name, string(s.Type), string(span.TypeGeneric))) // ours takes no span without
	w.whole(memberKind, t.kindOr(g.Kind))
	w.moment(memberStart, nanos(s.Start))
	end := s.End
	if s.Event {
		end = s.Start // an event has no end by nature; without one it would seem to run
	}
	w.moment(memberEnd, nanos(end))
	w.list(memberAttributes)
	for _, f := range g.Attributes {
		if !t.resourceSays(f) {
			w.attribute(memberAttributes, f.Key, f.Value)
		}
	}
	w.endList()
	w.whole(memberDropped, countOf(t.dropped))
	escaped := w.events(s, t)
	w.whole(memberNoEvents, countOf(t.droppedEvents))
	w.links(t)
	w.whole(memberNoLinks, countOf(t.droppedLinks))
	ok := t.status == `"ok"`
	switch {
	case g.Failed && !ok:
		m := w.open(memberStatus, short)
		if g.StatusMessage != "" {
			w.text(memberStatusMessage, g.StatusMessage)
		}
		w.whole(memberStatusCode, uint64(StatusError))
		w.close(m)
	case ok || escaped: // without a status an exception that escaped would mean that the span failed
		m := w.open(memberStatus, short)
		w.whole(memberStatusCode, uint64(StatusOK))
		w.close(m)
	}
	w.flags(memberFlags, countOf(t.flags))
}

// resourceSays reports whether an attribute is a text that the span has of its resource, which is written too.
func (t *told) resourceSays(f span.Field) bool {
	if _, ok := f.Value.Text(); !ok {
		return false
	}
	switch f.Key {
	case "serviceName":
		return f.Value == t.resource.Get("service.name")
	case "environment":
		return f.Value == cmp.Or(t.resource.Get("deployment.environment.name"), t.resource.Get("deployment.environment"))
	}
	return false
}

// kindOr is the kind that the sender said, or what the type of a span of ours means.
func (t *told) kindOr(own span.Kind) uint64 {
	if !t.any {
		return uint64(own)
	}
	return uint64(max(0, slices.Index(kinds[:], t.kind))) // the first has no name, and means that none was said
}

// events writes the events that came, and one more for what an error is called and where it came from, if the last
// exception among them does not say so.
// escaped says that one of those that came is an exception that left the span.
func (w *writer) events(s *span.Span, t *told) (escaped bool) {
	if t.events.IsNull() && (s.Error == nil || s.Error.Name == "" && s.Error.Stack == "") {
		return false
	}
	w.list(memberEvents)
	var kind, stack string // of the last exception
	for e := range t.events.Elements() {
		name, ok := e.Get("name").Text()
		if !ok {
			continue // a mark for what was cut
		}
		if name == "exception" {
			attributes := e.Get("attributes")
			escaped = escaped || isTrue(attributes.Get("exception.escaped"))
			kind, _ = attributes.Get("exception.type").Text()
			stack, _ = attributes.Get("exception.stacktrace").Text()
		}
		m := w.element(memberEvents, short)
		if text, ok := e.Get("time").Text(); ok {
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				w.moment(memberEventTime, nanos(at))
			}
		}
		w.text(memberEventName, name)
		w.attributes(memberEventAttributes, e.Get("attributes"))
		w.whole(memberEventDropped, countOf(e.Get("droppedAttributes")))
		w.close(m)
	}
	if e := s.Error; e != nil && (e.Name != kind || e.Stack != stack) {
		m := w.element(memberEvents, long)
		at := s.End
		if at.IsZero() {
			at = s.Start
		}
		w.moment(memberEventTime, nanos(at))
		w.text(memberEventName, "exception")
		w.list(memberEventAttributes)
		for _, f := range [...]struct{ key, text string }{{"exception.type", e.Name}, {"exception.message", e.Message}, {"exception.stacktrace", e.Stack}} {
			if f.text != "" {
				w.attribute(memberEventAttributes, f.key, span.Text(f.text))
			}
		}
		w.endList()
		w.close(m)
	}
	w.endList()
	return escaped
}

func (w *writer) links(t *told) {
	if t.links.IsNull() {
		return
	}
	w.list(memberLinks)
	for l := range t.links.Elements() {
		trace, ok := l.Get("traceId").Text()
		if !ok {
			continue // a mark for what was cut
		}
		m := w.element(memberLinks, short)
		if b, ok := span.TraceID(trace).Bytes(); ok {
			w.id(memberTraceID, b[:])
		}
		id, _ := l.Get("spanId").Text()
		if b, ok := span.ID(id).Bytes(); ok {
			w.id(memberSpanID, b[:])
		}
		if state, ok := l.Get("traceState").Text(); ok {
			w.text(memberTraceState, state)
		}
		w.attributes(memberLinkAttributes, l.Get("attributes"))
		w.whole(memberLinkDropped, countOf(l.Get("droppedAttributes")))
		w.flags(memberLinkFlags, countOf(l.Get("flags")))
		w.close(m)
	}
	w.endList()
}

// attributes writes an object as a list of KeyValue, if there is one.
func (w *writer) attributes(list member, object span.Value) {
	if !object.IsObject() {
		return
	}
	w.list(list)
	for key, v := range object.Members() {
		w.attribute(list, key, v)
	}
	w.endList()
}

func (w *writer) attribute(list member, key string, v span.Value) {
	m := w.element(list, short)
	w.text(memberKey, key)
	value := w.open(memberValue, short)
	w.any(v)
	w.close(value)
	w.close(m)
}

// any writes what is in an AnyValue. A whole number of 64 bits stays one; any other is a double, and null says nothing.
func (w *writer) any(v span.Value) {
	if v.IsNull() {
		return
	}
	if text, ok := v.Text(); ok {
		w.text(memberStringValue, text)
		return
	}
	if on, ok := v.Bool(); ok {
		w.truth(memberBoolValue, on)
		return
	}
	switch {
	case v.IsArray():
		m := w.open(memberArrayValue, short)
		w.list(memberValues)
		for e := range v.Elements() {
			one := w.element(memberValues, short)
			w.any(e)
			w.close(one)
		}
		w.endList()
		w.close(m)
	case v.IsObject():
		m := w.open(memberKvlistValue, short)
		w.list(memberValues)
		for key, e := range v.Members() {
			w.attribute(memberValues, key, e)
		}
		w.endList()
		w.close(m)
	default:
		w.number(string(v))
	}
}

func (w *writer) number(text string) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
		w.integer(memberIntValue, n)
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil: // beyond a double
		w.text(memberStringValue, text)
	case w.json:
		w.name(memberDoubleValue)
		w.b = appendDouble(w.b, f)
	default:
		w.b = protowire.AppendTag(w.b, memberDoubleValue.num, protowire.Fixed64Type)
		w.b = protowire.AppendFixed64(w.b, math.Float64bits(f))
	}
}

// countOf reads a number that a decoder wrote; 0 for none.
func countOf(v span.Value) uint64 {
	n, _ := v.Int()
	return count(n)
}
