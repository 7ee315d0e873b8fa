package otlp

import (
	"strconv"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// Key begins an attribute, or a member of a map that is open: one value follows. A key without a value has none, and a
// value without a key has an empty one.
func (a *Assembler) Key(key string) {
	if a.keyed {
		a.Empty()
	}
	s := &a.c.span
	if n := len(a.opened); n > 0 {
		if a.opened[n-1] == '{' {
			a.keyed = true
			if !a.muted {
				s.text = append(span.AppendText(comma(s.text), key), ':')
			}
		}
		return // elements of a list have no keys
	}
	a.keyed, a.fault = true, ""
	a.attr = attr{key: key, from: len(s.text)}
	to, _, _ := a.into()
	if a.muted = a.beyond(); !a.muted && len(to.attrs) >= a.c.limits.MaxKeys {
		to.more++
		a.muted = true
	}
}

// place makes the place for a value; false if it is not kept.
func (a *Assembler) place() bool {
	inList := len(a.opened) > 0 && a.opened[len(a.opened)-1] == '['
	if !inList && !a.keyed {
		a.Key("")
	}
	a.keyed = false
	if a.muted {
		return false
	}
	if inList {
		a.c.span.text = comma(a.c.span.text)
	}
	return true
}

// done ends a value, and with the outermost one the attribute.
func (a *Assembler) done() {
	if len(a.opened) > 0 {
		return
	}
	if !a.muted || a.fault != "" {
		to, field, _ := a.into()
		a.c.keep(to, field, a.attr, a.fault, a.part == partResource || a.part == partScope)
	}
	a.muted = false
}

// Text says a text; bytes of it that are not UTF-8 become U+FFFD.
func (a *Assembler) Text(v string) {
	if a.place() {
		a.c.span.text = span.AppendText(a.c.span.text, v)
	}
	a.done()
}

// Bool says true or false.
func (a *Assembler) Bool(v bool) {
	if a.place() {
		a.c.span.text = strconv.AppendBool(a.c.span.text, v)
	}
	a.done()
}

// Int says a whole number.
func (a *Assembler) Int(v int64) {
	if a.place() {
		a.c.span.text = strconv.AppendInt(a.c.span.text, v, 10)
	}
	a.done()
}

// Float says a number; those that JSON has none for become the texts NaN, Infinity and -Infinity.
func (a *Assembler) Float(v float64) {
	if a.place() {
		a.c.span.text = appendDouble(a.c.span.text, v)
	}
	a.done()
}

// Bytes says bytes, which become text in base64.
func (a *Assembler) Bytes(v []byte) {
	if a.place() {
		a.c.span.text = appendBase64(a.c.span.text, v)
	}
	a.done()
}

// Empty says a value that is none.
func (a *Assembler) Empty() {
	if a.place() {
		a.c.span.text = append(a.c.span.text, "null"...)
	}
	a.done()
}

// List begins a list: values follow, without keys, and [Assembler.Close].
func (a *Assembler) List() { a.open('[') }

// Map begins a map: keys follow, each with its value, and [Assembler.Close].
func (a *Assembler) Map() { a.open('{') }

func (a *Assembler) open(bracket byte) {
	kept := a.place()
	_, _, depth := a.into()
	if kept && depth+len(a.opened) >= a.c.limits.MaxDepth {
		a.fault, a.muted, kept = intake.ReasonDepth, true, false
	}
	if kept {
		a.c.span.text = append(a.c.span.text, bracket)
	}
	a.opened = append(a.opened, bracket)
}

// Close ends the list or map that was begun last.
func (a *Assembler) Close() {
	n := len(a.opened) - 1
	if n < 0 {
		return
	}
	if a.keyed {
		a.Empty()
	}
	if !a.muted {
		a.c.span.text = append(a.c.span.text, a.opened[n]+2) // ] and } are two behind [ and {
	}
	a.opened = a.opened[:n]
	a.done()
}

// Texts says a list of texts.
func (a *Assembler) Texts(v []string) {
	a.List()
	for _, e := range v {
		a.Text(e)
	}
	a.Close()
}

// Bools says a list of truths.
func (a *Assembler) Bools(v []bool) {
	a.List()
	for _, e := range v {
		a.Bool(e)
	}
	a.Close()
}

// Ints says a list of whole numbers.
func (a *Assembler) Ints(v []int64) {
	a.List()
	for _, e := range v {
		a.Int(e)
	}
	a.Close()
}

// Floats says a list of numbers.
func (a *Assembler) Floats(v []float64) {
	a.List()
	for _, e := range v {
		a.Float(e)
	}
	a.Close()
}
