package otlp_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// A pipeline stands where a Collector stands: it takes OTLP, leaves out what nobody wants to see, and sends the rest on as
// OTLP. The second receiver is what it sends to.
func ExampleReceiver() {
	backend, err := otlp.NewReceiver(otlp.ReceiverConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	behind := httptest.NewServer(backend) // gRPC needs a server with HTTP/2
	defer behind.Close()
	stored := pipeline.New(pipeline.Config{})
	pipeline.To(backend.Spans(stored), sink.Each(func(s *span.Span) { fmt.Println("stored:", s.Name, s.Attributes, s.Metadata, s.Extra[1].Value) }))

	receiver, err := otlp.NewReceiver(otlp.ReceiverConfig{Queue: 16, MaxWait: 2 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := pipeline.New(pipeline.Config{MaxBytes: 64 << 20, DrainTimeout: 10 * time.Second})
	kept := pipeline.Via(receiver.Spans(p), stages.Filter(func(s *span.Span) bool { return s.Name != "GET /healthz" }))
	redacted := pipeline.Via(kept, stages.Redact(stages.RedactConfig{}))
	batches := pipeline.Via(redacted, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 1000, MaxWait: 5 * time.Second}))
	bodies := pipeline.Via(batches, stages.Encode(otlp.Codec{}, stages.EncodeConfig{MaxBytes: 4 << 20}))
	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd))
	sender := otlp.NewHTTP(otlp.HTTPConfig{Endpoint: behind.URL, Sink: sink.HTTPConfig{AllowInsecure: true}})
	pipeline.To(packed, sender.Sink())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 2)
	go func() { done <- stored.Run(ctx) }()
	go func() { done <- p.Run(ctx) }()
	if err := sender.Verify(ctx); err != nil {
		fmt.Println(err)
	}

	// Whoever exports OTLP: here three spans, of which one has no ids.
	request := httptest.NewRequest(http.MethodPost, otlp.Path, bytes.NewReader([]byte(`{"resourceSpans":[{
		"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"support"}}]},
		"scopeSpans":[{"spans":[
			{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat","kind":3,"attributes":[
				{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
				{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},
				{"key":"api_key","value":{"stringValue":"not for everyone"}}]},
			{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b175","name":"GET /healthz"},
			{"name":"no ids"}]}]}]}`)))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, request)
	fmt.Println(answer.Code, answer.Body)

	if err := p.Flush(ctx); err != nil { // what was taken so far is at the backend
		fmt.Println(err)
	}
	cancel()
	fmt.Println(<-done, <-done)
	stats, l := receiver.Stats(), p.Ledger()
	fmt.Println("accepted", stats.Accepted, "rejected", stats.Rejected)
	fmt.Println("accepted", l.Accepted, "delivered", l.Delivered, "filtered", l.Filtered, "in flight", l.InFlight)
	fmt.Println("at the backend", stored.Ledger().Delivered)
	// Output:
	// 200 {"partialSuccess":{"rejectedSpans":"1","errorMessage":"1 trace_id; the first is span 2: traceId: trace_id"}}
	// stored: chat {"usage":{"inputTokens":12}} {"api_key":"[REDACTED]"} {"service.name":"support"}
	// <nil> <nil>
	// accepted 2 rejected map[trace_id:1]
	// accepted 2 delivered 1 filtered 1 in flight 0
	// at the backend 1
}
