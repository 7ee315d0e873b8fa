package span

import (
	"cmp"
	"slices"
)

// genAIWriter collects the OpenTelemetry attributes of one span.
type genAIWriter struct {
	span       *Span
	typ        Type
	attributes foundAttributes
	out        []Field
}

// What writing takes out of a span's attributes: whose work it is, then the rows of the tables that have a name to write.
var (
	slotToolID         = slotOfPath("toolId")
	slotAgentID        = slotOfPath("agentId")
	slotConversationID = slotOfPath("conversationId")

	writtenAttributes = func() (slots []int) { // by row; -1 leaves it to the rest
		for _, row := range attributeRows {
			slot := -1
			if row.name != "" {
				slot = slotOfPath(row.path)
			}
			slots = append(slots, slot)
		}
		return slots
	}()
	writtenUsage = func() (slots [][]int) {
		for _, row := range usageRows {
			var paths []int
			if row.name != "" {
				for _, path := range row.paths {
					paths = append(paths, slotOfPath(path))
				}
			}
			slots = append(slots, paths)
		}
		return slots
	}()
)

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

// named says what the tables have names for.
func (w *genAIWriter) named() {
	for i, slot := range writtenAttributes {
		if row := &attributeRows[i]; slot >= 0 && row.isFor(w.typ) {
			w.add(row.name, through(row.to, w.attributes.take(slot)))
		}
	}
	for i, slots := range writtenUsage {
		for _, slot := range slots {
			if v := w.attributes.take(slot); !v.IsNull() {
				w.add(usageRows[i].name, v)
				break
			}
		}
	}
}

// identity says whose work it is: the tool, the agent, the workflow, the conversation.
func (w *genAIWriter) identity() {
	s := w.span
	if slices.Contains(toolTypes, w.typ) {
		w.addText("gen_ai.tool.name", s.ToolName())
		w.attributes.take(slotToolID)
	}
	agent := ""
	if s.EntityType == EntityAgent {
		agent = s.EntityID
		w.addText("gen_ai.agent.name", s.EntityName)
	}
	if w.typ == TypeAgentRun {
		if id, ok := w.attributes.take(slotAgentID).Text(); ok {
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
		w.add("gen_ai.conversation.id", w.attributes.take(slotConversationID))
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
	w.attributes.rest(func(key string, v Value) { w.add(attributeName(w.typ, key), toJSONText(v)) })
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
