package intake

import (
	"strings"
	"testing"
)

func TestValueEndsWhereTheValueDoes(t *testing.T) {
	for _, c := range []struct {
		text, value string
		depth       int
		ok          bool
	}{
		{`"a\"b" , 1`, `"a\"b"`, 0, true},
		{` {"a":[1,{}]}]`, `{"a":[1,{}]}`, 3, true},
		{`[[[]],[]]`, `[[[]],[]]`, 3, true},
		{`12.5e3,`, `12.5e3`, 0, true},
		{`null`, `null`, 0, true},
		{`"]}\\"}`, `"]}\\"`, 0, true},
		{`"open`, ``, 0, false},
		{`[1`, `[1`, 1, false},
		{`]`, ``, 0, false},
		{` `, ``, 0, false},
	} {
		s := Scanner{Text: c.text}
		value, depth, ok := s.Value()
		if ok != c.ok || ok && (value != c.value || depth != c.depth) {
			t.Errorf("%s: %q, depth %d, %v; want %q, depth %d, %v", c.text, value, depth, ok, c.value, c.depth, c.ok)
		}
	}
}

// Depth costs no stack, and each byte is looked at once.
func TestABodyOfBracketsIsPassedOver(t *testing.T) {
	const deep = 1_000_000
	s := Scanner{Text: strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}"}
	if _, depth, ok := s.Value(); !ok || depth != deep || !s.Take('}') || s.Peek() != 0 {
		t.Errorf("depth %d, %v, at %d", depth, ok, s.Pos)
	}
}
