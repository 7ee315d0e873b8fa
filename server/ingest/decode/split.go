package decode

import (
	"fmt"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// splitter finds the records of a body without a look inside, so that a record which is no JSON costs none of its
// neighbours.
type splitter struct{ intake.Scanner }

// A piece is the text of one value, and how deep its brackets nest.
type piece struct {
	text  string
	depth int
}

// array returns the elements of the array under key, of several the last; none for null. Other keys are passed over.
func (s *splitter) array(key string, most int) (pieces []piece, err error) {
	if !s.Take('{') {
		return nil, s.broken("want an object")
	}
	found := false
	for more := !s.Take('}'); more; {
		name, ok := s.value()
		if !ok || name.text[0] != '"' {
			return nil, s.broken("want a key")
		}
		if !s.Take(':') {
			return nil, s.broken("want a colon")
		}
		if text, _ := span.Value(name.text).Text(); text == key {
			found = true
			pieces, err = s.elements(most)
		} else if v, ok := s.value(); !ok {
			err = s.broken("want a value")
		} else if v.depth > intake.MaxDepth {
			err = s.broken("a value is nested too deep")
		} else if _, fault := span.ParseValue(v.text); fault != nil {
			err = fmt.Errorf("%w: %w", intake.ErrBody, fault)
		}
		if err != nil {
			return nil, err
		}
		if more = s.Take(','); !more && !s.Take('}') {
			return nil, s.broken("want , or }")
		}
	}
	if s.Space(); s.Pos != len(s.Text) {
		return nil, s.broken("text after the body")
	}
	if !found {
		return nil, fmt.Errorf("%w: %s is missing", intake.ErrBody, key)
	}
	return pieces, nil
}

func (s *splitter) elements(most int) (pieces []piece, err error) {
	if !s.Take('[') {
		if v, ok := s.value(); ok && v.text == "null" {
			return nil, nil
		}
		return nil, s.broken("want an array")
	}
	for more := !s.Take(']'); more; {
		if len(pieces) == most {
			return nil, fmt.Errorf("%w: MaxRecords is %d", intake.ErrTooLarge, most)
		}
		p, ok := s.value()
		if !ok {
			return nil, s.broken("want a value")
		}
		pieces = append(pieces, p)
		if more = s.Take(','); !more && !s.Take(']') {
			return nil, s.broken("want , or ]")
		}
	}
	return pieces, nil
}

// value takes one value.
func (s *splitter) value() (p piece, ok bool) {
	p.text, p.depth, ok = s.Value()
	return p, ok
}

func (s *splitter) broken(what string) error {
	return fmt.Errorf("%w: %s at byte %d", intake.ErrBody, what, s.Pos)
}
