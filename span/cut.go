package span

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	cutMark = "…[truncated]"
	// leastRoom is what the mark needs as a JSON string: no part is ever given less.
	leastRoom = len(cutMark) + 2
)

// Cut applies the limits to JSON that is text already, with the marks of [ValueLimits.Of]: what fits is returned as it
// is. A value of more than MaxBytes keeps its shape: its small parts stay whole, the largest are cut first, and members
// are left out only where there are too many to say anything about each. The result has at most MaxBytes bytes, or the
// 16 of a lone mark.
//
// v is compact and valid, as decoding, [Of], [ParseValue] and the AppendJSON of attributes make it. Text that is not
// JSON comes out as a string about that.
func (l ValueLimits) Cut(v Value) Value {
	if v.IsNull() {
		return ""
	}
	l = l.withDefaults()
	if !l.holds(v) {
		parsed, err := appendCompact(make([]byte, 0, len(v)), string(v), maxDepth)
		if err != nil {
			return Text("[Error: " + err.Error() + "]")
		}
		v = Value(l.appendCut(nil, Value(parsed), 0))
	}
	if room := max(l.MaxBytes, leastRoom); len(v) > room {
		v = Value(appendShrunk(make([]byte, 0, room), v, room))
	}
	return v
}

// holds reports whether v keeps all limits but MaxBytes, in one pass. It may be wrong to say no, where a string is
// shorter than its escapes.
func (l ValueLimits) holds(v Value) bool {
	var items [maxDepth + 1]int
	depth := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			end := skipText(v, i)
			if end == i || end-i-2 > l.MaxStringBytes {
				return false
			}
			i = end - 1
		case '{', '[':
			if depth++; depth > l.MaxDepth {
				return false
			}
			items[depth] = 0
		case '}', ']':
			if depth--; depth < 0 {
				return false
			}
		case ',':
			if items[depth]++; items[depth] >= l.MaxItems {
				return false
			}
		}
	}
	return depth == 0
}

// appendCut appends v with its strings, depth and items cut.
func (l ValueLimits) appendCut(buf []byte, v Value, depth int) []byte {
	if !v.IsObject() && !v.IsArray() {
		return l.appendString(buf, v)
	}
	if depth == l.MaxDepth {
		return append(buf, `"[MaxDepth]"`...)
	}
	parts := partsOf(v)
	buf = append(buf, v[0])
	for i, p := range parts {
		buf = comma(buf)
		if i == l.MaxItems {
			buf = appendOmitted(buf, v.IsObject(), len(parts)-i)
			break
		}
		if v.IsObject() {
			buf = append(l.appendString(buf, p.key), ':')
		}
		buf = l.appendCut(buf, p.value, depth+1)
	}
	return append(buf, v[len(v)-1])
}

// appendString appends a scalar; of a long string, its beginning.
func (l ValueLimits) appendString(buf []byte, v Value) []byte {
	if len(v)-2 > l.MaxStringBytes {
		if s, ok := v.Text(); ok && len(s) > l.MaxStringBytes {
			return appendCutText(buf, s, l.MaxStringBytes)
		}
	}
	return append(buf, v...)
}

// part is one element of an array, or one member of an object, whose key has its quotes.
type part struct{ key, value Value }

func (p part) overhead() int {
	if p.key == "" {
		return 1 // the comma, or the bracket that the first has instead
	}
	return len(p.key) + 2
}

func partsOf(v Value) []part {
	var parts []part
	for m := range v.members() {
		parts = append(parts, part{m.whole, m.value})
	}
	for e := range v.Elements() {
		parts = append(parts, part{"", e})
	}
	return parts
}

// appendShrunk appends v in at most room bytes, which are at least leastRoom.
func appendShrunk(buf []byte, v Value, room int) []byte {
	switch {
	case len(v) <= room:
		return append(buf, v...)
	case v[0] == '"':
		buf = append(buf, '"')
		buf = append(buf, cutEscaped(string(v[1:len(v)-1]), room-leastRoom)...)
		return append(append(buf, cutMark...), '"')
	case v.IsObject(), v.IsArray():
		return appendShrunkParts(buf, v, room)
	}
	return append(append(append(buf, '"'), cutMark...), '"') // a number of that length
}

func appendShrunkParts(buf []byte, v Value, room int) []byte {
	parts := partsOf(v)
	whole := len(parts)
	omitted := func(n int) int { return len(appendOmitted(nil, v.IsObject(), n)) + 1 }

	room-- // the closing bracket; the opening one is the first part's overhead
	least := 0
	for i, p := range parts {
		least += p.overhead() + min(len(p.value), leastRoom)
		if least > room {
			for parts = parts[:i]; len(parts) > 0 && least+omitted(whole) > room; parts = parts[:len(parts)-1] {
				least -= parts[len(parts)-1].overhead() + min(len(parts[len(parts)-1].value), leastRoom)
			}
			break
		}
	}
	if len(parts) < whole {
		if len(parts) == 0 && omitted(whole) > room {
			return append(append(append(buf, '"'), cutMark...), '"')
		}
		room -= omitted(whole)
	}
	sizes := make([]int, len(parts))
	for i, p := range parts {
		sizes[i] = len(p.value)
		room -= p.overhead()
	}
	most := fairShare(sizes, room)

	buf = append(buf, v[0])
	for _, p := range parts {
		buf = comma(buf)
		if p.key != "" {
			buf = append(append(buf, p.key...), ':')
		}
		buf = appendShrunk(buf, p.value, most)
	}
	if len(parts) < whole {
		buf = appendOmitted(comma(buf), v.IsObject(), whole-len(parts))
	}
	return append(buf, v[len(v)-1])
}

// fairShare is the largest size that all may be cut to so that together they need no more than room: those that are
// smaller leave what they do not need to the others.
func fairShare(sizes []int, room int) int {
	slices.Sort(sizes)
	for i, size := range sizes {
		if left := len(sizes) - i; size*left > room {
			return room / left
		}
		room -= size
	}
	return max(room, 0) + 1<<30
}

// appendOmitted says how many members or elements are left out.
func appendOmitted(buf []byte, object bool, n int) []byte {
	if object {
		return AppendText(append(buf, `"__truncated":`...), fmt.Sprintf("%d more keys omitted", n))
	}
	return AppendText(buf, fmt.Sprintf("[…%d more items]", n))
}

// appendCutText appends the first n bytes of s, and the mark, as a JSON string.
func appendCutText(buf []byte, s string, n int) []byte {
	buf = AppendText(buf, cut(s, n))
	return append(append(buf[:len(buf)-1], cutMark...), '"')
}

// cut returns at most n bytes of s and never a part of a rune.
func cut(s string, n int) string {
	for back := n; back >= 0 && n-back < utf8.UTFMax; back-- {
		if utf8.RuneStart(s[back]) {
			return s[:back]
		}
	}
	return s[:n] // not UTF-8 anyway
}

// cutEscaped is cut for the content of a JSON string: it splits no escape, and no pair of them that is one character.
func cutEscaped(s string, n int) string {
	for i := 0; ; {
		next := strings.IndexByte(s[i:n], '\\')
		if next < 0 {
			return s[:i] + cut(s[i:], n-i)
		}
		i += next
		length := max(escapeLen(s[i:]), 1) // 1 for what is no JSON anyway
		if i+length > n {
			return s[:i]
		}
		i += length
	}
}
