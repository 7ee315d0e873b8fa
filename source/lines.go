package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// ErrLineTooLong is matched by the error of a line that has more bytes than MaxLineBytes.
var ErrLineTooLong = errors.New("source: line too long")

// LineError says which line of a [Lines] or [Reader] is bad. The first has number 1.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// LinesConfig says what [Lines] and [Reader] do with lines. Its zero value works.
type LinesConfig struct {
	// MaxLineBytes bounds one line, without its end; 0 means 16 MiB. It is also about how much
	// memory the source takes, if there are lines of that length.
	MaxLineBytes int
	// OnBad is called, on the source's goroutine, for each line that is too long or that cannot
	// be decoded; the source then goes on with the next one. Such a line never becomes an item,
	// so the ledger does not know it. nil means that a bad line ends the run with a *LineError.
	OnBad func(line int, err error)
}

func (c LinesConfig) withDefaults() (LinesConfig, error) {
	if c.MaxLineBytes == 0 {
		c.MaxLineBytes = 16 << 20
	}
	if c.MaxLineBytes < 0 {
		return c, fmt.Errorf("%w: LinesConfig.MaxLineBytes is negative: %d", pipeline.ErrConfig, c.MaxLineBytes)
	}
	return c, nil
}

// Lines sends what decode makes of each line of r. Lines end in \n or \r\n, the last one also in
// nothing; blank ones, and a byte order mark before the first, are passed over. decode must not
// keep the line: its bytes are used again.
//
// The end of r, io.EOF, ends the source. Any other error of r, also one that wraps io.EOF, ends the
// run with a [*LineError] that has the number of the line it cut off.
//
// Nothing can interrupt a Read that blocks: neither the end of the run's context nor a Flush gets
// past it. Close what r reads from, such as a socket, when the context ends:
//
//	defer context.AfterFunc(ctx, func() { conn.Close() })()
func Lines[T any](r io.Reader, cfg LinesConfig, decode func(line []byte) (T, error)) pipeline.Source[T] {
	return &lines[T]{r: r, cfg: cfg, decode: decode}
}

// Reader sends the spans of NDJSON, one record a line: what span.NDJSON writes, or records of
// either generation of the wire. See [Lines].
func Reader(r io.Reader, cfg LinesConfig) pipeline.Source[*span.Span] {
	return Lines(r, cfg, span.Decoder{MaxRecordBytes: cfg.MaxLineBytes}.Record)
}

type lines[T any] struct {
	r      io.Reader
	cfg    LinesConfig
	decode func([]byte) (T, error)
}

var byteOrderMark = []byte("\uFEFF")

func (l *lines[T]) Feed(_ context.Context, out *pipeline.Outlet[T]) error {
	cfg, err := l.cfg.withDefaults()
	switch {
	case err != nil:
		return err
	case l.r == nil:
		return fmt.Errorf("%w: the reader is nil", pipeline.ErrConfig)
	case l.decode == nil:
		return fmt.Errorf("%w: the function decode is nil", pipeline.ErrConfig)
	}
	s := &lineScanner{r: bufio.NewReaderSize(l.r, 64<<10), max: cfg.MaxLineBytes}
	for {
		line, err := s.next()
		if err == io.EOF { //nolint:errorlint // one that is wrapped is a reader that broke, not the end
			return nil
		}
		if err == nil && s.number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		switch {
		case err != nil && !errors.Is(err, ErrLineTooLong):
			return &LineError{s.number, err}
		case err == nil && len(bytes.TrimSpace(line)) == 0:
			err = out.Attend()
		default:
			err = l.send(out, cfg, s.number, line, err)
		}
		if err != nil {
			return err
		}
	}
}

// send decodes and sends one line, unless err says already that it is bad.
func (l *lines[T]) send(out *pipeline.Outlet[T], cfg LinesConfig, number int, line []byte, err error) error {
	var item T
	if err == nil {
		item, err = l.decode(line)
	}
	switch {
	case err == nil:
		return out.Send(item)
	case cfg.OnBad == nil:
		return &LineError{number, err}
	}
	cfg.OnBad(number, err)
	return out.Attend() // however many bad lines there are, they hold up nobody
}

// lineScanner cuts a reader into lines. Unlike bufio.Scanner it goes on behind a line that is too
// long, of which it keeps nothing.
type lineScanner struct {
	r      *bufio.Reader
	max    int
	number int    // of the line that next returned
	long   []byte // a line that is longer than r's buffer
}

// next returns the next line without its end. It is valid until the next call. The error is
// ErrLineTooLong for this line alone; io.EOF at the end; and else what the reader returned.
func (s *lineScanner) next() ([]byte, error) {
	s.number++
	s.long = s.long[:0]
	whole, size := true, 0
	for {
		chunk, err := s.r.ReadSlice('\n')
		size += len(chunk)
		line := chunk
		if whole && (len(s.long) > 0 || errors.Is(err, bufio.ErrBufferFull)) {
			if whole = size-len("\r\n") <= s.max; whole {
				s.long = append(s.long, chunk...)
				line = s.long
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (size == 0 || err != io.EOF):
			return nil, err
		}
		if whole {
			line = trimEnd(line)
		}
		if !whole || len(line) > s.max {
			return nil, fmt.Errorf("%w: it has more than LinesConfig.MaxLineBytes of %d", ErrLineTooLong, s.max)
		}
		return line, nil
	}
}

func trimEnd(line []byte) []byte {
	line, ended := bytes.CutSuffix(line, []byte("\n"))
	if ended {
		line = bytes.TrimSuffix(line, []byte("\r"))
	}
	return line
}
