package stages

import (
	"fmt"
	"strings"
)

// fieldSet knows the keys whose values are secret. They are compared in lower case and without all but a-z and 0-9.
type fieldSet struct {
	names   map[string]string // normalised → as a placeholder spells it
	lengths [maxField + 1]bool
	firsts  [256]bool
	longest int
}

func (f *fieldSet) addAll(names []string) {
	for _, name := range names {
		_ = f.add(name) // these are right
	}
}

func (f *fieldSet) add(name string) error {
	var buf [maxField]byte
	n, fits := normalise(buf[:], name)
	switch {
	case !fits:
		return fmt.Errorf("%.64q has more than %d letters and digits", name, maxField)
	case n == 0:
		return fmt.Errorf("%.64q has no letter a-z and no digit", name)
	}
	if f.names == nil {
		f.names = map[string]string{}
	}
	f.names[string(buf[:n])] = strings.ToUpper(string(buf[:n]))
	f.lengths[n] = true
	f.firsts[buf[0]] = true
	f.longest = max(f.longest, n)
	return nil
}

// match returns the name by which placeholders call a secret field, "" for a key that is none. The key is as it stands
// between its quotes, with its escapes.
func (f *fieldSet) match(key string) string {
	if f.longest == 0 {
		return ""
	}
	var buf [maxField]byte
	n, fits := normalise(buf[:f.longest], key)
	if !fits || !f.lengths[n] || !f.firsts[buf[0]] {
		return ""
	}
	return f.names[string(buf[:n])]
}

// lowered maps the letters and digits that count to their lower case, 1 what asks for a closer look, and all else to 0.
var lowered = func() (t [256]byte) {
	for b := range t {
		switch {
		case b >= 'a' && b <= 'z' || b >= '0' && b <= '9':
			t[b] = byte(b)
		case b >= 'A' && b <= 'Z':
			t[b] = byte(b) | 0x20
		case b == '\\' || b >= 0x80:
			t[b] = 1
		}
	}
	return t
}()

// normalise writes what counts of a key into buf and returns how many bytes that is; false if they do not fit.
func normalise(buf []byte, key string) (n int, fits bool) {
	for i := range len(key) {
		b := lowered[key[i]]
		switch {
		case b == 0:
			continue
		case b == 1:
			return normaliseSlowly(buf, key)
		case n == len(buf):
			return 0, false
		}
		buf[n] = b
		n++
	}
	return n, true
}

// normaliseSlowly resolves escapes, and knows the letters outside ASCII whose lower case is inside.
func normaliseSlowly(buf []byte, key string) (n int, fits bool) {
	text, _ := unescape(nil, key)
	for _, c := range string(text) {
		var b byte
		switch {
		case c == '\u212a': // the Kelvin sign
			b = 'k'
		case c == '\u0130': // İ, which becomes i and a combining dot
			b = 'i'
		case c < 0x80 && lowered[c] > 1:
			b = lowered[c]
		default:
			continue
		}
		if n == len(buf) {
			return 0, false
		}
		buf[n] = b
		n++
	}
	return n, true
}
