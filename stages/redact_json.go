package stages

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/tailrace-go/tailrace/span"
)

const (
	maxNested  = 8   // strings within strings that are read as JSON
	maxDepth   = 128 // arrays and objects within one another, as in package span
	slack      = 64  // bytes by which a result may be more than twice as long as what it is made of
	minSecret  = 16  // bytes; no key of an object that is shorter can hold a secret
	maxScratch = 1 << 20
	maxRepeats = 4 // passes over a text
)

var errFinder = errors.New("RedactConfig.Finder: a position outside the text")

// redaction is the redaction of one span or value, by one goroutine.
type redaction struct {
	r     *Redactor
	trace span.TraceID

	// For each level of strings within strings: the text of the string at hand, free of escapes, and what becomes of it.
	texts [maxNested + 2][]byte
	outs  [maxNested + 2][]byte
	small []byte // a secret, free of escapes
	name  []byte // what stands in its place
	marks []mark // of the Finder

	top               pass // over what is given; here to stay off the heap
	hidden            int  // secrets found by form in this pass
	changes, failures int
}

// mark is a place in a text.
type mark struct{ from, to int }

// shrink reports whether the buffers may be kept: one large value must not keep its room for ever.
func (w *redaction) shrink() bool {
	for i := range w.outs {
		if cap(w.outs[i]) > maxScratch || cap(w.texts[i]) > maxScratch {
			return false
		}
	}
	return cap(w.small) <= maxScratch && cap(w.marks) <= maxScratch/16
}

// span redacts the parts of s, each on its own. It returns false if one failed.
func (w *redaction) span(s *span.Span) bool {
	failed, changes := w.failures, w.changes
	w.setValue(&s.Attributes)
	w.setValue(&s.Metadata)
	w.setValue(&s.RequestContext)
	w.setValue(&s.Input)
	w.setValue(&s.Output)
	w.setText(&s.Name)
	w.setText(&s.EntityName)
	w.setTexts(&s.Tags)
	w.setFields(&s.Extra)
	if s.Error != nil {
		before, e := w.changes, *s.Error
		w.setText(&e.Message)
		w.setText(&e.Name)
		w.setText(&e.Stack)
		w.setValue(&e.Details)
		w.setFields(&e.Extra)
		if w.changes != before {
			changed := e // e itself stays off the heap
			s.Error = &changed
		}
	}
	if w.changes != changes && s.Frozen() {
		s.Freeze()
	}
	return w.failures == failed
}

func (w *redaction) setValue(v *span.Value) {
	if clean, _ := w.value(*v, ""); clean != *v {
		*v = clean
		w.changes++
	}
}

func (w *redaction) setText(text *string) {
	if clean, _ := w.text(*text); clean != *text {
		*text = clean
		w.changes++
	}
}

// setTexts writes to a copy: the list may be shared.
func (w *redaction) setTexts(list *[]string) {
	before, shared := w.changes, *list
	for i, text := range shared {
		if clean, _ := w.text(text); clean != text {
			if w.changes == before {
				*list = slices.Clone(shared)
			}
			(*list)[i] = clean
			w.changes++
		}
	}
}

func (w *redaction) setFields(list *[]span.Field) {
	before, shared := w.changes, *list
	for i, f := range shared {
		if clean, _ := w.value(f.Value, f.Key); clean != f.Value {
			if w.changes == before {
				*list = slices.Clone(shared)
			}
			(*list)[i].Value = clean
			w.changes++
		}
	}
}

// value redacts one value, which stands under key. It returns false, and a value that says so, when that failed.
func (w *redaction) value(v span.Value, key string) (clean span.Value, ok bool) {
	if v == "" {
		return v, true
	}
	defer func() {
		if !ok {
			w.fail(recover())
			clean = blank
		}
	}()
	field := w.r.fields.match(key)
	text, ok := w.repeat(string(v), func(p *pass) bool {
		p.strict = true
		p.space()
		if !p.value(maxDepth, field) {
			return false
		}
		p.space()
		return p.pos == len(p.src)
	})
	return span.Value(text), ok
}

// text redacts a string that stands alone.
func (w *redaction) text(text string) (clean string, ok bool) {
	if text == "" {
		return text, true
	}
	defer func() {
		if !ok {
			w.fail(recover())
			clean = w.r.token
		}
	}()
	return w.repeat(text, func(p *pass) bool {
		p.content()
		return true
	})
}

// repeat goes through a text until nothing more is found by its form, which is mostly once. What was put in place of a
// secret may leave another beside it that was hidden before, and what was redacted has to stay the same from then on.
func (w *redaction) repeat(text string, over func(*pass) bool) (clean string, ok bool) {
	clean = text
	for range maxRepeats {
		w.hidden = 0
		p := &w.top
		*p = pass{w: w, src: clean, out: w.outs[0][:0]}
		if !over(p) {
			return "", false
		}
		if !p.changed {
			break
		}
		next := p.result()
		if len(next) > 2*len(text)+slack {
			break // the first time it is never longer
		}
		clean = string(next)
		if w.hidden == 0 {
			break
		}
	}
	return clean, true
}

// fail counts a value that could not be redacted. What the Finder panicked with may hold the text, so it goes nowhere.
func (w *redaction) fail(any) {
	w.failures++
	w.r.failed.Add(1)
}

// pass goes once through a text and makes another of it: out has what src[:done] has become. Nothing is copied as long
// as nothing changes.
type pass struct {
	w       *redaction
	src     string
	pos     int
	out     []byte
	done    int
	changed bool
	level   int  // of strings within strings
	strict  bool // what is not JSON is an error
	tooDeep bool
}

// state is what a pass can go back to.
type state struct {
	out, done int
	changed   bool
}

func (p *pass) state() state        { return state{len(p.out), p.done, p.changed} }
func (p *pass) rewind(to state)     { p.out, p.done, p.changed = p.out[:to.out], to.done, to.changed }
func (p *pass) copyUpTo(from int)   { p.out = append(p.out, p.src[p.done:from]...) }
func (p *pass) tooLong(to int) bool { return len(p.out) > 2*to+slack }

// result returns what has become of the whole text. It is good until the next pass on this level.
func (p *pass) result() []byte {
	p.copyUpTo(len(p.src))
	p.done = len(p.src)
	p.w.outs[p.level] = p.out
	return p.out
}

// settle ends a change of src[from:to], whose new form was appended to out. If that makes the text too long, shorter
// ones take its place.
func (p *pass) settle(from state, begin, to int, shorter ...string) {
	for _, s := range shorter {
		if !p.tooLong(to) {
			break
		}
		p.out = append(p.out[:from.out+begin-from.done], s...)
	}
	p.done, p.changed = to, true
}

func (p *pass) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *pass) space() {
	for p.pos < len(p.src) && p.src[p.pos] <= ' ' {
		switch p.src[p.pos] {
		case ' ', '\n', '\r', '\t':
			p.pos++
		default:
			return
		}
	}
}

// value takes the value at pos, which may nest room deep. Field is the name of the secret field that it stands under,
// "" if there is none. It returns false, at the place of the error, for what is not JSON.
func (p *pass) value(room int, field string) bool {
	switch b := p.peek(); {
	case b == '"' && field != "":
		return p.secretText(field)
	case b == '"':
		return p.text()
	case b == '{' || b == '[':
		if room == 0 {
			p.tooDeep = true
			return false
		}
		if b == '{' {
			return p.object(room-1, field)
		}
		return p.array(room-1, field)
	}
	return p.word(field)
}

func (p *pass) object(room int, field string) bool {
	p.pos++
	if p.space(); p.peek() == '}' {
		p.pos++
		return true
	}
	for {
		if p.space(); p.peek() != '"' {
			return false
		}
		from := p.pos
		if !p.skipText() {
			p.pos = from // for what follows is still to be looked at
			return false
		}
		inner := p.w.r.fields.match(p.src[from+1 : p.pos-1])
		if inner == "" {
			inner = field
		}
		if p.pos-from > minSecret && p.w.r.keys {
			if p.pos = from; !p.text() {
				return false
			}
		}
		if p.space(); p.peek() != ':' {
			return false
		}
		p.pos++
		p.space()
		if !p.value(room, inner) {
			return false
		}
		if more, ok := p.next('}'); !more {
			return ok
		}
	}
}

func (p *pass) array(room int, field string) bool {
	p.pos++
	if p.space(); p.peek() == ']' {
		p.pos++
		return true
	}
	for {
		p.space()
		if !p.value(room, field) {
			return false
		}
		if more, ok := p.next(']'); !more {
			return ok
		}
	}
}

// next takes what follows a member: a comma, then there is more, or the end of the container.
func (p *pass) next(end byte) (more, ok bool) {
	p.space()
	switch p.peek() {
	case ',':
		p.pos++
		return true, true
	case end:
		p.pos++
		return false, true
	}
	return false, false
}

// word takes a number, true, false or null.
func (p *pass) word(field string) bool {
	from := p.pos
	to := from
	for to < len(p.src) && wordly[p.src[to]] {
		to++
	}
	word := p.src[from:to]
	ok := word == "true" || word == "false" || word == "null" || isNumber(word)
	if field != "" {
		for !ok && to < len(p.src) && strings.IndexByte(",:]}\" \n\r\t", p.src[to]) < 0 {
			to++ // no JSON, but secret
		}
		if to > from {
			p.secret(from, to, p.src[from:to], field)
			ok = ok || !p.strict // now it is JSON
		}
	}
	if ok {
		p.pos = to
	}
	return ok
}

// wordly marks the bytes of numbers and words.
var wordly = func() (t [256]bool) {
	for b := range t {
		t[b] = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == 'E' || b == '+' || b == '-' || b == '.'
	}
	return t
}()

func isNumber(word string) bool {
	word = strings.TrimPrefix(word, "-")
	n := digits(word)
	if n == 0 || n > 1 && word[0] == '0' {
		return false
	}
	word = word[n:]
	if rest, ok := strings.CutPrefix(word, "."); ok {
		if n = digits(rest); n == 0 {
			return false
		}
		word = rest[n:]
	}
	if word == "" {
		return true
	}
	if word[0]|0x20 != 'e' {
		return false
	}
	word = word[1:]
	if word != "" && (word[0] == '+' || word[0] == '-') {
		word = word[1:]
	}
	return word != "" && digits(word) == len(word)
}

func digits(s string) int {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return i
		}
	}
	return len(s)
}

// skipText takes the quoted string at pos without a look at what it says.
func (p *pass) skipText() bool {
	src := p.src
	for i := p.pos + 1; i < len(src); i++ {
		switch src[i] {
		case '"':
			p.pos = i + 1
			return true
		case '\\':
			i++
		}
	}
	p.pos = len(src)
	return false
}

// secretText takes a string under a secret field. What was cut short is secret as far as it goes.
func (p *pass) secretText(field string) bool {
	from := p.pos
	ok := p.skipText()
	raw := p.src[from+1 : p.pos]
	if ok {
		raw = raw[:len(raw)-1]
	}
	if strings.IndexByte(raw, '\\') >= 0 {
		p.w.small, _ = unescape(p.w.small[:0], raw) // as far as it goes
		raw = view(p.w.small)
	}
	p.secret(from, p.pos, raw, field)
	return ok
}

// secret replaces the scalar src[from:to], which says text, under a secret field.
func (p *pass) secret(from, to int, text, field string) {
	if p.src[from] == '"' && p.isPlaceholder(text) {
		return
	}
	before := p.state()
	p.copyUpTo(from)
	if p.w.r.style == RedactFull {
		p.out = append(p.out, p.w.r.quoted...)
	} else {
		p.out = span.AppendText(p.out, p.w.placeholder(text, field))
	}
	p.settle(before, from, to, p.w.r.quoted, `"*"`)
}

// hide replaces src[from:to], a secret of some kind in a text. Inside of quotes, what is put in has to be escaped.
func (p *pass) hide(from, to int, kind string, quoted bool) {
	text := p.src[from:to]
	if p.isPlaceholder(text) {
		return
	}
	before := p.state()
	p.copyUpTo(from)
	token := p.w.r.token
	if quoted {
		token = p.w.r.escaped
	}
	switch {
	case p.w.r.style == RedactFull || quoted && strings.IndexByte(text, '\\') >= 0,
		p.w.r.style == RedactPartial && (text[0] == '-' || !standsAlone(p.src[to:])): // what is seen would mix with the rest
		p.out = append(p.out, token...)
	case quoted:
		at := len(p.out)
		p.out = span.AppendText(p.out, p.w.placeholder(text, kind))
		p.out = append(p.out[:at], p.out[at+1:len(p.out)-1]...)
	default:
		p.out = append(p.out, p.w.placeholder(text, kind)...)
	}
	p.settle(before, from, to, token, "*")
	p.w.hidden++
}

// standsAlone reports whether what follows a secret cannot make another of its last letters.
func standsAlone(rest string) bool {
	if rest != "" && rest[0] == '.' {
		rest = rest[1:] // the end of a sentence
	}
	return rest == "" || sets[rest[0]]&(alnum|dash|dot|base) == 0 && rest[0] != '@' && rest[0] != ':'
}

// text takes a quoted string at pos and redacts what it says.
func (p *pass) text() bool {
	from := p.pos
	before := p.state()
	if p.w.r.finder == nil && !opensJSON(p.src[from+1:], true) {
		if p.scan(from+1, len(p.src), p.w.r.inJSON) {
			return true
		}
		if p.peek() != '\\' {
			return false
		}
		p.rewind(before) // an escape hides what the text says
	}
	p.pos = from
	return p.unfolded()
}

// unfolded takes a quoted string at pos, frees it of its escapes and redacts it on the next level.
func (p *pass) unfolded() bool {
	from := p.pos
	if !p.skipText() {
		p.pos = from + 1
		return false
	}
	level, ok := p.level+1, false
	if w := p.w; level < len(w.texts) {
		w.texts[level], ok = unescape(w.texts[level][:0], p.src[from+1:p.pos-1])
	}
	if !ok {
		p.pos = from + 1
		return false
	}
	inner := pass{w: p.w, src: view(p.w.texts[level]), out: p.w.outs[level][:0], level: level}
	if inner.content(); inner.changed {
		before := p.state()
		p.copyUpTo(from)
		p.out = span.AppendText(p.out, view(inner.result()))
		p.settle(before, from, p.pos, p.w.r.quoted, `"*"`)
	}
	return true
}

// content redacts the whole of a text that stands for itself, free of escapes.
func (p *pass) content() {
	if opensJSON(p.src, false) {
		for p.space(); p.peek() == '{' || p.peek() == '['; p.space() {
			if p.level > maxNested || !p.value(maxDepth, "") {
				break
			}
		}
		if p.tooDeep || p.level > maxNested {
			p.out, p.done = append(p.out[:0], p.w.r.token...), len(p.src)
			p.changed = true
			return
		}
	}
	if p.w.r.finder == nil {
		p.scan(p.pos, len(p.src), p.w.r.inText)
		return
	}
	rest := p.pos
	for _, m := range p.w.find(p.src[rest:]) {
		p.scan(p.pos, rest+m.from, p.w.r.inText)
		if from := max(p.pos, rest+m.from); from < rest+m.to {
			p.hide(from, rest+m.to, "SECRET", false)
			p.pos = rest + m.to
		}
	}
	p.scan(p.pos, len(p.src), p.w.r.inText)
}

// find asks the Finder, and puts in order what it says.
func (w *redaction) find(text string) []mark {
	w.marks = w.marks[:0]
	w.r.finder(strings.Clone(text), func(from, to int) {
		if from < 0 || to > len(text) || from > to {
			panic(errFinder)
		}
		for from > 0 && from < len(text) && !utf8.RuneStart(text[from]) {
			from--
		}
		for to < len(text) && !utf8.RuneStart(text[to]) {
			to++
		}
		w.marks = append(w.marks, mark{from, to})
	})
	slices.SortFunc(w.marks, func(a, b mark) int { return cmp.Compare(a.from, b.from) })
	return w.marks
}

// scan looks for secrets in src[from:limit], or, inside of quotes, up to the quote that ends the text and takes that too.
// It returns false, at the place of it, for what cannot stand in a quoted text and for an escape that hides a letter.
func (p *pass) scan(from, limit int, t *triggers) bool {
	h := hunter{src: p.src, floor: from, quoted: t.quoted}
	src, i, escaped := p.src, from, from
	for {
		for i < limit && t.class[src[i]] == 0 {
			i++
		}
		if i >= limit {
			p.pos = i
			return !t.quoted
		}
		switch t.class[src[i]] {
		case classQuote:
			p.pos = i + 1
			return true
		case classEscape:
			n := t.escape(src[i:])
			if n == 0 {
				p.pos = i
				return false
			}
			i += n
			escaped = i
		case classControl:
			p.pos = i
			return false
		default:
			if i > h.floor && i != escaped && t.pointless(src, i) {
				i++
				continue
			}
			found := h.hunt(i)
			if found.kind == "" && limit < len(src) { // what comes behind will not be there any more
				h.src = src[:limit]
				found = h.hunt(i)
				h.src = src
			}
			if found.kind == "" {
				i = max(i+1, found.to)
				continue
			}
			p.hide(found.from, found.to, found.kind, t.quoted)
			i, h.floor = found.to, found.to
		}
	}
}

// opensJSON reports whether a text begins like an object or an array. Between quotes it still has its escapes.
func opensJSON(text string, quoted bool) bool {
	for len(text) > 1 {
		switch b := text[0]; {
		case b == ' ' || b == '\n' || b == '\r' || b == '\t':
			text = text[1:]
		case b == '{':
			return strings.IndexByte("\"}\\ \n\r\t", text[1]) >= 0
		case b == '[':
			return strings.IndexByte("\"{[]\\-0123456789tfn \n\r\t", text[1]) >= 0
		case quoted && b == '\\' && (text[1] == 'n' || text[1] == 'r' || text[1] == 't'):
			text = text[2:]
		default:
			return quoted && b == '\\' && text[1] == 'u'
		}
	}
	return false
}

// unescape appends the content of a quoted text, free of its escapes, or says that it is none. Halves of surrogate
// pairs become U+FFFD.
func unescape(dst []byte, s string) ([]byte, bool) {
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		dst = append(dst, s[:i]...)
		s = s[i:]
		if len(s) < 2 {
			return dst, false
		}
		n := 2
		switch b := s[1]; b {
		case '"', '\\', '/':
			dst = append(dst, b)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			c := hex4(s)
			if c < 0 {
				return dst, false
			}
			n = 6
			if utf16.IsSurrogate(c) {
				if c = utf16.DecodeRune(c, hex4(s[6:])); c != utf8.RuneError {
					n = 12
				}
			}
			dst = utf8.AppendRune(dst, c)
		default:
			return dst, false
		}
		s = s[n:]
	}
}

// hex4 reads the escape \uXXXX that s begins with; -1 when it does not.
func hex4(s string) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	var c rune
	for i := 2; i < 6; i++ {
		b := s[i]
		switch {
		case b-'0' <= 9:
			c = c<<4 | rune(b-'0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			c = c<<4 | rune(b|0x20-'a'+10)
		default:
			return -1
		}
	}
	return c
}

// view reads b as a string without a copy. The result is good until b changes.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // kept only while its reader holds b
}
