package span

import (
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Value is one JSON value as text: compact, valid, with numbers and escapes as they were spelt. The zero Value means
// that there is none, which is the same as null. [ParseValue], [Of] and decoding make valid ones; a conversion such as
// Value(`{"a":1}`) is not checked until the span is frozen or encoded.
//
// The reading methods never panic. On text that is not valid JSON they find nothing, or stop where it ends to be valid.
type Value string

// ParseValue checks one JSON value and returns it without the space between its tokens. Bytes that are not UTF-8 and
// halves of surrogate pairs become U+FFFD. The error matches [ErrSyntax] or [ErrTooDeep]. null gives the zero Value.
func ParseValue(text string) (Value, error) {
	out, err := appendCompact(make([]byte, 0, len(text)), text, maxDepth)
	if err != nil {
		return "", err
	}
	if string(out) == "null" {
		return "", nil
	}
	return Value(view(out)), nil
}

// AppendValue is [ParseValue] for a caller that has room: it appends the value to buf. null is appended too. On an error
// buf is returned as it was given.
func AppendValue(buf []byte, text string) ([]byte, error) { return appendCompact(buf, text, maxDepth) }

// Text is the JSON string that holds s.
func Text(s string) Value { return Value(AppendText(make([]byte, 0, len(s)+2), s)) }

// IsNull reports whether there is no value: absent or null.
func (v Value) IsNull() bool { return v == "" || v == "null" }

// IsObject reports whether v begins as a JSON object.
func (v Value) IsObject() bool { return v != "" && v[0] == '{' }

// IsArray reports whether v begins as a JSON array.
func (v Value) IsArray() bool { return v != "" && v[0] == '[' }

// Text returns the content of a JSON string, and false when v is of another type.
func (v Value) Text() (string, bool) {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return "", false
	}
	return unquote(string(v[1 : len(v)-1])), true
}

// Bool returns a JSON true or false, and false when v is of another type.
func (v Value) Bool() (value, ok bool) { return v == "true", v == "true" || v == "false" }

// Float returns a JSON number, and false when v is of another type or too large for a float64.
func (v Value) Float() (float64, bool) {
	if v == "" || v[0] != '-' && v[0]-'0' > 9 {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return f, err == nil
}

// Int returns a JSON number that is whole, however it is spelt (12, 12.0, 1.2e1), and false for all else.
func (v Value) Int() (int, bool) {
	if v == "" || v[0] != '-' && v[0]-'0' > 9 {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(v), 10, 0); err == nil {
		return int(n), true
	}
	f, ok := v.Float()
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<(strconv.IntSize-2) {
		return 0, false
	}
	return int(f), true
}

// Members yields the keys and values of an object in the order they stand in; nothing for another type.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for m := range v.members() {
			if !yield(m.text(), m.value) {
				return
			}
		}
	}
}

// Elements yields the elements of an array; nothing for another type.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if !v.IsArray() {
			return
		}
		for pos := 1; pos < len(v); {
			start := skipSpace(v, pos)
			end := skipValue(v, start)
			if end <= start || !yield(v[start:end]) {
				return
			}
			pos = skipSpace(v, end) + 1 // the comma; behind the last element, the end
		}
	}
}

// Get returns the member of an object with this key, the last when there are several; the zero Value when there is
// none.
func (v Value) Get(key string) Value {
	var found Value
	for m := range v.members() {
		if m.named(key) {
			found = m.value
		}
	}
	if found.IsNull() {
		return ""
	}
	return found
}

// Set returns v with one member set to value, in its place when the key is there, else at the end. A null value
// removes the member. When v is no object, the result is an object with that member alone.
func (v Value) Set(key string, value Value) Value {
	buf := make([]byte, 0, len(v)+len(key)+len(value)+6)
	buf = append(buf, '{')
	put := func() {
		if !value.IsNull() {
			buf = append(append(AppendText(comma(buf), key), ':'), value...)
			value = ""
		}
	}
	for m := range v.members() {
		if m.named(key) {
			put()
			continue
		}
		buf = append(append(append(comma(buf), m.whole...), ':'), m.value...)
	}
	put()
	return Value(append(buf, '}'))
}

// Merge returns v with every member of other set in it; see [Value.Set]. Members of other that are null change
// nothing. It takes time for the length of both, not for one times the other.
func (v Value) Merge(other Value) Value { return v.merge(other, false) }

// merge is Merge; deep merges what is an object in both in the same way, however deep.
func (v Value) merge(other Value, deep bool) Value {
	var order []string
	values := map[string]Value{}
	for key, value := range other.Members() {
		if value.IsNull() {
			continue
		}
		before, twice := values[key]
		if !twice {
			order = append(order, key)
		} else if deep && before.IsObject() && value.IsObject() {
			value = before.merge(value, true)
		}
		values[key] = value
	}
	if len(order) == 0 {
		return v
	}
	buf := append(make([]byte, 0, len(v)+len(other)+1), '{')
	for m := range v.members() {
		key := m.text()
		value, given := values[key]
		switch {
		case !given:
			value = m.value
		case value == "":
			continue // it stands before, where the key came first
		default:
			if deep && m.value.IsObject() && value.IsObject() {
				value = m.value.merge(value, true)
			}
			values[key] = ""
		}
		buf = append(append(append(comma(buf), m.whole...), ':'), value...)
	}
	for _, key := range order {
		if value := values[key]; value != "" {
			buf = append(append(AppendText(comma(buf), key), ':'), value...)
		}
	}
	return Value(append(buf, '}'))
}

// MarshalJSON returns the JSON text itself, null for none.
func (v Value) MarshalJSON() ([]byte, error) {
	if v == "" {
		return []byte("null"), nil
	}
	return []byte(v), nil
}

// UnmarshalJSON keeps the text, compacted.
func (v *Value) UnmarshalJSON(text []byte) error {
	parsed, err := ParseValue(string(text))
	*v = parsed
	return err
}

var _ json.Marshaler = Value("")

// member is one key and value of an object: key is the text between the quotes, still escaped, whole has the quotes.
type member struct{ key, whole, value Value }

// text is the key as Go text.
func (m member) text() string { return unquote(string(m.key)) }

// named compares without an allocation unless the key has escapes.
func (m member) named(key string) bool {
	return string(m.key) == key || strings.IndexByte(string(m.key), '\\') >= 0 && m.text() == key
}

func (v Value) members() iter.Seq[member] {
	return func(yield func(member) bool) {
		if !v.IsObject() {
			return
		}
		for pos := 1; pos < len(v); {
			from := skipSpace(v, pos)
			to := skipText(v, from)
			if to <= from {
				return
			}
			colon := skipSpace(v, to)
			if colon >= len(v) || v[colon] != ':' {
				return
			}
			start := skipSpace(v, colon+1)
			end := skipValue(v, start)
			if end <= start || !yield(member{v[from+1 : to-1], v[from:to], v[start:end]}) {
				return
			}
			pos = skipSpace(v, end) + 1
		}
	}
}

func skipSpace[S ~string](s S, pos int) int {
	for pos < len(s) && (s[pos] == ' ' || s[pos] == '\n' || s[pos] == '\r' || s[pos] == '\t') {
		pos++
	}
	return pos
}

// skipText returns the position behind the quoted string at pos, or pos when there is none.
func skipText[S ~string](s S, pos int) int {
	if pos >= len(s) || s[pos] != '"' {
		return pos
	}
	for i := pos + 1; ; {
		n := strings.IndexByte(string(s[i:]), '"')
		if n < 0 {
			return pos
		}
		quote := i + n
		for i <= quote { // each byte is looked at once for either
			n := strings.IndexByte(string(s[i:quote]), '\\')
			if n < 0 {
				return quote + 1
			}
			i += n + 2
		}
	}
}

// skipValue returns the position behind the value at pos, or pos when there is none. It only balances brackets and
// quotes: that is enough on valid JSON, and on broken JSON it finds where a record ends.
func skipValue[S ~string](s S, pos int) int {
	depth := 0
	for i := pos; i < len(s); {
		switch s[i] {
		case '"':
			end := skipText(s, i)
			if end == i {
				return pos
			}
			i = end
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return pos
			}
			depth--
			i++
		case ',', ':', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return pos
			}
			i++
			continue
		default:
			for i < len(s) && !structural[s[i]] {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return pos
}

// structural marks the bytes that end a number or a word.
var structural = func() (t [256]bool) {
	for _, b := range []byte("\"{}[],: \n\r\t") {
		t[b] = true
	}
	return t
}()

// unquote resolves the escapes of a string's content.
func unquote(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	buf := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.IndexByte(s, '\\') {
		buf = append(buf, s[:i]...)
		n := escapeLen(s[i:])
		switch n {
		case 0:
			return string(append(buf, s[i:]...)) // not JSON: leave the rest as it is
		case 2:
			buf = append(buf, unescaped(s[i+1]))
		case 6:
			r := hex4(s[i:])
			if isHigh(r) || isLow(r) {
				r = utf8.RuneError
			}
			buf = utf8.AppendRune(buf, r)
		case 12:
			buf = utf8.AppendRune(buf, utf16.DecodeRune(hex4(s[i:]), hex4(s[i+6:])))
		}
		s = s[i+n:]
	}
	return view(append(buf, s...))
}

func unescaped(b byte) byte {
	switch b {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return b // a quote, a backslash or a slash
}
