package intake

import "strings"

// Scanner finds the values of a JSON text that nobody has checked yet, where the caller knows what to expect. What is
// passed over is only balanced, in a loop: brackets and quotes are looked at, and no depth costs stack.
type Scanner struct {
	Text string
	Pos  int // of the next byte
}

// Space passes over white space.
func (s *Scanner) Space() {
	for s.Pos < len(s.Text) {
		switch s.Text[s.Pos] {
		case ' ', '\n', '\r', '\t':
			s.Pos++
		default:
			return
		}
	}
}

// Peek returns the first byte of the next token; 0 at the end.
func (s *Scanner) Peek() byte {
	if s.Space(); s.Pos < len(s.Text) {
		return s.Text[s.Pos]
	}
	return 0
}

// Take takes a token of one byte, if it is the next.
func (s *Scanner) Take(token byte) bool {
	if s.Peek() != token {
		return false
	}
	s.Pos++
	return true
}

// Null takes a null.
func (s *Scanner) Null() bool {
	if s.Peek() == 'n' && strings.HasPrefix(s.Text[s.Pos:], "null") {
		s.Pos += len("null")
		return true
	}
	return false
}

// Skip passes over a value.
func (s *Scanner) Skip() bool {
	_, _, ok := s.Value()
	return ok
}

// Value takes the text of a value, to its closing quote or bracket, or to where the next token begins, and says how deep
// its brackets nest.
func (s *Scanner) Value() (text string, depth int, ok bool) {
	s.Space()
	start, open := s.Pos, 0
	for s.Pos < len(s.Text) {
		switch s.Text[s.Pos] {
		case '"':
			if !s.SkipString() {
				return "", 0, false
			}
		case '{', '[':
			s.Pos++
			open++
			depth = max(depth, open)
			continue
		case '}', ']':
			if open == 0 { // of what is around the value
				return s.Text[start:s.Pos], depth, s.Pos > start
			}
			s.Pos++
			open--
		case ',', ':', ' ', '\n', '\r', '\t':
			if open == 0 {
				return s.Text[start:s.Pos], depth, s.Pos > start
			}
			s.Pos++
			continue
		default:
			s.Pos++
			continue
		}
		if open == 0 {
			return s.Text[start:s.Pos], depth, true
		}
	}
	return s.Text[start:], depth, open == 0 && s.Pos > start
}

// SkipString passes over the string that begins here, to behind its closing quote; false when it has none.
func (s *Scanner) SkipString() bool {
	for s.Pos++; ; {
		n := strings.IndexByte(s.Text[s.Pos:], '"')
		if n < 0 {
			return false
		}
		quote := s.Pos + n
		for s.Pos <= quote { // each byte is looked at once for either
			n := strings.IndexByte(s.Text[s.Pos:quote], '\\')
			if n < 0 {
				s.Pos = quote + 1
				return true
			}
			s.Pos += n + 2
		}
	}
}
