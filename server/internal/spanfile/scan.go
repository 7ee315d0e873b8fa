package spanfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// errEnd says that the text ended, or the reader below failed.
var errEnd = errors.New("the text ends here")

// maxNesting bounds what a bad file costs: in the worst case each of so many lines is looked at once a level. Spans nest
// less.
const maxNesting = 1000

// value takes one JSON value. It looks at brackets, quotes, colons and commas alone: whether numbers and words are right
// is for the decoder to say, which then refuses one record and not its neighbours.
func (r *Reader) value() error {
	r.stack = r.stack[:0]
	for {
		b, err := r.space()
		if err != nil {
			return err
		}
		opened := false
		switch b {
		case '{', '[':
			opened, err = r.open(b)
		case '"':
			err = r.text()
		default:
			err = r.scalar()
		}
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		if done, err := r.close(); done || err != nil {
			return err
		}
	}
}

// open takes an opening bracket and, of an object, the first key. It reports false if the bracket is closed at once.
func (r *Reader) open(bracket byte) (bool, error) {
	if len(r.stack) == maxNesting {
		return false, fmt.Errorf("more than %d brackets inside one another", maxNesting)
	}
	r.pos++
	end := bracket + 2 // as ASCII has them
	b, err := r.space()
	switch {
	case err != nil:
		return false, err
	case b == end:
		r.pos++
		return false, nil
	}
	r.stack = append(r.stack, end)
	if end == '}' {
		return true, r.key()
	}
	return true, nil
}

// close takes what follows a value: the ends of what is open, or a comma and, in an object, the next key. done says that
// nothing is open any more.
func (r *Reader) close() (done bool, err error) {
	for len(r.stack) > 0 {
		end := r.stack[len(r.stack)-1]
		more, err := r.more(end)
		switch {
		case err != nil:
			return false, err
		case more && end == '}':
			return false, r.key()
		case more:
			return false, nil
		}
		r.stack = r.stack[:len(r.stack)-1]
	}
	return true, nil
}

// more takes a comma, then there is more, or the closing bracket.
func (r *Reader) more(end byte) (bool, error) {
	b, err := r.space()
	if err != nil {
		return false, err
	}
	if b != ',' && b != end {
		return false, fmt.Errorf("want a comma or %c", end)
	}
	r.pos++
	return b == ',', nil
}

// key takes a key and its colon.
func (r *Reader) key() error {
	if _, err := r.space(); err != nil {
		return err
	}
	if err := r.text(); err != nil {
		return err
	}
	_, err := r.colon()
	return err
}

// colon takes a colon and returns the byte that the value behind it begins with.
func (r *Reader) colon() (byte, error) {
	b, err := r.space()
	switch {
	case err != nil:
		return 0, err
	case b != ':':
		return 0, errors.New("want a colon")
	}
	r.pos++
	return r.space()
}

// text takes a string in quotes.
func (r *Reader) text() error {
	if r.pos >= len(r.buf) || r.buf[r.pos] != '"' {
		return errors.New("want a key in quotes")
	}
	r.pos++
	for {
		p := r.pos
		for p < len(r.buf) && r.buf[p] != '"' && r.buf[p] != '\n' {
			if r.buf[p] == '\\' {
				p++ // beyond the buffer, if it was the last byte there
			}
			p++
		}
		if r.pos = p; p < len(r.buf) {
			if r.buf[p] == '\n' {
				return errors.New("the line ends within quotes")
			}
			r.pos++
			return nil
		}
		if err := r.need(r.pos + 1); err != nil {
			return err
		}
	}
}

// scalar takes what is neither in brackets nor in quotes.
func (r *Reader) scalar() error {
	for start := r.pos - r.keep; ; {
		for ; r.pos < len(r.buf); r.pos++ {
			switch r.buf[r.pos] {
			case ',', ':', '{', '}', '[', ']', '"', ' ', '\t', '\r', '\n':
				if r.pos-r.keep == start {
					return errors.New("want a value")
				}
				return nil
			}
		}
		if err := r.need(r.pos + 1); err != nil {
			return err
		}
	}
}

// space passes over what may stand between tokens. It returns the next byte, which it does not take.
func (r *Reader) space() (byte, error) {
	for {
		for ; r.pos < len(r.buf); r.pos++ {
			if b := r.buf[r.pos]; b != ' ' && b != '\n' && b != '\t' && b != '\r' {
				return b, nil
			}
		}
		if err := r.need(r.pos + 1); err != nil {
			return 0, err
		}
	}
}

// gap is space between records: there may be any amount of it, of which the last line break is kept, and a byte order
// mark at the very beginning.
func (r *Reader) gap() (byte, error) {
	if r.base == 0 && r.pos == 0 && r.need(3) == nil && string(r.buf[:3]) == "\uFEFF" {
		r.pos = 3
	}
	for r.keep = r.pos; ; {
		for ; r.pos < len(r.buf); r.pos++ {
			switch b := r.buf[r.pos]; b {
			case '\n':
				r.keep = r.pos
			case ' ', '\t', '\r':
			default:
				return b, nil
			}
		}
		if err := r.need(r.pos + 1); err != nil {
			return 0, err
		}
	}
}

// need reads until buf has n bytes. The error is errEnd, or matches ErrTooLarge.
func (r *Reader) need(n int) error {
	for len(r.buf) < n {
		if len(r.buf)-r.keep > r.max {
			return fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, r.max)
		}
		before := r.keep
		if err := r.fill(); err != nil {
			return err
		}
		n -= before - r.keep
	}
	return nil
}

// fill reads more. To make room it may move what is kept to the beginning of the buffer, and every index with it.
func (r *Reader) fill() error {
	if r.err != nil {
		return errEnd
	}
	if r.keep > 0 && len(r.buf)+chunk > cap(r.buf) {
		r.move()
	}
	if len(r.buf)+chunk > cap(r.buf) {
		grown := make([]byte, len(r.buf), max(2*cap(r.buf), 2*chunk))
		copy(grown, r.buf)
		r.buf = grown
	}
	for range 100 {
		n, err := r.src.Read(r.buf[len(r.buf) : len(r.buf)+chunk])
		r.buf = r.buf[:len(r.buf)+n]
		r.err = err
		switch {
		case n > 0:
			return nil
		case err != nil:
			return errEnd
		}
	}
	r.err = io.ErrNoProgress
	return errEnd
}

func (r *Reader) move() {
	lines := r.place(r.keep).Line - 1
	n := copy(r.buf, r.buf[r.keep:])
	r.buf = r.buf[:n]
	r.base += int64(r.keep)
	r.pos -= r.keep
	r.began -= r.keep
	r.lines, r.counted, r.keep = lines, 0, 0
}

// place says where buf[i] stands in the text. Asked for ever later places, it looks at each byte once.
func (r *Reader) place(i int) Place {
	line := r.lines + 1
	if i >= r.counted {
		r.lines += int64(bytes.Count(r.buf[r.counted:i], []byte{'\n'}))
		line, r.counted = r.lines+1, i
	} else {
		line -= int64(bytes.Count(r.buf[i:r.counted], []byte{'\n'}))
	}
	return Place{r.name, line, r.base + int64(i)}
}
