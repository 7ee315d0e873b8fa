package otlp

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// attributes takes an array of KeyValue of field. depth is how many brackets will be around a value.
func (r *jsonReader) attributes(to *list, field string, depth int) bool {
	to.attrs, to.more = to.attrs[:0], 0
	return r.elements(func() bool { return r.attribute(to, field, depth) }) || r.wrong(field)
}

func (r *jsonReader) attribute(to *list, field string, depth int) bool {
	if len(to.attrs) >= r.limits.MaxKeys {
		to.more++
		return r.Skip()
	}
	s := &r.span
	a := attr{from: len(s.text)}
	reason := intake.Reason("")
	ok := r.members(func(key string) bool {
		switch key {
		case "key":
			token, ok := r.value()
			a.key = textOf(token)
			return ok && (isText(token) || r.wrong(field))
		case "value":
			s.text = s.text[:a.from]
			from := r.Pos
			if reason = r.anyValue(depth); reason == intake.ReasonDepth && r.lenient {
				s.text, reason = append(s.text[:a.from], deepMark...), ""
				r.Pos = from
				return r.Skip()
			}
			return reason == ""
		}
		return r.Skip()
	})
	switch {
	case reason != "":
		s.fail(field, reason)
		return false
	case !ok:
		return false
	case len(s.text) > r.limits.MaxRecordBytes && r.lenient:
		s.text = s.text[:a.from]
		to.more++
		return true
	case len(s.text) > r.limits.MaxRecordBytes:
		s.fail("record", intake.ReasonTooLarge)
		return false
	}
	if string(s.text[a.from:]) == "null" {
		s.text = s.text[:a.from]
	}
	a.to = len(s.text)
	to.attrs = append(to.attrs, a)
	return true
}

func isText(token string) bool { return token != "" && token[0] == '"' || token == "null" }

// anyValue takes an AnyValue and appends it as plain JSON; of several members the last counts. depth is how many
// brackets are around it; it goes no deeper than MaxDepth, which bounds the stack too.
func (r *jsonReader) anyValue(depth int) (reason intake.Reason) {
	s := &r.span
	from := len(s.text)
	if r.Null() {
		s.text = append(s.text, "null"...)
		return ""
	}
	if r.Peek() != '{' {
		return intake.ReasonType
	}
	ok := r.members(func(key string) bool {
		kind, known := valueKinds[key]
		if !known {
			return r.Skip()
		}
		if r.Null() {
			return true
		}
		s.text = s.text[:from]
		reason = r.anyMember(kind, depth)
		return reason == ""
	})
	switch {
	case reason != "":
		return reason
	case !ok:
		return intake.ReasonSyntax
	}
	if len(s.text) == from {
		s.text = append(s.text, "null"...)
	}
	return ""
}

// The members of an AnyValue, by their field numbers.
const (
	kindString = iota + 1
	kindBool
	kindInt
	kindDouble
	kindArray
	kindList
	kindBytes
)

var valueKinds = map[string]int{
	"stringValue": kindString, "boolValue": kindBool, "intValue": kindInt, "doubleValue": kindDouble,
	"arrayValue": kindArray, "kvlistValue": kindList, "bytesValue": kindBytes,
	"string_value": kindString, "bool_value": kindBool, "int_value": kindInt, "double_value": kindDouble,
	"array_value": kindArray, "kvlist_value": kindList, "bytes_value": kindBytes,
}

func (r *jsonReader) anyMember(kind, depth int) intake.Reason {
	s := &r.span
	switch kind {
	case kindArray, kindList:
		if depth >= r.limits.MaxDepth {
			return intake.ReasonDepth
		}
		return r.nested(kind, depth+1)
	}
	token, ok := r.value()
	if !ok {
		return intake.ReasonSyntax
	}
	from := len(s.text)
	text, err := span.AppendValue(s.text, token)
	if err != nil {
		return intake.ReasonSyntax
	}
	s.text = text
	v := span.Value(view(text[from:]))
	content, isText := v.Text()
	switch kind {
	case kindString:
		if strings.IndexByte(string(v), '\\') >= 0 { // spelt as protobuf's text is
			s.text = span.AppendText(s.text[:from], content)
		}
		return typeUnless(isText)
	case kindBool:
		_, ok := v.Bool()
		return typeUnless(ok)
	case kindInt:
		if isText {
			v = span.Value(content)
		}
		n, ok := integer(string(v))
		s.text = strconv.AppendInt(s.text[:from], n, 10)
		return typeUnless(ok)
	case kindDouble:
		if !isText {
			content = string(v)
		}
		f, ok := double(content, isText)
		s.text = appendDouble(s.text[:from], f)
		return typeUnless(ok)
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(urlToStd.Replace(content), "="))
	s.text = appendBase64(s.text[:from], data)
	return typeUnless(isText && err == nil)
}

func typeUnless(ok bool) intake.Reason {
	if ok {
		return ""
	}
	return intake.ReasonType
}

// integer reads a whole number, however it is spelt.
func integer(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

func double(text string, named bool) (float64, bool) {
	if named {
		switch text {
		case "NaN":
			return math.NaN(), true
		case "Infinity":
			return math.Inf(1), true
		case "-Infinity":
			return math.Inf(-1), true
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// nested takes an ArrayValue or a KeyValueList: an object whose values are the elements.
func (r *jsonReader) nested(kind, depth int) (reason intake.Reason) {
	s := &r.span
	from := len(s.text)
	opening, closing := byte('['), byte(']')
	each := func() bool {
		s.text = comma(s.text)
		reason = r.anyValue(depth)
		return reason == ""
	}
	if kind == kindList {
		opening, closing = '{', '}'
		each = func() bool {
			s.text = comma(s.text)
			reason = r.keyValue(depth)
			return reason == ""
		}
	}
	if r.Peek() != '{' {
		return intake.ReasonType
	}
	s.text = append(s.text, opening)
	ok := r.members(func(key string) bool {
		if key != "values" {
			return r.Skip()
		}
		s.text = s.text[:from+1]
		return r.elements(each)
	})
	s.text = append(s.text, closing)
	if reason == "" && !ok {
		return intake.ReasonSyntax
	}
	return reason
}

// keyValue takes a KeyValue and appends it as a member.
func (r *jsonReader) keyValue(depth int) (reason intake.Reason) {
	s := &r.span
	from := len(s.text)
	key := `""`
	ok := r.members(func(name string) (ok bool) {
		switch name {
		case "key":
			if r.Null() {
				key = `""`
				return true
			}
			if key, ok = r.value(); ok {
				reason = typeUnless(isText(key))
			}
			return ok && reason == ""
		case "value":
			s.text = s.text[:from]
			reason = r.anyValue(depth)
			return reason == ""
		}
		return r.Skip()
	})
	switch {
	case reason != "":
		return reason
	case !ok:
		return intake.ReasonSyntax
	}
	if len(s.text) == from {
		s.text = append(s.text, "null"...)
	}
	member := append(span.AppendText(nil, textOf(key)), ':')
	s.text = slices.Insert(s.text, from, member...) // the key may stand behind its value
	return ""
}
