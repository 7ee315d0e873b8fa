package sinktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// codings is what an answer lists when the body's coding was none of them.
const codings = "gzip, zstd, s2, identity"

// maxWindow bounds the memory of a zstd decoder: RFC 9659 allows a content coding 8 MB.
const maxWindow = 8 << 20

// refusal is why the healthy collector does not take a request. All of its records are rejected.
type refusal struct {
	code    int
	message string
}

func refuse(code int, format string, args ...any) *refusal {
	return &refusal{code: code, message: fmt.Sprintf(format, args...)}
}

// coders decompresses bodies with decoders that belong to one collector: a decoder that was
// used in one bubble of testing/synctest must not be used in another.
type coders struct {
	limit int64 // bytes of a body, encoded and decoded
	gzip  freeList[*gzip.Reader]
	zstd  freeList[*zstd.Decoder]
	s2    freeList[*s2.Reader]
}

// decode reads body to its end and decompresses it.
func (c *coders) decode(coding string, body io.Reader) ([]byte, *refusal) {
	in := &io.LimitedReader{R: body, N: c.limit + 1}
	out, err := c.inflate(coding, in)
	switch {
	case errors.Is(err, errCoding):
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding %q is none of %s", coding, codings)
	case in.N <= 0, int64(len(out)) > c.limit:
		return nil, refuse(http.StatusRequestEntityTooLarge, "body is over %d bytes", c.limit)
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "body: %v", err)
	}
	return out, nil
}

var errCoding = errors.New("unknown content coding")

func (c *coders) inflate(coding string, in io.Reader) ([]byte, error) {
	switch coding {
	case "", "identity":
		return c.readAll(in)
	case "gzip", "x-gzip":
		d, ok := c.gzip.get()
		if !ok {
			d = new(gzip.Reader)
		}
		defer c.gzip.put(d)
		if err := d.Reset(in); err != nil {
			return nil, err
		}
		return c.readAll(d)
	case "zstd":
		d, ok := c.zstd.get()
		if !ok {
			var err error
			// One at a time means on the caller's goroutine, so an unused decoder holds none.
			d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return nil, err
			}
		}
		defer c.zstd.put(d)
		if err := d.Reset(in); err != nil {
			return nil, err
		}
		return c.readAll(d)
	case "s2":
		d, ok := c.s2.get()
		if !ok {
			d = s2.NewReader(nil)
		}
		defer c.s2.put(d)
		d.Reset(in)
		return c.readAll(d)
	default:
		return nil, errCoding
	}
}

// readAll reads one byte more than the limit, by which decode knows that there was more.
func (c *coders) readAll(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, c.limit+1))
}

func (c *coders) close() {
	for {
		d, ok := c.zstd.get()
		if !ok {
			return
		}
		d.Close()
	}
}

// freeList keeps what is costly to make. Unlike a sync.Pool it forgets nothing by itself.
type freeList[T any] struct {
	mu    sync.Mutex
	items []T
}

func (l *freeList[T]) get() (item T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.items) == 0 {
		return item, false
	}
	last := len(l.items) - 1
	item, l.items = l.items[last], l.items[:last]
	return item, true
}

func (l *freeList[T]) put(item T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, item)
}

// content is what a body was found to hold.
type content struct {
	decoded []byte
	records []Record // their JSON does not share memory with decoded
	bad     int      // how many more were no JSON object, or had an id that is no string
}

// size is the number of records, good and bad.
func (c content) size() int { return len(c.records) + c.bad }

// parse finds the records in a decoded body. A bad one spoils no other.
func parse(header http.Header, decoded []byte) (content, *refusal) {
	var raws []json.RawMessage
	switch kind := mediaType(header); kind {
	case "", "application/json":
		var batch struct {
			Spans *[]json.RawMessage `json:"spans"`
		}
		if err := json.Unmarshal(decoded, &batch); err != nil {
			return content{}, refuse(http.StatusBadRequest, "body: %v", err)
		}
		if batch.Spans == nil {
			return content{}, refuse(http.StatusBadRequest, `body has no "spans"`)
		}
		raws = *batch.Spans
	case "application/x-ndjson":
		for line := range bytes.Lines(decoded) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				raws = append(raws, bytes.Clone(line))
			}
		}
	default:
		return content{}, refuse(http.StatusUnsupportedMediaType,
			"Content-Type %q is neither application/json nor application/x-ndjson", kind)
	}
	found := content{decoded: decoded, records: make([]Record, 0, len(raws))}
	for _, raw := range raws {
		if record, ok := parseRecord(raw); ok {
			found.records = append(found.records, record)
		} else {
			found.bad++
		}
	}
	return found, nil
}

func parseRecord(raw json.RawMessage) (Record, bool) {
	var ids struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
		ID      string `json:"id"`
	}
	if bytes.Equal(raw, []byte("null")) || json.Unmarshal(raw, &ids) != nil {
		return Record{}, false
	}
	if ids.SpanID == "" {
		ids.SpanID = ids.ID
	}
	return Record{TraceID: ids.TraceID, SpanID: ids.SpanID, JSON: raw}, true
}

// mediaType is the Content-Type in lower case and without parameters, or as it is if malformed.
func mediaType(h http.Header) string {
	value := h.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(value); err == nil {
		return kind
	}
	return value
}
