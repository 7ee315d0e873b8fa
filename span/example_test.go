package span_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// A span is filled by its maker, frozen at its end, and written as one record of a body.
func Example() {
	s := &span.Span{
		TraceID: "25f7706a3609ac116109660a88baa0aa",
		ID:      "b40a2a314fe2b629",
		Name:    "tool: 'weather'",
		Start:   time.Date(2026, 11, 22, 16, 8, 8, 815_000_000, time.UTC),
		Input:   span.Of(map[string]any{"city": "Paris"}),
	}
	s.SetAttributes(span.ToolCall{ToolID: "weather", Success: new(true)})
	s.End = s.Start.Add(4 * time.Millisecond)
	s.Freeze()

	body := span.V0.AppendOpen(nil)
	body, err := span.V0.AppendItem(body, s, true)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n", span.V0.AppendClose(body))
	// Output:
	// {"spans":[{"traceId":"25f7706a3609ac116109660a88baa0aa","spanId":"b40a2a314fe2b629","parentSpanId":null,"name":"tool: 'weather'","spanType":"tool_call","attributes":{"toolId":"weather","success":true},"metadata":null,"startedAt":"2026-11-22T16:08:08.815Z","endedAt":"2026-11-22T16:08:08.819Z","input":{"city":"Paris"},"output":null,"isEvent":false,"createdAt":null,"updatedAt":null}]}
}

// Records of both generations may stand in one body, and a bad one costs no other.
func ExampleDecodeBody() {
	body := []byte(`{"spans":[
		{"traceId":"a1","spanId":"01","name":"older","spanType":"llm_generation","startedAt":"2026-11-22T16:08:08.810Z","attributes":{"model":"gpt-4o-mini","usage":{"inputTokens":1200}}},
		{"traceId":"a1","spanId":"02","name":"bad","startedAt":"yesterday"},
		{"traceId":"a1","id":"03","name":"newer","type":"tool_call","startTime":"2026-11-22T16:08:08.815Z","entityType":"tool","entityId":"weather"}
	]}`)
	spans, bad, err := span.DecodeBody(body)
	if err != nil {
		fmt.Println(err)
	}
	for _, s := range spans {
		fmt.Println(s.Name, s.Type.Canonical(), s.Start.Format(time.TimeOnly))
	}
	for _, b := range bad {
		fmt.Println(b, errors.Is(b, span.ErrDate))
	}
	// Output:
	// older model_generation 16:08:08
	// newer tool_call 16:08:08
	// span: record 1: startedAt: no ISO 8601 date of the years 1 to 9999 true
}

func ExampleDecodeRecord() {
	s, err := span.DecodeRecord([]byte(`{"traceId":"a1","spanId":"01","name":"run","spanType":"agent_run","attributes":{"agentId":"support"},"team":"blue"}`))
	fmt.Println(s.Name, s.EntityType, s.EntityID, s.Extra, err)

	_, err = span.DecodeRecord([]byte(`{"traceId":"a1"}`))
	fmt.Println(err)
	// Output:
	// run agent support [{team "blue"}] <nil>
	// span: spanId: missing
}

func ExampleAs() {
	s := &span.Span{Type: "llm_generation", Attributes: `{"model":"gpt-4o-mini","parameters":{"temperature":0},"mine":1}`}
	g, err := span.As[span.ModelGeneration](s)
	fmt.Println(g.Model, *g.Parameters.Temperature, err)

	_, err = span.As[span.ToolCall](s)
	fmt.Println(err)
	// Output:
	// gpt-4o-mini 0 <nil>
	// span: attributes of another type: want tool_call, have model_generation
}

func ExampleSpan_MergeAttributes() {
	var s span.Span
	s.SetAttributes(span.ModelGeneration{Model: "gpt-4o-mini", Streaming: new(true)})
	s.MergeAttributes(span.ModelGeneration{FinishReason: "stop", Usage: &span.Usage{InputTokens: new(1200), OutputTokens: new(340)}})
	fmt.Println(s.Type, s.Attributes)
	// Output: model_generation {"model":"gpt-4o-mini","streaming":true,"usage":{"inputTokens":1200,"outputTokens":340},"finishReason":"stop"}
}

func ExampleFormat() {
	s := &span.Span{TraceID: "a1", ID: "01", ParentID: "00", Name: "cut", Type: span.TypeGeneric, Output: "false"}
	for _, format := range []span.Format{span.V0, span.V1, span.NDJSON} {
		record, err := format.AppendItem(nil, s, true)
		fmt.Println(format, format.ContentType(), err)
		fmt.Printf("%s\n", record)
	}
	s.Output = `{"by":hand}`
	_, err := span.V1.AppendItem(nil, s, true)
	fmt.Println(err)
	// Output:
	// V0 application/json <nil>
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"cut","spanType":"generic","attributes":{},"metadata":null,"startedAt":null,"endedAt":null,"input":null,"output":false,"isEvent":false,"createdAt":null,"updatedAt":null}
	// V1 application/json <nil>
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"cut","spanType":"generic","output":false,"isEvent":false,"isRootSpan":false}
	// NDJSON application/x-ndjson <nil>
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"cut","spanType":"generic","output":false,"isEvent":false,"isRootSpan":false}
	//
	// span: output: not valid JSON: want a value at byte 6
}

func ExampleOf() {
	fmt.Println(span.Of(struct {
		City string    `json:"city"`
		At   time.Time `json:"at"`
		Err  error     `json:"err"`
	}{"Paris", time.Date(2026, 11, 22, 16, 8, 8, 809_000_000, time.UTC), os.ErrNotExist}))
	// Output: {"city":"Paris","at":"2026-11-22T16:08:08.809Z","err":{"name":"*errors.errorString","message":"file does not exist"}}
}

func ExampleValueLimits_Of() {
	limits := span.ValueLimits{MaxDepth: 2, MaxStringBytes: 8, MaxItems: 2}
	fmt.Println(limits.Of([]any{"a prompt, too long", []any{[]any{"deep"}}, 3, 4}))
	// Output: ["a prompt…[truncated]",["[MaxDepth]"],"[…2 more items]"]
}

func ExampleValueLimits_Cut() {
	v := span.Value(`{"model":"gpt-4o-mini","messages":["a long story that goes on and on","another one, as long as the first"]}`)
	fmt.Println(span.ValueLimits{MaxStringBytes: 8}.Cut(v))
	fmt.Println(span.ValueLimits{MaxBytes: 90}.Cut(v))
	// Output:
	// {"model":"gpt-4o-m…[truncated]","messages":["a long s…[truncated]","another …[truncated]"]}
	// {"model":"gpt-4o-mini","messages":["a long sto…[truncated]","another on…[truncated]"]}
}

func ExampleSpan_Fit() {
	s := &span.Span{TraceID: "a1", ID: "01", Name: "big", Input: span.Text(strings.Repeat("x", 1<<20)), Output: `"kept"`}
	s.Freeze()
	fmt.Println(s.Fit(4<<10), s.Size() <= 4<<10, s.Output, strings.HasSuffix(string(s.Input), `…[truncated]"`))
	// Output: true true "kept" true
}

func ExampleValue() {
	v, err := span.ParseValue(` {"usage": {"total": 1540}, "tags": ["a", "b"]} `)
	fmt.Println(v, err)
	total, ok := v.Get("usage").Get("total").Int()
	fmt.Println(total, ok)
	for tag := range v.Get("tags").Elements() {
		fmt.Println(tag.Text())
	}
	fmt.Println(v.Set("tags", "").Set("cost", "0.5"))
	// Output:
	// {"usage":{"total":1540},"tags":["a","b"]} <nil>
	// 1540 true
	// a true
	// b true
	// {"usage":{"total":1540},"cost":0.5}
}

func ExampleUsage_Normalized() {
	older := span.Usage{PromptTokens: new(1200), CompletionTokens: new(340), CachedInputTokens: new(100)}
	newer := span.Usage{InputTokens: new(1200), OutputTokens: new(340), InputDetails: &span.InputDetails{CacheRead: new(100)}}
	fmt.Printf("%+v\n", older.Normalized())
	fmt.Println(older.Normalized() == newer.Normalized())
	// Output:
	// {Input:1200 Output:340 Total:1540 Reasoning:0 Cached:100}
	// true
}

func ExampleCountsUsage() {
	fmt.Println(span.CountsUsage(span.TypeModelGeneration, false))
	fmt.Println(span.CountsUsage(span.TypeModelStep, true)) // its generation has said it already
	fmt.Println(span.CountsUsage(span.TypeAgentRun, false))
	// Output:
	// true
	// false
	// false
}

func ExampleTraceID_W3C() {
	fmt.Println(span.TraceID("ABC123").W3C())
	fmt.Println(span.NoOpTraceID.W3C())
	// Output:
	// 00000000000000000000000000abc123 true
	//  false
}

func ExampleToGenAI() {
	s := &span.Span{Name: "llm: 'gpt-4o-mini'", Type: span.TypeModelGeneration, Output: `{"text":"Sunny."}`}
	s.Attributes = `{"model":"gpt-4o-mini","provider":"oai","usage":{"inputTokens":1200},"streaming":true}`
	for _, a := range span.ToGenAI(s).Attributes {
		fmt.Println(a.Key, a.Value)
	}
	// Output:
	// mastra.span.type "model_generation"
	// gen_ai.operation.name "chat"
	// gen_ai.provider.name "openai"
	// gen_ai.request.model "gpt-4o-mini"
	// gen_ai.usage.input_tokens 1200
	// gen_ai.output.messages "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Sunny.\"}]}]"
	// mastra.model_generation.streaming true
}

func ExampleFromGenAI() {
	s := span.Span{TraceID: "a1", ID: "01", Name: "chat gpt-4o-mini"}
	span.FromGenAI(&s, span.GenAI{Attributes: []span.Field{
		{Key: "gen_ai.operation.name", Value: `"chat"`},
		{Key: "gen_ai.request.model", Value: `"gpt-4o-mini"`},
		{Key: "gen_ai.usage.input_tokens", Value: "1200"},
		{Key: "http.host", Value: `"api.openai.com"`},
	}})
	fmt.Println(s.Type, s.Attributes, s.Metadata)
	// Output: model_generation {"model":"gpt-4o-mini","usage":{"inputTokens":1200}} {"http.host":"api.openai.com"}
}

func ExampleNormalizeProvider() {
	fmt.Println(span.NormalizeProvider("Amazon Bedrock"), span.NormalizeProvider("xAI"), span.NormalizeProvider("Acme"))
	// Output: aws.bedrock x_ai acme
}

func ExampleAppendValue() {
	buf, err := span.AppendValue([]byte("input "), ` { "query" : [ 1.50 ] } `)
	fmt.Println(string(buf), err)
	// Output: input {"query":[1.50]} <nil>
}

func ExampleReplaced() {
	before := span.Replaced()
	text := span.AppendText(nil, "caf\xe9") // of Latin-1
	fmt.Println(string(text), span.Replaced()-before)
	// Output: "caf�" 1
}
