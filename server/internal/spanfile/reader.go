package spanfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Record is the text of one JSON value that should be a span.
type Record struct {
	Text  []byte // valid until the next call of Next
	Place Place
}

// Place is where a record begins.
type Place struct {
	Name   string // of the file
	Line   int64  // the first is 1
	Offset int64  // in bytes of the uncompressed text
}

func (p Place) String() string { return fmt.Sprintf("%s:%d (byte %d)", p.Name, p.Line, p.Offset) }

// RecordError is a record that cannot be told from what follows it, or is too large. The Reader goes on behind it.
type RecordError struct {
	Place Place
	Err   error
}

func (e *RecordError) Error() string { return fmt.Sprintf("%v: %v", e.Place, e.Err) }

// Unwrap returns what is wrong.
func (e *RecordError) Unwrap() error { return e.Err }

// ErrTooLarge is matched by the error of a record that has more bytes than a Reader keeps.
var ErrTooLarge = errors.New("record too large")

// Reader takes a text apart into records. Its buffer grows to the largest record and at most doubles that.
type Reader struct {
	src  io.Reader
	name string
	max  int

	buf  []byte
	keep int   // buf[keep:] is still needed
	pos  int   // the next byte to look at
	err  error // what src ended with
	base int64 // offset of buf[0]

	lines   int64 // line breaks before buf[counted]
	counted int

	stack  []byte // brackets that are open within a value
	at     state
	bare   bool   // the array stands for itself, without an object around it
	alone  bool   // only space stands before the value on its line
	indent []byte // that space
	began  int    // where the value at hand begins in buf
	loose  bool   // the end of a body was lost, and is passed over when it comes
}

// state is what comes next.
type state uint8

const (
	atTop    state = iota // a value
	atFirst               // the first record of an array, or its end
	atNext                // a comma and a record, or the end of the array
	atResume              // a record of an array, after a bad one
	atMember              // a comma and a member of a body, or its end
)

const chunk = 64 << 10

// NewReader reads from r, which the caller calls name, records of up to maxBytes.
func NewReader(r io.Reader, name string, maxBytes int) *Reader {
	return &Reader{src: r, name: name, max: maxBytes}
}

// Next returns the next record. The error is io.EOF at the end; a [*RecordError], after which Next may be called again; or
// what the reader below returned, with the place that it cut off.
func (r *Reader) Next() (Record, error) {
	found, err := r.next()
	switch {
	case err == nil && found:
		return Record{r.buf[r.began:r.pos], r.place(r.began)}, nil
	case err == nil:
		return Record{}, io.EOF
	case r.broken():
		return Record{}, fmt.Errorf("%v: %w", r.place(r.pos), r.err)
	}
	bad := &RecordError{r.place(r.began), err}
	r.resync()
	return Record{}, bad
}

// broken reports whether the reader below failed, so that what was read before the end is no fault of the text.
func (r *Reader) broken() bool {
	return r.err != nil && r.err != io.EOF && r.pos >= len(r.buf) //nolint:errorlint // one that is wrapped is a reader that broke, not the end
}

// next moves pos behind the next record, which begins at began. It reports false at the end.
func (r *Reader) next() (found bool, err error) {
	for {
		b, err := r.gap()
		r.begin()
		switch {
		case errors.Is(err, errEnd) && r.broken():
			return false, r.err
		case errors.Is(err, errEnd) && r.at == atTop:
			return false, nil
		case err != nil && r.at == atMember:
			return false, fmt.Errorf("the body has no end: %w", err)
		case err != nil:
			return false, fmt.Errorf("the array of records has no end: %w", err)
		}
		switch r.at {
		case atTop:
			found, err = r.top(b)
		case atMember:
			err = r.member(b)
		case atFirst, atNext, atResume:
			found, err = r.element(b)
		}
		if found || err != nil {
			return found, err
		}
	}
}

// top takes what stands at the top: a record, or the beginning of a body or of an array of records.
func (r *Reader) top(b byte) (found bool, err error) {
	switch {
	case b == '{':
		return r.object()
	case b == '[':
		r.pos++
		r.at, r.bare = atFirst, true
	case r.loose && (b == ',' || b == ']' || b == '}'):
		r.pos++
	default:
		return false, errors.New("no JSON object begins here")
	}
	return false, nil
}

// object takes a record whole, or of a body what comes before its records.
func (r *Reader) object() (found bool, err error) {
	r.pos++
	for first := true; ; first = false {
		b, err := r.space()
		switch {
		case err != nil:
			return false, err
		case b == '}' && first:
			r.pos++
			return true, nil
		}
		body, err := r.entry()
		switch {
		case err != nil:
			return false, err
		case body:
			r.at, r.bare = atFirst, false
			return false, nil
		}
		more, err := r.more('}')
		if err != nil || !more {
			return err == nil, err
		}
	}
}

// entry takes a key and its value. If that is the array of a body's records it takes only its bracket.
func (r *Reader) entry() (body bool, err error) {
	from := r.pos - r.keep // keep moves with the buffer, and marks what this is relative to
	if err := r.text(); err != nil {
		return false, err
	}
	body = string(r.buf[r.keep+from:r.pos]) == `"spans"`
	b, err := r.colon()
	if err != nil {
		return false, err
	}
	if body && b == '[' {
		r.pos++
		return true, nil
	}
	return false, r.value()
}

// member takes a member of a body behind its records, or the end of the body.
func (r *Reader) member(b byte) error {
	switch b {
	case '}':
		r.pos++
		r.at = atTop
		return nil
	case ',':
		r.pos++
		if _, err := r.space(); err != nil {
			return err
		}
		again, err := r.entry()
		if again {
			r.at = atFirst
		}
		return err
	}
	return errors.New("want a comma or the end of the body")
}

// element takes a record of an array, or the end of the array.
func (r *Reader) element(b byte) (found bool, err error) {
	if b == ']' {
		r.pos++
		r.at = atMember
		if r.bare {
			r.at = atTop
		}
		return false, nil
	}
	if r.at == atNext {
		if b != ',' {
			return false, errors.New("want a comma or the end of the array")
		}
		r.pos++
		_, err = r.gap()
		if r.begin(); err != nil {
			return false, err
		}
	}
	r.at = atNext
	return true, r.value()
}

// begin notes that a value begins at pos, and what stands before it on its line.
func (r *Reader) begin() {
	before := r.buf[r.keep:r.pos]
	line, broken := bytes.CutPrefix(before, []byte{'\n'})
	r.alone = broken || r.base+int64(r.keep) == 0 // a break before it, or the beginning of the text
	if r.indent = r.indent[:0]; r.alone {
		r.indent = append(r.indent, line...)
	}
	r.began, r.keep = r.pos, r.pos
}

// resync moves pos to where the next record may begin: the next line that begins with the same space and a bracket.
func (r *Reader) resync() {
	// Where records share a line, the rest of it cannot be told apart, and the next line begins anew.
	sameArray := r.alone && (r.at == atNext || r.at == atFirst || r.at == atResume)
	begins := append(append([]byte{'\n'}, r.indent...), '{')
	r.loose = true
	if r.at = atTop; sameArray {
		r.at = atResume
	}
	r.pos = r.began + 1
	for {
		r.pos = min(r.pos, len(r.buf))
		r.keep = r.pos
		if i := bytes.Index(r.buf[r.pos:], begins); i >= 0 {
			r.pos += i + len(begins) - 1
			r.keep = r.pos
			return
		}
		r.pos = max(r.pos, len(r.buf)-len(begins)+1)
		r.keep = r.pos
		if r.fill() != nil {
			r.pos, r.at = len(r.buf), atTop
			return
		}
	}
}
