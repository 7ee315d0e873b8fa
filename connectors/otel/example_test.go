package otel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// serve is a service that traces with OpenTelemetry. It does not know where its spans go.
func serve(tracer trace.Tracer) {
	ctx, run := tracer.Start(context.Background(), "invoke_agent Support", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "invoke_agent"), attribute.String("gen_ai.agent.name", "Support")))
	_, chat := tracer.Start(ctx, "chat example-1", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.request.model", "example-1"),
		attribute.Int("gen_ai.usage.input_tokens", 12), attribute.Int("gen_ai.usage.output_tokens", 3)))
	chat.End()
	run.End()
}

// Moving is one line where the SDK is set up; the service stays as it is.
func ExampleNewSpanProcessor() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	exporter, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: "mst_example-token", Endpoint: collector.URL(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "support"))),
		sdktrace.WithSpanProcessor(otel.NewSpanProcessor(exporter)), // was: sdktrace.WithBatcher(otlpExporter)
	)
	serve(provider.Tracer("support"))
	fmt.Println("shutdown:", provider.Shutdown(context.Background()))

	for _, r := range collector.Records() {
		s, err := span.DecodeRecord(r.JSON)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Type, s.Name, s.Attributes, s.Metadata)
	}
	// Output:
	// shutdown: <nil>
	// model_generation chat example-1 {"model":"example-1","usage":{"inputTokens":12,"outputTokens":3}} {"serviceName":"support"}
	// agent_run invoke_agent Support {} {"serviceName":"support"}
}

// Leaving is the same line the other way round.
func ExampleNewSpanProcessor_leaving() {
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Println("spans came to", r.URL.Path)
	}))
	defer backend.Close()
	otlpExporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(backend.URL+"/v1/traces"))
	if err != nil {
		fmt.Println(err)
		return
	}

	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(otlpExporter), // was: sdktrace.WithSpanProcessor(otel.NewSpanProcessor(exporter))
	)
	serve(provider.Tracer("support"))
	fmt.Println("shutdown:", provider.Shutdown(context.Background()))
	// Output:
	// spans came to /v1/traces
	// shutdown: <nil>
}

// What does not get through is counted, and Shutdown says how much that was.
func ExampleSpanProcessor() {
	memory := new(observability.Memory)
	p := otel.NewSpanProcessor(memory,
		otel.WithName("checkout"), otel.WithQueue(10_000), otel.WithOverflow(pipeline.DropOldest), otel.WithLogger(slog.New(slog.DiscardHandler)))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	serve(provider.Tracer("support"))
	if err := provider.ForceFlush(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println("delivered:", p.Ledger().Delivered)

	_ = memory.Shutdown(context.Background()) // somebody ends the exporter too early
	serve(provider.Tracer("support"))
	err := provider.Shutdown(context.Background())
	var loss *pipeline.LossError
	if errors.As(err, &loss) {
		fmt.Println("failed:", loss.Ledger.Failed, "because", loss.Losses[0].Err)
	}
	// Output:
	// delivered: 2
	// failed: 2 because pipeline: closed
}

// What should not leave the process is taken out before the exporter sees it.
func ExampleWithProcessors() {
	secrets, err := stages.NewRedactor(stages.RedactConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	memory := new(observability.Memory)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(memory, otel.WithProcessors(
		observability.ProcessorFunc(func(s *span.Span) (bool, error) {
			secrets.Span(s)
			return s.Name != "health", nil
		})))))
	for _, name := range []string{"health", "login"} {
		_, s := provider.Tracer("shop").Start(context.Background(), name, trace.WithAttributes(attribute.String("password", "not-a-secret")))
		s.End()
	}
	if err := provider.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	for _, s := range memory.Spans() {
		fmt.Println(s.Name, s.Metadata.Get("password"))
	}
	// Output: login "[REDACTED]"
}

// Whoever keeps a processor of OpenTelemetry's has an exporter for it.
func ExampleNewSpanExporter() {
	memory := new(observability.Memory)
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(otel.NewSpanExporter(memory)))
	serve(provider.Tracer("support"))
	if err := provider.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	late := otel.NewSpanExporter(memory)
	err := late.ExportSpans(context.Background(), []sdktrace.ReadOnlySpan{snapshot(1, trace.FlagsSampled)})
	fmt.Println(len(memory.Spans()), "spans;", errors.Is(err, otel.ErrNotTaken), err)
	// Output:
	// 2 spans; true otel: spans were not taken: 1 of 1: pipeline: closed
}

// A service traces its requests with OpenTelemetry and its agent with a Tracer: one trace.
func ExampleNewBridge() {
	memory := new(observability.Memory) // where both export to
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(memory, otel.KeepExporter())))
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "shop", ServiceName: "shop", Exporters: []observability.Exporter{memory}}},
		Bridge:    otel.NewBridge(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	library := provider.Tracer("some library")

	ctx, request := library.Start(context.Background(), "POST /ask")
	ctx, run := o.Tracer().Start(ctx, "support agent", span.AgentRun{AgentID: "support"})
	ctx, query := library.Start(ctx, "SELECT orders")
	_, tool := observability.Start(ctx, "tool: 'weather'", span.ToolCall{ToolID: "weather"})
	tool.End()
	query.End()
	run.End()
	request.End()

	_ = provider.Shutdown(context.Background()) // leaves the exporter to the other
	_ = o.Shutdown(context.Background())
	spans := memory.Trace(run.TraceID())
	depth := map[span.ID]int{}
	for _, s := range spans {
		depth[s.ID] = depth[s.ParentID] + 1
		fmt.Printf("%*s%s\n", 2*depth[s.ID]-2, "", s.Name)
	}
	// Output:
	// POST /ask
	//   support agent
	//     SELECT orders
	//       tool: 'weather'
}

// The caller's span and the callee's are one trace, whichever of the two tracers makes them.
func ExamplePropagator() {
	propagator := propagation.NewCompositeTextMapPropagator(otel.Propagator{}, propagation.Baggage{})

	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(new(observability.Memory))))
	ctx, call := provider.Tracer("caller").Start(context.Background(), "GET /orders")
	headers := http.Header{}
	propagator.Inject(ctx, propagation.HeaderCarrier(headers))
	call.End()
	_ = provider.Shutdown(context.Background())

	memory := new(observability.Memory)
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "orders", ServiceName: "orders", Exporters: []observability.Exporter{memory}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, s := o.Tracer().Start(propagator.Extract(context.Background(), propagation.HeaderCarrier(headers)), "orders", nil)
	s.End()
	_ = o.Shutdown(context.Background())
	id := call.SpanContext().SpanID().String()
	fmt.Println(headers.Get("Tracestate") == "tailrace="+id, string(memory.Spans()[0].ParentID) == id)
	// Output: true true
}

func ExampleRegisterMetrics() {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("tailrace")
	p := otel.NewSpanProcessor(new(observability.Memory))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p))
	all := []otel.StatsSource{p, otel.StatsFunc(func() pipeline.Stats { return pipeline.Stats{Name: "another"} })}
	unregister, err := otel.RegisterMetrics(meter, all...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = unregister() }()
	serve(provider.Tracer("support"))
	_ = provider.Shutdown(context.Background())

	var data metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &data); err != nil {
		fmt.Println(err)
		return
	}
	var lines []string
	for _, m := range data.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "tailrace.pipeline.items" {
			for _, point := range sum.DataPoints {
				if point.Value > 0 {
					lines = append(lines, fmt.Sprint(m.Name, " ", point.Attributes.Encoded(attribute.DefaultEncoder()), " ", point.Value))
				}
			}
		}
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, "\n"))
	// Output:
	// tailrace.pipeline.items column=accepted,pipeline=otel 2
	// tailrace.pipeline.items column=delivered,pipeline=otel 2
}
