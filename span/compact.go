package span

import (
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"
)

// Reasons for which JSON is refused. They arrive wrapped, in a [*FieldError], a [*RecordError] or an error with the
// offset.
var (
	ErrSyntax   = errors.New("not valid JSON")
	ErrTooDeep  = errors.New("nested too deep")
	ErrTooLarge = errors.New("too large")
)

// maxDepth is how deep arrays and objects may nest in a value: twice what [ValueLimits] lets through by default, so
// that values made from Go and put inside one another can always be read again.
const maxDepth = 128

// compactor checks JSON and appends it to out in its shortest layout, in one pass: space between tokens goes, numbers
// and escapes stay as they are spelt, and what cannot be text becomes U+FFFD.
type compactor struct {
	src string
	pos int
	out []byte
}

// appendCompact appends the one JSON value in src, which may nest room deep. On an error dst is returned as it was
// given.
func appendCompact(dst []byte, src string, room int) ([]byte, error) {
	c := compactor{src: src, out: dst}
	c.space()
	if err := c.value(room); err != nil {
		return dst, err
	}
	if c.space(); c.pos != len(src) {
		return dst, c.syntax("text after the value")
	}
	return c.out, nil
}

func (c *compactor) syntax(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, c.pos)
}

// peek returns the next byte, or 0 at the end, which no JSON token begins with.
func (c *compactor) peek() byte {
	if c.pos < len(c.src) {
		return c.src[c.pos]
	}
	return 0
}

func (c *compactor) space() {
	for c.pos < len(c.src) {
		switch c.src[c.pos] {
		case ' ', '\n', '\r', '\t':
			c.pos++
		default:
			return
		}
	}
}

// value takes one value at pos; room is how many arrays and objects it may open inside one another.
func (c *compactor) value(room int) error {
	switch b := c.peek(); b {
	case '"':
		return c.text()
	case '{', '[':
		if room == 0 {
			return fmt.Errorf("%w at byte %d", ErrTooDeep, c.pos)
		}
		if b == '{' {
			return c.object(room - 1)
		}
		return c.array(room - 1)
	case 't':
		return c.word("true")
	case 'f':
		return c.word("false")
	case 'n':
		return c.word("null")
	default:
		return c.number()
	}
}

func (c *compactor) word(w string) error {
	if len(c.src)-c.pos < len(w) || c.src[c.pos:c.pos+len(w)] != w {
		return c.syntax("unknown word")
	}
	c.pos += len(w)
	c.out = append(c.out, w...)
	return nil
}

func (c *compactor) object(room int) error {
	c.pos++
	c.out = append(c.out, '{')
	if c.space(); c.peek() == '}' {
		c.pos++
		c.out = append(c.out, '}')
		return nil
	}
	for {
		if c.space(); c.peek() != '"' {
			return c.syntax("want a key")
		}
		if err := c.text(); err != nil {
			return err
		}
		if err := c.colon(); err != nil {
			return err
		}
		c.out = append(c.out, ':')
		if err := c.value(room); err != nil {
			return err
		}
		more, err := c.next('}')
		if err != nil {
			return err
		}
		if !more {
			c.out = append(c.out, '}')
			return nil
		}
		c.out = append(c.out, ',')
	}
}

func (c *compactor) array(room int) error {
	c.pos++
	c.out = append(c.out, '[')
	if c.space(); c.peek() == ']' {
		c.pos++
		c.out = append(c.out, ']')
		return nil
	}
	for {
		c.space()
		if err := c.value(room); err != nil {
			return err
		}
		more, err := c.next(']')
		if err != nil {
			return err
		}
		if !more {
			c.out = append(c.out, ']')
			return nil
		}
		c.out = append(c.out, ',')
	}
}

// colon takes the colon behind a key and the space around it.
func (c *compactor) colon() error {
	if c.space(); c.peek() != ':' {
		return c.syntax("want a colon")
	}
	c.pos++
	c.space()
	return nil
}

// next takes what follows a member: a comma, then there is more, or the end of the container.
func (c *compactor) next(end byte) (more bool, err error) {
	c.space()
	switch c.peek() {
	case ',':
		c.pos++
		return true, nil
	case end:
		c.pos++
		return false, nil
	}
	return false, c.syntax("want a comma or the end")
}

func (c *compactor) number() error {
	start := c.pos
	if c.peek() == '-' {
		c.pos++
	}
	switch b := c.peek(); {
	case b == '0':
		c.pos++
	case !c.digits():
		return c.syntax("want a value")
	}
	if c.peek() == '.' {
		c.pos++
		if !c.digits() {
			return c.syntax("want a digit")
		}
	}
	if b := c.peek(); b == 'e' || b == 'E' {
		c.pos++
		if b := c.peek(); b == '+' || b == '-' {
			c.pos++
		}
		if !c.digits() {
			return c.syntax("want a digit")
		}
	}
	c.out = append(c.out, c.src[start:c.pos]...)
	return nil
}

// digits takes one digit or more.
func (c *compactor) digits() bool {
	start := c.pos
	for c.pos < len(c.src) && c.src[c.pos]-'0' <= 9 {
		c.pos++
	}
	return c.pos > start
}

// plain marks the bytes that stand for themselves inside a JSON string.
var plain = func() (t [256]bool) {
	for b := 0x20; b < utf8.RuneSelf; b++ {
		t[b] = b != '"' && b != '\\'
	}
	return t
}()

// text takes a quoted string. Runs of bytes that need no change are copied at once.
func (c *compactor) text() error {
	run := c.pos // start of what is not yet copied
	c.pos++
	for c.pos = skipPlain(c.src, c.pos); c.pos < len(c.src); c.pos = skipPlain(c.src, c.pos) {
		switch b := c.src[c.pos]; {
		case b == '"':
			c.pos++
			c.out = append(c.out, c.src[run:c.pos]...)
			return nil
		case b == '\\':
			n := escapeLen(c.src[c.pos:])
			if n == 0 {
				return c.syntax("bad escape")
			}
			if n == 6 && loneSurrogate(c.src[c.pos:]) {
				c.out = replace(c.out, c.src, run, c.pos)
				run = c.pos + n
			}
			c.pos += n
		case b < 0x20:
			return c.syntax("control character in a string")
		default:
			r, n := utf8.DecodeRuneInString(c.src[c.pos:])
			if r == utf8.RuneError && n == 1 {
				c.out = replace(c.out, c.src, run, c.pos)
				run = c.pos + n
			}
			c.pos += n
		}
	}
	return c.syntax("string without an end")
}

// escapeLen is the length of the escape that s begins with: 2, 6, 12 for a surrogate pair, 0 when it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r := hex4(s)
		if r < 0 {
			return 0
		}
		if isHigh(r) && isLow(hex4(s[6:])) {
			return 12
		}
		return 6
	}
	return 0
}

func loneSurrogate(s string) bool {
	r := hex4(s)
	return isHigh(r) || isLow(r)
}

func isHigh(r rune) bool { return r >= 0xD800 && r < 0xDC00 }
func isLow(r rune) bool  { return r >= 0xDC00 && r < 0xE000 }

// hex4 reads the escape \uXXXX that s begins with; -1 when it does not.
func hex4(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var r rune
	for _, b := range []byte(s[2:6]) {
		switch {
		case b-'0' <= 9:
			r = r<<4 | rune(b-'0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			r = r<<4 | rune(b|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// view reads b as a string without a copy. The result is valid until b changes.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // kept only while its reader holds b
}
