package otlp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// collector is a server as small as one can be: it keeps what it decodes.
type collector struct {
	mu       sync.Mutex
	items    []otlp.Item
	calls    int
	sent     []http.Header
	failures []error // of the first calls
	limits   intake.Limits
}

func (c *collector) take(body []byte, f otlp.Format, header http.Header) (otlp.Batch, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	c.sent = append(c.sent, header.Clone())
	if len(c.failures) > 0 {
		err := c.failures[0]
		c.failures = c.failures[1:]
		return otlp.Batch{}, err
	}
	batch, err := otlp.Decode(body, f, c.limits)
	c.items = append(c.items, batch.Items...)
	return batch, err
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	format, ok := otlp.FormatOf(r.Header.Get("Content-Type"))
	if !ok {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	w.Header().Set("Content-Type", format.ContentType())
	body, err := intake.Body(r.Body, r.Header.Get("Content-Encoding"), c.limits)
	var batch otlp.Batch
	if err == nil {
		batch, err = c.take(body, format, r.Header)
	}
	if err != nil {
		status := intake.Status(err)
		w.WriteHeader(status)
		_, _ = w.Write(otlp.Status(format, status, err.Error()))
		return
	}
	_, _ = w.Write(otlp.Response(format, len(batch.Rejected), ""))
}

func (c *collector) export(_ context.Context, message []byte, header http.Header) (int, string, error) {
	batch, err := c.take(message, otlp.Protobuf, header)
	return len(batch.Rejected), "", err
}

// serve starts h on the loopback, with HTTP/2 in clear text, and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// run makes the spans of one agent run and sends them with the SDK's own exporter.
func run(t *testing.T, exporter sdktrace.SpanExporter) error {
	t.Helper()
	ctx := t.Context()
	kept := &keeper{}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(kept), sdktrace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "support"), attribute.String("deployment.environment.name", "staging"))))
	tracer := provider.Tracer("agent", trace.WithInstrumentationVersion("1.2"))
	ctx, root := tracer.Start(ctx, "invoke_agent Support", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "invoke_agent"), attribute.String("gen_ai.agent.name", "Support")))
	_, chat := tracer.Start(ctx, "chat example-1", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "chat"),
		attribute.String("gen_ai.request.model", "example-1"),
		attribute.Int("gen_ai.usage.input_tokens", 12),
		attribute.StringSlice("gen_ai.response.finish_reasons", []string{"stop"}),
		attribute.String("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"Where is my order?"}]}]`)))
	chat.AddEvent("first token")
	chat.RecordError(errors.New("declined"))
	chat.SetStatus(codes.Error, "it was declined")
	chat.End()
	root.End()
	if err := provider.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	err := exporter.ExportSpans(ctx, kept.spans)
	if err := exporter.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	return err
}

type keeper struct{ spans []sdktrace.ReadOnlySpan }

func (k *keeper) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	k.spans = append(k.spans, spans...)
	return nil
}

func (k *keeper) Shutdown(context.Context) error { return nil }

func overHTTP(t *testing.T, address string, more ...otlptracehttp.Option) sdktrace.SpanExporter {
	t.Helper()
	exporter, err := otlptracehttp.New(t.Context(), append(more, otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure())...)
	if err != nil {
		t.Fatal(err)
	}
	return exporter
}

func overGRPC(t *testing.T, address string, more ...otlptracegrpc.Option) sdktrace.SpanExporter {
	t.Helper()
	exporter, err := otlptracegrpc.New(t.Context(), append(more, otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure())...)
	if err != nil {
		t.Fatal(err)
	}
	return exporter
}

func TestTheExportersOfOpenTelemetry(t *testing.T) {
	for _, tt := range []struct {
		name     string
		exporter func(*testing.T, string) sdktrace.SpanExporter
	}{
		{"over HTTP", func(t *testing.T, address string) sdktrace.SpanExporter { return overHTTP(t, address) }},
		{"over HTTP with gzip", func(t *testing.T, address string) sdktrace.SpanExporter {
			return overHTTP(t, address, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		}},
		{"over gRPC", func(t *testing.T, address string) sdktrace.SpanExporter { return overGRPC(t, address) }},
		{"over gRPC with gzip", func(t *testing.T, address string) sdktrace.SpanExporter {
			return overGRPC(t, address, otlptracegrpc.WithCompressor("gzip"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &collector{}
			mux := http.NewServeMux()
			mux.Handle("/v1/traces", c)
			mux.Handle(otlp.Procedure, otlp.NewHandler(1<<20, c.export))
			if err := run(t, tt.exporter(t, serve(t, mux))); err != nil {
				t.Fatal(err)
			}
			if len(c.items) != 2 {
				t.Fatalf("got %d spans", len(c.items))
			}
			chat, root := c.items[0].Span, c.items[1].Span
			if c.items[0].Service != "support" || chat.ParentID != root.ID || chat.TraceID != root.TraceID || !root.Root || root.EntityName != "Support" {
				t.Errorf("got %+v and %+v", chat, root)
			}
			if chat.Type != span.TypeModelGeneration || root.Type != span.TypeAgentRun {
				t.Errorf("types %s, %s", chat.Type, root.Type)
			}
			if want := span.Value(`{"model":"example-1","finishReason":"stop","usage":{"inputTokens":12}}`); chat.Attributes != want {
				t.Errorf("attributes\ngot  %s\nwant %s", chat.Attributes, want)
			}
			if want := span.Value(`{"messages":[{"role":"user","content":"Where is my order?"}]}`); chat.Input != want {
				t.Errorf("input\ngot  %s\nwant %s", chat.Input, want)
			}
			if e := chat.Error; e == nil || e.Message != "it was declined" || e.Name != "*errors.errorString" {
				t.Errorf("error %+v", chat.Error)
			}
			if chat.Metadata != `{"environment":"staging"}` {
				t.Errorf("metadata %s", chat.Metadata)
			}
			if d := chat.Duration(); d <= 0 || d > time.Minute {
				t.Errorf("took %s", d)
			}
			if events := extra(chat, "events"); !strings.Contains(string(events), `"first token"`) || !strings.Contains(string(events), `"exception.message":"declined"`) {
				t.Errorf("events %s", events)
			}
		})
	}
}

func extra(s *span.Span, key string) span.Value {
	for _, f := range s.Extra {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

var atOnce = otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: time.Microsecond, MaxInterval: time.Microsecond, MaxElapsedTime: time.Minute}

func TestWhenTheGRPCExporterTriesAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		calls int
		fails string // what the exporter says
	}{
		{"unavailable", &otlp.GRPCError{Code: connect.CodeUnavailable, Message: "starting"}, 2, ""},
		{"unavailable, with a delay", &otlp.GRPCError{Code: connect.CodeUnavailable, RetryAfter: time.Nanosecond}, 2, ""},
		{"exhausted, with a delay", &otlp.GRPCError{Code: connect.CodeResourceExhausted, RetryAfter: time.Nanosecond}, 2, ""},
		{"exhausted, without a delay", &otlp.GRPCError{Code: connect.CodeResourceExhausted, Message: "quota"}, 1, "quota"},
		{"one of connect's", connect.NewError(connect.CodePermissionDenied, errors.New("read only")), 1, "read only"},
		{"a body that is broken", intake.ErrBody, 1, "InvalidArgument"},
		{"a body that is too large", intake.ErrTooLarge, 1, "ResourceExhausted"},
		{"any other error", errors.New("fake-secret in a path"), 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &collector{failures: []error{tt.err}}
			address := serve(t, otlp.NewHandler(1<<20, c.export))
			err := run(t, overGRPC(t, address, otlptracegrpc.WithRetry(atOnce)))
			if c.calls != tt.calls {
				t.Errorf("%d calls, want %d", c.calls, tt.calls)
			}
			if tt.fails == "" && err != nil || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
		})
	}
}

func TestTheGRPCExporterSeesWhatARouterDenies(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusUnauthorized:    "Unauthenticated desc = no 100%",
		http.StatusForbidden:       "PermissionDenied desc = no 100%",
		http.StatusNotFound:        "Unimplemented desc = no 100%",
		http.StatusTooManyRequests: "ResourceExhausted desc = no 100%",
	} {
		address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { otlp.Deny(w, status, "no 100% ü") }))
		err := run(t, overGRPC(t, address, otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{})))
		if err == nil || !strings.Contains(err.Error(), want+" ü") {
			t.Errorf("%d: %v", status, err)
		}
	}
	calls := 0
	c := &collector{}
	inner := otlp.NewHandler(1<<20, c.export)
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Retry-After", "0")
			otlp.Deny(w, http.StatusServiceUnavailable, "busy")
			return
		}
		inner.ServeHTTP(w, r)
	}))
	if err := run(t, overGRPC(t, address, otlptracegrpc.WithRetry(atOnce))); err != nil || c.calls != 1 {
		t.Errorf("%v, %d calls", err, c.calls)
	}
}
