package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
)

// exporters are the OpenTelemetry SDK's own, with and without compression.
func exporters(t *testing.T, g *rig) map[string]sdktrace.SpanExporter {
	t.Helper()
	address := strings.TrimPrefix(g.http.URL, "http://")
	auth := map[string]string{"authorization": "Bearer " + g.tokens["support"]}
	all := map[string]sdktrace.SpanExporter{}
	add := func(name string, e sdktrace.SpanExporter, err error) {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Shutdown(context.Background()) }) // the test is over
		all[name] = e
	}
	e, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure(), otlptracehttp.WithHeaders(auth))
	add("http", e, err)
	e, err = otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure(), otlptracehttp.WithHeaders(auth),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	add("http gzip", e, err)
	e, err = otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithHeaders(auth))
	add("grpc", e, err)
	e, err = otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithHeaders(auth),
		otlptracegrpc.WithCompressor("gzip"))
	add("grpc gzip", e, err)
	return all
}

func TestTheSDKsOwnExporters(t *testing.T) {
	g := newRig(t, ingest.Config{})
	for name, e := range exporters(t, g) {
		provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(e), sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", name))))
		ctx, root := provider.Tracer("test").Start(t.Context(), "run of "+name)
		_, child := provider.Tracer("test").Start(ctx, "step")
		child.End()
		root.End()
	}
	traces := g.traces("support")
	if len(traces) != 4 {
		t.Fatalf("%d traces, want 4", len(traces))
	}
	for _, tr := range traces {
		if tr.Spans != 2 || tr.Name != "run of "+tr.Service || tr.Status != store.StatusSuccess {
			t.Errorf("trace %+v", tr)
		}
	}
	if n := g.server.Stats().Requests[200]; n != 8 {
		t.Errorf("%d requests with 200, want 8", n)
	}
}

func TestOTLPOverHTTPInJSON(t *testing.T) {
	g := newRig(t, ingest.Config{})
	body := `{"resourceSpans":[{"scopeSpans":[{"spans":[
		{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"good","startTimeUnixNano":"1763827200000000000"},
		{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"x","name":"bad"}]}]}]}`
	a := g.send("/v1/traces", []byte(body))
	var reply struct {
		PartialSuccess struct {
			RejectedSpans string `json:"rejectedSpans"`
			ErrorMessage  string `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err := json.Unmarshal(a.body, &reply); err != nil || a.status != 200 || reply.PartialSuccess.RejectedSpans != "1" ||
		!strings.Contains(reply.PartialSuccess.ErrorMessage, "record 1: spanId") || a.header.Get("Accept-Encoding") != "gzip, zstd" {
		t.Errorf("%d %v: %s", a.status, a.header, a.body)
	}
	if a := g.send("/v1/traces", []byte("{")); a.status != 400 || !strings.Contains(string(a.body), `"code":3`) || a.header.Get("Accept-Encoding") == "" {
		t.Errorf("a broken body: %d %s", a.status, a.body)
	}
	if a := g.send("/v1/traces", []byte("{}"), header("Content-Type", "text/plain")); a.status != 415 || !strings.Contains(string(a.body), "Content-Type") {
		t.Errorf("another content type: %d %s", a.status, a.body)
	}
	if a := g.send("/v1/traces", []byte("{}"), header("Authorization", "Bearer trt_none")); a.status != 401 || !strings.Contains(string(a.body), `"code":16`) {
		t.Errorf("a wrong token: %d %s", a.status, a.body)
	}
}

func TestGRPCRefusals(t *testing.T) {
	g := newRig(t, ingest.Config{})
	client := connect.NewClient[raw, raw](h2c(t), g.http.URL+otlp.Procedure, connect.WithGRPC(), connect.WithCodec(rawCodec{}))
	do := func(message, token string) error {
		r := connect.NewRequest(&raw{[]byte(message)})
		r.Header().Set("Authorization", "Bearer "+token)
		_, err := client.CallUnary(t.Context(), r)
		return err
	}
	if err := do("", g.tokens["support"]); err != nil {
		t.Errorf("an empty message: %v", err)
	}
	if err := do("no protobuf", g.tokens["support"]); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a broken message: %v", err)
	}
	if err := do("", "trt_none"); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a wrong token: %v", err)
	}
	if err := do(strings.Repeat("\x00", 33<<20), g.tokens["support"]); connect.CodeOf(err) != connect.CodeResourceExhausted {
		t.Errorf("33 MiB: %v", err)
	}
	if err := g.db.SetQuota(t.Context(), "sales", 1); err != nil {
		t.Fatal(err)
	}
	g.send("/ai/spans/publish", spans(1, 0), g.as("sales"))
	err := do("", g.tokens["sales"])
	var failure *connect.Error
	if !errors.As(err, &failure) || failure.Code() != connect.CodeResourceExhausted || len(failure.Details()) != 1 {
		t.Errorf("quota used up: %v", err)
	}
	if want := map[int]int64{200: 2, 400: 1, 401: 1, 413: 1, 429: 1}; !equal(g.server.Stats().Requests, want) {
		t.Errorf("requests %v, want %v", g.server.Stats().Requests, want)
	}
}
