package otlp

import (
	"encoding/base64"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// attribute reads one KeyValue of field into a list. depth is how many brackets will be around its value.
func (r *protoReader) attribute(to *list, field string, b []byte, depth int) {
	if len(to.attrs) >= r.limits.MaxKeys {
		to.more++
		return
	}
	s := &r.span
	a := attr{from: len(s.text)}
	key, value, ok := keyValue(b)
	a.key = view(key)
	reason := intake.ReasonSyntax
	if ok {
		reason = r.value(value, depth)
	}
	r.keep(to, field, a, reason, r.lenient)
}

// keep ends an attribute, whose value is the end of the text, or has a fault.
func (c *collector) keep(to *list, field string, a attr, reason intake.Reason, lenient bool) {
	s := &c.span
	switch {
	case reason == intake.ReasonDepth && lenient:
		s.text = append(s.text[:a.from], deepMark...)
	case reason != "":
		s.fail(field, reason)
	case len(s.text) > c.limits.MaxRecordBytes && lenient:
		s.text = s.text[:a.from]
		to.more++
		return
	case len(s.text) > c.limits.MaxRecordBytes:
		s.fail("record", intake.ReasonTooLarge)
	}
	if a.to = len(s.text); string(s.text[a.from:]) == "null" {
		s.text, a.to = s.text[:a.from], a.from
	}
	to.attrs = append(to.attrs, a)
}

const deepMark = `"[MaxDepth]"`

// keyValue takes a KeyValue apart: key 1, value 2.
func keyValue(b []byte) (key, value []byte, ok bool) {
	f := fields{rest: b}
	for f.next() {
		switch {
		case f.is(1):
			key = f.bytes
		case f.is(2):
			value = f.bytes
		}
	}
	return key, value, !f.broken
}

// value appends an AnyValue as JSON. depth is how many brackets are around it; it goes no deeper than MaxDepth, which
// bounds the stack too.
func (r *protoReader) value(b []byte, depth int) intake.Reason {
	var last fields // of the members of the oneof
	f := fields{rest: b}
	for f.next() {
		if anyValueTypes[f.num&7] == f.typ && f.num >= 1 && f.num <= 7 {
			last = f
		}
	}
	if f.broken {
		return intake.ReasonSyntax
	}
	s := &r.span
	switch last.num {
	case 1:
		s.text = span.AppendText(s.text, view(last.bytes))
	case 2:
		s.text = strconv.AppendBool(s.text, last.n != 0)
	case 3:
		s.text = strconv.AppendInt(s.text, int64(last.n), 10) // two's complement on the wire
	case 4:
		s.text = appendDouble(s.text, math.Float64frombits(last.n))
	case 5:
		return r.array(last.bytes, depth)
	case 6:
		return r.object(last.bytes, depth)
	case 7:
		s.text = appendBase64(s.text, last.bytes)
	default:
		s.text = append(s.text, "null"...)
	}
	return ""
}

// anyValueTypes are the wire types of string, bool, int, double, array, kvlist and bytes.
var anyValueTypes = [8]protowire.Type{
	protowire.EndGroupType, // no field has number 0
	protowire.BytesType, protowire.VarintType, protowire.VarintType, protowire.Fixed64Type,
	protowire.BytesType, protowire.BytesType, protowire.BytesType,
}

func (r *protoReader) array(b []byte, depth int) intake.Reason {
	if depth >= r.limits.MaxDepth {
		return intake.ReasonDepth
	}
	s := &r.span
	s.text = append(s.text, '[')
	f := fields{rest: b}
	for f.next() {
		if !f.is(1) {
			continue
		}
		s.text = comma(s.text)
		if reason := r.value(f.bytes, depth+1); reason != "" {
			return reason
		}
	}
	s.text = append(s.text, ']')
	return syntaxIf(f.broken)
}

func (r *protoReader) object(b []byte, depth int) intake.Reason {
	if depth >= r.limits.MaxDepth {
		return intake.ReasonDepth
	}
	s := &r.span
	s.text = append(s.text, '{')
	f := fields{rest: b}
	for f.next() {
		if !f.is(1) {
			continue
		}
		key, value, ok := keyValue(f.bytes)
		if !ok {
			return intake.ReasonSyntax
		}
		s.text = append(span.AppendText(comma(s.text), view(key)), ':')
		if reason := r.value(value, depth+1); reason != "" {
			return reason
		}
	}
	s.text = append(s.text, '}')
	return syntaxIf(f.broken)
}

func syntaxIf(broken bool) intake.Reason {
	if broken {
		return intake.ReasonSyntax
	}
	return ""
}

// appendDouble appends a number, or as text what JSON has no number for. A whole one has a point, as JSON in Go has not, so
// that a [Codec] knows it from an integer.
func appendDouble(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if format == 'f' && f == math.Trunc(f) {
		b = append(b, ".0"...)
	}
	return b
}

func appendBase64(b, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(b, '"'), data), '"')
}
