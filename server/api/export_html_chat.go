package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/tailrace-go/tailrace/span"
)

// htmlBlock is a text in a frame of its own: what somebody in a conversation said, or a whole value.
type htmlBlock struct {
	Who, Class string
	Texts      []htmlText // what was said, then what else the message has
}

// htmlText is what somebody wrote, or JSON.
type htmlText struct {
	Text string
	JSON bool
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
		if text, ok := span.Value(o["text"]).Text(); ok && text != "" { // what a model answers, beside how it came to it
			delete(o, "text")
			return []htmlBlock{{Class: "said", Texts: append([]htmlText{{Text: text}}, rest(o)...)}}
		}
	}
	return []htmlBlock{{Class: "said", Texts: []htmlText{readable(v)}}}
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
	delete(m, "role")
	if b.Texts = saidIn(m["content"]); b.Texts != nil {
		delete(m, "content")
	}
	b.Texts = append(b.Texts, rest(m)...)
	b.Class = "said"
	if slices.Contains(roles, b.Who) {
		b.Class += " role-" + b.Who
	}
	return b, true
}

// saidIn is a text, or a list of parts that say of which type they are, each whole; nil for all else.
func saidIn(content []byte) []htmlText {
	if text, ok := span.Value(content).Text(); ok && text != "" {
		return []htmlText{{Text: text}}
	}
	var parts []map[string]json.RawMessage
	var whole []span.Value
	if json.Unmarshal(content, &parts) != nil || json.Unmarshal(content, &whole) != nil {
		return nil
	}
	var all []htmlText
	for i, p := range parts {
		kind, ok := span.Value(p["type"]).Text()
		if !ok {
			return nil
		}
		if text, ok := span.Value(p["text"]).Text(); ok && kind == "text" && len(p) == 2 {
			all = append(all, htmlText{Text: text})
			continue
		}
		all = append(all, readable(whole[i]))
	}
	return all
}

// rest is what is left of an object, indented; nothing if that is nothing.
func rest(o map[string]json.RawMessage) []htmlText {
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
	return []htmlText{readable(span.Value(b.String() + "}"))}
}

// readable is a text as it is, all else indented.
func readable(v span.Value) htmlText {
	if text, ok := v.Text(); ok {
		return htmlText{Text: text}
	}
	var out bytes.Buffer
	if json.Indent(&out, []byte(v), "", "  ") != nil {
		return htmlText{string(v), true}
	}
	return htmlText{out.String(), true}
}
