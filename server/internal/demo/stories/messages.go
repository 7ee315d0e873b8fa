package stories

// Clients write a conversation in several ways. These make the messages of each, so that a reader of traces meets them all.

type object = map[string]any

// said is a message that is all text, which every client writes alike.
func said(role, text string) object { return object{"role": role, "content": text} }

// prompt is the input of a model call.
func prompt(messages ...object) object { return object{"messages": messages} }

func textPart(text string) object { return object{"type": "text", "text": text} }

// of returns a message made of parts.
func of(role string, parts ...object) object { return object{"role": role, "content": parts} }

// sdk4 writes calls of tools and their results as version 4 of the AI SDK does: args and result.
type sdk4 struct{}

func (sdk4) call(id, tool string, args any) object {
	return object{"type": "tool-call", "toolCallId": id, "toolName": tool, "args": args}
}

func (sdk4) result(id, tool string, result any) object {
	return of("tool", object{"type": "tool-result", "toolCallId": id, "toolName": tool, "result": result})
}

// sdk5 writes them as version 5 does: input, and an output that says what it is.
type sdk5 struct{}

func (sdk5) call(id, tool string, input any) object {
	return object{"type": "tool-call", "toolCallId": id, "toolName": tool, "input": input}
}

func (sdk5) result(id, tool string, value any) object {
	kind := "json"
	if _, ok := value.(string); ok {
		kind = "text"
	}
	return of("tool", object{"type": "tool-result", "toolCallId": id, "toolName": tool, "output": object{"type": kind, "value": value}})
}

func (sdk5) reasoning(text string) object { return object{"type": "reasoning", "text": text} }

// openAI writes what that API is sent: arguments are JSON in a string, and a result says which call it answers.
type openAI struct{}

func (openAI) call(id, tool, arguments string) object {
	return object{"role": "assistant", "content": nil, "tool_calls": []object{
		{"id": id, "type": "function", "function": object{"name": tool, "arguments": arguments}},
	}}
}

func (openAI) result(id, content string) object {
	return object{"role": "tool", "tool_call_id": id, "content": content}
}

// anthropic writes what that API is sent: results are the user's.
type anthropic struct{}

func (anthropic) call(id, tool string, input any) object {
	return object{"type": "tool_use", "id": id, "name": tool, "input": input}
}

func (anthropic) result(id string, content any) object {
	return of("user", object{"type": "tool_result", "tool_use_id": id, "content": content})
}

func (anthropic) thinking(text string) object { return object{"type": "thinking", "thinking": text} }

// genAI writes the parts of OpenTelemetry's conventions.
type genAI struct{}

func (genAI) said(role, text string) object {
	return object{"role": role, "parts": []object{{"type": "text", "content": text}}}
}

func (genAI) call(id, name string, arguments any) object {
	return object{"role": "assistant", "parts": []object{{"type": "tool_call", "id": id, "name": name, "arguments": arguments}}}
}

func (genAI) result(id, name string, response any) object {
	return object{"role": "tool", "parts": []object{{"type": "tool_call_response", "id": id, "name": name, "response": response}}}
}

// answer is the output of a model call that ends with text, and calls that of one that ends with calls of tools.
func answer(text string) object { return object{"text": text} }

func calls(text string, parts ...object) object { return object{"text": text, "toolCalls": parts} }
