package decode

import (
	"fmt"

	"github.com/tailrace-go/tailrace/span"
)

// splitter finds the records of a body without a look inside: it counts brackets and knows strings, so that a record
// which is no JSON costs none of its neighbours. It does not recurse.
type splitter struct {
	src string
	pos int
}

// A piece is the text of one value, and how deep its brackets nest.
type piece struct {
	text  string
	depth int
}

// array returns the elements of the array under key, of several the last; none for null. Other keys are passed over.
func (s *splitter) array(key string, most int) (pieces []piece, err error) {
	if !s.take('{') {
		return nil, s.broken("want an object")
	}
	found := false
	for more := !s.take('}'); more; {
		name, ok := s.value()
		if !ok || name.text[0] != '"' {
			return nil, s.broken("want a key")
		}
		if !s.take(':') {
			return nil, s.broken("want a colon")
		}
		if text, _ := span.Value(name.text).Text(); text == key {
			found = true
			pieces, err = s.elements(most)
		} else if v, ok := s.value(); !ok {
			err = s.broken("want a value")
		} else if v.depth > maxDepth {
			err = s.broken("a value is nested too deep")
		} else if _, fault := span.ParseValue(v.text); fault != nil {
			err = fmt.Errorf("%w: %w", ErrBody, fault)
		}
		if err != nil {
			return nil, err
		}
		if more = s.take(','); !more && !s.take('}') {
			return nil, s.broken("want , or }")
		}
	}
	if s.space(); s.pos != len(s.src) {
		return nil, s.broken("text after the body")
	}
	if !found {
		return nil, fmt.Errorf("%w: %s is missing", ErrBody, key)
	}
	return pieces, nil
}

func (s *splitter) elements(most int) (pieces []piece, err error) {
	if !s.take('[') {
		if v, ok := s.value(); ok && v.text == "null" {
			return nil, nil
		}
		return nil, s.broken("want an array")
	}
	for more := !s.take(']'); more; {
		if len(pieces) == most {
			return nil, fmt.Errorf("%w: MaxRecords is %d", ErrTooLarge, most)
		}
		p, ok := s.value()
		if !ok {
			return nil, s.broken("want a value")
		}
		pieces = append(pieces, p)
		if more = s.take(','); !more && !s.take(']') {
			return nil, s.broken("want , or ]")
		}
	}
	return pieces, nil
}

// value takes one value: to its closing quote or bracket, or to where the next token begins.
func (s *splitter) value() (p piece, ok bool) {
	s.space()
	start, depth := s.pos, 0
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case '"':
			if !s.skipString() {
				return piece{}, false
			}
		case '{', '[':
			s.pos++
			depth++
			p.depth = max(p.depth, depth)
			continue
		case '}', ']':
			if depth == 0 { // of what is around the value
				return piece{s.src[start:s.pos], p.depth}, s.pos > start
			}
			s.pos++
			depth--
		case ',', ':', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return piece{s.src[start:s.pos], p.depth}, s.pos > start
			}
			s.pos++
			continue
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return piece{s.src[start:s.pos], p.depth}, true
		}
	}
	return piece{}, false
}

func (s *splitter) skipString() bool {
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case '\\':
			s.pos++
		case '"':
			s.pos++
			return true
		}
	}
	return false
}

func (s *splitter) take(token byte) bool {
	if s.space(); s.pos < len(s.src) && s.src[s.pos] == token {
		s.pos++
		return true
	}
	return false
}

func (s *splitter) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

func (s *splitter) broken(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrBody, what, s.pos)
}
