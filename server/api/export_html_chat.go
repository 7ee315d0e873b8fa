package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/span"
)

// htmlBlock is a text in a frame of its own: what somebody in a conversation said, or a whole value.
type htmlBlock struct {
	Who, Class string
	Texts      []string // what was said, then what else the message has
}

// roles have a mark of their own.
var roles = []string{"system", "user", "assistant", "tool"}

// blocksOf is a value as a person reads it: messages one by one, a text as it is, all else indented. Nothing of it is
// left out.
func blocksOf(v span.Value) []htmlBlock {
	var blocks []htmlBlock
	for _, m := range messagesOf([]byte(v)) {
		b, ok := message(m)
		if !ok {
			blocks = nil
			break
		}
		blocks = append(blocks, b)
	}
	if blocks != nil {
		return blocks
	}
	var o map[string]json.RawMessage
	if json.Unmarshal([]byte(v), &o) == nil {
		if text := textOf(o["text"]); text != "" { // what a model answers, beside how it came to it
			delete(o, "text")
			return []htmlBlock{{Class: "said", Texts: append([]string{text}, rest(o)...)}}
		}
	}
	if text, ok := v.Text(); ok {
		return []htmlBlock{{Class: "said", Texts: []string{text}}}
	}
	return []htmlBlock{{Texts: []string{readable(v)}}}
}

// messagesOf are the elements of a list, or of an object that has nothing but messages.
func messagesOf(v []byte) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(v, &list) == nil {
		return list
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(v, &o) == nil && len(o) == 1 && json.Unmarshal(o["messages"], &list) == nil {
		return list
	}
	return nil
}

// message reports false for what has no role and content.
func message(v []byte) (b htmlBlock, ok bool) {
	var m map[string]json.RawMessage
	if json.Unmarshal(v, &m) != nil || m["content"] == nil || json.Unmarshal(m["role"], &b.Who) != nil || b.Who == "" {
		return b, false
	}
	said := textOf(m["content"])
	delete(m, "role")
	if said != "" {
		b.Texts = []string{said}
		delete(m, "content")
	}
	b.Texts = append(b.Texts, rest(m)...)
	b.Class = "said"
	if slices.Contains(roles, b.Who) {
		b.Class += " role-" + b.Who
	}
	return b, true
}

// textOf is a text, or those of parts that are nothing but texts; empty for all else.
func textOf(v []byte) string {
	var text string
	if json.Unmarshal(v, &text) == nil {
		return text
	}
	var parts []map[string]string // any value that is no text is an error
	if json.Unmarshal(v, &parts) != nil {
		return ""
	}
	var all []string
	for _, p := range parts {
		if len(p) != 2 || p["type"] != "text" || p["text"] == "" {
			return ""
		}
		all = append(all, p["text"])
	}
	return strings.Join(all, "\n\n")
}

// rest is what is left of an object, indented; nothing if that is nothing.
func rest(o map[string]json.RawMessage) []string {
	if len(o) == 0 {
		return nil
	}
	var b bytes.Buffer
	for i, key := range slices.Sorted(maps.Keys(o)) {
		name, err := json.Marshal(key)
		if err != nil { // a text always encodes
			panic(err)
		}
		b.WriteByte("{,"[min(i, 1)])
		b.Write(name)
		b.WriteByte(':')
		b.Write(o[key])
	}
	return []string{readable(span.Value(b.String() + "}"))}
}

// readable is a text as it is, all else indented.
func readable(v span.Value) string {
	if text, ok := v.Text(); ok {
		return text
	}
	var out bytes.Buffer
	if json.Indent(&out, []byte(v), "", "  ") != nil {
		return string(v)
	}
	return out.String()
}
