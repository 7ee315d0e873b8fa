package span

import (
	"cmp"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ValueLimits says how much of a Go value becomes JSON. What is cut leaves a visible mark: "[MaxDepth]",
// "…[truncated]", "[…3 more items]", "__truncated": "3 more keys omitted".
type ValueLimits struct {
	MaxDepth       int // arrays and objects inside one another; 0 means 64, the most is 128
	MaxStringBytes int // bytes of one string before the mark, cut between runes; 0 means 131,072
	MaxItems       int // elements of an array, members of an object; 0 means 10,000
	MaxBytes       int // of the whole value: once reached, only marks follow; 0 means 1 MiB
	// MaxWait bounds how long one method of a user's type (MarshalJSON, MarshalText, Error) is waited for; 0 means
	// without end. Such a method runs on a goroutine of its own, which ends when the method does, and meanwhile
	// "[Timeout]" stands in its place.
	MaxWait time.Duration
}

func (l ValueLimits) withDefaults() ValueLimits {
	l.MaxDepth = min(cmp.Or(max(l.MaxDepth, 0), 64), maxDepth)
	l.MaxItems = cmp.Or(max(l.MaxItems, 0), 10_000)
	l.MaxBytes = cmp.Or(max(l.MaxBytes, 0), 1<<20)
	l.MaxStringBytes = min(cmp.Or(max(l.MaxStringBytes, 0), 128<<10), l.MaxBytes)
	l.MaxWait = max(l.MaxWait, 0)
	return l
}

// Of turns any Go value into JSON with the default limits, see [ValueLimits.Of].
func Of(v any) Value { return ValueLimits{}.Of(v) }

// Of turns any Go value into JSON. It takes a copy: v may change as soon as Of has returned, though not before. It never
// fails and never panics; what JSON cannot say is written by rule:
//
//   - nil, NaN and the infinities are null. A whole number keeps all its digits.
//   - A time is an ISO date with milliseconds, or null outside the years 1 to 9999.
//   - An error is {"name": its Go type, "message": what it says}.
//   - A [Value] stays as it is. A json.Marshaler and an encoding.TextMarshaler write themselves; if they fail or panic,
//     the text "[Error: …]" or "[Panic: …]" stands in their place.
//   - Bytes are base64. Struct fields go by their json tags (name, omitempty, omitzero and "-"; the string option has
//     no effect), map keys are sorted.
//   - A function is "[Function]", a channel "[Channel]", a complex number and a bare pointer are text.
//   - JSON that someone else made and that does not fit is cut like a string, and is one from then on. What is more than
//     twice as long as MaxBytes is not even read, whether or not it has much space in it.
//   - What contains itself is "[Circular]" where it comes round; what is merely shared is written each time.
func (l ValueLimits) Of(v any) Value {
	scratch := scratches.Get().(*[]byte)
	w := valueWriter{limits: l.withDefaults(), buf: (*scratch)[:0]}
	w.any(v)
	made := Value(w.buf)
	giveBack(scratch, w.buf)
	if made == "null" {
		return ""
	}
	return made
}

// valueWriter writes one Go value. open holds the maps, slices and pointers that are being written, the way from the
// outermost in: one that comes again closes a circle.
type valueWriter struct {
	limits ValueLimits
	buf    []byte
	depth  int
	open   []reference
}

type reference struct {
	typ     reflect.Type
	address uintptr
	length  int
}

// any writes the common types without reflection, and the others with it.
func (w *valueWriter) any(v any) {
	switch v := v.(type) {
	case nil:
		w.null()
	case string:
		w.text(v)
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case int:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
	case int64:
		w.buf = strconv.AppendInt(w.buf, v, 10)
	case float64:
		w.buf = appendFloat(w.buf, v)
	case Value:
		w.raw(string(v))
	case time.Time:
		w.date(v)
	default:
		w.reflect(reflect.ValueOf(v))
	}
}

func (w *valueWriter) null() { w.buf = append(w.buf, "null"...) }

func (w *valueWriter) date(t time.Time) {
	if !hasDate(t) || !writable(t) {
		w.null()
		return
	}
	w.buf = appendDate(w.buf, t)
}

func (w *valueWriter) text(s string) {
	if len(s) <= w.limits.MaxStringBytes {
		w.buf = AppendText(w.buf, s)
		return
	}
	w.buf = appendCutText(w.buf, s, w.limits.MaxStringBytes)
}

// raw writes JSON that someone else made. What is not valid, or does not fit, becomes text about it.
func (w *valueWriter) raw(text string) {
	switch {
	case text == "":
		w.null()
		return
	case len(text) > w.most():
		w.text(text)
		return
	}
	out, err := appendCompact(slices.Grow(w.buf, len(text)), text, w.limits.MaxDepth-w.depth)
	switch {
	case errors.Is(err, ErrTooDeep):
		w.buf = append(w.buf, `"[MaxDepth]"`...)
	case err != nil:
		w.text("[Error: " + err.Error() + "]")
	case len(out) > w.limits.MaxBytes && len(out)-len(w.buf) > w.limits.MaxStringBytes:
		w.text(text)
	default:
		w.buf = out
	}
}

// most is how long text of somebody else's may be, in bytes, to be read at all.
func (w *valueWriter) most() int { return 2 * w.limits.MaxBytes }

// share is a copy of what a method has returned, which may be of any length, as far as it can be of use.
func (w *valueWriter) share(text []byte, err error) (string, error) {
	if err == nil && len(text) > w.most() {
		return "", tooLongError(text[:w.limits.MaxStringBytes+1])
	}
	return string(text), err
}

// tooLongError is the beginning of a text, longer than a string may be.
type tooLongError string

func (tooLongError) Error() string { return "too long" }

func (w *valueWriter) reflect(v reflect.Value) {
	if w.own(v) {
		return
	}
	switch v.Kind() {
	case reflect.Invalid:
		w.null()
	case reflect.Bool:
		w.buf = strconv.AppendBool(w.buf, v.Bool())
	case reflect.String:
		w.text(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.buf = strconv.AppendInt(w.buf, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.buf = strconv.AppendUint(w.buf, v.Uint(), 10)
	case reflect.Float32:
		w.float32(v.Float())
	case reflect.Float64:
		w.buf = appendFloat(w.buf, v.Float())
	case reflect.Complex64, reflect.Complex128:
		w.text(strconv.FormatComplex(v.Complex(), 'g', -1, 128))
	case reflect.Func:
		w.marker(v, "[Function]")
	case reflect.Chan:
		w.marker(v, "[Channel]")
	case reflect.UnsafePointer:
		w.marker(v, "[Pointer]")
	case reflect.Interface:
		w.reflect(v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			w.null()
			return
		}
		w.around(reference{v.Type(), v.Pointer(), 0}, func() { w.reflect(v.Elem()) })
	case reflect.Struct:
		w.nest(func() { w.structure(v) })
	case reflect.Map:
		if v.IsNil() {
			w.null()
			return
		}
		w.around(reference{v.Type(), v.Pointer(), 0}, func() { w.nest(func() { w.mapping(v) }) })
	case reflect.Slice:
		switch {
		case v.IsNil():
			w.null()
		case v.Type().Elem().Kind() == reflect.Uint8:
			w.bytes(v.Bytes())
		default:
			w.around(reference{v.Type(), v.Pointer(), v.Len()}, func() { w.nest(func() { w.list(v) }) })
		}
	case reflect.Array:
		w.nest(func() { w.list(v) })
	}
}

func (w *valueWriter) marker(v reflect.Value, mark string) {
	if v.IsNil() {
		w.null()
		return
	}
	w.buf = AppendText(w.buf, mark)
}

// float32 is written with its own digits, not with those of the float64 nearest to it.
func (w *valueWriter) float32(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.null()
		return
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	w.buf = appendFloat(w.buf, short)
}

func (w *valueWriter) bytes(b []byte) {
	whole := len(b)
	if most := w.limits.MaxStringBytes / 4 * 3; whole > most {
		b = b[:most]
	}
	w.buf = append(w.buf, '"')
	w.buf = base64.StdEncoding.AppendEncode(w.buf, b)
	if len(b) < whole {
		w.buf = append(w.buf, cutMark...)
	}
	w.buf = append(w.buf, '"')
}

// around guards against circles, and against chains of pointers, which have no depth in JSON.
func (w *valueWriter) around(ref reference, write func()) {
	if slices.Contains(w.open, ref) {
		w.buf = append(w.buf, `"[Circular]"`...)
		return
	}
	if len(w.open) >= 4*w.limits.MaxDepth {
		w.buf = append(w.buf, `"[MaxDepth]"`...)
		return
	}
	w.open = append(w.open, ref)
	write()
	w.open = w.open[:len(w.open)-1]
}

// nest guards against depth.
func (w *valueWriter) nest(write func()) {
	if w.depth == w.limits.MaxDepth {
		w.buf = append(w.buf, `"[MaxDepth]"`...)
		return
	}
	w.depth++
	write()
	w.depth--
}

// full reports whether no more members fit: behind them comes a mark.
func (w *valueWriter) full(written int) bool {
	return written >= w.limits.MaxItems || len(w.buf) >= w.limits.MaxBytes
}

func (w *valueWriter) list(v reflect.Value) {
	w.buf = append(w.buf, '[')
	for i := range v.Len() {
		w.buf = comma(w.buf)
		if w.full(i) {
			w.buf = appendOmitted(w.buf, false, v.Len()-i)
			break
		}
		w.reflect(v.Index(i))
	}
	w.buf = append(w.buf, ']')
}

func (w *valueWriter) mapping(v reflect.Value) {
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for keys := v.MapRange(); keys.Next(); {
		entries = append(entries, entry{w.mapKey(keys.Key()), keys.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	w.members(len(entries), func(i int) (string, reflect.Value) { return entries[i].key, entries[i].value })
}

// members writes an object.
func (w *valueWriter) members(n int, at func(int) (string, reflect.Value)) {
	w.buf = append(w.buf, '{')
	for i := range n {
		w.buf = comma(w.buf)
		if w.full(i) {
			w.buf = appendOmitted(w.buf, true, n-i)
			break
		}
		key, value := at(i)
		w.text(key)
		w.buf = append(w.buf, ':')
		w.reflect(value)
	}
	w.buf = append(w.buf, '}')
}

// mapKey is the text of a map key, whatever its type.
func (w *valueWriter) mapKey(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return key.String()
	}
	var text string
	if mark := caught(func() {
		if m, ok := key.Interface().(encoding.TextMarshaler); ok {
			if b, err := m.MarshalText(); err == nil {
				text = string(b)
				return
			}
		}
		text = fmt.Sprint(key.Interface())
	}); mark != "" {
		return mark
	}
	return text
}

// own writes a value by a method of its own, and reports whether it has one.
func (w *valueWriter) own(v reflect.Value) bool {
	if !v.IsValid() || !v.CanInterface() || v.Kind() == reflect.Interface ||
		v.Kind() == reflect.Pointer && v.IsNil() {
		return false
	}
	i := v.Interface()
	if v.CanAddr() {
		switch p := v.Addr().Interface().(type) {
		case json.Marshaler, encoding.TextMarshaler:
			i = p // it may be a method of the pointer alone
		}
	}
	write := w.method(i)
	if write == nil {
		return false
	}
	mark := len(w.buf)
	if panicked := caught(write); panicked != "" {
		w.buf = w.buf[:mark]
		w.text(panicked)
	}
	return true
}

// method returns how a value writes itself, nil when it does not.
func (w *valueWriter) method(i any) func() {
	switch i := i.(type) {
	case Value:
		return func() { w.raw(string(i)) }
	case *Value:
		return func() { w.raw(string(*i)) }
	case time.Time:
		return func() { w.date(i) }
	case *time.Time:
		return func() { w.date(*i) }
	case error:
		return func() {
			w.ask(func() (string, error) { return i.Error(), nil }, func(message string) {
				w.buf = AppendText(append(w.buf, `{"name":`...), reflect.TypeOf(i).String())
				w.buf = append(w.buf, `,"message":`...)
				w.text(message)
				w.buf = append(w.buf, '}')
			})
		}
	case json.Marshaler:
		return func() {
			w.ask(func() (string, error) { return w.share(i.MarshalJSON()) }, w.raw)
		}
	case encoding.TextMarshaler:
		return func() {
			w.ask(func() (string, error) { return w.share(i.MarshalText()) }, w.text)
		}
	}
	return nil
}

// ask calls a method of a user's type, for MaxWait at most, and hands on what it says. It panics as the method does,
// unless that has a goroutine of its own.
func (w *valueWriter) ask(method func() (string, error), put func(string)) {
	say := func() (text string, plain bool) {
		text, err := method()
		var long tooLongError
		switch {
		case errors.As(err, &long):
			return string(long), true
		case err != nil:
			return "[Error: " + err.Error() + "]", true
		}
		return text, false
	}
	var text string
	var plain bool
	if w.limits.MaxWait > 0 {
		text, plain = within(w.limits.MaxWait, say)
	} else {
		text, plain = say()
	}
	if plain {
		put = w.text
	}
	put(text)
}

// within runs say on a goroutine of its own, and gives it up after some time.
func within(limit time.Duration, say func() (string, bool)) (text string, plain bool) {
	type answer struct {
		text  string
		plain bool
	}
	answers := make(chan answer, 1) // the goroutine ends with its method, whether or not anybody waits
	go func() {
		a := answer{"[Panic: runtime.Goexit]", true}
		defer func() { answers <- a }()
		if mark := caught(func() { a.text, a.plain = say() }); mark != "" {
			a = answer{mark, true}
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a.text, a.plain
	case <-timer.C:
		return "[Timeout]", true
	}
}

// caught runs a method of a user's type, and returns a mark if it panics.
func caught(call func()) (mark string) {
	defer func() {
		if r := recover(); r != nil {
			mark = fmt.Sprintf("[Panic: %v]", r)
		}
	}()
	call()
	return ""
}
