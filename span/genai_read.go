package span

import (
	"cmp"
	"slices"
	"strings"
)

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
	attributes, metadata := newObject(nil), newObject(nil)
	for _, name := range r.order {
		v := r.in[name]
		if v.IsNull() {
			continue // taken before
		}
		if key, ok := strings.CutPrefix(name, prefix); ok {
			attributes.member(camel(key), fromJSONText(v))
		} else {
			metadata.member(strings.TrimPrefix(name, metadataPrefix), v)
		}
	}
	r.attributes = r.attributes.merge(Value(attributes.close()), true)
	r.metadata = r.metadata.Merge(Value(metadata.close()))
}
