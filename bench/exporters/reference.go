package exporters

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/tailrace-go/tailrace/span"
)

// referenceSenders encode, compress and post at once.
const referenceSenders = 2

// startReference is the least that the work takes: two goroutines, each of which writes a batch by hand into a buffer
// that it has, compresses it into another, and posts that. It has no queue and no retry, and so is a bound and no exporter.
func startReference(t task) (*rig, error) { return referenceAt(t, gzip.BestSpeed, zstd.SpeedFastest) }

// startReferenceSameLevel compresses as hard as tailrace does, so that both make the same bytes.
func startReferenceSameLevel(t task) (*rig, error) { return referenceAt(t, 3, zstd.SpeedDefault) }

func referenceAt(t task, gzipLevel int, zstdLevel zstd.EncoderLevel) (*rig, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: referenceSenders, DisableCompression: true}
	client := &http.Client{Transport: transport}
	senders := make([]*referenceSender, referenceSenders)
	for i := range senders {
		s := &referenceSender{client: client, url: "http://" + t.address + "/spans/publish", encoding: string(t.compression)}
		s.plain, s.packed = make([]byte, 0, t.batch*recordBytes), make([]byte, 0, t.batch*recordBytes)
		var err error
		switch t.compression {
		case Gzip:
			s.pack, err = packGzip(gzipLevel)
		case Zstd:
			s.pack, err = packZstd(zstdLevel)
		}
		if err != nil {
			return nil, err
		}
		senders[i] = s
	}
	return &rig{whole: func(n int) error {
		defer transport.CloseIdleConnections()
		var next atomic.Int64
		var group errgroup.Group
		for _, s := range senders {
			group.Go(func() error {
				for {
					end := int(next.Add(int64(t.batch)))
					if end-t.batch >= n {
						return nil
					}
					if err := s.send(t.payload.records, end-t.batch, min(end, n)); err != nil {
						return err
					}
				}
			})
		}
		return group.Wait()
	}}, nil
}

// recordBytes is more than a record takes.
const recordBytes = 3000

type referenceSender struct {
	client        *http.Client
	url, encoding string
	pack          func(dst, plain []byte) ([]byte, error) // nil: as it is
	plain, packed []byte
}

// send posts the records from, inclusive, to to, exclusive.
func (s *referenceSender) send(records []*span.Span, from, to int) error {
	s.plain = appendBody(s.plain[:0], records, from, to)
	body := s.plain
	if s.pack != nil {
		packed, err := s.pack(s.packed[:0], s.plain)
		if err != nil {
			return err
		}
		s.packed, body = packed, packed
	}
	request, err := http.NewRequest(http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+fakeToken)
	if s.pack != nil {
		request.Header.Set("Content-Encoding", s.encoding)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the collector answered %s", answer.Status)
	}
	return nil
}

func packGzip(level int) (func(dst, plain []byte) ([]byte, error), error) {
	w, err := gzip.NewWriterLevel(nil, level)
	return packStream(w), err
}

// packStream compresses with one writer, used again and again.
func packStream(w interface {
	io.WriteCloser
	Reset(w io.Writer)
}) func(dst, plain []byte) ([]byte, error) {
	return func(dst, plain []byte) ([]byte, error) {
		out := bytes.NewBuffer(dst)
		w.Reset(out)
		if _, err := w.Write(plain); err != nil {
			return nil, err
		}
		err := w.Close() // which writes the rest
		return out.Bytes(), err
	}
}

func packZstd(level zstd.EncoderLevel) (func(dst, plain []byte) ([]byte, error), error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return func(dst, plain []byte) ([]byte, error) { return w.EncodeAll(plain, dst), nil }, nil
}

// appendBody writes a whole body in the wire format of span.V1, to the byte. It writes what the payload has, and no more.
func appendBody(buf []byte, records []*span.Span, from, to int) []byte {
	buf = append(buf, `{"spans":[`...)
	for i := from; i < to; i++ {
		if i > from {
			buf = append(buf, ',')
		}
		buf = appendRecord(buf, records[i%len(records)])
	}
	return append(buf, "]}"...)
}

func appendRecord(buf []byte, s *span.Span) []byte {
	buf = append(append(buf, `{"traceId":"`...), s.TraceID...)
	buf = append(append(buf, `","spanId":"`...), s.ID...)
	buf = append(append(buf, `","parentSpanId":"`...), s.ParentID...)
	buf = span.AppendText(append(buf, `","name":`...), s.Name)
	buf = append(append(buf, `,"spanType":"`...), s.Type...)
	buf = append(append(buf, `","entityType":"`...), s.EntityType...)
	buf = span.AppendText(append(buf, `","entityId":`...), s.EntityID)
	buf = append(append(buf, `,"attributes":`...), s.Attributes...)
	buf = append(append(buf, `,"metadata":`...), s.Metadata...)
	buf = appendTime(append(buf, `,"startedAt":"`...), s.Start)
	buf = appendTime(append(buf, `","endedAt":"`...), s.End)
	buf = append(append(buf, `","input":`...), s.Input...)
	buf = append(append(buf, `,"output":`...), s.Output...)
	buf = strconv.AppendBool(append(buf, `,"isEvent":`...), s.Event)
	buf = strconv.AppendBool(append(buf, `,"isRootSpan":`...), s.Root)
	return append(buf, '}')
}

// appendTime writes RFC 3339 in UTC with milliseconds.
func appendTime(buf []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	two := func(n int, sep byte) { buf = append(buf, '0'+byte(n/10), '0'+byte(n%10), sep) }
	two(year/100, '0'+byte(year/10%10))
	buf = append(buf, '0'+byte(year%10), '-')
	two(int(month), '-')
	two(day, 'T')
	two(hour, ':')
	two(minute, ':')
	two(second, '.')
	ms := t.Nanosecond() / 1e6
	two(ms/10, '0'+byte(ms%10))
	return append(buf, 'Z')
}
