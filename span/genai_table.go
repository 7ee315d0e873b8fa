package span

import (
	"slices"
	"strings"
)

// attributeRow ties an attribute of a span to its OpenTelemetry names.
type attributeRow struct {
	path  string            // into the span's attributes, with a dot before an inner key
	name  string            // what is written; "" leaves that to the rule mastra.<type>.<snake_case>
	older []string          // names that are read too, the latest last
	types []Type            // the types that it is for; none means all
	to    func(Value) Value // nil means as it is
	from  func(Value) Value
}

func (r attributeRow) isFor(t Type) bool { return len(r.types) == 0 || slices.Contains(r.types, t) }

var (
	modelTypes = []Type{TypeModelGeneration, TypeModelInference}
	toolTypes  = []Type{TypeToolCall, TypeMCPToolCall, TypeProviderToolCall, TypeClientToolCall}
	mcpTypes   = []Type{TypeMCPToolCall, TypeMCPServerRequest}
)

// attributeRows holds the attributes that are said in one value each. Where two rows share a name, the first that is for
// the span's type has it.
var attributeRows = []attributeRow{
	{path: "provider", name: "gen_ai.provider.name", older: []string{"gen_ai.system"}, to: normalProvider, from: normalProvider},
	{path: "model", name: "gen_ai.request.model"},
	{path: "responseModel", name: "gen_ai.response.model"},
	{path: "responseId", name: "gen_ai.response.id"},
	{path: "parameters.temperature", name: "gen_ai.request.temperature"},
	{path: "parameters.maxOutputTokens", name: "gen_ai.request.max_tokens"},
	{path: "parameters.topP", name: "gen_ai.request.top_p"},
	{path: "parameters.topK", name: "gen_ai.request.top_k"},
	{path: "parameters.presencePenalty", name: "gen_ai.request.presence_penalty"},
	{path: "parameters.frequencyPenalty", name: "gen_ai.request.frequency_penalty"},
	{path: "parameters.stopSequences", name: "gen_ai.request.stop_sequences", to: toJSONText, from: fromJSONText},
	{path: "parameters.seed", name: "gen_ai.request.seed"},
	{path: "finishReason", name: "gen_ai.response.finish_reasons", to: toListText, from: firstOfList},
	{path: "toolDescription", name: "gen_ai.tool.description"},
	{path: "toolType", name: "gen_ai.tool.type"},
	{path: "toolCallId", name: "gen_ai.tool.call.id"},
	{path: "success", older: []string{"gen_ai.tool.success"}, types: toolTypes},
	{path: "instructions", name: "gen_ai.system_instructions", from: fromInstructions},
	{path: "tools", name: "gen_ai.tool.definitions", types: []Type{TypeModelGeneration}, to: toJSONText, from: fromJSONText},
	{
		path: "availableTools", name: "gen_ai.tool.definitions", older: []string{"agent.available_tools"},
		types: []Type{TypeAgentRun, TypeModelInference}, to: toJSONText, from: fromToolNames,
	},
	{path: "maxSteps", older: []string{"agent.max_steps"}, types: []Type{TypeAgentRun}},
	{path: "workflowId", older: []string{"workflow.id"}, types: []Type{TypeWorkflowRun}},
	{path: "status", older: []string{"workflow.status"}, types: []Type{TypeWorkflowRun}},
	{path: "mcpServer", name: "server.address", older: []string{"mcp.server"}, types: mcpTypes},
	{path: "serverVersion", older: []string{"mcp.server.version"}, types: mcpTypes},
	{path: "serverAddress", name: "server.address"},
	{path: "serverPort", name: "server.port"},
	{path: "completionStartTime", name: "mastra.completion_start_time"},
}

// usageRows holds the token counts. The first path is where reading puts the count; writing takes the first that is
// there, in either generation's place.
var usageRows = []struct {
	name  string
	older []string
	paths []string
}{
	{"gen_ai.usage.input_tokens", []string{"gen_ai.usage.prompt_tokens"}, []string{"usage.inputTokens", "usage.promptTokens"}},
	{"gen_ai.usage.output_tokens", []string{"gen_ai.usage.completion_tokens"}, []string{"usage.outputTokens", "usage.completionTokens"}},
	{"", []string{"gen_ai.usage.total_tokens"}, []string{"usage.totalTokens"}},
	{
		"gen_ai.usage.cache_read.input_tokens", []string{"gen_ai.usage.cached_input_tokens"},
		[]string{"usage.inputDetails.cacheRead", "usage.cachedInputTokens", "usage.promptCacheHitTokens"},
	},
	{"gen_ai.usage.cache_creation.input_tokens", []string{"gen_ai.usage.cache_write_tokens"}, []string{"usage.inputDetails.cacheWrite"}},
	{"gen_ai.usage.cache_creation.5m_input_tokens", nil, []string{"usage.inputDetails.cacheWrite5m"}},
	{"gen_ai.usage.cache_creation.1h_input_tokens", nil, []string{"usage.inputDetails.cacheWrite1h"}},
	{"gen_ai.usage.audio_input_tokens", nil, []string{"usage.inputDetails.audio"}},
	{"gen_ai.usage.reasoning_tokens", nil, []string{"usage.outputDetails.reasoning", "usage.reasoningTokens"}},
	{"gen_ai.usage.audio_output_tokens", nil, []string{"usage.outputDetails.audio"}},
}

// payloadNames is where an input or an output is said.
type payloadNames struct {
	model, tool, other []string // by the span's type; the first is written, in other as mastra.<type>.<name>

	modelSlots, toolSlots, otherSlots []uint8 // the same to read, where the first beats the others
}

func newPayloadNames(model, tool, other []string) payloadNames {
	read := func(names []string) []uint8 {
		names = slices.Clone(names)
		slices.Reverse(names)
		return slotsOf(names...)
	}
	return payloadNames{model, tool, other, read(model), read(tool), read(other)}
}

var (
	inputNames = newPayloadNames(
		[]string{"gen_ai.input.messages", "gen_ai.prompt"},
		[]string{"gen_ai.tool.call.arguments", "gen_ai.tool.input"},
		[]string{"input"},
	)
	outputNames = newPayloadNames(
		[]string{"gen_ai.output.messages", "gen_ai.completion"},
		[]string{"gen_ai.tool.call.result", "gen_ai.tool.output"},
		[]string{"output"},
	)
)

// metadataPrefix sets off metadata whose own name means something else.
const metadataPrefix = "mastra.metadata."

// spokenFor reports whether reading gives a plain attribute of this name a meaning other than metadata.
func spokenFor(name string) bool {
	return strings.HasPrefix(name, "mastra.") || strings.HasPrefix(name, "gen_ai.") || takenNames[name]
}

// takenNames are the names without such a prefix.
var takenNames = func() map[string]bool {
	names := map[string]bool{openInferenceKind: true, "agent.id": true, "error.type": true, "error.message": true, "error.domain": true, "error.category": true}
	for _, row := range attributeRows {
		names[row.name] = true
		for _, older := range row.older {
			names[older] = true
		}
	}
	for _, name := range slices.Concat(inputNames.other, outputNames.other) {
		names[name] = true
	}
	return names
}()
