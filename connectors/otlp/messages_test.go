package otlp_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

func whole(n int64) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}}
}

func array(values ...*commonpb.AnyValue) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: values}}}
}

func object(members ...*commonpb.KeyValue) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: members}}}
}

func kv(key string, v *commonpb.AnyValue) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: v}
}

// of is a request with one resource and one scope.
func of(spans ...*tracepb.Span) *collectorpb.ExportTraceServiceRequest {
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{kv("service.name", text("support"))}},
		ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: "agent", Version: "1.2"},
			Spans: spans,
		}},
	}}}
}

// named is a span that lacks nothing.
func named(name string) *tracepb.Span {
	return &tracepb.Span{
		TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Name: name,
		StartTimeUnixNano: 1_790_000_000_000_000_000, EndTimeUnixNano: 1_790_000_001_500_000_001,
	}
}

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	body, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// marshalJSON writes m as OTLP has it: as protobuf's JSON, but with ids in hex.
func marshalJSON(tb testing.TB, m proto.Message, o protojson.MarshalOptions) []byte {
	tb.Helper()
	body, err := o.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	var tree any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		tb.Fatal(err)
	}
	hexIDs(tree)
	if body, err = json.Marshal(tree); err != nil {
		tb.Fatal(err)
	}
	return body
}

func hexIDs(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			hexIDs(e)
		}
	case map[string]any:
		for key, e := range v {
			switch key {
			case "traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id":
				if id, ok := e.(string); ok {
					b, _ := base64.StdEncoding.DecodeString(id)
					v[key] = hex.EncodeToString(b)
				}
			}
			hexIDs(e)
		}
	}
}

var keys = []string{
	"http.method", "gen_ai.operation.name", "gen_ai.system", "gen_ai.request.model", "gen_ai.usage.input_tokens",
	"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.response.finish_reasons", "mastra.span.type", "mastra.generic.depth",
	"mastra.metadata.x", "error.type", "exception.message", "exception.escaped", "user.id", "environment", "", "päth", "a\"b",
}

func anyValue(depth int) *rapid.Generator[*commonpb.AnyValue] {
	return rapid.Custom(func(t *rapid.T) *commonpb.AnyValue {
		most := 6
		if depth == 0 {
			most = 4
		}
		switch rapid.IntRange(-1, most).Draw(t, "kind") {
		case 0:
			return text(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
				"chat", "text_completion", "execute_tool", "tool_call", `[{"role":"user","parts":[{"type":"text","content":"hi"}]}]`, `{"a":[1]}`, "true", "\x00\"\\\n",
			})).Draw(t, "text"))
		case 1:
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: rapid.Bool().Draw(t, "bool")}}
		case 2:
			return whole(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, math.MaxInt64, math.MinInt64})).Draw(t, "int"))
		case 3:
			f := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0.1, 1e300, 0, math.Copysign(0, -1), 1, -40, 1e15, 1e21})).Draw(t, "double")
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: f}}
		case 4:
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")}}
		case 5:
			return array(rapid.SliceOfN(anyValue(depth-1), 0, 3).Draw(t, "array")...)
		case 6:
			return object(rapid.SliceOfN(keyValue(depth-1), 0, 3).Draw(t, "object")...)
		}
		return &commonpb.AnyValue{}
	})
}

func keyValue(depth int) *rapid.Generator[*commonpb.KeyValue] {
	return rapid.Custom(func(t *rapid.T) *commonpb.KeyValue {
		return kv(rapid.SampledFrom(keys).Draw(t, "key"), anyValue(depth).Draw(t, "value"))
	})
}

func id(n int) *rapid.Generator[[]byte] {
	usual := rapid.SliceOfN(rapid.Byte(), n, n)
	return rapid.OneOf(usual, usual, usual, rapid.SampledFrom([][]byte{nil, make([]byte, n)}))
}

var attributes = rapid.SliceOfN(keyValue(3), 0, 8)

var spans = rapid.Custom(func(t *rapid.T) *tracepb.Span {
	at := rapid.Uint64Range(0, 1<<63)
	return &tracepb.Span{
		TraceId: id(16).Draw(t, "trace"), SpanId: id(8).Draw(t, "id"), ParentSpanId: id(8).Draw(t, "parent"),
		Name:              rapid.SampledFrom([]string{"chat", "chat", "a\x00b", ""}).Draw(t, "name"),
		TraceState:        rapid.SampledFrom([]string{"", "a=b"}).Draw(t, "state"),
		Flags:             rapid.SampledFrom([]uint32{0, 1, 0x101, 0x301, math.MaxUint32}).Draw(t, "flags"),
		Kind:              tracepb.Span_SpanKind(rapid.IntRange(0, 6).Draw(t, "kind")),
		StartTimeUnixNano: at.Draw(t, "start"), EndTimeUnixNano: at.Draw(t, "end"),
		Attributes: attributes.Draw(t, "attributes"), DroppedAttributesCount: rapid.Uint32Range(0, 2).Draw(t, "dropped"),
		DroppedEventsCount: rapid.Uint32Range(0, 2).Draw(t, "dropped events"), DroppedLinksCount: rapid.Uint32Range(0, 2).Draw(t, "dropped links"),
		Events: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *tracepb.Span_Event {
			return &tracepb.Span_Event{
				TimeUnixNano: at.Draw(t, "at"), Name: rapid.SampledFrom([]string{"exception", "gen_ai.choice", "", "x"}).Draw(t, "name"),
				Attributes: attributes.Draw(t, "attributes"), DroppedAttributesCount: rapid.Uint32Range(0, 2).Draw(t, "dropped"),
			}
		}), 0, 3).Draw(t, "events"),
		Links: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *tracepb.Span_Link {
			return &tracepb.Span_Link{
				TraceId: id(16).Draw(t, "trace"), SpanId: id(8).Draw(t, "id"), TraceState: rapid.SampledFrom([]string{"", "c=d"}).Draw(t, "state"),
				Flags:      rapid.SampledFrom([]uint32{0, 0x100, 0x300}).Draw(t, "flags"),
				Attributes: attributes.Draw(t, "attributes"), DroppedAttributesCount: rapid.Uint32Range(0, 2).Draw(t, "dropped"),
			}
		}), 0, 2).Draw(t, "links"),
		Status: rapid.SampledFrom([]*tracepb.Status{nil, {}, {Code: 1}, {Code: 2, Message: "no"}, {Code: 7}}).Draw(t, "status"),
	}
})

var schemas = rapid.SampledFrom([]string{"", "https://opentelemetry.io/schemas/1.43.0", "\"ä"})

var requests = rapid.Custom(func(t *rapid.T) *collectorpb.ExportTraceServiceRequest {
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *tracepb.ResourceSpans {
		return &tracepb.ResourceSpans{
			Resource: &resourcepb.Resource{Attributes: append(attributes.Draw(t, "resource"), kv("service.name", text(rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "service"))))},
			ScopeSpans: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *tracepb.ScopeSpans {
				return &tracepb.ScopeSpans{
					Scope: &commonpb.InstrumentationScope{
						Name: rapid.SampledFrom([]string{"", "lib"}).Draw(t, "scope"), Version: rapid.SampledFrom([]string{"", "1"}).Draw(t, "version"),
						Attributes: attributes.Draw(t, "attributes"), DroppedAttributesCount: rapid.Uint32Range(0, 2).Draw(t, "dropped"),
					},
					Spans:     rapid.SliceOfN(spans, 0, 3).Draw(t, "spans"),
					SchemaUrl: schemas.Draw(t, "schema"),
				}
			}), 0, 2).Draw(t, "scopes"),
			SchemaUrl: schemas.Draw(t, "schema"),
		}
	}), 0, 2).Draw(t, "resources")}
})
