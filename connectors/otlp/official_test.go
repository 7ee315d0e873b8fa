package otlp_test

import (
	"encoding/base64"
	"math"
	"slices"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// TestTheOfficialTypesReadWhatCame holds what a collector behind us relies on: what no convention speaks of goes out as the
// same message, to the type of each value. See [asJSONHasIt] for what JSON has no words for.
func TestTheOfficialTypesReadWhatCame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := plainSpans.Draw(rt, "span")
		request := of(want)
		request.ResourceSpans[0].SchemaUrl = schemas.Draw(rt, "resource's schema")
		request.ResourceSpans[0].ScopeSpans[0].SchemaUrl = schemas.Draw(rt, "scope's schema")
		came, err := otlp.Decode(marshal(t, request), otlp.Protobuf, intake.Limits{})
		if err != nil || len(came.Rejected) > 0 {
			rt.Fatal(err, came.Rejected)
		}
		var again collectorpb.ExportTraceServiceRequest
		if err := proto.Unmarshal(encoded(t, otlp.Protobuf, came.Items...), &again); err != nil {
			rt.Fatal(err)
		}
		got := again.ResourceSpans[0].ScopeSpans[0].Spans[0]
		got.Attributes = slices.DeleteFunc(got.Attributes, func(f *commonpb.KeyValue) bool { return slices.Contains(ours, f.Key) })
		asJSONHasIt(want)
		slices.SortFunc(got.Attributes, byKey)
		slices.SortFunc(want.Attributes, byKey)
		if !proto.Equal(&again, request) {
			rt.Fatalf("got\n%s\nwant\n%s", prototext.Format(&again), prototext.Format(request))
		}
	})
}

// ours are what each span says of itself in the terms of GenAI and of Mastra.
var ours = []string{"gen_ai.operation.name", "mastra.span.type", "error.type", "error.message"}

func byKey(a, b *commonpb.KeyValue) int { return slices.Compare([]byte(a.Key), []byte(b.Key)) }

// asJSONHasIt makes of a span what spans of ours can say of it: no bytes, no number but a finite one, and nothing that is null.
func asJSONHasIt(s *tracepb.Span) {
	s.Attributes = slices.DeleteFunc(s.Attributes, func(f *commonpb.KeyValue) bool { return f.Value.GetValue() == nil })
	lists := [][]*commonpb.KeyValue{s.Attributes}
	for _, e := range s.Events {
		lists = append(lists, e.Attributes)
	}
	for _, k := range s.Links {
		lists = append(lists, k.Attributes)
	}
	for _, list := range lists {
		for _, f := range list {
			f.Value = valueAsJSONHasIt(f.Value)
		}
	}
	if s.Status.GetCode() == tracepb.Status_STATUS_CODE_UNSET {
		s.Status = nil
	}
}

func valueAsJSONHasIt(v *commonpb.AnyValue) *commonpb.AnyValue {
	switch x := v.GetValue().(type) {
	case *commonpb.AnyValue_BytesValue:
		return text(base64.StdEncoding.EncodeToString(x.BytesValue))
	case *commonpb.AnyValue_DoubleValue:
		switch f := x.DoubleValue; {
		case math.IsNaN(f):
			return text("NaN")
		case math.IsInf(f, 1):
			return text("Infinity")
		case math.IsInf(f, -1):
			return text("-Infinity")
		}
	case *commonpb.AnyValue_ArrayValue:
		for i, e := range x.ArrayValue.Values {
			x.ArrayValue.Values[i] = valueAsJSONHasIt(e)
		}
	case *commonpb.AnyValue_KvlistValue:
		for _, f := range x.KvlistValue.Values {
			f.Value = valueAsJSONHasIt(f.Value)
		}
	}
	return v
}

// plainAttributes have keys that no convention knows, each once.
var plainAttributes = rapid.Custom(func(t *rapid.T) (list []*commonpb.KeyValue) {
	for _, key := range []string{"http.route", "db.rows", "ключ", "quo\"te"} {
		if rapid.Bool().Draw(t, key) {
			list = append(list, kv(key, anyValue(2).Draw(t, "value")))
		}
	}
	return list
})

// plainSpans are whole, and fail by their status alone.
var plainSpans = rapid.Custom(func(t *rapid.T) *tracepb.Span {
	s := named("work")
	s.ParentSpanId = rapid.SampledFrom([][]byte{nil, []byte("76543210")}).Draw(t, "parent")
	s.TraceState = rapid.SampledFrom([]string{"", "a=b"}).Draw(t, "state")
	s.Flags = rapid.SampledFrom([]uint32{0, 1, 0x101, 0x301, math.MaxUint32}).Draw(t, "flags")
	s.Kind = tracepb.Span_SpanKind(rapid.IntRange(0, 5).Draw(t, "kind"))
	few := rapid.Uint32Range(0, 2)
	s.DroppedAttributesCount, s.DroppedEventsCount, s.DroppedLinksCount = few.Draw(t, "dropped"), few.Draw(t, "dropped events"), few.Draw(t, "dropped links")
	s.Attributes = plainAttributes.Draw(t, "attributes")
	for range rapid.IntRange(0, 2).Draw(t, "events") {
		s.Events = append(s.Events, &tracepb.Span_Event{
			TimeUnixNano: rapid.Uint64Range(0, 1<<62).Draw(t, "at"), Name: rapid.SampledFrom([]string{"", "cache miss"}).Draw(t, "event"),
			Attributes: plainAttributes.Draw(t, "attributes"), DroppedAttributesCount: few.Draw(t, "dropped"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "links") {
		s.Links = append(s.Links, &tracepb.Span_Link{
			TraceId: []byte("fedcba9876543210"), SpanId: []byte("12345670"), TraceState: rapid.SampledFrom([]string{"", "c=d"}).Draw(t, "state"),
			Flags: rapid.SampledFrom([]uint32{0, 0x101, 0x301}).Draw(t, "flags"), Attributes: plainAttributes.Draw(t, "attributes"), DroppedAttributesCount: few.Draw(t, "dropped"),
		})
	}
	s.Status = rapid.SampledFrom([]*tracepb.Status{nil, {}, {Code: 1}, {Code: 2}, {Code: 2, Message: "no"}}).Draw(t, "status")
	return s
})
