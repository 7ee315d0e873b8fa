package otlp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"connectrpc.com/connect"

	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/ingest/otlp"
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
			{"name":"no ids"}]}]}]}`), format, decode.Limits{})
	if err != nil {
		status := decode.Status(err)
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
	limits := decode.Limits{MaxBodyBytes: 4 << 20}
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
