package span

import (
	"math"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendText appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD; only quotes, backslashes and control
// characters are escaped.
func AppendText(buf []byte, s string) []byte {
	buf = append(buf, '"')
	run := 0
	for i := skipPlain(s, 0); i < len(s); i = skipPlain(s, i) {
		b := s[i]
		if b >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				buf = replace(buf, s, run, i)
				run = i + n
			}
			i += n
			continue
		}
		buf = append(buf, s[run:i]...)
		buf = appendEscape(buf, b)
		i++
		run = i
	}
	return append(append(buf, s[run:]...), '"')
}

// skipPlain returns the position of the first byte from i on that does not stand for itself inside a JSON string, eight
// bytes at a time: most text has none.
func skipPlain[S ~string](s S, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quote, escape := w^'"'*ones, w^'\\'*ones
		// A byte's high bit: itself not ASCII, or below a space, or equal to one of the two. A borrow may set it in the
		// bytes above one that is meant, never below.
		if found := (w | (w-' '*ones)&^w | (quote-ones)&^quote | (escape-ones)&^escape) & highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i
}

func appendEscape(buf []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(buf, '\\', b)
	case '\n':
		return append(buf, `\n`...)
	case '\r':
		return append(buf, `\r`...)
	case '\t':
		return append(buf, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(buf, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
}

// appendFloat writes the shortest number that reads back as f; NaN and infinities, which JSON cannot say, are null.
func appendFloat(buf []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(buf, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(buf, f, format, -1, 64)
}

// noDate is the instant that Go calls zero, in the wire's unit: a time that would be written like it is none.
var noDate = time.Time{}.UnixMilli()

func hasDate(t time.Time) bool { return t.UnixMilli() != noDate }

// The years 1 to 9999 UTC, the only ones that four digits can say, in seconds since 1970.
var firstSecond, lastSecond = time.Time{}.Unix(), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - 1

// writable reports whether t falls in one of those years.
func writable(t time.Time) bool {
	second := t.Unix()
	return firstSecond <= second && second <= lastSecond
}

// hasNanos reports whether appendDate leaves out something of t.
func hasNanos(t time.Time) bool { return t.Nanosecond()%int(time.Millisecond) != 0 && hasDate(t) }

// appendDate writes t, which is writable, as UTC ISO 8601 with milliseconds, cut rather than rounded:
// "2026-11-22T16:08:08.809Z" with its quotes. It does in one pass what [time.Time] does in three, since two
// dates are a good part of what it costs to write a span.
func appendDate(buf []byte, t time.Time) []byte {
	const daySeconds = 24 * 60 * 60
	since := uint64(t.Unix() - firstSecond)
	year, month, day := civil(since / daySeconds)
	second := int(since % daySeconds)
	minute, ms := second/60, t.Nanosecond()/int(time.Millisecond)
	buf = append(buf, '"')
	buf = append2(append2(buf, year/100), year%100)
	buf = append2(append(buf, '-'), month)
	buf = append2(append(buf, '-'), day)
	buf = append2(append(buf, 'T'), minute/60)
	buf = append2(append(buf, ':'), minute%60)
	buf = append2(append(buf, ':'), second%60)
	buf = append2(append(buf, '.', byte('0'+ms/100)), ms%100)
	return append(buf, 'Z', '"')
}

// appendNanos adds to what appendDate has written of t the six digits behind the milliseconds.
func appendNanos(buf []byte, t time.Time) []byte {
	n := t.Nanosecond() % int(time.Millisecond)
	buf = buf[:len(buf)-len(`Z"`)]
	buf = append2(append2(append2(buf, n/10_000), n/100%100), n%100)
	return append(buf, 'Z', '"')
}

// civil is the Gregorian date of a day, counted from January 1 of the year 1. It thinks of years that begin in
// March, so that the odd day of a leap year is the last one, and of 400 of them, which are all alike.
func civil(days uint64) (year, month, day int) {
	const (
		year1      = 365
		years4     = 4*year1 + 1
		years100   = 25*years4 - 1
		years400   = 4*years100 + 1
		untilMarch = 306 // from March 1 of the year 0
	)
	days += untilMarch
	era, of := days/years400, days%years400
	// Days that are no part of 365 a year: one in 4 years, not in 100, but in 400.
	y := (of - of/(years4-1) + of/years100 - of/(years400-1)) / year1
	of -= year1*y + y/4 - y/100
	m := (5*of + 2) / 153 // March is 0; five months have 153 days
	day = int(of-(153*m+2)/5) + 1
	year, month = int(era*400+y), int(m)+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

func append2(buf []byte, n int) []byte { return append(buf, byte('0'+n/10), byte('0'+n%10)) }

// comma separates a member from the one before it, if there is one.
func comma(buf []byte) []byte {
	if last := buf[len(buf)-1]; last != '{' && last != '[' {
		return append(buf, ',')
	}
	return buf
}

// object writes the members of one JSON object and leaves out those that say nothing. The zero value of a string, a
// slice, a Value and a time says nothing; a number or a boolean is a pointer, and nil says nothing.
type object struct{ buf []byte }

func newObject(buf []byte) object { return object{append(buf, '{')} }

func (o *object) close() []byte { return append(o.buf, '}') }

func (o *object) key(name string) {
	o.buf = append(comma(o.buf), '"')
	o.buf = append(append(o.buf, name...), '"', ':')
}

// member writes a key that may be any text, unlike those of the other methods.
func (o *object) member(key string, v Value) {
	o.buf = append(append(AppendText(comma(o.buf), key), ':'), v...)
}

func (o *object) text(name, s string) {
	if s != "" {
		o.key(name)
		o.buf = appendAttribute(o.buf, s)
	}
}

// maxAttributeBytes bounds one text of the typed attributes, since these become JSON before any [ValueLimits] can cut
// them. No endpoint takes a body that has so much in one place.
const maxAttributeBytes = 4 << 20

// appendAttribute appends s as a JSON string, cut and marked if it is longer than it may be.
func appendAttribute(buf []byte, s string) []byte {
	if len(s) > maxAttributeBytes {
		return appendCutText(buf, s, maxAttributeBytes)
	}
	return AppendText(buf, s)
}

func (o *object) int(name string, n *int) {
	if n != nil {
		o.key(name)
		o.buf = strconv.AppendInt(o.buf, int64(*n), 10)
	}
}

func (o *object) float(name string, f *float64) {
	if f != nil {
		o.key(name)
		o.buf = appendFloat(o.buf, *f)
	}
}

func (o *object) bool(name string, b *bool) {
	if b != nil {
		o.key(name)
		o.buf = strconv.AppendBool(o.buf, *b)
	}
}

// date leaves out a time that the wire cannot say: an attribute is not worth its span.
func (o *object) date(name string, t time.Time) {
	if hasDate(t) && writable(t) {
		o.key(name)
		o.buf = appendDate(o.buf, t)
	}
}

func (o *object) value(name string, v Value) {
	if !v.IsNull() {
		o.key(name)
		o.buf = append(o.buf, v...)
	}
}

func (o *object) texts(name string, list []string) {
	if len(list) == 0 {
		return
	}
	o.key(name)
	o.buf = append(o.buf, '[')
	for _, s := range list {
		o.buf = appendAttribute(comma(o.buf), s)
	}
	o.buf = append(o.buf, ']')
}

func (o *object) ints(name string, list []int) {
	if len(list) == 0 {
		return
	}
	o.key(name)
	o.buf = append(o.buf, '[')
	for _, n := range list {
		o.buf = strconv.AppendInt(comma(o.buf), int64(n), 10)
	}
	o.buf = append(o.buf, ']')
}

// open begins an inner object; shut ends it, or takes it back when it turned out empty. (A function
// for the members would read better, but would move every object to the heap.)
func (o *object) open(name string) group {
	g := group{mark: len(o.buf)}
	o.key(name)
	o.buf = append(o.buf, '{')
	g.empty = len(o.buf)
	return g
}

func (o *object) shut(g group) {
	if len(o.buf) == g.empty {
		o.buf = o.buf[:g.mark]
		return
	}
	o.buf = append(o.buf, '}')
}

// group is where an inner object began: before its key, and behind its bracket.
type group struct{ mark, empty int }

func appendTexts(buf []byte, list []string) []byte {
	buf = append(buf, '[')
	for _, s := range list {
		buf = AppendText(comma(buf), s)
	}
	return append(buf, ']')
}
