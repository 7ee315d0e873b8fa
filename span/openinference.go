package span

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// OpenInference is the other convention for spans of AI. Its spans have the attribute openinference.span.kind, and lists
// are spread over attributes with an index in the name. What it says is first said in the names of GenAI, and read from
// there.
//
// https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
const openInferenceKind = "openinference.span.kind"

var slotsOpenInference = slotsOf(openInferenceKind)

// openInferenceTypes are the kinds that a type of ours is for. A span of another kind, such as CHAIN, is generic, and its
// kind stays in the metadata.
var openInferenceTypes = map[string]Type{
	"LLM": TypeModelGeneration, "TOOL": TypeToolCall, "AGENT": TypeAgentRun, "RETRIEVER": TypeRAGVectorOperation,
	"EMBEDDING": TypeRAGEmbedding, "RERANKER": TypeRAGAction, "GUARDRAIL": TypeProcessorRun, "EVALUATOR": TypeScorerRun,
}

// openInferenceNames are attributes that mean the same by another name; "" is for those that say nothing of their own.
var openInferenceNames = map[string]string{ //nolint:gosec // counts of tokens, no tokens
	"llm.model_name":                               "gen_ai.request.model",
	"embedding.model_name":                         "gen_ai.request.model",
	"reranker.model_name":                          "gen_ai.request.model",
	"llm.provider":                                 "gen_ai.provider.name",
	"llm.system":                                   "gen_ai.system",
	"llm.finish_reason":                            "gen_ai.response.finish_reasons",
	"llm.token_count.prompt":                       "gen_ai.usage.input_tokens",
	"llm.token_count.completion":                   "gen_ai.usage.output_tokens",
	"llm.token_count.total":                        "gen_ai.usage.total_tokens",
	"llm.token_count.prompt_details.cache_read":    "gen_ai.usage.cache_read.input_tokens",
	"llm.token_count.prompt_details.cache_write":   "gen_ai.usage.cache_creation.input_tokens",
	"llm.token_count.prompt_details.audio":         "gen_ai.usage.audio_input_tokens",
	"llm.token_count.completion_details.reasoning": "gen_ai.usage.reasoning_tokens",
	"llm.token_count.completion_details.audio":     "gen_ai.usage.audio_output_tokens",
	"tool.name":                                    "gen_ai.tool.name",
	"tool.description":                             "gen_ai.tool.description",
	"tool.id":                                      "gen_ai.tool.call.id",
	"agent.name":                                   "gen_ai.agent.name",
	"session.id":                                   "gen_ai.conversation.id",
	"input.value":                                  "input",
	"reranker.query":                               "input",
	"output.value":                                 "output",
	"reranker.top_k":                               "mastra.rag_action.top_n",
	"tag.tags":                                     "mastra.tags",
	"input.mime_type":                              "",
	"output.mime_type":                             "",
}

// invocationNames are the model's parameters, in llm.invocation_parameters.
var invocationNames = map[string]string{
	"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "seed": "seed",
	"presence_penalty": "presence_penalty", "frequency_penalty": "frequency_penalty",
	"max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens",
	"stop": "stop_sequences", "stop_sequences": "stop_sequences",
}

// openInference sorts the attributes of one span.
type openInference struct {
	out, left      []Field // said anew, and as they were
	input, output  indexed // messages
	tools          indexed
	found, ranked  indexed // documents: found or ranked best, and those to be ranked
	embedded       indexed
	parameters     Value
	hasInput, tool bool
}

// fromOpenInference returns the attributes in the names of GenAI. Those that the span has by these names already are
// behind, and so beat them; what has no such name stays as it is.
func fromOpenInference(in []Field, kind string) []Field {
	var o openInference
	kind = strings.ToUpper(kind)
	o.tool = kind == "TOOL"
	if typ, ok := openInferenceTypes[kind]; ok {
		o.say("mastra.span.type", Text(string(typ)))
	}
	switch kind {
	case "RETRIEVER":
		o.say("mastra.rag_vector_operation.operation", `"query"`)
	case "RERANKER":
		o.say("mastra.rag_action.action", `"rerank"`)
	}
	for _, f := range in {
		if !f.Value.IsNull() {
			o.sort(f)
		}
	}
	o.groups()
	return append(o.out, o.left...)
}

func (o *openInference) say(name string, v Value) { o.out = append(o.out, Field{name, v}) }

func (o *openInference) sort(f Field) {
	if name, ok := openInferenceNames[f.Key]; ok {
		if name != "" {
			o.say(name, f.Value)
		}
		o.hasInput = o.hasInput || name == "input"
		return
	}
	switch f.Key {
	case openInferenceKind:
		if _, ok := openInferenceTypes[strings.ToUpper(textOf(f.Value))]; ok {
			return
		}
	case "tool.parameters":
		if o.tool {
			o.parameters = f.Value
			return
		}
	case "llm.invocation_parameters":
		if v := fromJSONText(f.Value); v.IsObject() {
			o.invocation(v)
			return
		}
	case "metadata":
		if v := fromJSONText(f.Value); v.IsObject() {
			for key, v := range v.Members() {
				o.say(metadataPrefix+key, v)
			}
			return
		}
	}
	if !o.listed(f) {
		o.left = append(o.left, f)
	}
}

// listed takes an element of a list.
func (o *openInference) listed(f Field) bool {
	for _, l := range []struct {
		prefix, then string
		to           *indexed
	}{
		{"llm.input_messages.", "message.", &o.input},
		{"llm.output_messages.", "message.", &o.output},
		{"llm.tools.", "tool.json_schema", &o.tools},
		{"retrieval.documents.", "document.", &o.found},
		{"reranker.output_documents.", "document.", &o.found},
		{"reranker.input_documents.", "document.", &o.ranked},
		{"embedding.embeddings.", "embedding.text", &o.embedded},
	} {
		if rest, ok := strings.CutPrefix(f.Key, l.prefix); ok {
			return l.to.add(rest, l.then, f.Value)
		}
	}
	return false
}

// groups says what came in lists.
func (o *openInference) groups() {
	if v := o.input.messages("user"); v != "" {
		o.say("gen_ai.input.messages", v)
	}
	if v := o.output.messages("assistant"); v != "" {
		o.say("gen_ai.output.messages", v)
	}
	if v := o.tools.values(fromJSONText); v != "" {
		o.say("gen_ai.tool.definitions", v)
	}
	if v := o.found.objects(); v != "" {
		o.say("output", v)
	}
	if v := o.ranked.objects(); v != "" {
		o.say("reranker.input_documents", v)
	}
	if n := len(o.embedded); n > 0 {
		v := o.embedded.values(nil)
		if n == 1 {
			for one := range v.Elements() {
				v = one
			}
		}
		o.say("input", v)
		o.say("mastra.rag_embedding.input_count", Value(strconv.Itoa(n)))
	}
	if o.parameters != "" {
		if o.hasInput {
			o.say("tool.parameters", o.parameters)
		} else {
			o.say("input", o.parameters)
		}
	}
}

// invocation takes the parameters that have names of their own out of v.
func (o *openInference) invocation(v Value) {
	var rest object
	for key, p := range v.Members() {
		if name, ok := invocationNames[key]; ok {
			o.say("gen_ai.request."+name, p)
			continue
		}
		if rest.buf == nil {
			rest = newObject(nil)
		}
		rest.member(key, p)
	}
	if rest.buf != nil {
		o.left = append(o.left, Field{"llm.invocation_parameters", Value(rest.close())})
	}
}

// indexed is a list whose elements came as attributes: by index, what is behind it in the name.
type indexed map[int][]Field

// add takes <index>.<then><key>, false if it is not that.
func (l *indexed) add(name, then string, v Value) bool {
	index, rest, _ := strings.Cut(name, ".")
	n, err := strconv.ParseUint(index, 10, 31)
	key, ok := strings.CutPrefix(rest, then)
	if err != nil || !ok {
		return false
	}
	if *l == nil {
		*l = indexed{}
	}
	(*l)[int(n)] = append((*l)[int(n)], Field{key, v})
	return true
}

// all are the elements in their order.
func (l indexed) all(yield func([]Field) bool) {
	for _, n := range slices.Sorted(maps.Keys(l)) {
		if !yield(l[n]) {
			return
		}
	}
}

// values is the list of the last value of each element; "" for none.
func (l indexed) values(from func(Value) Value) Value {
	if len(l) == 0 {
		return ""
	}
	buf := []byte{'['}
	for fields := range l.all {
		buf = append(comma(buf), through(from, fields[len(fields)-1].Value)...)
	}
	return Value(append(buf, ']'))
}

// objects is the list of elements with their keys; "" for none.
func (l indexed) objects() Value {
	if len(l) == 0 {
		return ""
	}
	buf := []byte{'['}
	for fields := range l.all {
		buf = append(comma(buf), objectOf(fields)...)
	}
	return Value(append(buf, ']'))
}

// objectOf has each key once, with its last value.
func objectOf(fields []Field) Value {
	last := make(map[string]int, len(fields))
	for i, f := range fields {
		last[f.Key] = i
	}
	o := newObject(nil)
	for i, f := range fields {
		if last[f.Key] == i {
			o.member(f.Key, fromJSONText(f.Value))
		}
	}
	return Value(o.close())
}

// messages is the list as GenAI has it; "" for none.
func (l indexed) messages(role string) Value {
	if len(l) == 0 {
		return ""
	}
	buf := []byte{'['}
	for fields := range l.all {
		buf = appendOpenInferenceMessage(comma(buf), fields, role)
	}
	return Value(append(buf, ']'))
}

func appendOpenInferenceMessage(buf []byte, fields []Field, role string) []byte {
	var content, name, callID, function, arguments Value
	var contents, calls indexed
	var left []Field
	for _, f := range fields {
		switch f.Key {
		case "role":
			role = textOf(f.Value)
			continue
		case "content":
			content = f.Value
			continue
		case "name":
			name = f.Value
			continue
		case "tool_call_id":
			callID = f.Value
			continue
		case "function_call_name":
			function = f.Value
			continue
		case "function_call_arguments_json":
			arguments = fromJSONText(f.Value)
			continue
		}
		if rest, ok := strings.CutPrefix(f.Key, "contents."); ok && contents.add(rest, "message_content.", f.Value) {
			continue
		}
		if rest, ok := strings.CutPrefix(f.Key, "tool_calls."); ok && calls.add(rest, "tool_call.", f.Value) {
			continue
		}
		left = append(left, f)
	}
	m := newObject(buf)
	m.value("role", Text(role))
	m.key("parts")
	m.buf = append(m.buf, '[')
	switch {
	case callID != "":
		p := newObject(m.buf)
		p.text("type", "tool_call_response")
		p.value("id", callID)
		p.value("name", name)
		p.value("response", fromJSONText(content))
		m.buf = p.close()
	case content != "":
		m.buf = appendTextPart(m.buf, content)
	}
	for part := range contents.all {
		v := objectOf(part)
		if text := v.Get("text"); !text.IsNull() {
			m.buf = appendTextPart(comma(m.buf), text)
			continue
		}
		m.buf = append(comma(m.buf), v...)
	}
	for call := range calls.all {
		v := objectOf(call)
		m.buf = appendOpenInferenceCall(comma(m.buf), v.Get("id"), v.Get("function.name"), v.Get("function.arguments"))
	}
	if function != "" {
		m.buf = appendOpenInferenceCall(comma(m.buf), "", function, arguments)
	}
	if len(left) > 0 {
		m.buf = append(comma(m.buf), objectOf(left)...)
	}
	m.buf = append(m.buf, ']')
	return m.close()
}

func appendOpenInferenceCall(buf []byte, id, name, arguments Value) []byte {
	o := newObject(buf)
	o.text("type", "tool_call")
	o.value("id", id)
	o.value("name", name)
	o.value("arguments", arguments)
	return o.close()
}
