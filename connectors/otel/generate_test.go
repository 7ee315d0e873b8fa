package otel_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// generated is how many spans generate makes.
const generated = 200

// resources are those of the generated spans.
func resources() []*resource.Resource {
	return []*resource.Resource{
		resource.NewWithAttributes("https://opentelemetry.io/schemas/1.40.0",
			attribute.String("service.name", "shop"), attribute.String("deployment.environment.name", "staging"),
			attribute.StringSlice("process.command_args", []string{"shop", "--fast", ""}), attribute.Int("process.pid", 4711)),
		resource.NewSchemaless(attribute.String("service.name", "agenten-ümläut 東京"), attribute.Bool("test", true), attribute.Float64("share", 0.25)),
		resource.Empty(),
	}
}

// limits are low, so that there is something to drop.
var limits = sdktrace.SpanLimits{
	AttributeValueLengthLimit: 400, AttributeCountLimit: 24, EventCountLimit: 5, LinkCountLimit: 3,
	AttributePerEventCountLimit: 4, AttributePerLinkCountLimit: 2,
}

// generate makes spans of every kind with the SDK, the same for the same seed but for ids and times, and ends them all.
// providers has one for each of resources.
func generate(seed uint64, providers []*sdktrace.TracerProvider) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
	for n := 0; n < generated; n++ {
		provider := providers[n%len(providers)]
		tracer := provider.Tracer(fmt.Sprint("scope ", n%3), trace.WithInstrumentationVersion([]string{"", "1.2.3"}[n%2]),
			trace.WithInstrumentationAttributes(g.attributes(n%4)...), trace.WithSchemaURL("https://opentelemetry.io/schemas/1.30.0"))
		ctx := context.Background()
		switch n % 5 {
		case 0: // a root
		case 1:
			ctx = trace.ContextWithRemoteSpanContext(ctx, g.spanContext(true))
		default:
			ctx = trace.ContextWithSpanContext(ctx, g.before)
		}
		start := time.Date(2026, 11, 23, 12, 0, 0, g.IntN(1e9), time.FixedZone("", 3600))
		_, s := tracer.Start(ctx, g.name(n), trace.WithSpanKind(trace.SpanKind(n%6)), trace.WithTimestamp(start),
			trace.WithAttributes(g.attributes(n%9)...), trace.WithAttributes(conventions[n%len(conventions)]...), trace.WithLinks(g.links(n%5)...))
		g.before = s.SpanContext()
		for range n % 7 {
			s.AddEvent(g.text(), trace.WithTimestamp(start.Add(time.Duration(g.IntN(1e6)))), trace.WithAttributes(g.attributes(g.IntN(7))...))
		}
		if n%6 == 0 {
			s.RecordError(errors.New("declined: "+g.text()), trace.WithStackTrace(n%4 == 0), trace.WithAttributes(attribute.Bool("exception.escaped", n%12 == 0)))
		}
		switch n % 4 {
		case 1:
			s.SetStatus(codes.Ok, "not kept by the SDK")
		case 2:
			s.SetStatus(codes.Error, g.text())
		case 3:
			s.SetStatus(codes.Error, "")
		}
		s.End(trace.WithTimestamp(start.Add(time.Duration(g.IntN(1e10) - 1e6)))) // an end may come first
	}
}

type generator struct {
	*rand.Rand
	before trace.SpanContext
}

func (g *generator) name(n int) string {
	if n%10 == 0 {
		return g.text()
	}
	return fmt.Sprint("span ", n)
}

func (g *generator) text() string {
	texts := []string{
		"plain", "größer", "東京 🗼", "\u2028\u0000\x1f", `"quoted" \ / <b>&`, `{"json":[1,2,{"a":null}]}`, "[]", "1e3", "null",
		strings.Repeat("long ", 200), "NaN", " ", "line\nline\ttab",
	}
	return texts[g.IntN(len(texts))]
}

func (g *generator) spanContext(remote bool) trace.SpanContext {
	var c trace.SpanContextConfig
	for i := range c.TraceID {
		c.TraceID[i] = byte(g.IntN(256))
	}
	for i := range c.SpanID {
		c.SpanID[i] = byte(g.IntN(255) + 1)
	}
	c.TraceFlags, c.Remote = trace.FlagsSampled, remote
	if g.IntN(2) == 0 {
		c.TraceState, _ = trace.ParseTraceState("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
	}
	return trace.NewSpanContext(c)
}

func (g *generator) links(n int) (links []trace.Link) {
	for range n {
		links = append(links, trace.Link{SpanContext: g.spanContext(g.IntN(2) == 0), Attributes: g.attributes(g.IntN(4))})
	}
	return links
}

// attributes are of every type of value, at the borders too.
func (g *generator) attributes(n int) (all []attribute.KeyValue) {
	makers := []func(key string) attribute.KeyValue{
		func(k string) attribute.KeyValue { return attribute.String(k, g.text()) },
		func(k string) attribute.KeyValue { return attribute.String(k, "") },
		func(k string) attribute.KeyValue { return attribute.Bool(k, g.IntN(2) == 0) },
		func(k string) attribute.KeyValue {
			return attribute.Int64(k, []int64{0, -1, math.MaxInt64, math.MinInt64, int64(g.IntN(1000))}[g.IntN(5)])
		},
		func(k string) attribute.KeyValue {
			return attribute.Float64(k, []float64{0, 1, -1.5, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 5e-324, math.Copysign(0, -1)}[g.IntN(9)])
		},
		func(k string) attribute.KeyValue { return attribute.StringSlice(k, []string{g.text(), "", g.text()}) },
		func(k string) attribute.KeyValue { return attribute.StringSlice(k, []string{}) },
		func(k string) attribute.KeyValue { return attribute.BoolSlice(k, []bool{true, false}) },
		func(k string) attribute.KeyValue { return attribute.BoolSlice(k, nil) },
		func(k string) attribute.KeyValue { return attribute.Int64Slice(k, []int64{1, math.MinInt64}) },
		func(k string) attribute.KeyValue { return attribute.Int64Slice(k, []int64{}) },
		func(k string) attribute.KeyValue {
			return attribute.Float64Slice(k, []float64{0.1, math.NaN(), math.Inf(-1)})
		},
		func(k string) attribute.KeyValue { return attribute.Float64Slice(k, []float64{}) },
		func(k string) attribute.KeyValue {
			return attribute.KeyValue{Key: attribute.Key(k), Value: attribute.ByteSliceValue([]byte{0, 255, 7})}
		},
		func(k string) attribute.KeyValue {
			return attribute.KeyValue{Key: attribute.Key(k), Value: attribute.SliceValue(attribute.StringValue("a"), attribute.Int64Value(1), attribute.Value{}, attribute.SliceValue())}
		},
		func(k string) attribute.KeyValue {
			return attribute.KeyValue{Key: attribute.Key(k), Value: attribute.MapValue(attribute.String("b", g.text()), attribute.Bool("a", true), attribute.KeyValue{Key: "m", Value: attribute.MapValue()})}
		},
		func(k string) attribute.KeyValue { return attribute.KeyValue{Key: attribute.Key(k)} },
	}
	for i := range n {
		key := []string{"plain", "with space", "ключ", "user.id", "http.route", `quo"te`, "environment", "threadId", "error.type", "input"}[g.IntN(10)]
		if g.IntN(3) == 0 {
			key = fmt.Sprint("key ", i)
		}
		all = append(all, makers[g.IntN(len(makers))](key))
	}
	return all
}

func texts(pairs ...string) (all []attribute.KeyValue) {
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, attribute.String(pairs[i], pairs[i+1]))
	}
	return all
}

// conventions are what instrumentations of AI say: GenAI's names, current and older, and OpenInference's.
var conventions = [][]attribute.KeyValue{
	nil,
	append(texts("gen_ai.operation.name", "chat", "gen_ai.provider.name", "openai", "gen_ai.request.model", "example-1", "gen_ai.response.model", "example-1-2026",
		"gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"Where is my order?"}]}]`,
		"gen_ai.output.messages", `[{"role":"assistant","parts":[{"type":"text","content":"On its way."}],"finish_reason":"stop"}]`),
		attribute.Int("gen_ai.usage.input_tokens", 12), attribute.Int("gen_ai.usage.output_tokens", 3), attribute.Float64("gen_ai.request.temperature", 0.5),
		attribute.StringSlice("gen_ai.response.finish_reasons", []string{"stop"})),
	append(texts("gen_ai.operation.name", "text_completion", "gen_ai.system", "anthropic", "gen_ai.prompt", "Hello", "gen_ai.completion", "Hi"),
		attribute.Int("gen_ai.usage.prompt_tokens", 5), attribute.Int("gen_ai.usage.completion_tokens", 6), attribute.Int("gen_ai.usage.total_tokens", 11)),
	texts("gen_ai.operation.name", "execute_tool", "gen_ai.tool.name", "weather", "gen_ai.tool.call.id", "call_1", "gen_ai.tool.call.arguments", `{"city":"Rome"}`, "gen_ai.tool.call.result", `"sunny"`),
	texts("gen_ai.operation.name", "invoke_agent", "gen_ai.agent.name", "Support", "gen_ai.agent.id", "a1", "gen_ai.conversation.id", "c1", "input", "hi", "output", "ho"),
	texts("gen_ai.operation.name", "embeddings", "gen_ai.request.model", "embed-1"),
	texts("mastra.span.type", "workflow_run", "workflow.id", "w1", "mastra.workflow_run.input", `{"a":1}`, "error.type", "unknown", "error.message", "no"),
	append(texts("openinference.span.kind", "LLM", "llm.model_name", "example-2", "llm.provider", "openai", "input.value", `{"messages":[]}`, "input.mime_type", "application/json",
		"llm.input_messages.0.message.role", "system", "llm.input_messages.0.message.content", "Be brief.",
		"llm.input_messages.1.message.role", "user", "llm.input_messages.1.message.content", "Weather in Rome?",
		"llm.output_messages.0.message.role", "assistant", "llm.output_messages.0.message.tool_calls.0.tool_call.id", "call_1",
		"llm.output_messages.0.message.tool_calls.0.tool_call.function.name", "weather",
		"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", `{"city":"Rome"}`,
		"llm.invocation_parameters", `{"temperature":0.2,"max_tokens":100}`, "session.id", "s1"),
		attribute.Int("llm.token_count.prompt", 20), attribute.Int("llm.token_count.completion", 8), attribute.Int("llm.token_count.total", 28),
		attribute.Int("llm.token_count.prompt_details.cache_read", 4), attribute.Int("llm.token_count.completion_details.reasoning", 2)),
	texts("openinference.span.kind", "CHAIN", "input.value", "what", "output.value", `{"is":"that"}`, "output.mime_type", "application/json", "metadata", `{"tier":"gold"}`, "tag.tags", `["a","b"]`),
	texts("openinference.span.kind", "TOOL", "tool.name", "weather", "tool.description", "Looks out.", "tool.parameters", `{"city":"Rome"}`, "input.value", `{"city":"Rome"}`, "output.value", "sunny"),
	texts("openinference.span.kind", "AGENT", "agent.name", "Support", "graph.node.id", "n1", "input.value", "help", "output.value", "helped", "user.id", "u1"),
	append(texts("openinference.span.kind", "RETRIEVER", "input.value", "orders", "retrieval.documents.0.document.id", "d1", "retrieval.documents.0.document.content", "Order 4711"),
		attribute.Float64("retrieval.documents.0.document.score", 0.9)),
	texts("openinference.span.kind", "EMBEDDING", "embedding.model_name", "embed-2", "embedding.embeddings.0.embedding.text", "orders"),
	texts("openinference.span.kind", "RERANKER", "reranker.model_name", "rank-1", "reranker.query", "orders"),
	texts("openinference.span.kind", "GUARDRAIL", "input.value", "x"),
	texts("openinference.span.kind", "EVALUATOR", "input.value", "x"),
}
