package span

import (
	"strings"
	"testing"
)

// openInferenceCases are spans as instrumentations with OpenInference write them, and what they are here.
var openInferenceCases = []struct {
	name       string
	attributes []Field
	typ        Type
	want       Span
}{
	{
		"a model call", []Field{
			{openInferenceKind, `"LLM"`},
			{"llm.model_name", `"example-1"`},
			{"llm.provider", `"openai"`},
			{"llm.system", `"openai"`},
			{"llm.invocation_parameters", `"{\"temperature\":0.2,\"max_tokens\":100,\"stop\":[\"END\"],\"stream\":true}"`},
			{"llm.token_count.prompt", "20"},
			{"llm.token_count.completion", "8"},
			{"llm.token_count.total", "28"},
			{"llm.token_count.prompt_details.cache_read", "4"},
			{"llm.token_count.prompt_details.cache_write", "5"},
			{"llm.token_count.prompt_details.audio", "6"},
			{"llm.token_count.completion_details.reasoning", "2"},
			{"llm.token_count.completion_details.audio", "3"},
			{"llm.input_messages.1.message.role", `"user"`},
			{"llm.input_messages.1.message.contents.0.message_content.type", `"text"`},
			{"llm.input_messages.1.message.contents.0.message_content.text", `"Weather in Rome?"`},
			{"llm.input_messages.1.message.contents.1.message_content.type", `"image"`},
			{"llm.input_messages.1.message.contents.1.message_content.image.image.url", `"https://example.com/a.png"`},
			{"llm.input_messages.0.message.role", `"system"`},
			{"llm.input_messages.0.message.content", `"Be brief."`},
			{"llm.input_messages.10.message.role", `"tool"`},
			{"llm.input_messages.10.message.tool_call_id", `"call_0"`},
			{"llm.input_messages.10.message.name", `"weather"`},
			{"llm.input_messages.10.message.content", `"{\"sky\":\"blue\"}"`},
			{"llm.output_messages.0.message.role", `"assistant"`},
			{"llm.output_messages.0.message.content", `"I look."`},
			{"llm.output_messages.0.message.tool_calls.0.tool_call.id", `"call_1"`},
			{"llm.output_messages.0.message.tool_calls.0.tool_call.function.name", `"weather"`},
			{"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", `"{\"city\":\"Rome\"}"`},
			{"llm.tools.0.tool.json_schema", `"{\"name\":\"weather\"}"`},
			{"llm.finish_reason", `"tool_calls"`},
			{"input.value", `"{\"messages\":[]}"`},
			{"input.mime_type", `"application/json"`},
			{"session.id", `"s1"`},
		}, TypeModelGeneration, Span{
			Attributes: `{"provider":"openai","model":"example-1","parameters":{"temperature":0.2,"maxOutputTokens":100,"stopSequences":["END"]},"finishReason":"tool_calls",` +
				`"tools":[{"name":"weather"}],"usage":{"inputTokens":20,"outputTokens":8,"totalTokens":28,` +
				`"inputDetails":{"cacheRead":4,"cacheWrite":5,"audio":6},"outputDetails":{"reasoning":2,"audio":3}}}`,
			Input: `{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Weather in Rome?"},` +
				`{"type":"image","image.image.url":"https://example.com/a.png"}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"call_0","toolName":"weather","result":{"sky":"blue"}}]}]}`,
			Output:   `{"text":"I look.","toolCalls":[{"toolCallId":"call_1","toolName":"weather","args":{"city":"Rome"}}]}`,
			Metadata: `{"threadId":"s1","llm.invocation_parameters":{"stream":true}}`,
		},
	},
	{
		"a model call without messages, with an older call of a function", []Field{
			{openInferenceKind, `"llm"`},
			{"input.value", `"Hello"`},
			{"llm.output_messages.0.message.function_call_name", `"f"`},
			{"llm.output_messages.0.message.function_call_arguments_json", `"{\"a\":1}"`},
		}, TypeModelGeneration, Span{Attributes: "{}", Input: `"Hello"`, Output: `{"toolCalls":[{"toolName":"f","args":{"a":1}}]}`},
	},
	{
		"a tool", []Field{
			{openInferenceKind, `"TOOL"`},
			{"tool.name", `"weather"`},
			{"tool.description", `"Looks out."`},
			{"tool.id", `"call_1"`},
			{"tool.parameters", `"{\"city\":\"Rome\"}"`},
			{"output.value", `"sunny"`},
		}, TypeToolCall, Span{
			EntityType: EntityTool, EntityID: "weather", EntityName: "weather",
			Attributes: `{"toolDescription":"Looks out.","toolCallId":"call_1"}`, Input: `{"city":"Rome"}`, Output: `"sunny"`,
		},
	},
	{
		"an agent", []Field{
			{openInferenceKind, `"AGENT"`},
			{"agent.name", `"Support"`},
			{"input.value", `"help"`},
			{"output.value", `"{\"helped\":true}"`},
			{"metadata", `"{\"tier\":\"gold\"}"`},
			{"tag.tags", `["a","b"]`},
		}, TypeAgentRun, Span{
			EntityType: EntityAgent, EntityName: "Support",
			Attributes: "{}", Input: `"help"`, Output: `{"helped":true}`, Metadata: `{"tier":"gold"}`, Tags: []string{"a", "b"},
		},
	},
	{
		"a chain keeps its kind", []Field{{openInferenceKind, `"CHAIN"`}, {"input.value", `"what"`}, {"output.value", `"that"`}, {"graph.node.id", `"n1"`}},
		TypeGeneric, Span{Attributes: "{}", Input: `"what"`, Output: `"that"`, Metadata: `{"openinference.span.kind":"CHAIN","graph.node.id":"n1"}`},
	},
	{
		"a retriever", []Field{
			{openInferenceKind, `"RETRIEVER"`},
			{"input.value", `"orders"`},
			{"retrieval.documents.1.document.content", `"Order 2"`},
			{"retrieval.documents.0.document.id", `"d1"`},
			{"retrieval.documents.0.document.content", `"Order 1"`},
			{"retrieval.documents.0.document.score", "0.9"},
			{"retrieval.documents.0.document.metadata", `"{\"page\":3}"`},
		}, TypeRAGVectorOperation, Span{
			Attributes: `{"operation":"query"}`, Input: `"orders"`,
			Output: `[{"id":"d1","content":"Order 1","score":0.9,"metadata":{"page":3}},{"content":"Order 2"}]`,
		},
	},
	{
		"an embedding", []Field{
			{openInferenceKind, `"EMBEDDING"`},
			{"embedding.model_name", `"embed-1"`},
			{"embedding.embeddings.0.embedding.text", `"orders"`},
			{"embedding.embeddings.0.embedding.vector", `[0.1,0.2]`},
		}, TypeRAGEmbedding, Span{
			Attributes: `{"model":"embed-1","inputCount":1}`, Input: `"orders"`, Metadata: `{"embedding.embeddings.0.embedding.vector":[0.1,0.2]}`,
		},
	},
	{
		"a reranker", []Field{
			{openInferenceKind, `"RERANKER"`},
			{"reranker.model_name", `"rank-1"`},
			{"reranker.query", `"orders"`},
			{"reranker.top_k", "3"},
			{"reranker.input_documents.0.document.id", `"d1"`},
			{"reranker.output_documents.0.document.id", `"d1"`},
		}, TypeRAGAction, Span{
			Attributes: `{"model":"rank-1","action":"rerank","topN":3}`, Input: `"orders"`, Output: `[{"id":"d1"}]`,
			Metadata: `{"reranker.input_documents":[{"id":"d1"}]}`,
		},
	},
	{
		"GenAI's own names go first", []Field{
			{"gen_ai.request.model", `"mine"`},
			{openInferenceKind, `"LLM"`},
			{"llm.model_name", `"other"`},
			{"llm.input_messages.x.message.role", `"user"`},
			{"llm.input_messages.0", `"user"`},
		}, TypeModelGeneration, Span{Attributes: `{"model":"mine"}`, Metadata: `{"llm.input_messages.x.message.role":"user","llm.input_messages.0":"user"}`},
	},
	{"without a kind nothing is read so", []Field{{"llm.model_name", `"m"`}}, TypeGeneric, Span{Attributes: "{}", Metadata: `{"llm.model_name":"m"}`}},
}

func TestOpenInference(t *testing.T) {
	for _, tt := range openInferenceCases {
		t.Run(tt.name, func(t *testing.T) {
			var got Span
			FromGenAI(&got, GenAI{Attributes: tt.attributes})
			w := tt.want
			if got.Type != tt.typ || got.Attributes != w.Attributes || got.Input != w.Input || got.Output != w.Output || got.Metadata != w.Metadata ||
				got.EntityType != w.EntityType || got.EntityID != w.EntityID || got.EntityName != w.EntityName || strings.Join(got.Tags, ",") != strings.Join(w.Tags, ",") {
				t.Errorf("\ngot  %s %s %s %s\n in  %s\n out %s\n meta %s\nwant %s %s %s %s\n in  %s\n out %s\n meta %s",
					got.Type, got.Attributes, got.EntityType, got.EntityName, got.Input, got.Output, got.Metadata,
					tt.typ, w.Attributes, w.EntityType, w.EntityName, w.Input, w.Output, w.Metadata)
			}
		})
	}
}

// A metadata key of that name is written so that it is read as such again.
func TestMetadataAreNotTakenForOpenInference(t *testing.T) {
	s := &Span{Type: TypeGeneric, Attributes: "{}", Metadata: `{"openinference.span.kind":"LLM","llm.model_name":"m"}`}
	var back Span
	FromGenAI(&back, ToGenAI(s))
	if back.Type != TypeGeneric || back.Metadata.Get(openInferenceKind) != `"LLM"` || back.Metadata.Get("llm.model_name") != `"m"` {
		t.Errorf("came back as %s %s", back.Type, back.Metadata)
	}
}

func FuzzOpenInference(f *testing.F) {
	for _, tt := range openInferenceCases {
		var text strings.Builder
		for _, a := range tt.attributes {
			text.WriteString(a.Key + "\n" + string(a.Value) + "\n")
		}
		f.Add(text.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields := []Field{{openInferenceKind, `"LLM"`}}
		lines := strings.Split(text, "\n")
		for i := 0; i+1 < len(lines); i += 2 {
			v, err := ParseValue(lines[i+1])
			if err != nil {
				v = Text(lines[i+1])
			}
			fields = append(fields, Field{strings.ToValidUTF8(lines[i], "?"), v})
		}
		s := &Span{TraceID: "1", ID: "2", Name: "x"}
		FromGenAI(s, GenAI{Attributes: fields})
		s.Freeze()
		for name, v := range map[string]Value{"attributes": s.Attributes, "input": s.Input, "output": s.Output, "metadata": s.Metadata} {
			if _, err := ParseValue(string(v)); v != "" && err != nil {
				t.Errorf("%s: %v: %s", name, err, v)
			}
		}
	})
}
