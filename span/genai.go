package span

import (
	"cmp"
	"slices"
	"strings"
)

// Kind is the OpenTelemetry span kind.
type Kind uint8

// The kinds that spans of agents have; the numbers are those of OTLP.
const (
	KindInternal Kind = 1
	KindServer   Kind = 2
	KindClient   Kind = 3
)

// GenAI is what the OpenTelemetry span of a [Span] says beside its ids, name and times.
type GenAI struct {
	Kind          Kind
	Failed        bool   // status code 2, error
	StatusMessage string // of a failed span
	Attributes    []Field
}

// ToGenAI describes s in the attributes of the OpenTelemetry GenAI conventions, and in mastra.* where they have no name.
// Values are strings, numbers and booleans; metadata keep any JSON type.
//
// An attribute of s without a name of its own becomes mastra.<type>.<snake_case>, with arrays and objects as JSON text;
// metadata become attributes of their own name, or mastra.metadata.<name> where that name means something else. Lost
// are the request context, extra keys, an error's name, details and stack, an entity that is not the span's own agent,
// tool, workflow or step, and the parts of a model's input and output that messages cannot say (files, sources,
// warnings, an object). Ids are not padded here, see [TraceID.W3C].
func ToGenAI(s *Span) GenAI {
	w := genAIWriter{span: s, typ: s.Type.Canonical(), left: s.Attributes}
	w.add("mastra.span.type", Text(string(s.Type)))
	w.add("gen_ai.operation.name", Text(operationName(w.typ)))
	w.identity()
	for _, row := range attributeRows {
		if row.name != "" && row.isFor(w.typ) {
			w.add(row.name, through(row.to, w.take(row.path)))
		}
	}
	for _, row := range usageRows {
		if row.name == "" {
			continue
		}
		for _, path := range row.paths {
			if v := w.take(path); !v.IsNull() {
				w.add(row.name, v)
				break
			}
		}
	}
	w.payload(inputNames, s.Input, toMessages)
	w.payload(outputNames, s.Output, toAnswer)
	w.rest()
	g := GenAI{Kind: s.kind()}
	if s.Error != nil {
		g.Failed, g.StatusMessage = true, s.Error.Message
		w.error(s.Error)
	}
	w.metadata()
	g.Attributes = w.out
	return g
}

// FromGenAI fills s, whose ids, name, parent and times are set, with what an OpenTelemetry span says about it: the
// reverse of [ToGenAI], and it reads the older names of the attributes too. What no rule knows becomes metadata, as it
// is. A span of an unknown operation is generic.
func FromGenAI(s *Span, g GenAI) {
	r := genAIReader{in: make(map[string]Value, len(g.Attributes))}
	for _, f := range g.Attributes {
		if _, twice := r.in[f.Key]; !twice {
			r.order = append(r.order, f.Key)
		}
		r.in[f.Key] = f.Value
	}
	s.Type = r.spanType()
	typ := s.Type.Canonical()
	r.identity(s, typ)
	for _, row := range attributeRows {
		if row.isFor(typ) {
			r.attributes = setPath(r.attributes, row.path, through(row.from, r.take(append(row.older, row.name)...)))
		}
	}
	for _, row := range usageRows {
		r.attributes = setPath(r.attributes, row.paths[0], r.take(row.older, row.name))
	}
	s.Input = r.payload(typ, inputNames, fromMessages)
	s.Output = r.payload(typ, outputNames, fromAnswer)
	s.Error = r.error(g)
	r.rest(typ)
	s.Attributes = cmp.Or(r.attributes, "{}")
	s.Metadata = r.metadata
	s.adoptEntity()
}

// kind is CLIENT for calls to a model or a server elsewhere, SERVER for work that a request began.
func (s *Span) kind() Kind {
	switch s.Type.Canonical() {
	case TypeModelGeneration, TypeModelChunk, TypeMCPToolCall:
		return KindClient
	case TypeAgentRun, TypeWorkflowRun:
		if s.Root {
			return KindServer
		}
	}
	return KindInternal
}

// operations name the span types that the conventions know; the older spelling is read too. Where one name stands for
// several types, the first here is the one that reading gives.
var operations = []struct {
	typ         Type
	name, older string
}{
	{TypeModelGeneration, "chat", "tool_selection"},
	{TypeModelInference, "chat", ""},
	{TypeRAGEmbedding, "embeddings", ""},
	{TypeToolCall, "execute_tool", "tool.execute"},
	{TypeMCPToolCall, "execute_tool", ""},
	{TypeProviderToolCall, "execute_tool", ""},
	{TypeAgentRun, "invoke_agent", "agent.run"},
	{TypeWorkflowRun, "invoke_workflow", "workflow.run"},
	{TypeModelStep, "agent_step", ""},
}

func operationName(t Type) string {
	for _, op := range operations {
		if op.typ == t {
			return op.name
		}
	}
	return string(t)
}

// operationType is the reverse; a span that no type fits is generic.
func operationType(name string) Type {
	for _, op := range operations {
		if name != "" && (name == op.name || name == op.older) {
			return op.typ
		}
	}
	if t := Type(strings.ReplaceAll(name, ".", "_")); t.Known() {
		return t
	}
	return TypeGeneric
}

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
	{path: "availableTools", name: "gen_ai.tool.definitions", older: []string{"agent.available_tools"}, types: []Type{TypeAgentRun, TypeModelInference}, to: toJSONText, from: fromToolNames},
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
	name, older string
	paths       []string
}{
	{"gen_ai.usage.input_tokens", "", []string{"usage.inputTokens", "usage.promptTokens"}},
	{"gen_ai.usage.output_tokens", "", []string{"usage.outputTokens", "usage.completionTokens"}},
	{"", "gen_ai.usage.total_tokens", []string{"usage.totalTokens"}},
	{"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cached_input_tokens", []string{"usage.inputDetails.cacheRead", "usage.cachedInputTokens", "usage.promptCacheHitTokens"}},
	{"gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write_tokens", []string{"usage.inputDetails.cacheWrite"}},
	{"gen_ai.usage.cache_creation.5m_input_tokens", "", []string{"usage.inputDetails.cacheWrite5m"}},
	{"gen_ai.usage.cache_creation.1h_input_tokens", "", []string{"usage.inputDetails.cacheWrite1h"}},
	{"gen_ai.usage.audio_input_tokens", "", []string{"usage.inputDetails.audio"}},
	{"gen_ai.usage.reasoning_tokens", "", []string{"usage.outputDetails.reasoning", "usage.reasoningTokens"}},
	{"gen_ai.usage.audio_output_tokens", "", []string{"usage.outputDetails.audio"}},
}

// payloadNames is where an input or an output is said.
type payloadNames struct {
	model, tool, other []string // by the span's type; the first is written, in other as mastra.<type>.<name>
}

var (
	inputNames = payloadNames{
		model: []string{"gen_ai.input.messages", "gen_ai.prompt"},
		tool:  []string{"gen_ai.tool.call.arguments", "gen_ai.tool.input"},
		other: []string{"input"},
	}
	outputNames = payloadNames{
		model: []string{"gen_ai.output.messages", "gen_ai.completion"},
		tool:  []string{"gen_ai.tool.call.result", "gen_ai.tool.output"},
		other: []string{"output"},
	}
)

// metadataPrefix sets off metadata whose own name means something else.
const metadataPrefix = "mastra.metadata."

// spokenFor reports whether reading gives a plain attribute of this name a meaning other than metadata.
func spokenFor(name string) bool {
	return strings.HasPrefix(name, "mastra.") || strings.HasPrefix(name, "gen_ai.") || takenNames[name]
}

// takenNames are the names without such a prefix.
var takenNames = func() map[string]bool {
	names := map[string]bool{"agent.id": true, "error.type": true, "error.message": true, "error.domain": true, "error.category": true}
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

// genAIWriter collects the OpenTelemetry attributes of one span. left is what its attributes have not said yet.
type genAIWriter struct {
	span *Span
	typ  Type
	left Value
	out  []Field
}

func (w *genAIWriter) add(name string, v Value) {
	if !v.IsNull() {
		w.out = append(w.out, Field{name, v})
	}
}

func (w *genAIWriter) addText(name, text string) {
	if text != "" {
		w.add(name, Text(text))
	}
}

// take takes an attribute out of what is left.
func (w *genAIWriter) take(path string) Value {
	v := getPath(w.left, path)
	if !v.IsNull() {
		w.left = setPath(w.left, path, "")
	}
	return v
}

// identity says whose work it is: the tool, the agent, the workflow, the conversation.
func (w *genAIWriter) identity() {
	s := w.span
	if slices.Contains(toolTypes, w.typ) {
		w.addText("gen_ai.tool.name", s.ToolName())
		w.take("toolId")
	}
	agent := ""
	if s.EntityType == EntityAgent {
		agent = s.EntityID
		w.addText("gen_ai.agent.name", s.EntityName)
	}
	if w.typ == TypeAgentRun {
		if id, ok := w.take("agentId").Text(); ok {
			agent = id
		}
	}
	w.addText("gen_ai.agent.id", agent)
	if attribute := s.missingID(); attribute == "workflowId" || attribute == "stepId" {
		w.addText(attributeName(w.typ, attribute), s.EntityID)
	}
	if thread, ok := s.Metadata.Get("threadId").Text(); ok {
		w.addText("gen_ai.conversation.id", thread)
	} else {
		w.add("gen_ai.conversation.id", w.take("conversationId"))
	}
	if len(s.Tags) > 0 {
		w.addText("mastra.tags", string(appendTexts(nil, s.Tags)))
	}
}

func (w *genAIWriter) payload(names payloadNames, v Value, messages func(Value) Value) {
	switch {
	case v.IsNull():
	case slices.Contains(modelTypes, w.typ):
		w.add(names.model[0], toPayloadText(messages(v)))
	case slices.Contains(toolTypes, w.typ):
		w.add(names.tool[0], toPayloadText(v))
	default:
		w.add(attributeName(w.typ, names.other[0]), toPayloadText(v))
	}
}

// rest says what has no name of its own.
func (w *genAIWriter) rest() {
	for key, v := range w.left.Members() {
		w.add(attributeName(w.typ, key), toJSONText(v))
	}
}

func (w *genAIWriter) error(e *Error) {
	w.add("error.type", Text(cmp.Or(e.ID, "unknown")))
	w.addText("error.message", e.Message)
	w.addText("error.domain", e.Domain)
	w.addText("error.category", e.Category)
}

func (w *genAIWriter) metadata() {
	for key, v := range w.span.Metadata.Members() {
		if _, text := v.Text(); key == "threadId" && text {
			continue // said as the conversation
		}
		if spokenFor(key) {
			key = metadataPrefix + key
		}
		w.add(key, v)
	}
}

// genAIReader takes attributes away as their meaning is found; what stays is metadata.
type genAIReader struct {
	in         map[string]Value
	order      []string
	attributes Value
	metadata   Value
}

// take takes the attributes of all these names and returns the last one that has a value.
func (r *genAIReader) take(names ...string) Value {
	var found Value
	for _, name := range names {
		if v, ok := r.in[name]; ok && name != "" {
			delete(r.in, name)
			if !v.IsNull() {
				found = v
			}
		}
	}
	return found
}

func (r *genAIReader) takeText(names ...string) string { return textOf(r.take(names...)) }

// spanType is what the sender says, else what the operation is.
func (r *genAIReader) spanType() Type {
	operation := r.takeText("gen_ai.operation.name")
	if t := r.takeText("mastra.span.type"); t != "" {
		return Type(t)
	}
	t := operationType(operation)
	if _, mcp := r.in["mcp.server"]; mcp && t == TypeToolCall {
		return TypeMCPToolCall
	}
	return t
}

func (r *genAIReader) identity(s *Span, typ Type) {
	agent, name := r.takeText("agent.id", "gen_ai.agent.id"), r.takeText("gen_ai.agent.name")
	if agent != "" || name != "" {
		s.EntityType, s.EntityID, s.EntityName = EntityAgent, agent, name
	}
	if slices.Contains(toolTypes, typ) {
		if tool := r.takeText("gen_ai.tool.name"); tool != "" {
			s.EntityType, s.EntityID, s.EntityName = EntityTool, tool, tool
		}
	}
	if thread := r.take("gen_ai.conversation.id"); !thread.IsNull() {
		r.metadata = r.metadata.Set("threadId", thread)
	}
	for tag := range fromJSONText(r.take("mastra.tags")).Elements() {
		s.Tags = append(s.Tags, textOf(tag))
	}
}

func (r *genAIReader) payload(typ Type, names payloadNames, messages func(Value) Value) Value {
	plain := r.take(names.other[0], attributeName(typ, names.other[0]))
	if slices.Contains(modelTypes, typ) {
		if v := r.take(names.model[1], names.model[0]); !v.IsNull() {
			return messages(fromPayloadText(v))
		}
	}
	if slices.Contains(toolTypes, typ) {
		plain = cmp.Or(r.take(names.tool[1], names.tool[0]), plain)
	}
	return fromPayloadText(plain)
}

func (r *genAIReader) error(g GenAI) *Error {
	e := &Error{
		ID:       r.takeText("error.type"),
		Message:  r.takeText("error.message"),
		Domain:   r.takeText("error.domain"),
		Category: r.takeText("error.category"),
	}
	if !g.Failed && e.ID+e.Message+e.Domain+e.Category == "" {
		return nil
	}
	e.Message = cmp.Or(e.Message, g.StatusMessage)
	if e.ID == "unknown" {
		e.ID = ""
	}
	return e
}

// rest gives every attribute that is left a place: mastra.<type>.* among the attributes, all others in the metadata.
func (r *genAIReader) rest(typ Type) {
	prefix := "mastra." + string(typ) + "."
	for _, name := range r.order {
		v := r.in[name]
		if v.IsNull() {
			continue // taken before
		}
		if key, ok := strings.CutPrefix(name, prefix); ok {
			key, v = camel(key), fromJSONText(v)
			if have := r.attributes.Get(key); have.IsObject() && v.IsObject() {
				v = mergeDeep(have, v)
			}
			r.attributes = r.attributes.Set(key, v)
		} else {
			r.metadata = r.metadata.Set(strings.TrimPrefix(name, metadataPrefix), v)
		}
	}
}

// mergeDeep merges objects within objects too.
func mergeDeep(a, b Value) Value {
	for key, v := range b.Members() {
		if have := a.Get(key); have.IsObject() && v.IsObject() {
			v = mergeDeep(have, v)
		}
		a = a.Set(key, v)
	}
	return a
}

// attributeName is mastra.<type>.<snake_case>.
func attributeName(t Type, key string) string { return "mastra." + string(t) + "." + snake(key) }

// snake writes toolCallId as tool_call_id, and an underscore twice.
func snake(key string) string {
	var b strings.Builder
	for _, r := range key {
		switch {
		case r >= 'A' && r <= 'Z':
			b.WriteByte('_')
			r += 'a' - 'A'
		case r == '_':
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// camel is the reverse.
func camel(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '_' && i+1 < len(name) {
			switch next := name[i+1]; {
			case next == '_':
				i++
			case next >= 'a' && next <= 'z':
				c = next - ('a' - 'A')
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// getPath and setPath reach into objects by keys with dots between them. A null value removes, and an object that is
// left empty goes too.
func getPath(v Value, path string) Value {
	for key := range strings.SplitSeq(path, ".") {
		v = v.Get(key)
	}
	return v
}

func setPath(v Value, path string, to Value) Value {
	key, inner, nested := strings.Cut(path, ".")
	have := v.Get(key)
	if nested {
		if to.IsNull() && !have.IsObject() {
			return v
		}
		if to = setPath(have, inner, to); to == "{}" {
			to = ""
		}
	}
	if to.IsNull() && have.IsNull() {
		return v
	}
	return v.Set(key, to)
}

func through(f func(Value) Value, v Value) Value {
	if f == nil || v.IsNull() {
		return v
	}
	return f(v)
}

func normalProvider(v Value) Value {
	if name, ok := v.Text(); ok {
		return Text(NormalizeProvider(name))
	}
	return v
}

// toJSONText puts an array or an object into a string, since OpenTelemetry attributes are best kept flat.
func toJSONText(v Value) Value {
	if v.IsArray() || v.IsObject() {
		return Text(string(v))
	}
	return v
}

// fromJSONText takes an array or an object out of a string, and leaves all else.
func fromJSONText(v Value) Value {
	if text, ok := v.Text(); ok {
		if parsed, err := ParseValue(text); err == nil && (parsed.IsArray() || parsed.IsObject()) {
			return parsed
		}
	}
	return v
}

// toPayloadText puts any value into a string: text as it is, unless it could be taken for JSON, all else as JSON.
func toPayloadText(v Value) Value {
	if text, ok := v.Text(); ok {
		if _, err := ParseValue(text); err != nil {
			return v
		}
	}
	return Text(string(v))
}

func fromPayloadText(v Value) Value {
	if text, ok := v.Text(); ok {
		if parsed, err := ParseValue(text); err == nil {
			return parsed
		}
	}
	return v
}

// toListText puts a text into a list of one, as a string.
func toListText(v Value) Value { return Text("[" + string(v) + "]") }

// firstOfList is the reverse; a bare text is taken too.
func firstOfList(v Value) Value {
	list := fromJSONText(v)
	if !list.IsArray() {
		return v
	}
	for first := range list.Elements() {
		return first
	}
	return ""
}

// fromInstructions joins the text parts of a list; anything else stays.
func fromInstructions(v Value) Value {
	list := fromJSONText(v)
	if !list.IsArray() {
		return v
	}
	var texts []string
	for part := range list.Elements() {
		text, ok := part.Get("content").Text()
		if !ok {
			return v
		}
		texts = append(texts, text)
	}
	return Text(strings.Join(texts, "\n"))
}

// fromToolNames takes the names out of tool definitions.
func fromToolNames(v Value) Value {
	list := fromJSONText(v)
	if !list.IsArray() {
		return v
	}
	var names []string
	for tool := range list.Elements() {
		name, ok := tool.Text()
		if !ok {
			name, ok = tool.Get("name").Text()
		}
		if !ok {
			return list
		}
		names = append(names, name)
	}
	return Value(appendTexts(nil, names))
}
