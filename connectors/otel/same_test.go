package otel_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// otlpServer takes what OpenTelemetry's own exporter sends, and decodes it.
type otlpServer struct {
	t     *testing.T
	mu    sync.Mutex
	items map[span.ID]otlp.Item
}

func (s *otlpServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	batch, err := otlp.Decode(body, otlp.Protobuf, intake.Limits{})
	if err != nil || len(batch.Rejected) > 0 {
		s.t.Errorf("decoding gives %v, and refuses %v", err, batch.Rejected)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, item := range batch.Items {
		s.items[item.Span.ID] = item
	}
	w.Header().Set("Content-Type", otlp.Protobuf.ContentType())
	_, _ = w.Write(otlp.Response(otlp.Protobuf, 0, ""))
}

// TestSpansArriveAsTheyDidBefore is what one may rely on when one moves: spans of every kind go by OpenTelemetry's own
// BatchSpanProcessor and OTLP exporter, and by ours into memory and over the wire, and arrive as the same.
func TestSpansArriveAsTheyDidBefore(t *testing.T) {
	server := &otlpServer{t: t, items: map[span.ID]otlp.Item{}}
	listener := httptest.NewServer(server)
	defer listener.Close()
	original, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(listener.URL+"/v1/traces"))
	if err != nil {
		t.Fatal(err)
	}
	collector := sinktest.Start(t, sinktest.Config{})
	cloud, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, AccessToken: "mst_example-token", Endpoint: collector.URL(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	again := &otlpServer{t: t, items: map[span.ID]otlp.Item{}}
	there := httptest.NewServer(again)
	defer there.Close()
	onwards, err := otlp.NewExporter(otlp.ExporterConfig{Endpoint: there.URL, Compression: "none", IgnoreEnv: true})
	if err != nil {
		t.Fatal(err)
	}
	memory, kept := new(observability.Memory), new(observability.Memory)
	processors := []sdktrace.SpanProcessor{
		sdktrace.NewBatchSpanProcessor(original, sdktrace.WithBlocking()),
		otel.NewSpanProcessor(memory),
		otel.NewSpanProcessor(cloud),
		otel.NewSpanProcessor(onwards),
		sdktrace.NewSimpleSpanProcessor(otel.NewSpanExporter(kept)),
	}
	var providers []*sdktrace.TracerProvider
	for _, r := range resources() {
		options := []sdktrace.TracerProviderOption{sdktrace.WithResource(r), sdktrace.WithRawSpanLimits(limits)}
		for _, p := range processors {
			options = append(options, sdktrace.WithSpanProcessor(p))
		}
		providers = append(providers, sdktrace.NewTracerProvider(options...))
	}
	generate(1, providers)
	for _, p := range processors {
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	var wired []*span.Span
	for _, r := range collector.Records() {
		s, err := span.DecodeRecord(r.JSON)
		if err != nil {
			t.Fatal(err)
		}
		wired = append(wired, s)
	}
	if len(server.items) != generated {
		t.Fatalf("%d spans arrived as before", len(server.items))
	}
	if len(again.items) != generated {
		t.Errorf("OTLP: %d spans", len(again.items))
	}
	for id, item := range again.items {
		compareOTLP(t, item.Span, server.items[id].Span)
	}
	for _, way := range []struct {
		name  string
		spans []*span.Span
	}{{"memory", memory.Spans()}, {"SpanExporter", kept.Spans()}, {"wire", wired}} {
		if len(way.spans) != generated {
			t.Fatalf("%s: %d spans", way.name, len(way.spans))
		}
		for _, s := range way.spans {
			compare(t, way.name, s, server.items[s.ID])
		}
	}
}

// compare holds one span against what came the old way. Ours has two things more: the service's name in the metadata,
// since the record has no other place for it, and the tracestate of links, which otlptracehttp leaves out.
func compare(t *testing.T, way string, got *span.Span, item otlp.Item) {
	t.Helper()
	want := item.Span
	if want == nil {
		t.Fatalf("%s: %s has not come the old way", way, got.Name)
	}
	if !got.Start.Equal(want.Start) || !got.End.Equal(want.End) {
		t.Errorf("%s: %s: from %v to %v, was from %v to %v", way, got.Name, got.Start, got.End, want.Start, want.End)
	}
	one, other := got.Clone(), want.Clone()
	if name, _ := one.Metadata.Get("serviceName").Text(); name != item.Service {
		t.Errorf("%s: %s: the service is %q, was %q", way, got.Name, name, item.Service)
	}
	one.Metadata = one.Metadata.Set("serviceName", "")
	if one.Metadata == "{}" {
		one.Metadata = ""
	}
	for i, f := range one.Extra {
		if f.Key == "links" {
			one.Extra[i].Value = withoutState(f.Value)
		}
	}
	a, b := record(t, one), record(t, other)
	if a != b {
		t.Errorf("%s: %s\ngot  %s\nwant %s", way, got.Name, a, b)
	}
}

// compareOTLP holds a span that went out as OTLP again against what came the old way. The keys of attributes and metadata
// may be in another order; an empty thread is none, and an environment that is null is that of the resource.
func compareOTLP(t *testing.T, got, want *span.Span) {
	t.Helper()
	one, other := got.Clone(), want.Clone()
	for _, s := range []*span.Span{one, other} {
		s.Metadata = s.Metadata.Set("environment", "").Set("serviceName", "")
		if thread, _ := s.Metadata.Get("threadId").Text(); thread == "" {
			s.Metadata = s.Metadata.Set("threadId", "")
		}
		s.Metadata, s.Attributes = sorted(t, s.Metadata), sorted(t, s.Attributes)
		for i, f := range s.Extra {
			if f.Key == "links" {
				s.Extra[i].Value = withoutState(f.Value)
			}
		}
	}
	if a, b := record(t, one), record(t, other); a != b {
		t.Errorf("OTLP: %s\ngot  %s\nwant %s", got.Name, a, b)
	}
}

// sorted is v with the keys of its objects in order; none for one without keys.
func sorted(t *testing.T, v span.Value) span.Value {
	t.Helper()
	var plain any
	if v == "" || v == "{}" {
		return ""
	}
	decoder := json.NewDecoder(strings.NewReader(string(v)))
	decoder.UseNumber()
	if err := decoder.Decode(&plain); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	return span.Value(text)
}

func record(t *testing.T, s *span.Span) string {
	t.Helper()
	out, err := span.V1.AppendItem(nil, s, true)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// withoutState takes traceState out of a list of links.
func withoutState(links span.Value) span.Value {
	var all []any
	for l := range links.Elements() {
		if l.IsObject() {
			l = l.Set("traceState", "")
		}
		all = append(all, l)
	}
	return span.Of(all)
}

func TestLinksKeepTheirTraceState(t *testing.T) {
	memory := new(observability.Memory)
	p := otel.NewSpanProcessor(memory)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	generate(3, []*sdktrace.TracerProvider{provider})
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, s := range memory.Spans() {
		for _, f := range s.Extra {
			if f.Key == "links" && withoutState(f.Value) != f.Value {
				found++
			}
		}
	}
	if found == 0 {
		t.Error("no link has a tracestate")
	}
}

// What resources and scopes leave to their spans is made once, and shared.
func TestResourcesAndScopesAreConvertedOnce(t *testing.T) {
	memory := new(observability.Memory)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(memory)), sdktrace.WithResource(resources()[0]))
	for n := range 600 {
		name := []string{"a", "b"}[n%2]
		if n > 100 {
			name += attribute.IntValue(n).String() // more than are kept
		}
		_, s := provider.Tracer(name).Start(t.Context(), name)
		s.End()
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, s := range memory.Spans() {
		var scope, res span.Value
		for _, f := range s.Extra {
			switch f.Key {
			case "scope":
				scope = f.Value
			case "resource":
				res = f.Value
			}
		}
		if name, _ := scope.Get("name").Text(); name != s.Name || res.Get("process.pid") != "4711" {
			t.Fatalf("span %d, %s, is of %s and %s", i, s.Name, res, scope)
		}
	}
}
