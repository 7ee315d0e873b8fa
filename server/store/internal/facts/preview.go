package facts

import (
	"strings"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

const maxPreview = 200

// Preview is one line that says what a trace is about, taken from its root: the last text of the user, else the input;
// of a tool, its name and arguments.
func Preview(s *span.Span) string {
	text := lastUserText(s.Input)
	if text == "" {
		text, _ = s.Input.Text()
	}
	if text == "" && !s.Input.IsNull() {
		text = store.CutText(string(s.Input), 4*maxPreview)
	}
	if strings.HasSuffix(string(s.Type), "tool_call") {
		text = strings.TrimSpace(s.ToolName() + " " + text)
	}
	return oneLine(text)
}

// oneLine joins what is between spaces and line ends, and cuts it.
func oneLine(text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(store.CutText(text, 4*maxPreview)) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		if b.Len() >= maxPreview {
			break
		}
	}
	return strings.ToValidUTF8(store.CutText(b.String(), maxPreview), "")
}

// lastUserText finds the last message of the user in a list of messages, or in an object that has one.
func lastUserText(input span.Value) string {
	if input.IsObject() {
		input = input.Get("messages")
	}
	last := ""
	for m := range input.Elements() {
		if role, _ := m.Get("role").Text(); role != "user" {
			continue
		}
		if text := messageText(m); text != "" {
			last = text
		}
	}
	return last
}

// messageText is the text of a message: its content, or the text parts of its content or parts.
func messageText(m span.Value) string {
	content := m.Get("content")
	if text, ok := content.Text(); ok {
		return text
	}
	if content.IsObject() { // a message that wraps its parts
		content = content.Get("parts")
	}
	if content.IsNull() {
		content = m.Get("parts")
	}
	var texts []string
	for part := range content.Elements() {
		text, ok := part.Get("text").Text()
		if !ok {
			text, _ = part.Get("content").Text()
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, " ")
}
