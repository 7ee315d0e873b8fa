package stories

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/span"
)

// object is JSON whose keys are in no order of their own.
type object = map[string]any

// ordered is an object of keys and values, which take turns: messages have their role first, parts their type.
func ordered(members ...any) span.Value {
	var b strings.Builder
	comma := byte('{')
	for member := range slices.Chunk(members, 2) {
		b.WriteByte(comma)
		b.WriteString(string(span.Text(member[0].(string))))
		b.WriteByte(':')
		b.WriteString(cmp.Or(string(span.Of(member[1])), "null"))
		comma = ','
	}
	b.WriteByte('}')
	return span.Value(b.String())
}

// Clients write a conversation in several ways. What follows makes the messages of each, so that a reader of traces meets
// them all.

// said is a message that is all text, which every client writes alike.
func said(role, text string) span.Value { return ordered("role", role, "content", text) }

// prompt is the input of a model call.
func prompt(messages ...span.Value) span.Value { return ordered("messages", messages) }

func textPart(text string) span.Value { return ordered("type", "text", "text", text) }

// of returns a message made of parts.
func of(role string, parts ...span.Value) span.Value { return ordered("role", role, "content", parts) }

// sdk4 writes calls of tools and their results as version 4 of the AI SDK does: args and result.
type sdk4 struct{}

func (sdk4) call(id, tool string, args any) span.Value {
	return ordered("type", "tool-call", "toolCallId", id, "toolName", tool, "args", args)
}

func (sdk4) result(id, tool string, result any) span.Value {
	return of("tool", ordered("type", "tool-result", "toolCallId", id, "toolName", tool, "result", result))
}

// sdk5 writes them as version 5 does: input, and an output that says what it is.
type sdk5 struct{}

func (sdk5) call(id, tool string, input any) span.Value {
	return ordered("type", "tool-call", "toolCallId", id, "toolName", tool, "input", input)
}

func (sdk5) result(id, tool string, value any) span.Value {
	kind := "json"
	if _, ok := value.(string); ok {
		kind = "text"
	}
	return of("tool", ordered("type", "tool-result", "toolCallId", id, "toolName", tool, "output", ordered("type", kind, "value", value)))
}

func (sdk5) reasoning(text string) span.Value { return ordered("type", "reasoning", "text", text) }

// openAI writes what that API is sent: arguments are JSON in a string, and a result says which call it answers.
type openAI struct{}

func (openAI) call(id, tool, arguments string) span.Value {
	function := ordered("name", tool, "arguments", arguments)
	return ordered("role", "assistant", "content", nil, "tool_calls", []span.Value{ordered("id", id, "type", "function", "function", function)})
}

func (openAI) result(id, content string) span.Value {
	return ordered("role", "tool", "tool_call_id", id, "content", content)
}

// anthropic writes what that API is sent: results are the user's.
type anthropic struct{}

func (anthropic) call(id, tool string, input any) span.Value {
	return ordered("type", "tool_use", "id", id, "name", tool, "input", input)
}

func (anthropic) result(id string, content any) span.Value {
	return of("user", ordered("type", "tool_result", "tool_use_id", id, "content", content))
}

func (anthropic) thinking(text string) span.Value {
	return ordered("type", "thinking", "thinking", text)
}

// genAI writes the parts of OpenTelemetry's conventions.
type genAI struct{}

func (genAI) said(role, text string) span.Value {
	return parts(role, ordered("type", "text", "content", text))
}

func (genAI) call(id, name string, arguments any) span.Value {
	return parts("assistant", ordered("type", "tool_call", "id", id, "name", name, "arguments", arguments))
}

func (genAI) result(id, name string, response any) span.Value {
	return parts("tool", ordered("type", "tool_call_response", "id", id, "name", name, "response", response))
}

func parts(role string, parts ...span.Value) span.Value { return ordered("role", role, "parts", parts) }

// answer is the output of a model call that ends with text, and calls that of one that ends with calls of tools.
func answer(text string) span.Value { return ordered("text", text) }

func calls(text string, called ...span.Value) span.Value {
	return ordered("text", text, "toolCalls", called)
}
