package otel

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// converter makes spans of ours of OpenTelemetry's, by the rules of package otlp. It is for one goroutine at a time.
//
// What a resource and a scope leave to their spans is made once and kept: the spans share it.
type converter struct {
	last   owner
	into   *assembler
	owners map[owner]*assembler
}

// owner is what spans are of.
type owner struct {
	resource *resource.Resource
	scope    instrumentation.Scope
}

// assembler has been told a resource and a scope.
type assembler struct {
	*otlp.Assembler
	service string // the resource's service.name
}

// maxOwners bounds what is kept for a program that makes new scopes without end.
const maxOwners = 256

func newConverter() *converter { return &converter{owners: map[owner]*assembler{}} }

// convert makes a span, which is frozen and shares no memory with s. The error, an [intake.Rejection], says what it lacks.
func (c *converter) convert(s sdktrace.ReadOnlySpan) (*span.Span, error) {
	a, err := c.assembler(s)
	if err != nil {
		return nil, err
	}
	sc, status := s.SpanContext(), s.Status()
	a.Span(otlp.SpanHead{
		TraceID: sc.TraceID(), ID: sc.SpanID(), Parent: s.Parent().SpanID(), TraceState: sc.TraceState().String(),
		Flags: flagsOf(sc.TraceFlags(), s.Parent()),
		Name:  s.Name(), Kind: kindOf(s.SpanKind()), Start: s.StartTime(), End: s.EndTime(),
		Status: statusOf(status.Code), Message: status.Description, Dropped: s.DroppedAttributes(),
		DroppedEvents: s.DroppedEvents(), DroppedLinks: s.DroppedLinks(),
	})
	if a.service != "" { // first, so that the span's own would beat it
		a.Key("serviceName")
		a.Text(a.service)
	}
	for _, kv := range s.Attributes() {
		a.attribute(kv)
	}
	for _, e := range s.Events() {
		a.Event(e.Time, e.Name, e.DroppedAttributeCount)
		for _, kv := range e.Attributes {
			a.attribute(kv)
		}
	}
	for _, l := range s.Links() {
		to := l.SpanContext
		a.Link(otlp.LinkHead{
			TraceID: to.TraceID(), ID: to.SpanID(), TraceState: to.TraceState().String(), Flags: flagsOf(to.TraceFlags(), to),
			Dropped: l.DroppedAttributeCount,
		})
		for _, kv := range l.Attributes {
			a.attribute(kv)
		}
	}
	item, err := a.End()
	if err != nil {
		return nil, err
	}
	return item.Span, nil
}

// assembler returns the one for the resource and the scope of s.
func (c *converter) assembler(s sdktrace.ReadOnlySpan) (*assembler, error) {
	of := owner{s.Resource(), s.InstrumentationScope()}
	if c.into != nil && of == c.last {
		return c.into, nil
	}
	a := c.owners[of]
	if a == nil {
		made, err := otlp.NewAssembler(intake.Limits{})
		if err != nil {
			return nil, err
		}
		a = &assembler{Assembler: made}
		a.own(of)
		if len(c.owners) == maxOwners {
			clear(c.owners)
		}
		c.owners[of] = a
	}
	c.last, c.into = of, a
	return a, nil
}

// own says the resource and the scope.
func (a *assembler) own(of owner) {
	a.Resource(of.resource.SchemaURL())
	for iter := of.resource.Iter(); iter.Next(); {
		kv := iter.Attribute()
		if kv.Key == "service.name" && kv.Value.Type() == attribute.STRING {
			a.service = kv.Value.AsString()
		}
		a.attribute(kv)
	}
	a.Scope(otlp.ScopeHead{Name: of.scope.Name, Version: of.scope.Version, SchemaURL: of.scope.SchemaURL})
	for iter := of.scope.Attributes.Iter(); iter.Next(); {
		a.attribute(iter.Attribute())
	}
}

func (a *assembler) attribute(kv attribute.KeyValue) {
	a.Key(string(kv.Key))
	a.value(kv.Value)
}

func (a *assembler) value(v attribute.Value) {
	switch v.Type() {
	case attribute.STRING:
		a.Text(v.AsString())
	case attribute.BOOL:
		a.Bool(v.AsBool())
	case attribute.INT64:
		a.Int(v.AsInt64())
	case attribute.FLOAT64:
		a.Float(v.AsFloat64())
	case attribute.STRINGSLICE:
		a.Texts(v.AsStringSlice())
	case attribute.BOOLSLICE:
		a.Bools(v.AsBoolSlice())
	case attribute.INT64SLICE:
		a.Ints(v.AsInt64Slice())
	case attribute.FLOAT64SLICE:
		a.Floats(v.AsFloat64Slice())
	case attribute.BYTESLICE:
		a.Bytes(v.AsByteSlice())
	case attribute.SLICE:
		a.List()
		for _, e := range v.AsSlice() {
			a.value(e)
		}
		a.Close()
	case attribute.MAP:
		a.Map()
		for _, kv := range v.AsMap() {
			a.attribute(kv)
		}
		a.Close()
	default:
		a.Empty()
	}
}

// flagsOf is OTLP's word of flags: W3C's, and bits that say whether another process is at the other end of a parent or a
// link. https://github.com/open-telemetry/opentelemetry-proto/blob/v1.11.0/opentelemetry/proto/trace/v1/trace.proto
func flagsOf(own trace.TraceFlags, other trace.SpanContext) uint32 {
	const known, remote = 1 << 8, 1 << 9
	flags := uint32(own) | known
	if other.IsRemote() {
		flags |= remote
	}
	return flags
}

func statusOf(c codes.Code) otlp.StatusCode {
	switch c {
	case codes.Ok:
		return otlp.StatusOK
	case codes.Error:
		return otlp.StatusError
	}
	return otlp.StatusUnset
}

func kindOf(k trace.SpanKind) span.Kind {
	switch k {
	case trace.SpanKindInternal:
		return span.KindInternal
	case trace.SpanKindServer:
		return span.KindServer
	case trace.SpanKindClient:
		return span.KindClient
	case trace.SpanKindProducer:
		return 4
	case trace.SpanKindConsumer:
		return 5
	}
	return 0
}
