package facts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// A frame is one span or record inside a segment:
//
//	kind byte (0: a span, else the record's kind) · flags byte · id (8 bytes of a span, 16 of a record) ·
//	varints received and, of a span, start and end in ns, where the flags say that there is one · uvarint length · JSON
//
// The times stand beside the JSON because that has milliseconds only.
const (
	frameStart = 1 << iota
	frameEnd
)

// ErrFrame is the error of a segment that is damaged.
var ErrFrame = errors.New("store: damaged segment")

// Frame is one part of a segment. JSON is a part of the segment's memory.
type Frame struct {
	Kind     store.Kind
	Span     SpanID   // of a span
	RID      [16]byte // of a record
	Received int64
	Start    time.Time
	End      time.Time
	JSON     []byte
}

// AppendSpan writes a span; the reason says why it cannot be.
func AppendSpan(buf []byte, f *Span) ([]byte, store.Reason) {
	s := *f.Source // a copy to put the long ids into
	s.TraceID, s.ID = f.Trace.Text(), f.ID.Text()
	if f.Parent != 0 {
		s.ParentID = f.Parent.Text()
	}
	flags := byte(0)
	if !s.Start.IsZero() {
		flags |= frameStart
	}
	if !s.End.IsZero() {
		flags |= frameEnd
	}
	out := append(buf, 0, flags)
	out = binary.BigEndian.AppendUint64(out, uint64(f.ID))
	out = binary.AppendVarint(out, f.Received)
	if flags&frameStart != 0 {
		out = binary.AppendVarint(out, s.Start.UnixNano())
	}
	if flags&frameEnd != 0 {
		out = binary.AppendVarint(out, s.End.UnixNano())
	}
	return appendJSON(buf, out, func(b []byte) ([]byte, error) { return span.V1.AppendItem(b, &s, true) })
}

// AppendRecord writes a record; the reason says why it cannot be.
func AppendRecord(buf []byte, f *Record) ([]byte, store.Reason) {
	out := append(buf, byte(f.Kind), 0)
	out = append(out, f.RID[:]...)
	out = binary.AppendVarint(out, f.Received)
	return appendJSON(buf, out, func(b []byte) ([]byte, error) {
		data, err := EncodeRecord(f.Source)
		return append(b, data...), err
	})
}

// appendJSON leaves room for a length of four bytes, which holds any that is allowed.
func appendJSON(buf, out []byte, encode func([]byte) ([]byte, error)) ([]byte, store.Reason) {
	at := len(out)
	out, err := encode(append(out, 0, 0, 0, 0))
	if err != nil {
		return buf, store.ReasonEncode
	}
	n := len(out) - at - 4
	if n > store.MaxSpanBytes {
		return buf, store.ReasonTooLarge
	}
	binary.BigEndian.PutUint32(out[at:], uint32(n))
	return out, ""
}

// NextFrame reads the first frame of a segment and returns the rest.
func NextFrame(data []byte) (f Frame, rest []byte, err error) {
	head := 10
	if len(data) > 0 && data[0] != 0 {
		head = 18
	}
	if len(data) < head || data[0] > byte(store.KindFeedback) {
		return f, nil, ErrFrame
	}
	f.Kind = store.Kind(data[0])
	flags := data[1]
	if f.Kind == 0 {
		f.Span = SpanID(binary.BigEndian.Uint64(data[2:]))
	} else {
		copy(f.RID[:], data[2:])
	}
	data = data[head:]
	next := func() int64 {
		v, n := binary.Varint(data)
		if n <= 0 {
			err = ErrFrame
			return 0
		}
		data = data[n:]
		return v
	}
	f.Received = next()
	if flags&frameStart != 0 {
		f.Start = time.Unix(0, next()).UTC()
	}
	if flags&frameEnd != 0 {
		f.End = time.Unix(0, next()).UTC()
	}
	if err != nil || len(data) < 4 {
		return f, nil, ErrFrame
	}
	n := binary.BigEndian.Uint32(data)
	if data = data[4:]; uint64(n) > uint64(len(data)) {
		return f, nil, ErrFrame
	}
	f.JSON = data[:n:n]
	return f, data[n:], nil
}

// Decode makes the span of a frame, with its times to the nanosecond.
func (f *Frame) Decode() (*span.Span, error) {
	s, err := span.Decoder{MaxRecordBytes: 2 * store.MaxSpanBytes}.Record(f.JSON)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if !f.Start.IsZero() {
		s.Start = f.Start
	}
	if !f.End.IsZero() {
		s.End = f.End
	}
	return s, nil
}
