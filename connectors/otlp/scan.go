package otlp

import (
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// scanner reads JSON where the caller knows what to expect.
type scanner struct{ intake.Scanner }

func scannerOf(text string) scanner { return scanner{intake.Scanner{Text: text}} }

// value takes the text of a value.
func (s *scanner) value() (text string, ok bool) {
	text, _, ok = s.Value()
	return text, ok
}

// members calls each behind every key of an object, to take the value; null is an empty object. It ends early where each
// returns false. The key may be a view.
func (s *scanner) members(each func(key string) bool) bool {
	if s.Null() {
		return true
	}
	if !s.Take('{') {
		return false
	}
	for more := !s.Take('}'); more; {
		if s.Peek() != '"' {
			return false
		}
		token, ok := s.value()
		if !ok || !s.Take(':') || !each(textOf(token)) {
			return false
		}
		if more = s.Take(','); !more && !s.Take('}') {
			return false
		}
	}
	return true
}

// elements calls each before every element of an array, to take it; null is an empty array.
func (s *scanner) elements(each func() bool) bool {
	if s.Null() {
		return true
	}
	if !s.Take('[') {
		return false
	}
	for more := !s.Take(']'); more; {
		if !each() {
			return false
		}
		if more = s.Take(','); !more && !s.Take(']') {
			return false
		}
	}
	return true
}

// deeper reports whether the brackets of v nest deeper than most.
func deeper(v span.Value, most int) bool {
	s := scannerOf(string(v))
	depth := 0
	for s.Pos < len(s.Text) {
		switch s.Text[s.Pos] {
		case '"':
			if !s.SkipString() {
				return false
			}
			continue
		case '{', '[':
			if depth++; depth > most {
				return true
			}
		case '}', ']':
			depth--
		}
		s.Pos++
	}
	return false
}

// textOf is what a string token holds, which may be a view; "" for another token.
func textOf(token string) string {
	text, _ := span.Value(token).Text()
	return text
}
