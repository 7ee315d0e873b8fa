package span

import "strings"

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

// parseInside parses JSON that is to stand inside other values, messages or attributes, and leaves room for these: what
// nests deeper stays text.
func parseInside(text string) (Value, error) {
	out, err := appendCompact(make([]byte, 0, len(text)), text, maxDepth-16)
	if err != nil || string(out) == "null" {
		return "", err
	}
	return Value(view(out)), nil
}

// fromJSONText takes an array or an object out of a string, and leaves all else.
func fromJSONText(v Value) Value {
	if text, ok := v.Text(); ok {
		if parsed, err := parseInside(text); err == nil && (parsed.IsArray() || parsed.IsObject()) {
			return parsed
		}
	}
	return v
}

// toPayloadText puts any value into a string: text as it is, unless it could be taken for JSON, all else as JSON.
func toPayloadText(v Value) Value {
	if text, ok := v.Text(); ok {
		if _, err := parseInside(text); err != nil {
			return v
		}
	}
	return Text(string(v))
}

func fromPayloadText(v Value) Value {
	if text, ok := v.Text(); ok {
		if parsed, err := parseInside(text); err == nil {
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
