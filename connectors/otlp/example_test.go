package otlp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"connectrpc.com/connect"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

func Example() {
	format, ok := otlp.FormatOf("application/json; charset=utf-8")
	if !ok {
		fmt.Println(http.StatusUnsupportedMediaType)
		return
	}
	batch, err := otlp.Decode([]byte(`{"resourceSpans":[{
		"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"support"}}]},
		"scopeSpans":[{"spans":[
			{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat example-1","attributes":[
				{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
				{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}}]},
			{"name":"no ids"}]}]}]}`), format, intake.Limits{})
	if err != nil {
		status := intake.Status(err)
		fmt.Printf("%d %s\n", status, otlp.Status(format, status, err.Error()))
		return
	}
	for _, item := range batch.Items {
		fmt.Println(item.Service, item.Span.Name, item.Span.Type, item.Span.Attributes)
	}
	for _, r := range batch.Rejected {
		fmt.Println(r.Index, r.Field, r.Reason)
	}
	fmt.Printf("%s\n", otlp.Response(format, len(batch.Rejected), "1 trace_id"))
	// Output:
	// support chat example-1 model_generation {"usage":{"inputTokens":12}}
	// 1 traceId trace_id
	// {"partialSuccess":{"rejectedSpans":"1","errorMessage":"1 trace_id"}}
}

func ExampleNewHandler() {
	limits := intake.Limits{MaxBodyBytes: 4 << 20}
	handler := otlp.NewHandler(limits.MaxBodyBytes, func(_ context.Context, message []byte, _ http.Header) (int, string, error) {
		batch, err := otlp.Decode(message, otlp.Protobuf, limits)
		if err != nil {
			return 0, "", err
		}
		if len(batch.Items) > 1000 {
			return 0, "", &otlp.GRPCError{Code: connect.CodeUnavailable, Message: "busy", RetryAfter: time.Second}
		}
		return len(batch.Rejected), "", nil
	})
	mux := http.NewServeMux()
	mux.Handle(otlp.Procedure, handler)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if otlp.IsGRPC(r.Header.Get("Content-Type")) {
			otlp.Deny(w, http.StatusNotFound, "no such service")
			return
		}
		http.NotFound(w, r)
	})

	call := httptest.NewRequest(http.MethodPost, "/other.Service/Call", http.NoBody)
	call.Header.Set("Content-Type", "application/grpc")
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, call)
	fmt.Println(answer.Code, answer.Header().Get("Grpc-Status"), answer.Header().Get("Grpc-Message"))
	// Output: 200 12 no such service
}

func ExampleAssembler() {
	a, err := otlp.NewAssembler(intake.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	a.Resource("") // of all spans that follow
	a.Key("service.name")
	a.Text("support")
	a.Scope(otlp.ScopeHead{Name: "agent", Version: "1.2"})

	at := time.Date(2026, 11, 22, 16, 8, 11, 0, time.UTC)
	a.Span(otlp.SpanHead{TraceID: [16]byte{15: 7}, ID: [8]byte{7: 1}, Name: "search", Kind: span.KindInternal, Start: at, End: at.Add(time.Second)})
	a.Key("gen_ai.operation.name")
	a.Text("execute_tool")
	a.Key("sizes")
	a.Ints([]int64{38, 39})
	a.Event(at, "cache miss", 0)
	a.Key("shard")
	a.Int(4)
	item, err := a.End()
	if err != nil {
		fmt.Println(err) // an intake.Rejection
		return
	}
	fmt.Println(item.Service, item.Span.Type, item.Span.Metadata, item.Span.Duration())
	for _, f := range item.Span.Extra {
		fmt.Println(f.Key, f.Value)
	}
	// Output:
	// support tool_call {"sizes":[38,39]} 1s
	// kind "internal"
	// resource {"service.name":"support"}
	// scope {"name":"agent","version":"1.2"}
	// events [{"time":"2026-11-22T16:08:11Z","name":"cache miss","attributes":{"shard":4}}]
}

// Spans go to a Collector. Without settings NewExporter reads the variables of OpenTelemetry, such as
// OTEL_EXPORTER_OTLP_ENDPOINT.
func ExampleNewExporter() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := intake.Body(r.Body, r.Header.Get("Content-Encoding"), intake.Limits{})
		if err != nil {
			fmt.Println(err)
		}
		batch, err := otlp.Decode(body, otlp.Protobuf, intake.Limits{})
		fmt.Println(r.URL.Path, r.Header.Get("Content-Encoding"), len(batch.Items), "span of", batch.Items[0].Service, err)
	}))
	defer server.Close()
	exporter, err := otlp.NewExporter(otlp.ExporterConfig{Endpoint: server.URL, Service: "support", IgnoreEnv: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &span.Span{TraceID: "5b8efff798038103d269b633813fc60c", ID: "eee19b7ec3c1b174", Name: "search", Type: span.TypeToolCall, Start: time.Now(), End: time.Now()}
	if err := exporter.Export(context.Background(), s); err != nil {
		fmt.Println(err)
	}
	fmt.Println(exporter.Shutdown(context.Background()), exporter.Ledger().Delivered)
	// Output:
	// /v1/traces gzip 1 span of support <nil>
	// <nil> 1
}
