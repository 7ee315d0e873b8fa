package span

import "strings"

// Messages of the GenAI conventions are [{role, parts: [part]}], where a part is {type: "text", content},
// {type: "tool_call", id, name, arguments} or {type: "tool_call_response", id, name, response}. Mastra has
// {messages: [{role, content}]} for the input of a model, where content is a text or a list of parts text, tool-call and
// tool-result, and {text, toolCalls} for its output.

// toMessages converts an input. What is not made of messages stays as it is.
func toMessages(v Value) Value {
	list := v
	if v.IsObject() {
		list = v.Get("messages")
	}
	if !list.IsArray() {
		return v
	}
	buf := append(make([]byte, 0, len(v)+len(v)/8), '[')
	for message := range list.Elements() {
		role, content := message.Get("role"), message.Get("content")
		if _, ok := role.Text(); !ok {
			return v
		}
		m := newObject(comma(buf))
		m.value("role", role)
		m.key("parts")
		m.buf = append(m.buf, '[')
		if _, ok := content.Text(); ok {
			m.buf = appendTextPart(m.buf, content)
		} else if content.IsArray() {
			for part := range content.Elements() {
				m.buf = appendPart(comma(m.buf), part)
			}
		} else if !content.IsNull() {
			return v
		}
		m.buf = append(m.buf, ']')
		buf = m.close()
	}
	return Value(append(buf, ']'))
}

// toAnswer converts an output, which has a text, tool calls or both; messages convert as an input.
func toAnswer(v Value) Value {
	text, calls := v.Get("text"), v.Get("toolCalls")
	_, isText := text.Text()
	if !isText && !calls.IsArray() {
		return toMessages(v)
	}
	m := newObject([]byte{'['})
	m.text("role", "assistant")
	m.key("parts")
	m.buf = append(m.buf, '[')
	if isText {
		m.buf = appendTextPart(m.buf, text)
	}
	for call := range calls.Elements() {
		m.buf = appendToolCall(comma(m.buf), call)
	}
	m.buf = append(m.buf, ']')
	return Value(append(m.close(), ']'))
}

func appendTextPart(buf []byte, text Value) []byte {
	o := newObject(buf)
	o.text("type", "text")
	o.value("content", text)
	return o.close()
}

func appendToolCall(buf []byte, call Value) []byte {
	o := newObject(buf)
	o.text("type", "tool_call")
	o.value("id", call.Get("toolCallId"))
	o.value("name", call.Get("toolName"))
	o.value("arguments", firstOf(call, "args", "input"))
	return o.close()
}

// appendPart converts one part of a content; one that is unknown is passed on unchanged.
func appendPart(buf []byte, part Value) []byte {
	switch kind, _ := part.Get("type").Text(); kind {
	case "text":
		return appendTextPart(buf, part.Get("text"))
	case "tool-call":
		return appendToolCall(buf, part)
	case "tool-result":
		o := newObject(buf)
		o.text("type", "tool_call_response")
		o.value("id", part.Get("toolCallId"))
		o.value("name", part.Get("toolName"))
		o.value("response", firstOf(part, "result", "output"))
		return o.close()
	}
	return append(buf, part...)
}

// fromMessages converts to an input. What is not made of messages stays as it is.
func fromMessages(v Value) Value {
	if !v.IsArray() {
		return v
	}
	buf := append(make([]byte, 0, len(v)+len(v)/8), `{"messages":[`...)
	for message := range v.Elements() {
		role, parts := message.Get("role"), message.Get("parts")
		if _, ok := role.Text(); !ok || !parts.IsArray() {
			return v
		}
		m := newObject(comma(buf))
		m.value("role", role)
		m.value("content", fromParts(parts))
		buf = m.close()
	}
	return Value(view(append(buf, "]}"...)))
}

// fromParts is one text alone, or a list of parts.
func fromParts(parts Value) Value {
	if alone := onlyText(parts); !alone.IsNull() {
		return alone
	}
	buf := []byte{'['}
	for part := range parts.Elements() {
		buf = comma(buf)
		switch kind, _ := part.Get("type").Text(); kind {
		case "text":
			o := newObject(buf)
			o.text("type", "text")
			o.value("text", part.Get("content"))
			buf = o.close()
		case "tool_call":
			o := newObject(buf)
			o.text("type", "tool-call")
			fromToolCall(&o, part)
			buf = o.close()
		case "tool_call_response":
			o := newObject(buf)
			o.text("type", "tool-result")
			o.value("toolCallId", part.Get("id"))
			o.value("toolName", part.Get("name"))
			o.value("result", firstOf(part, "response", "result"))
			buf = o.close()
		default:
			buf = append(buf, part...)
		}
	}
	return Value(append(buf, ']'))
}

// onlyText is the content of the one part, if it is a text.
func onlyText(parts Value) (content Value) {
	n := 0
	for part := range parts.Elements() {
		if n++; n > 1 {
			return ""
		}
		if kind, _ := part.Get("type").Text(); kind == "text" {
			content = part.Get("content")
		}
	}
	return content
}

func fromToolCall(o *object, call Value) {
	o.value("toolCallId", call.Get("id"))
	o.value("toolName", call.Get("name"))
	o.value("args", call.Get("arguments"))
}

// fromAnswer converts to an output: one message of the assistant, of texts and tool calls, becomes {text, toolCalls};
// anything else converts as an input.
func fromAnswer(v Value) Value {
	var message Value
	n := 0
	for m := range v.Elements() {
		message = m
		n++
	}
	if role, _ := message.Get("role").Text(); n != 1 || role != "assistant" || !message.Get("parts").IsArray() {
		return fromMessages(v)
	}
	if content := onlyText(message.Get("parts")); !content.IsNull() {
		if _, ok := content.Text(); ok {
			o := newObject(make([]byte, 0, len(content)+len(`{"text":}`)))
			o.value("text", content)
			return Value(view(o.close()))
		}
	}
	var text strings.Builder
	var said bool
	calls := []byte{'['}
	for part := range message.Get("parts").Elements() {
		switch kind, _ := part.Get("type").Text(); kind {
		case "text":
			text.WriteString(textOf(part.Get("content")))
			said = true
		case "tool_call":
			o := newObject(comma(calls))
			fromToolCall(&o, part)
			calls = o.close()
		default:
			return fromMessages(v)
		}
	}
	o := newObject(nil)
	if said {
		o.value("text", Text(text.String()))
	}
	if len(calls) > 1 {
		o.value("toolCalls", Value(append(calls, ']')))
	}
	return Value(o.close())
}

// firstOf returns the first member that there is.
func firstOf(v Value, keys ...string) Value {
	for _, key := range keys {
		if found := v.Get(key); !found.IsNull() {
			return found
		}
	}
	return ""
}
