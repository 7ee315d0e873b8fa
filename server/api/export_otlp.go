package api

import (
	"strconv"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// otlpFile is one TracesData of OTLP/JSON, which is the JSON of protobuf but for ids, that are hex here. That is why it
// is not left to protojson; a test reads it with the official types.
//
// OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type otlpFile struct {
	n               int
	resource, scope span.Value // of the group that is open
	service         string
}

func (f *otlpFile) open(b []byte) []byte { return append(b, `{"resourceSpans":[`...) }

func (f *otlpFile) close(b []byte) []byte {
	if f.n > 0 {
		b = append(b, otlpGroupEnd...)
	}
	return append(b, "]}\n"...)
}

const otlpGroupEnd = "]}]}"

// told are the extra keys under which spans of OpenTelemetry keep what ours have no field for.
type told struct {
	kind, resource, scope, events, links, state, dropped span.Value
}

func toldBy(s *span.Span) (t told) {
	for _, field := range s.Extra {
		switch field.Key {
		case "kind":
			t.kind = field.Value
		case "resource":
			t.resource = field.Value
		case "scope":
			t.scope = field.Value
		case eventsKey:
			t.events = field.Value
		case "links":
			t.links = field.Value
		case "traceState":
			t.state = field.Value
		case "droppedAttributes":
			t.dropped = field.Value
		}
	}
	return t
}

func (f *otlpFile) append(b []byte, full *store.FullSpan) ([]byte, error) {
	t := toldBy(full.Span)
	switch {
	case f.n > 0 && f.resource == t.resource && f.scope == t.scope && f.service == full.Service:
		b = append(b, ',')
	default:
		if f.n > 0 {
			b = append(append(b, otlpGroupEnd...), ',')
		}
		b = f.group(b, full.Service, &t)
	}
	f.n++
	return appendOTLP(b, full, &t), nil
}

// group opens the resource and the scope of the spans that follow.
func (f *otlpFile) group(b []byte, service string, t *told) []byte {
	f.resource, f.scope, f.service = t.resource, t.scope, service
	a := attributes{b: append(b, `{"resource":{"attributes":[`...)}
	named := false
	attrs := t.resource
	for key, v := range attrs.Members() {
		named = named || key == "service.name"
		a.add(key, v)
	}
	if !named && service != "" {
		a.add("service.name", span.Text(service))
	}
	b = append(a.b, `]},"scopeSpans":[{"scope":{`...)
	name, ok := t.scope.Get("name").Text()
	if !ok {
		name = "tailrace"
	}
	b = span.AppendText(append(b, `"name":`...), name)
	if version, ok := t.scope.Get("version").Text(); ok {
		b = span.AppendText(append(b, `,"version":`...), version)
	}
	b = appendOTLPAttributes(b, t.scope.Get("attributes"))
	return append(b, `},"spans":[`...)
}

// appendOTLP appends one span: the reverse of what ingest makes of it.
func appendOTLP(b []byte, full *store.FullSpan, t *told) []byte {
	s := full.Span
	g := span.ToGenAI(s)
	b = span.AppendText(append(b, `{"traceId":`...), string(s.TraceID))
	b = span.AppendText(append(b, `,"spanId":`...), string(s.ID))
	if state, ok := t.state.Text(); ok {
		b = span.AppendText(append(b, `,"traceState":`...), state)
	}
	if parent, ok := s.ParentID.W3C(); ok {
		b = span.AppendText(append(b, `,"parentSpanId":`...), string(parent))
	}
	b = span.AppendText(append(b, `,"name":`...), s.Name)
	b = strconv.AppendInt(append(b, `,"kind":`...), int64(kindNumber(t.kind, g.Kind)), 10)
	b = appendNanos(append(b, `,"startTimeUnixNano":`...), s.Start)
	end := s.End
	if s.Event {
		end = s.Start // an event has no end by nature; without one it would seem to run
	}
	if !end.IsZero() {
		b = appendNanos(append(b, `,"endTimeUnixNano":`...), end)
	}
	a := attributes{b: append(b, `,"attributes":[`...)}
	for _, field := range g.Attributes {
		a.add(field.Key, field.Value)
	}
	b = append(a.b, ']')
	if n, ok := t.dropped.Int(); ok && n > 0 {
		b = strconv.AppendInt(append(b, `,"droppedAttributesCount":`...), int64(n), 10)
	}
	b = appendOTLPEvents(b, s, t)
	b = appendOTLPLinks(b, t)
	if g.Failed {
		b = append(b, `,"status":{"code":2`...)
		if g.StatusMessage != "" {
			b = span.AppendText(append(b, `,"message":`...), g.StatusMessage)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// kindNumber is what the sender said, else what the type of the span means.
func kindNumber(said span.Value, otherwise span.Kind) int {
	text, _ := said.Text()
	for i, name := range [...]string{1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"} {
		if i > 0 && name == text {
			return i
		}
	}
	return int(otherwise)
}

// appendOTLPEvents appends the events that came, and one more for an error, which is where OpenTelemetry says what kind
// it is and where it came from.
func appendOTLPEvents(b []byte, s *span.Span, t *told) []byte {
	b = append(b, `,"events":[`...)
	first := len(b)
	for e := range t.events.Elements() {
		name, ok := e.Get("name").Text()
		if !ok {
			continue // a mark for what was cut
		}
		if len(b) > first {
			b = append(b, ',')
		}
		text, _ := e.Get("time").Text()
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			at = time.Time{}
		}
		b = appendNanos(append(b, `{"timeUnixNano":`...), at)
		b = span.AppendText(append(b, `,"name":`...), name)
		b = appendOTLPAttributes(b, e.Get("attributes"))
		b = append(b, '}')
	}
	if e := s.Error; e != nil {
		if len(b) > first {
			b = append(b, ',')
		}
		at := s.End
		if at.IsZero() {
			at = s.Start
		}
		b = appendNanos(append(b, `{"timeUnixNano":`...), at)
		a := attributes{b: append(b, `,"name":"exception","attributes":[`...)}
		for _, f := range []struct{ key, text string }{{"exception.type", e.Name}, {"exception.message", e.Message}, {"exception.stacktrace", e.Stack}} {
			if f.text != "" {
				a.add(f.key, span.Text(f.text))
			}
		}
		b = append(a.b, "]}"...)
	}
	return append(b, ']')
}

func appendOTLPLinks(b []byte, t *told) []byte {
	b = append(b, `,"links":[`...)
	first := len(b)
	for l := range t.links.Elements() {
		trace, _ := l.Get("traceId").Text()
		id, _ := l.Get("spanId").Text()
		longTrace, ok := span.TraceID(trace).W3C()
		longID, ok2 := span.ID(id).W3C()
		if !ok || !ok2 {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = span.AppendText(append(b, `{"traceId":`...), string(longTrace))
		b = span.AppendText(append(b, `,"spanId":`...), string(longID))
		if state, ok := l.Get("traceState").Text(); ok {
			b = span.AppendText(append(b, `,"traceState":`...), state)
		}
		b = appendOTLPAttributes(b, l.Get("attributes"))
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendNanos appends a time as OTLP/JSON has it: 64 bits are a string.
func appendNanos(b []byte, t time.Time) []byte {
	ns := int64(0)
	if !t.IsZero() {
		ns = max(0, t.UnixNano())
	}
	return append(strconv.AppendInt(append(b, '"'), ns, 10), '"')
}

// appendOTLPAttributes appends the member attributes for an object, if there is one.
func appendOTLPAttributes(b []byte, object span.Value) []byte {
	a := attributes{b: append(b, `,"attributes":[`...)}
	for key, v := range object.Members() {
		a.add(key, v)
	}
	return append(a.b, ']')
}

// attributes appends elements to a list of attributes.
type attributes struct {
	b    []byte
	more bool
}

func (a *attributes) add(key string, v span.Value) {
	if a.more {
		a.b = append(a.b, ',')
	}
	a.more = true
	a.b = span.AppendText(append(a.b, `{"key":`...), key)
	a.b = append(appendAny(append(a.b, `,"value":`...), v), '}')
}

// appendAny appends an AnyValue. A whole number of 64 bits stays one; any other is a double, and null has no member.
func appendAny(b []byte, v span.Value) []byte {
	if v.IsNull() {
		return append(b, "{}"...)
	}
	if text, ok := v.Text(); ok {
		return append(span.AppendText(append(b, `{"stringValue":`...), text), '}')
	}
	if on, ok := v.Bool(); ok {
		return append(strconv.AppendBool(append(b, `{"boolValue":`...), on), '}')
	}
	switch {
	case v.IsArray():
		b = append(b, `{"arrayValue":{"values":[`...)
		n := 0
		for e := range v.Elements() {
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = appendAny(b, e)
		}
		return append(b, "]}}"...)
	case v.IsObject():
		a := attributes{b: append(b, `{"kvlistValue":{"values":[`...)}
		for key, e := range v.Members() {
			a.add(key, e)
		}
		return append(a.b, "]}}"...)
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		return append(strconv.AppendInt(append(b, `{"intValue":"`...), n, 10), `"}`...)
	}
	if f, err := strconv.ParseFloat(string(v), 64); err == nil {
		return append(strconv.AppendFloat(append(b, `{"doubleValue":`...), f, 'g', -1, 64), '}')
	}
	return append(span.AppendText(append(b, `{"stringValue":`...), string(v)), '}') // a number beyond a double
}
