package otlp

import (
	"strings"

	"github.com/tailrace-go/tailrace/span"
)

// scanner reads JSON where the caller knows what to expect. What is passed over is only balanced, in a loop: brackets
// and quotes are looked at, and no depth costs stack.
type scanner struct {
	src string
	pos int
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the first byte of the next token; 0 at the end.
func (s *scanner) peek() byte {
	if s.space(); s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *scanner) take(token byte) bool {
	if s.peek() != token {
		return false
	}
	s.pos++
	return true
}

// null takes a null.
func (s *scanner) null() bool {
	if s.peek() == 'n' && strings.HasPrefix(s.src[s.pos:], "null") {
		s.pos += len("null")
		return true
	}
	return false
}

// members calls each behind every key of an object, to take the value; null is an empty object. It ends early where each
// returns false. The key may be a view.
func (s *scanner) members(each func(key string) bool) bool {
	if s.null() {
		return true
	}
	if !s.take('{') {
		return false
	}
	for more := !s.take('}'); more; {
		if s.peek() != '"' {
			return false
		}
		token, ok := s.value()
		if !ok || !s.take(':') || !each(textOf(token)) {
			return false
		}
		if more = s.take(','); !more && !s.take('}') {
			return false
		}
	}
	return true
}

// elements calls each before every element of an array, to take it; null is an empty array.
func (s *scanner) elements(each func() bool) bool {
	if s.null() {
		return true
	}
	if !s.take('[') {
		return false
	}
	for more := !s.take(']'); more; {
		if !each() {
			return false
		}
		if more = s.take(','); !more && !s.take(']') {
			return false
		}
	}
	return true
}

// skip passes over a value.
func (s *scanner) skip() bool {
	_, ok := s.value()
	return ok
}

// value takes the text of a value: to its closing quote or bracket, or to where the next token begins.
func (s *scanner) value() (text string, ok bool) {
	s.space()
	start, depth := s.pos, 0
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case '"':
			if !s.skipString() {
				return "", false
			}
		case '{', '[':
			s.pos++
			depth++
			continue
		case '}', ']':
			if depth == 0 { // of what is around the value
				return s.src[start:s.pos], s.pos > start
			}
			s.pos++
			depth--
		case ',', ':', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return s.src[start:s.pos], s.pos > start
			}
			s.pos++
			continue
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return s.src[start:s.pos], true
		}
	}
	return s.src[start:], depth == 0 && s.pos > start
}

func (s *scanner) skipString() bool {
	for s.pos++; ; {
		n := strings.IndexByte(s.src[s.pos:], '"')
		if n < 0 {
			return false
		}
		quote := s.pos + n
		for s.pos <= quote { // each byte is looked at once for either
			n := strings.IndexByte(s.src[s.pos:quote], '\\')
			if n < 0 {
				s.pos = quote + 1
				return true
			}
			s.pos += n + 2
		}
	}
}

// deeper reports whether the brackets of v nest deeper than most.
func deeper(v span.Value, most int) bool {
	s := scanner{src: string(v)}
	depth := 0
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case '"':
			if !s.skipString() {
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
		s.pos++
	}
	return false
}

// textOf is what a string token holds, which may be a view; "" for another token.
func textOf(token string) string {
	text, _ := span.Value(token).Text()
	return text
}
