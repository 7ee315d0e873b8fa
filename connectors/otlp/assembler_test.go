package otlp_test

import (
	"errors"
	"math"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

func sayValue(a *otlp.Assembler, v *commonpb.AnyValue) {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		a.Text(v.StringValue)
	case *commonpb.AnyValue_BoolValue:
		a.Bool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		a.Int(v.IntValue)
	case *commonpb.AnyValue_DoubleValue:
		a.Float(v.DoubleValue)
	case *commonpb.AnyValue_BytesValue:
		a.Bytes(v.BytesValue)
	case *commonpb.AnyValue_ArrayValue:
		a.List()
		for _, e := range v.ArrayValue.Values {
			sayValue(a, e)
		}
		a.Close()
	case *commonpb.AnyValue_KvlistValue:
		a.Map()
		say(a, v.KvlistValue.Values)
		a.Close()
	default:
		a.Empty()
	}
}

func say(a *otlp.Assembler, attributes []*commonpb.KeyValue) {
	for _, f := range attributes {
		a.Key(f.Key)
		sayValue(a, f.Value)
	}
}

func at(ns uint64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(ns)).In(time.FixedZone("elsewhere", 3600))
}

func sayOwners(a *otlp.Assembler, r *tracepb.ResourceSpans, scope *tracepb.ScopeSpans) {
	a.Resource(r.SchemaUrl)
	say(a, r.Resource.GetAttributes())
	a.Scope(otlp.ScopeHead{
		Name: scope.Scope.GetName(), Version: scope.Scope.GetVersion(), SchemaURL: scope.SchemaUrl, Dropped: int(scope.Scope.GetDroppedAttributesCount()),
	})
	say(a, scope.Scope.GetAttributes())
}

func saySpan(a *otlp.Assembler, s *tracepb.Span) (otlp.Item, error) {
	h := otlp.SpanHead{
		TraceState: s.TraceState, Flags: s.Flags, Name: s.Name, Kind: span.Kind(s.Kind), Start: at(s.StartTimeUnixNano), End: at(s.EndTimeUnixNano),
		Status: otlp.StatusCode(s.Status.GetCode()), Message: s.Status.GetMessage(), Dropped: int(s.DroppedAttributesCount),
		DroppedEvents: int(s.DroppedEventsCount), DroppedLinks: int(s.DroppedLinksCount),
	}
	copy(h.TraceID[:], s.TraceId)
	copy(h.ID[:], s.SpanId)
	copy(h.Parent[:], s.ParentSpanId)
	a.Span(h)
	say(a, s.Attributes)
	for _, e := range s.Events {
		a.Event(at(e.TimeUnixNano), e.Name, int(e.DroppedAttributesCount))
		say(a, e.Attributes)
	}
	for _, k := range s.Links {
		var trace [16]byte
		var id [8]byte
		copy(trace[:], k.TraceId)
		copy(id[:], k.SpanId)
		a.Link(otlp.LinkHead{TraceID: trace, ID: id, TraceState: k.TraceState, Flags: k.Flags, Dropped: int(k.DroppedAttributesCount)})
		say(a, k.Attributes)
	}
	return a.End()
}

// TestAssembledSpansAreThoseThatAreDecoded holds that a span in memory becomes what its protobuf does, with the scratch
// room of those before it, within any limits.
func TestAssembledSpansAreThoseThatAreDecoded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limits := rapid.SampledFrom([]intake.Limits{{}, {MaxKeys: 2, MaxDepth: 4, MaxStringBytes: 5}, {MaxDepth: 1}}).Draw(rt, "limits")
		a, err := otlp.NewAssembler(limits)
		if err != nil {
			rt.Fatal(err)
		}
		for _, r := range requests.Draw(rt, "request").ResourceSpans {
			for _, scope := range r.ScopeSpans {
				sayOwners(a, r, scope)
				for _, s := range scope.Spans {
					s.TraceId, s.SpanId = append(s.TraceId, make([]byte, 16-len(s.TraceId))...), append(s.SpanId, make([]byte, 8-len(s.SpanId))...) // as the SDK has them
					s.StartTimeUnixNano, s.EndTimeUnixNano = min(s.StartTimeUnixNano, math.MaxInt64), min(s.EndTimeUnixNano, math.MaxInt64)
					for _, e := range s.Events {
						e.TimeUnixNano = min(e.TimeUnixNano, math.MaxInt64)
					}
					request := of(s)
					alone := request.ResourceSpans[0]
					alone.Resource, alone.SchemaUrl, alone.ScopeSpans[0].Scope, alone.ScopeSpans[0].SchemaUrl = r.Resource, r.SchemaUrl, scope.Scope, scope.SchemaUrl
					want, err := otlp.Decode(marshal(t, request), otlp.Protobuf, limits)
					if err != nil {
						rt.Fatal(err)
					}
					item, err := saySpan(a, s)
					if err != nil {
						if len(want.Rejected) != 1 || !errors.Is(err, want.Rejected[0]) {
							rt.Fatalf("got %v, want %v", err, want.Rejected)
						}
						continue
					}
					got := otlp.Batch{Items: []otlp.Item{item}, Cut: want.Cut}
					if a, b := written(t, got), written(t, want); a != b || item.OwnUsage != want.Items[0].OwnUsage {
						rt.Fatalf("\ngot  %s\nwant %s", a, b)
					}
				}
			}
		}
	})
}

// What is said in a wrong order does no harm.
func TestAssemblerTakesAnyOrder(t *testing.T) {
	a, err := otlp.NewAssembler(intake.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if item, err := a.End(); err == nil {
		t.Errorf("a span of nothing: %+v", item)
	}
	head := otlp.SpanHead{TraceID: [16]byte{1}, ID: [8]byte{2}, Name: "work"}
	a.Close()
	a.Span(head)
	a.Key("none")
	a.Key("list")
	a.List()
	a.Key("ignored")
	a.Int(1)
	a.Map()
	a.Text("without a key")
	a.Key("open")
	item, err := a.End()
	if err != nil {
		t.Fatal(err)
	}
	if want := span.Value(`{"list":[1,{"":"without a key","open":null}]}`); item.Span.Metadata != want {
		t.Errorf("got %s, want %s", item.Span.Metadata, want)
	}
	a.Span(head)
	if item, err = a.End(); err != nil || item.Span.Metadata != "" {
		t.Errorf("the next span has %s, %v", item.Span.Metadata, err)
	}
	if _, err := otlp.NewAssembler(intake.Limits{MaxDepth: 1000}); !errors.Is(err, intake.ErrConfig) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkAssembler(b *testing.B) {
	for name, s := range map[string]*tracepb.Span{"chat": chat(1), "plain": plain(1)} {
		b.Run("span="+name, func(b *testing.B) {
			a, err := otlp.NewAssembler(intake.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			request := of(s).ResourceSpans[0]
			sayOwners(a, request, request.ScopeSpans[0])
			b.ReportAllocs()
			for b.Loop() {
				if _, err := saySpan(a, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
