package span

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// genAIRows has one case for each row of the mapping: the span's side, the attribute that is written, and the older
// spellings that read back the same.
var genAIRows = []struct {
	name       string
	typ        Type
	attributes Value
	attribute  Field
	older      []Field
}{
	{"provider", TypeModelGeneration, `{"provider":"gcp.gemini"}`, Field{"gen_ai.provider.name", `"gcp.gemini"`}, []Field{{"gen_ai.system", `"Gemini"`}}},
	{"model", TypeModelGeneration, `{"model":"m"}`, Field{"gen_ai.request.model", `"m"`}, nil},
	{"embedding model", TypeRAGEmbedding, `{"model":"m"}`, Field{"gen_ai.request.model", `"m"`}, nil},
	{"response model", TypeModelInference, `{"responseModel":"m"}`, Field{"gen_ai.response.model", `"m"`}, nil},
	{"response id", TypeModelInference, `{"responseId":"m"}`, Field{"gen_ai.response.id", `"m"`}, nil},
	{"temperature", TypeModelGeneration, `{"parameters":{"temperature":0}}`, Field{"gen_ai.request.temperature", `0`}, nil},
	{"max tokens", TypeModelGeneration, `{"parameters":{"maxOutputTokens":9}}`, Field{"gen_ai.request.max_tokens", `9`}, nil},
	{"top p", TypeModelGeneration, `{"parameters":{"topP":0.5}}`, Field{"gen_ai.request.top_p", `0.5`}, nil},
	{"top k", TypeModelGeneration, `{"parameters":{"topK":4}}`, Field{"gen_ai.request.top_k", `4`}, nil},
	{"presence penalty", TypeModelGeneration, `{"parameters":{"presencePenalty":1}}`, Field{"gen_ai.request.presence_penalty", `1`}, nil},
	{"frequency penalty", TypeModelGeneration, `{"parameters":{"frequencyPenalty":1}}`, Field{"gen_ai.request.frequency_penalty", `1`}, nil},
	{"stop sequences", TypeModelGeneration, `{"parameters":{"stopSequences":["END"]}}`, Field{"gen_ai.request.stop_sequences", `"[\"END\"]"`}, []Field{{"gen_ai.request.stop_sequences", `["END"]`}}},
	{"seed", TypeModelGeneration, `{"parameters":{"seed":7}}`, Field{"gen_ai.request.seed", `7`}, nil},
	{"other parameters", TypeModelGeneration, `{"parameters":{"maxRetries":2}}`, Field{"mastra.model_generation.parameters", `"{\"maxRetries\":2}"`}, nil},
	{"input tokens", TypeModelGeneration, `{"usage":{"inputTokens":1}}`, Field{"gen_ai.usage.input_tokens", `1`}, nil},
	{"output tokens", TypeModelGeneration, `{"usage":{"outputTokens":0}}`, Field{"gen_ai.usage.output_tokens", `0`}, nil},
	{"total tokens", TypeModelGeneration, `{"usage":{"totalTokens":3}}`, Field{"mastra.model_generation.usage", `"{\"totalTokens\":3}"`}, []Field{{"gen_ai.usage.total_tokens", `3`}}},
	{"cached tokens", TypeModelGeneration, `{"usage":{"inputDetails":{"cacheRead":4}}}`, Field{"gen_ai.usage.cache_read.input_tokens", `4`}, []Field{{"gen_ai.usage.cached_input_tokens", `4`}}},
	{"tokens written to the cache", TypeModelGeneration, `{"usage":{"inputDetails":{"cacheWrite":4}}}`, Field{"gen_ai.usage.cache_creation.input_tokens", `4`}, []Field{{"gen_ai.usage.cache_write_tokens", `4`}}},
	{"for five minutes", TypeModelGeneration, `{"usage":{"inputDetails":{"cacheWrite5m":4}}}`, Field{"gen_ai.usage.cache_creation.5m_input_tokens", `4`}, nil},
	{"for an hour", TypeModelGeneration, `{"usage":{"inputDetails":{"cacheWrite1h":4}}}`, Field{"gen_ai.usage.cache_creation.1h_input_tokens", `4`}, nil},
	{"audio in", TypeModelGeneration, `{"usage":{"inputDetails":{"audio":4}}}`, Field{"gen_ai.usage.audio_input_tokens", `4`}, nil},
	{"reasoning", TypeModelGeneration, `{"usage":{"outputDetails":{"reasoning":4}}}`, Field{"gen_ai.usage.reasoning_tokens", `4`}, nil},
	{"audio out", TypeModelGeneration, `{"usage":{"outputDetails":{"audio":4}}}`, Field{"gen_ai.usage.audio_output_tokens", `4`}, nil},
	{"finish reason", TypeModelGeneration, `{"finishReason":"stop"}`, Field{"gen_ai.response.finish_reasons", `"[\"stop\"]"`}, []Field{{"gen_ai.response.finish_reasons", `"stop"`}, {"gen_ai.response.finish_reasons", `["stop","x"]`}}},
	{"tool description", TypeToolCall, `{"toolDescription":"d"}`, Field{"gen_ai.tool.description", `"d"`}, nil},
	{"tool type", TypeToolCall, `{"toolType":"d"}`, Field{"gen_ai.tool.type", `"d"`}, nil},
	{"tool call id", TypeProviderToolCall, `{"toolCallId":"d"}`, Field{"gen_ai.tool.call.id", `"d"`}, nil},
	{"tool success", TypeToolCall, `{"success":false}`, Field{"mastra.tool_call.success", `false`}, []Field{{"gen_ai.tool.success", `false`}}},
	{"instructions", TypeAgentRun, `{"instructions":"a\nb"}`, Field{"gen_ai.system_instructions", `"a\nb"`}, []Field{{"gen_ai.system_instructions", `"[{\"type\":\"text\",\"content\":\"a\"},{\"type\":\"text\",\"content\":\"b\"}]"`}}},
	{"an agent's tools", TypeAgentRun, `{"availableTools":["a"]}`, Field{"gen_ai.tool.definitions", `"[\"a\"]"`}, []Field{{"agent.available_tools", `"[\"a\"]"`}, {"gen_ai.tool.definitions", `[{"type":"function","name":"a"}]`}}},
	{"a model's tools", TypeModelGeneration, `{"tools":[{"name":"a"}]}`, Field{"gen_ai.tool.definitions", `"[{\"name\":\"a\"}]"`}, nil},
	{"max steps", TypeAgentRun, `{"maxSteps":5}`, Field{"mastra.agent_run.max_steps", `5`}, []Field{{"agent.max_steps", `5`}}},
	{"workflow id", TypeWorkflowRun, `{"workflowId":"w"}`, Field{"mastra.workflow_run.workflow_id", `"w"`}, []Field{{"workflow.id", `"w"`}}},
	{"workflow status", TypeWorkflowRun, `{"status":"success"}`, Field{"mastra.workflow_run.status", `"success"`}, []Field{{"workflow.status", `"success"`}}},
	{"step attributes", TypeWorkflowStep, `{"status":"failed"}`, Field{"mastra.workflow_step.status", `"failed"`}, nil},
	{"arrays as text", TypeWorkflowConditional, `{"truthyIndexes":[0,2]}`, Field{"mastra.workflow_conditional.truthy_indexes", `"[0,2]"`}, []Field{{"mastra.workflow_conditional.truthy_indexes", `[0,2]`}}},
	{"embedding attributes", TypeRAGEmbedding, `{"inputCount":2}`, Field{"mastra.rag_embedding.input_count", `2`}, nil},
	{"keys that are not in camel case", TypeGeneric, `{"a_b":1}`, Field{"mastra.generic.a__b", `1`}, nil},
	{"first token", TypeModelGeneration, `{"completionStartTime":"2026-01-01T00:00:00.000Z"}`, Field{"mastra.completion_start_time", `"2026-01-01T00:00:00.000Z"`}, nil},
	{"server address", TypeModelGeneration, `{"serverAddress":"h"}`, Field{"server.address", `"h"`}, nil},
	{"server port", TypeModelGeneration, `{"serverPort":443}`, Field{"server.port", `443`}, nil},
	{"MCP server", TypeMCPToolCall, `{"mcpServer":"docs"}`, Field{"server.address", `"docs"`}, []Field{{"mcp.server", `"docs"`}}},
	{"MCP server version", TypeMCPToolCall, `{"serverVersion":"1"}`, Field{"mastra.mcp_tool_call.server_version", `"1"`}, []Field{{"mcp.server.version", `"1"`}}},
}

func attribute(g GenAI, name string) Value {
	for _, f := range g.Attributes {
		if f.Key == name {
			return f.Value
		}
	}
	return ""
}

func TestGenAIAttributeRows(t *testing.T) {
	for _, tt := range genAIRows {
		t.Run(tt.name, func(t *testing.T) {
			s := &Span{TraceID: "t", ID: "s", Type: tt.typ, Attributes: tt.attributes}
			g := ToGenAI(s)
			if got := attribute(g, tt.attribute.Key); got != tt.attribute.Value {
				t.Errorf("wrote %v, want %v", g.Attributes, tt.attribute)
			}
			for _, f := range append([]Field{tt.attribute}, tt.older...) {
				var back Span
				FromGenAI(&back, GenAI{Attributes: []Field{{"mastra.span.type", Text(string(tt.typ))}, f}})
				if back.Type != tt.typ || back.Attributes != tt.attributes || back.Metadata != "" {
					t.Errorf("%v read as %s %s, metadata %s; want %s", f, back.Type, back.Attributes, back.Metadata, tt.attributes)
				}
			}
		})
	}
}

func TestGenAIUsageOfTheOlderGeneration(t *testing.T) {
	s := &Span{Type: TypeLLMGeneration, Attributes: `{"usage":{"promptTokens":12,"completionTokens":3,"totalTokens":15,"reasoningTokens":1,"cachedInputTokens":2}}`}
	g := ToGenAI(s)
	want := map[string]Value{"input_tokens": "12", "output_tokens": "3", "cache_read.input_tokens": "2", "reasoning_tokens": "1"}
	for name, v := range want {
		if got := attribute(g, "gen_ai.usage."+name); got != v {
			t.Errorf("%s = %s, want %s", name, got, v)
		}
	}
	var back Span
	FromGenAI(&back, g)
	before, _ := s.Usage()
	after, ok := back.Usage()
	if back.Type != TypeLLMGeneration || !ok || after.Normalized() != before.Normalized() {
		t.Errorf("%s: usage %+v, want %+v", back.Type, after.Normalized(), before.Normalized())
	}
}

func TestGenAIOperations(t *testing.T) {
	for typ, want := range map[Type]string{
		TypeModelGeneration: "chat", TypeLLMGeneration: "chat", TypeModelInference: "chat", TypeRAGEmbedding: "embeddings",
		TypeToolCall: "execute_tool", TypeMCPToolCall: "execute_tool", TypeProviderToolCall: "execute_tool",
		TypeAgentRun: "invoke_agent", TypeWorkflowRun: "invoke_workflow", TypeModelStep: "agent_step",
		TypeWorkflowStep: "workflow_step", "dance": "dance",
	} {
		if got := attribute(ToGenAI(&Span{Type: typ}), "gen_ai.operation.name"); got != Text(want) {
			t.Errorf("%s: operation %s, want %s", typ, got, want)
		}
	}
	for operation, want := range map[string]Type{
		"chat": TypeModelGeneration, "text_completion": TypeModelGeneration, "generate_content": TypeModelGeneration,
		"tool_selection": TypeModelGeneration, "embeddings": TypeRAGEmbedding,
		"execute_tool": TypeToolCall, "tool.execute": TypeToolCall, "invoke_agent": TypeAgentRun, "agent.run": TypeAgentRun,
		"invoke_workflow": TypeWorkflowRun, "workflow.run": TypeWorkflowRun, "agent_step": TypeModelStep,
		"workflow_step": TypeWorkflowStep, "workflow.step": TypeWorkflowStep, "": TypeGeneric, "dance": TypeGeneric,
	} {
		var s Span
		FromGenAI(&s, GenAI{Attributes: []Field{{"gen_ai.operation.name", Text(operation)}}})
		if s.Type != want || s.Metadata != "" {
			t.Errorf("%q read as %s, metadata %s; want %s", operation, s.Type, s.Metadata, want)
		}
	}
	var s Span
	FromGenAI(&s, GenAI{Attributes: []Field{{"gen_ai.operation.name", `"execute_tool"`}, {"mcp.server", `"docs"`}}})
	if s.Type != TypeMCPToolCall {
		t.Errorf("a tool of an MCP server is a %s", s.Type)
	}
	FromGenAI(&s, GenAI{Attributes: []Field{{"gen_ai.operation.name", `"chat"`}, {"mastra.span.type", `"model_inference"`}}})
	if s.Type != TypeModelInference {
		t.Errorf("the span type does not beat the operation: %s", s.Type)
	}
}

func TestGenAIKinds(t *testing.T) {
	for _, tt := range []struct {
		s    Span
		want Kind
	}{
		{Span{Type: TypeModelGeneration}, KindClient},
		{Span{Type: TypeLLMChunk}, KindClient},
		{Span{Type: TypeMCPToolCall}, KindClient},
		{Span{Type: TypeAgentRun, Root: true}, KindServer},
		{Span{Type: TypeWorkflowRun, Root: true}, KindServer},
		{Span{Type: TypeAgentRun}, KindInternal},
		{Span{Type: TypeToolCall, Root: true}, KindInternal},
	} {
		if got := ToGenAI(&tt.s).Kind; got != tt.want {
			t.Errorf("%s, root %v: kind %d, want %d", tt.s.Type, tt.s.Root, got, tt.want)
		}
	}
}

func TestGenAIPayloads(t *testing.T) {
	for _, tt := range []struct {
		name          string
		typ           Type
		input, output Value
		in, out       Field
		older         []Field
	}{
		{"a model's messages", TypeModelGeneration,
			`{"messages":[{"role":"system","content":"Help."},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"tool-call","toolCallId":"1","toolName":"w","args":{"c":1}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"1","toolName":"w","result":[2]}]}]}`,
			`{"text":"Sunny.","toolCalls":[{"toolName":"w","args":{"city":"Paris"}}]}`,
			Field{"gen_ai.input.messages", Text(`[{"role":"system","parts":[{"type":"text","content":"Help."}]},{"role":"user","parts":[{"type":"text","content":"a"},{"type":"text","content":"b"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"w","arguments":{"c":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"1","name":"w","response":[2]}]}]`)},
			Field{"gen_ai.output.messages", Text(`[{"role":"assistant","parts":[{"type":"text","content":"Sunny."},{"type":"tool_call","name":"w","arguments":{"city":"Paris"}}]}]`)},
			[]Field{{"gen_ai.prompt", Text(`{"messages":[]}`)}, {"gen_ai.completion", Text(`{"text":"x"}`)}}},
		{"a text alone", TypeModelInference, `"Hi"`, `{"text":"Ho"}`,
			Field{"gen_ai.input.messages", `"Hi"`}, Field{"gen_ai.output.messages", Text(`[{"role":"assistant","parts":[{"type":"text","content":"Ho"}]}]`)}, nil},
		{"what is not made of messages", TypeModelGeneration, `{"messages":[{"n":1}]}`, `{"object":{"a":1}}`,
			Field{"gen_ai.input.messages", Text(`{"messages":[{"n":1}]}`)}, Field{"gen_ai.output.messages", Text(`{"object":{"a":1}}`)}, nil},
		{"a part of unknown type", TypeModelGeneration, `{"messages":[{"role":"user","content":[{"type":"image","url":"u"}]}]}`, `[1]`,
			Field{"gen_ai.input.messages", Text(`[{"role":"user","parts":[{"type":"image","url":"u"}]}]`)}, Field{"gen_ai.output.messages", Text(`[1]`)}, nil},
		{"a tool's", TypeToolCall, `{"city":"Paris"}`, `"sunny"`,
			Field{"gen_ai.tool.call.arguments", Text(`{"city":"Paris"}`)}, Field{"gen_ai.tool.call.result", `"sunny"`},
			[]Field{{"gen_ai.tool.input", Text(`{"city":"Paris"}`)}, {"gen_ai.tool.output", `"sunny"`}}},
		{"another type's", TypeWorkflowStep, `[1,null]`, `true`,
			Field{"mastra.workflow_step.input", `"[1,null]"`}, Field{"mastra.workflow_step.output", `"true"`},
			[]Field{{"input", `"[1,null]"`}, {"output", `"true"`}}},
		{"text that looks like JSON", TypeGeneric, `"42"`, `"\"q\""`,
			Field{"mastra.generic.input", `"\"42\""`}, Field{"mastra.generic.output", Text(`"\"q\""`)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := ToGenAI(&Span{Type: tt.typ, Input: tt.input, Output: tt.output})
			if got := attribute(g, tt.in.Key); got != tt.in.Value {
				t.Errorf("input\ngot  %s\nwant %s", got, tt.in.Value)
			}
			if got := attribute(g, tt.out.Key); got != tt.out.Value {
				t.Errorf("output\ngot  %s\nwant %s", got, tt.out.Value)
			}
			var back Span
			FromGenAI(&back, g)
			if back.Input != tt.input || back.Output != tt.output {
				t.Errorf("read back\ngot  %s\n     %s\nwant %s\n     %s", back.Input, back.Output, tt.input, tt.output)
			}
			if tt.older == nil {
				return
			}
			FromGenAI(&back, GenAI{Attributes: append(tt.older, Field{"mastra.span.type", Text(string(tt.typ))})})
			if tt.typ == TypeModelGeneration {
				tt.input, tt.output = `{"messages":[]}`, `{"text":"x"}`
			}
			if back.Input != tt.input || back.Output != tt.output || back.Metadata != "" {
				t.Errorf("older names read as %s and %s, metadata %s", back.Input, back.Output, back.Metadata)
			}
		})
	}
}

func TestGenAIAnswersOfOtherShapes(t *testing.T) {
	for in, want := range map[Value]Value{
		`[{"role":"assistant","parts":[]},{"role":"assistant","parts":[]}]`:                  `{"messages":[{"role":"assistant","content":[]},{"role":"assistant","content":[]}]}`,
		`[{"role":"assistant","parts":[{"type":"image"}]}]`:                                  `{"messages":[{"role":"assistant","content":[{"type":"image"}]}]}`,
		`[{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"n"}]}]`:          `{"toolCalls":[{"toolCallId":"1","toolName":"n"}]}`,
		`[{"role":"assistant","finish_reason":"x","parts":[{"type":"text","content":"a"}]}]`: `{"text":"a"}`,
		`[]`: `{"messages":[]}`,
	} {
		var s Span
		FromGenAI(&s, GenAI{Attributes: []Field{{"gen_ai.operation.name", `"chat"`}, {"gen_ai.output.messages", Text(string(in))}}})
		if s.Output != want {
			t.Errorf("%s\nread as %s\nwant    %s", in, s.Output, want)
		}
	}
}

func TestGenAIIdentity(t *testing.T) {
	s := &Span{
		Type: TypeAgentRun, EntityType: EntityAgent, EntityID: "support", EntityName: "Support", Root: true,
		Attributes: `{"conversationId":"c"}`, Metadata: `{"threadId":"th","userId":"u","input":1,"error.type":"mine","list":[1],"gen_ai.x":true}`,
		Tags: []string{"prod"},
	}
	g := ToGenAI(s)
	for name, want := range map[string]Value{
		"gen_ai.agent.id": `"support"`, "gen_ai.agent.name": `"Support"`, "gen_ai.conversation.id": `"th"`, "userId": `"u"`,
		"mastra.metadata.input": "1", "mastra.metadata.error.type": `"mine"`, "list": "[1]", "mastra.metadata.gen_ai.x": "true", "mastra.tags": `"[\"prod\"]"`,
		"mastra.agent_run.conversation_id": `"c"`,
	} {
		if got := attribute(g, name); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	back := Span{Root: true}
	FromGenAI(&back, g)
	if !reflect.DeepEqual(back, *s) {
		t.Errorf("got  %+v\nwant %+v", back, *s)
	}

	for _, tt := range []struct {
		name string
		s    Span
		want Field
	}{
		{"an agent by its attribute", Span{Type: TypeAgentRun, Attributes: `{"agentId":"a"}`}, Field{"gen_ai.agent.id", `"a"`}},
		{"a conversation by its attribute", Span{Type: TypeAgentRun, Attributes: `{"conversationId":"c"}`}, Field{"gen_ai.conversation.id", `"c"`}},
		{"a tool by its attribute", Span{Type: TypeToolCall, Attributes: `{"toolId":"t"}`, Name: "n"}, Field{"gen_ai.tool.name", `"t"`}},
		{"a tool by its entity", Span{Type: TypeMCPToolCall, EntityType: EntityTool, EntityID: "t", Name: "n"}, Field{"gen_ai.tool.name", `"t"`}},
		{"a tool by the name of its span", Span{Type: TypeToolCall, EntityType: EntityAgent, EntityID: "a", Name: "n"}, Field{"gen_ai.tool.name", `"n"`}},
		{"a workflow by its entity", Span{Type: TypeWorkflowRun, EntityType: EntityWorkflowRun, EntityID: "w"}, Field{"mastra.workflow_run.workflow_id", `"w"`}},
		{"a step by its entity", Span{Type: TypeWorkflowStep, EntityType: EntityWorkflowStep, EntityID: "w"}, Field{"mastra.workflow_step.step_id", `"w"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := ToGenAI(&tt.s)
			if got := attribute(g, tt.want.Key); got != tt.want.Value {
				t.Errorf("%s = %s, want %s", tt.want.Key, got, tt.want.Value)
			}
			if n := strings.Count(string(Of(g.Attributes)), tt.want.Key); n != 1 {
				t.Errorf("%s is said %d times", tt.want.Key, n)
			}
		})
	}
	FromGenAI(&back, GenAI{Attributes: []Field{{"agent.id", `"old"`}, {"gen_ai.operation.name", `"chat"`}}})
	if back.EntityType != EntityAgent || back.EntityID != "old" {
		t.Errorf("the older agent id gives the entity %s %s", back.EntityType, back.EntityID)
	}
}

func TestGenAIErrors(t *testing.T) {
	s := &Span{Type: TypeGeneric, Attributes: "{}", Error: &Error{ID: "DECLINED", Message: "no", Domain: "TOOL", Category: "USER"}}
	g := ToGenAI(s)
	if !g.Failed || g.StatusMessage != "no" || attribute(g, "error.type") != `"DECLINED"` || attribute(g, "error.domain") != `"TOOL"` || attribute(g, "error.category") != `"USER"` || attribute(g, "error.message") != `"no"` {
		t.Errorf("wrote %+v", g)
	}
	var back Span
	if FromGenAI(&back, g); !reflect.DeepEqual(back, *s) {
		t.Errorf("got %+v, want %+v", back, *s)
	}
	s.Error = &Error{Message: "boom"}
	if g = ToGenAI(s); attribute(g, "error.type") != `"unknown"` {
		t.Errorf("an error without an id has the type %s", attribute(g, "error.type"))
	}
	if FromGenAI(&back, g); !reflect.DeepEqual(back.Error, s.Error) {
		t.Errorf("got %+v, want %+v", back.Error, s.Error)
	}
	if FromGenAI(&back, GenAI{Failed: true, StatusMessage: "m"}); back.Error == nil || back.Error.Message != "m" {
		t.Errorf("a status alone gives %+v", back.Error)
	}
	if FromGenAI(&back, GenAI{}); back.Error != nil {
		t.Errorf("no error gives %+v", back.Error)
	}
}

func TestGenAIKeepsUnknownAttributesAsMetadata(t *testing.T) {
	var s Span
	FromGenAI(&s, GenAI{Attributes: []Field{{"http.method", `"GET"`}, {"n", "1"}, {"", "2"}, {"list", `["a"]`}, {"mastra.other.x", "true"}, {"none", "null"}, {"text", `"{\"a\":1}"`}}})
	if want := Value(`{"http.method":"GET","n":1,"":2,"list":["a"],"mastra.other.x":true,"text":"{\"a\":1}"}`); s.Metadata != want {
		t.Errorf("got %s, want %s", s.Metadata, want)
	}
}

func TestGenAIUsageByItsOldNames(t *testing.T) {
	var s Span
	FromGenAI(&s, GenAI{Attributes: []Field{{"gen_ai.operation.name", `"text_completion"`}, {"gen_ai.usage.prompt_tokens", "7"}, {"gen_ai.usage.completion_tokens", "2"}}})
	if u, _ := s.Usage(); u.Normalized() != (Tokens{Input: 7, Output: 2, Total: 9}) || s.Metadata != "" {
		t.Errorf("got %s and metadata %s", s.Attributes, s.Metadata)
	}
	FromGenAI(&s, GenAI{Attributes: []Field{{"gen_ai.usage.input_tokens", "1"}, {"gen_ai.usage.prompt_tokens", "7"}}})
	if u, _ := s.Usage(); u.Normalized().Input != 1 {
		t.Errorf("the new name does not win: %s", s.Attributes)
	}
}

// TestGenAINamesGivenTwice holds that the last of a name counts, whether a rule knows it, and however many there are.
func TestGenAINamesGivenTwice(t *testing.T) {
	twice := []Field{
		{"gen_ai.request.model", `"first"`}, {"k", "1"}, {"threadId", `"own"`}, {"mastra.metadata.m", "1"}, {"mastra.generic.input", `"first"`},
		{"gen_ai.request.model", `"last"`}, {"k", "2"}, {"gen_ai.conversation.id", `"c"`}, {"m", "2"}, {"mastra.generic.input", `"last"`},
	}
	for _, more := range []int{0, 100} {
		g := GenAI{Attributes: slices.Clone(twice)}
		for i := range more {
			g.Attributes = append(g.Attributes, Field{fmt.Sprint("more.", i), "1"})
		}
		var s Span
		FromGenAI(&s, g)
		if s.Attributes != `{"model":"last"}` || s.Input != `"last"` || !strings.HasPrefix(string(s.Metadata), `{"threadId":"own","m":2,"k":2`) &&
			!strings.HasPrefix(string(s.Metadata), `{"threadId":"own","k":2,"m":2`) {
			t.Errorf("got %s, %s, %s", s.Attributes, s.Input, s.Metadata)
		}
	}
}

func TestGenAIOfDeepTextCanBeWritten(t *testing.T) {
	for depth := 100; depth < 140; depth++ {
		deep := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		s := Span{TraceID: "1", ID: "1"}
		FromGenAI(&s, GenAI{Attributes: []Field{
			{"gen_ai.operation.name", `"chat"`}, {"gen_ai.tool.definitions", Text(deep)}, {"mastra.model_generation.x", Text(deep)},
			{"gen_ai.input.messages", Text(`[{"role":"user","parts":[{"type":"text","content":` + deep + `}]}]`)},
			{"gen_ai.output.messages", Text(`[{"role":"assistant","parts":[{"type":"tool_call","arguments":` + deep + `}]}]`)},
		}})
		s.Freeze()
		if _, err := V1.AppendItem(nil, &s, true); err != nil {
			t.Fatalf("depth %d: %v", depth, err)
		}
	}
}

func TestGenAINamesFitTheirTable(t *testing.T) {
	if len(nameSlots) >= maxSlots {
		t.Errorf("%d names, and room for %d", len(nameSlots), maxSlots-1)
	}
}

func TestGenAIOfVeryManyAttributes(t *testing.T) {
	var g GenAI
	for i := range 50_000 {
		g.Attributes = append(g.Attributes, Field{fmt.Sprint("a.", i), "1"}, Field{fmt.Sprint("mastra.generic.b", i), "1"})
	}
	var s Span
	FromGenAI(&s, g)
	if s.Metadata.Get("a.49999") != "1" || s.Attributes.Get("b49999") != "1" {
		t.Errorf("got attributes of %d bytes and metadata of %d", len(s.Attributes), len(s.Metadata))
	}
}

func TestGenAIMergesVeryLargeObjects(t *testing.T) {
	var s Span
	FromGenAI(&s, GenAI{Attributes: []Field{
		{"gen_ai.operation.name", `"chat"`},
		{"gen_ai.usage.input_tokens", "3"},
		{"mastra.model_generation.usage", Text(string(wide(50_000)))},
	}})
	usage := s.Attributes.Get("usage")
	if n, _ := usage.Get("inputTokens").Int(); n != 3 || usage.Get("key49999") != "1" {
		t.Errorf("got %d bytes that begin with %.80s", len(usage), usage)
	}
}

func TestNormalizeProvider(t *testing.T) {
	for in, want := range map[string]string{
		"Claude": "anthropic", "bedrock": "aws.bedrock", "Amazon-Bedrock": "aws.bedrock", "azure-inference": "azure.ai.inference",
		"Azure OpenAI": "azure.ai.openai", "ms_openai": "azure.ai.openai", "Microsoft.OpenAI": "azure.ai.openai", "gemini": "gcp.gemini",
		"google-genai": "gcp.gen_ai", "Google.AI": "gcp.gen_ai", "vertex_ai": "gcp.vertex_ai", "watsonx": "ibm.watsonx.ai",
		"watsonx.ai": "ibm.watsonx.ai", "Mistral": "mistral_ai", "oai": "openai", "pplx": "perplexity", "xAI": "x_ai",
		"Some Thing": "some thing", "openai": "openai", "": "",
	} {
		got := NormalizeProvider(in)
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if again := NormalizeProvider(got); again != got {
			t.Errorf("%q: twice gives %q", got, again)
		}
	}
}

func TestGenAIOfTheCaptures(t *testing.T) {
	for name := range captures {
		for _, s := range decodeAll(t, captured.Body(name)) {
			back := Span{Name: s.Name}
			FromGenAI(&back, ToGenAI(s))
			before, _ := s.Usage()
			after, _ := back.Usage()
			if back.Type != s.Type || back.Input != s.Input || back.Output != s.Output || before.Normalized() != after.Normalized() ||
				(back.Error == nil) != (s.Error == nil) || back.ToolName() != s.ToolName() || back.StepID() != s.StepID() {
				t.Errorf("%s: %s\ngot  %+v\nwant %+v", name, s.Name, back, *s)
			}
		}
	}
}
