package otel_test

import (
	"context"
	"encoding/json"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// otelAgent answers a question. It is instrumented with OpenTelemetry alone, by the GenAI conventions.
func otelAgent(ctx context.Context, tracer trace.Tracer, url, question string) (string, error) {
	ctx, run := tracer.Start(ctx, "invoke_agent weather agent", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "invoke_agent"), attribute.String("gen_ai.agent.name", "weather agent"), attribute.String("input", question)))
	defer run.End()
	messages := []message{{"user", question}}
	for {
		a, err := otelChat(ctx, tracer, url, messages)
		if err != nil {
			run.SetStatus(codes.Error, err.Error())
			return "", err
		}
		if a.Tool == "" {
			run.SetAttributes(attribute.String("output", a.Text))
			return a.Text, nil
		}
		messages = append(messages, message{"tool", otelTool(ctx, tracer, a)})
	}
}

func otelChat(ctx context.Context, tracer trace.Tracer, url string, messages []message) (answer, error) {
	ctx, call := tracer.Start(ctx, "chat example-1", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.provider.name", "example"), attribute.String("gen_ai.request.model", "example-1")))
	defer call.End()
	a, err := ask(ctx, url, messages)
	if err != nil {
		call.RecordError(err)
		call.SetStatus(codes.Error, "the model cannot be asked")
		return a, err
	}
	call.SetAttributes(attribute.Int("gen_ai.usage.input_tokens", a.InputTokens), attribute.Int("gen_ai.usage.output_tokens", a.OutputTokens))
	return a, nil
}

func otelTool(ctx context.Context, tracer trace.Tracer, a answer) string {
	_, call := tracer.Start(ctx, "execute_tool "+a.Tool, trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", a.Tool), attribute.String("gen_ai.tool.call.arguments", a.Arguments)))
	defer call.End()
	result := weather(a.Arguments)
	call.SetAttributes(attribute.String("gen_ai.tool.call.result", result))
	return result
}

// An agent that is instrumented with OpenTelemetry: its spans get the types, models, usage and payloads of an agent's.
func ExampleNewSpanProcessor_agent() {
	model := startModel()
	defer model.Close()
	arrived := new(observability.Memory) // in a service: observability.NewCloudExporter
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(arrived)))

	text, err := otelAgent(context.Background(), provider.Tracer("agent"), model.URL, "Do I need an umbrella?")
	fmt.Println(text, err)
	fmt.Println(provider.Shutdown(context.Background()))
	printTraces(arrived)
	// Output:
	// Take an umbrella: rain in Oslo. <nil>
	// <nil>
	// agent_run invoke_agent weather agent ← "Do I need an umbrella?" → "Take an umbrella: rain in Oslo."
	//   model_generation chat example-1, 29 tokens
	//   tool_call execute_tool weather ← {"city":"Oslo"} → "rain in Oslo"
	//   model_generation chat example-1, 49 tokens
}

// ourAgent is the same, instrumented with a Tracer of this library.
func ourAgent(ctx context.Context, tracer *observability.Tracer, url, question string, tool func(context.Context, answer) string) (string, error) {
	ctx, run := tracer.Start(ctx, "weather agent", span.AgentRun{}, observability.WithInput(question))
	defer run.End()
	messages := []message{{"user", question}}
	for {
		a, err := ourChat(ctx, url, messages)
		if err != nil {
			run.Error(err)
			return "", err
		}
		if a.Tool == "" {
			run.SetOutput(a.Text)
			return a.Text, nil
		}
		messages = append(messages, message{"tool", tool(ctx, a)})
	}
}

func ourChat(ctx context.Context, url string, messages []message) (answer, error) {
	ctx, call := observability.Start(ctx, "example-1", span.ModelGeneration{Model: "example-1", Provider: "example"})
	defer call.End()
	a, err := ask(ctx, url, messages)
	if err != nil {
		call.Error(err)
		return a, err
	}
	call.Update(span.ModelGeneration{Usage: &span.Usage{InputTokens: new(a.InputTokens), OutputTokens: new(a.OutputTokens)}})
	return a, nil
}

func ourTool(ctx context.Context, a answer) string {
	_, call := observability.Start(ctx, a.Tool, span.ToolCall{}, observability.WithInput(json.RawMessage(a.Arguments)))
	defer call.End()
	result := weather(a.Arguments)
	call.SetOutput(result)
	return result
}

// The same agent with a Tracer of this library, which needs nothing of OpenTelemetry.
func Example_tracer() {
	model := startModel()
	defer model.Close()
	arrived := new(observability.Memory)
	o, err := observability.New(observability.Config{Instances: []observability.Instance{
		{Name: "agents", ServiceName: "weather", Exporters: []observability.Exporter{arrived}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := ourAgent(context.Background(), o.Tracer(), model.URL, "Do I need an umbrella?", ourTool)
	fmt.Println(text, err)
	fmt.Println(o.Shutdown(context.Background()))
	printTraces(arrived)
	// Output:
	// Take an umbrella: rain in Oslo. <nil>
	// <nil>
	// agent_run weather agent ← "Do I need an umbrella?" → "Take an umbrella: rain in Oslo."
	//   model_generation example-1, 29 tokens
	//   tool_call weather ← {"city":"Oslo"} → "rain in Oslo"
	//   model_generation example-1, 49 tokens
}

// Mixed: a request handler and a tool that trace with OpenTelemetry, and between them an agent that traces with us. It is
// one trace, and both ways of tracing lead to one exporter.
func Example_mixed() {
	model := startModel()
	defer model.Close()
	arrived := new(observability.Memory)
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "agents", ServiceName: "weather", Exporters: []observability.Exporter{arrived}}},
		Bridge:    otel.NewBridge(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(arrived, otel.KeepExporter())))
	tracer := provider.Tracer("service")

	ctx, request := tracer.Start(context.Background(), "GET /answer", trace.WithSpanKind(trace.SpanKindServer))
	tool := func(ctx context.Context, a answer) string { return otelTool(ctx, tracer, a) }
	text, err := ourAgent(ctx, o.Tracer(), model.URL, "Do I need an umbrella?", tool)
	request.End()
	fmt.Println(text, err)
	fmt.Println(provider.Shutdown(context.Background()), o.Shutdown(context.Background()))
	printTraces(arrived)
	// Output:
	// Take an umbrella: rain in Oslo. <nil>
	// <nil> <nil>
	// generic GET /answer
	//   agent_run weather agent ← "Do I need an umbrella?" → "Take an umbrella: rain in Oslo."
	//     model_generation example-1, 29 tokens
	//     tool_call execute_tool weather ← {"city":"Oslo"} → "rain in Oslo"
	//     model_generation example-1, 49 tokens
}
