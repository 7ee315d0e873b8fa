package otlp_test

import (
	"fmt"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// chat is a span of about 2 KB in protobuf: a model call with its messages, and some attributes of the HTTP client.
func chat(i int) *tracepb.Span {
	s := named(fmt.Sprint("chat example-", i%4))
	s.SpanId = []byte(fmt.Sprintf("%08d", i+1))
	s.ParentSpanId = []byte("01234567")
	s.Kind = tracepb.Span_SPAN_KIND_CLIENT
	prompt := strings.Repeat("The customer asks where order 4711 is. Answer in one sentence. ", 16)
	s.Attributes = append(s.Attributes,
		kv("gen_ai.operation.name", text("chat")), kv("gen_ai.provider.name", text("openai")),
		kv("gen_ai.request.model", text("example-1")), kv("gen_ai.response.model", text("example-1-2026")),
		kv("gen_ai.request.temperature", whole(1)), kv("gen_ai.request.max_tokens", whole(1024)),
		kv("gen_ai.usage.input_tokens", whole(412)), kv("gen_ai.usage.output_tokens", whole(31)),
		kv("gen_ai.response.finish_reasons", array(text("stop"))), kv("gen_ai.response.id", text("resp-1234567890")),
		kv("gen_ai.input.messages", text(`[{"role":"system","parts":[{"type":"text","content":"You are support."}]},{"role":"user","parts":[{"type":"text","content":"`+prompt+`"}]}]`)),
		kv("gen_ai.output.messages", text(`[{"role":"assistant","parts":[{"type":"text","content":"It left the depot this morning."}],"finish_reason":"stop"}]`)),
		kv("server.address", text("models.example.com")), kv("server.port", whole(443)),
		kv("http.request.method", text("POST")), kv("http.response.status_code", whole(200)), kv("user.tier", text("gold")))
	return s
}

// plain is a span of a web server, which says nothing that a rule knows.
func plain(i int) *tracepb.Span {
	s := named("GET /orders/{id}")
	s.SpanId = []byte(fmt.Sprintf("%08d", i+1))
	s.Kind = tracepb.Span_SPAN_KIND_SERVER
	s.Attributes = append(s.Attributes,
		kv("http.request.method", text("GET")), kv("http.route", text("/orders/{id}")), kv("http.response.status_code", whole(200)),
		kv("url.path", text("/orders/4711")), kv("url.scheme", text("https")), kv("network.protocol.version", text("2")),
		kv("client.address", text("192.0.2.7")), kv("user_agent.original", text(strings.Repeat("Example/1.0 ", 150))))
	return s
}

func BenchmarkDecode(b *testing.B) {
	const n = 500
	for name, one := range map[string]func(int) *tracepb.Span{"chat": chat, "plain": plain} {
		var list []*tracepb.Span
		for i := range n {
			list = append(list, one(i))
		}
		request := of(list...)
		for format, body := range map[otlp.Format][]byte{
			otlp.Protobuf: marshal(b, request), otlp.JSON: marshalJSON(b, request, protojson.MarshalOptions{}),
		} {
			b.Run(fmt.Sprintf("span=%s/format=%s", name, format), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					batch, err := otlp.Decode(body, format, intake.Limits{})
					if err != nil || len(batch.Items) != n {
						b.Fatal(len(batch.Items), err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/span")
				b.ReportMetric(float64(proto.Size(list[0])), "span-bytes")
			})
		}
	}
}
