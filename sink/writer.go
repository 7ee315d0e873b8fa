package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// WriterConfig says when [Writer] writes. Its zero value works.
type WriterConfig struct {
	BufferBytes int           // is written when it holds so much; 0 means 64 KiB
	MaxWait     time.Duration // the longest that an item waits there for others; 0 means 100 ms
}

func (c WriterConfig) withDefaults() (WriterConfig, error) {
	if c.BufferBytes == 0 {
		c.BufferBytes = 64 << 10
	}
	if c.MaxWait == 0 {
		c.MaxWait = 100 * time.Millisecond
	}
	switch {
	case c.BufferBytes < 0:
		return c, fmt.Errorf("WriterConfig.BufferBytes is negative: %d", c.BufferBytes)
	case c.MaxWait < 0:
		return c, fmt.Errorf("WriterConfig.MaxWait is negative: %v", c.MaxWait)
	}
	return c, nil
}

// Writer writes items to w: format appends an item, with whatever ends or separates items, to
// buf and returns it. An item counts as delivered when w has taken its bytes. A Flush and the end
// of a drain write what is buffered, and then call w's method Flush() error if it has one, as
// that of bufio does. Writer does not close w.
//
// An item that format fails or panics on is failed alone, under the reason encode or stage_panic.
// When w fails, the items of that write are failed, though w may have some of their bytes; the
// next write is tried as if nothing had happened. The sink's failure policy says what else
// follows each failure: by default the run ends (see [pipeline.OnError]).
//
// Under [pipeline.Workers], format and w are used concurrently. A Write that blocks cannot be
// interrupted: it holds up a Flush, and outlives the drain's deadline.
func Writer[T any](w io.Writer, format func(buf []byte, item T) ([]byte, error), cfg WriterConfig) pipeline.Sink[T] {
	cfg, err := cfg.withDefaults()
	switch {
	case w == nil:
		err = errors.New("the writer is nil")
	case format == nil:
		err = errNil
	}
	if err != nil {
		return pipeline.BadSink[T]("writer", err)
	}
	return pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[T]) error {
		s := &scribe[T]{cfg: cfg, in: in, w: w, format: format}
		in.OnMark(s.flush)
		for {
			item, err := in.RecvUntil(s.due)
			switch {
			case errors.Is(err, pipeline.ErrDue):
				s.write()
			case err != nil:
				return in.Err()
			default:
				s.add(item)
			}
		}
	}).Named("writer")
}

// Bodies writes the bytes of bodies to w, one after the other, and frees them. Faults are as for
// [Writer], which is for items that are not bytes yet.
func Bodies(w io.Writer) pipeline.Sink[*pipeline.Body] {
	if w == nil {
		return pipeline.BadSink[*pipeline.Body]("bodies", errors.New("the writer is nil"))
	}
	return pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[*pipeline.Body]) error {
		in.OnMark(func() error { return flush(w) })
		for body := range in.All() {
			if err := write(w, body.Data); err != nil {
				in.Failed(body, err)
				continue
			}
			in.Delivered(body)
			body.Free()
		}
		return in.Err()
	}).Named("bodies")
}

// scribe holds what waits to be written.
type scribe[T any] struct {
	cfg    WriterConfig
	in     *pipeline.Inlet[T]
	w      io.Writer
	format func([]byte, T) ([]byte, error)
	buf    []byte
	items  []T       // whose bytes are in buf
	due    time.Time // when they have waited long enough; zero if there are none
}

func (s *scribe[T]) add(item T) {
	buf, err := s.append(item)
	if err != nil {
		s.in.Failed(item, err)
		return
	}
	s.buf = buf
	if s.items = append(s.items, item); len(s.items) == 1 {
		s.due = time.Now().Add(s.cfg.MaxWait)
	}
	if len(buf) >= s.cfg.BufferBytes {
		s.write()
	}
}

// append formats one item. A panic is that item's alone; what it has left behind the end of buf
// is written over.
func (s *scribe[T]) append(item T) (buf []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &pipeline.PanicError{Stage: "writer", Value: v, Stack: debug.Stack()}
		}
	}()
	buf, err = s.format(s.buf, item)
	if err == nil && len(buf) < len(s.buf) {
		err = errors.New("format returned less than it was given")
	}
	if err != nil {
		err = pipeline.WithReason(pipeline.ReasonEncode, err)
	}
	return buf, err
}

// write empties the buffer, and says what became of the items in it.
func (s *scribe[T]) write() {
	if len(s.items) == 0 {
		return
	}
	err := write(s.w, s.buf)
	for _, item := range s.items {
		if err != nil {
			s.in.Failed(item, err)
		} else {
			s.in.Delivered(item)
		}
	}
	clear(s.items)
	s.buf, s.items, s.due = s.buf[:0], s.items[:0], time.Time{}
}

func (s *scribe[T]) flush() error {
	s.write()
	return flush(s.w)
}

// write is w.Write for writers, too, that take less than they were given and say nothing.
func write(w io.Writer, p []byte) error {
	n, err := w.Write(p)
	if err == nil && n < len(p) {
		return io.ErrShortWrite
	}
	return err
}

// flush makes a writer with a buffer of its own write that.
func flush(w io.Writer) error {
	if f, ok := w.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}
