package otlp_test

import (
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// The usage of an inference counts unless a generation above it, in the same body, says it too.
func TestOwnUsage(t *testing.T) {
	model := func(id, parent, typ string, usage bool) *tracepb.Span {
		s := named(typ)
		s.SpanId, s.ParentSpanId = []byte("span-00"+id), []byte("span-00"+parent)
		s.Attributes = []*commonpb.KeyValue{kv("mastra.span.type", text(typ))}
		if usage {
			s.Attributes = append(s.Attributes, kv("gen_ai.usage.input_tokens", whole(10)))
		}
		return s
	}
	for _, c := range []struct {
		name  string
		spans []*tracepb.Span
		want  string // of each span, whether its usage is its own
	}{
		{"newer exporters", []*tracepb.Span{model("3", "2", "model_inference", true), model("2", "1", "model_step", false), model("1", "0", "model_generation", false)}, "y--"},
		{"older ones", []*tracepb.Span{model("1", "0", "model_generation", true)}, "-"},
		{"both", []*tracepb.Span{model("3", "2", "model_inference", true), model("2", "1", "model_step", true), model("1", "0", "model_generation", true)}, "---"},
		{"an inference alone", []*tracepb.Span{model("3", "2", "model_inference", true)}, "y"},
		{"an inference that says nothing", []*tracepb.Span{model("3", "2", "model_inference", false)}, "-"},
		{"a cycle", []*tracepb.Span{model("3", "2", "model_inference", true), model("2", "3", "model_step", false)}, "y-"},
		{"its own parent", []*tracepb.Span{model("3", "3", "model_inference", true)}, "y"},
	} {
		b, err := otlp.Decode(marshal(t, of(c.spans...)), otlp.Protobuf, intake.Limits{})
		if err != nil || len(b.Items) != len(c.spans) {
			t.Fatalf("%s: %d items, %v", c.name, len(b.Items), err)
		}
		got := ""
		for _, item := range b.Items {
			if item.OwnUsage {
				got += "y"
			} else {
				got += "-"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
