package span

import (
	"cmp"
	"slices"
)

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
