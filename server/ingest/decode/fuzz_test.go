package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// fuzzLimits are so tight that short inputs meet them.
var fuzzLimits = decode.Limits{
	MaxWireBytes: 4 << 10, MaxBodyBytes: 64 << 10, MaxRecords: 20, MaxRecordBytes: 16 << 10, MaxDepth: 8, MaxKeys: 40, MaxStringBytes: 256,
}

// FuzzBody holds that a body is within its limit, or refused with a status.
func FuzzBody(f *testing.F) {
	text := captured.Body("mastra-cloud-0.x.json")
	for i, body := range [][]byte{text, gzipped(f, text), zstdStream(f, text), zstdWhole(f, text), zstdWhole(f, text, zstd.WithSingleSegment(true))} {
		f.Add(body, byte(min(i, 2)))
	}
	f.Fuzz(func(t *testing.T, wire []byte, encoding byte) {
		body, err := decode.Body(bytes.NewReader(wire), [...]string{"", "gzip", "zstd"}[encoding%3], fuzzLimits)
		if err != nil && decode.Status(err) == 0 {
			t.Errorf("error %v has no status", err)
		}
		if len(body) > 64<<10 || err != nil && body != nil {
			t.Errorf("%d bytes, %v", len(body), err)
		}
	})
}

// FuzzZstd holds that a frame is read as its own decoder reads it.
func FuzzZstd(f *testing.F) {
	f.Add([]byte("text"), true, true)
	f.Add(captured.Body("mastra-cloud-0.x.json"), false, true)
	f.Add(make([]byte, 300<<10), false, false)
	f.Fuzz(func(t *testing.T, text []byte, single, checksum bool) {
		wire := zstdWhole(t, text, zstd.WithSingleSegment(single), zstd.WithEncoderCRC(checksum), zstd.WithZeroFrames(true))
		body, err := decode.Body(bytes.NewReader(wire), "zstd", decode.Limits{})
		if err != nil || !bytes.Equal(body, text) {
			t.Errorf("got %d bytes, %v, want %d", len(body), err, len(text))
		}
		for _, n := range []int{1, len(wire) / 2, len(wire) - 1} {
			if _, err := decode.Body(bytes.NewReader(wire[:n]), "zstd", decode.Limits{}); !errors.Is(err, decode.ErrBody) {
				t.Errorf("cut off after %d of %d bytes: %v", n, len(wire), err)
			}
		}
	})
}

// FuzzSpans holds that what is taken has ids that the store takes, can be written, and adds up.
func FuzzSpans(f *testing.F) {
	for _, name := range captured.Names() {
		f.Add(captured.Body(name))
	}
	f.Add([]byte(`{"spans":[{"traceId":"no-op-trace","spanId":"1"},{"traceId":"A","spanId":"F","input":[[[[[[[[[1]]]]]]]]]},0]}`))
	f.Add([]byte(`{"spans":[{"traceId":"A","spanId":"F","input":"` + strings.Repeat("\\ud83d", 300) + `","attributes":{` + manyKeys(60)[1:] + `}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		given := bytes.Clone(body)
		batch, err := decode.Spans(body, fuzzLimits)
		if !bytes.Equal(body, given) {
			t.Fatal("decoding changed the body")
		}
		if err != nil {
			if decode.Status(err) == 0 || batch.Items != nil {
				t.Errorf("%v, %v", batch, err)
			}
			return
		}
		checkRejected(t, batch.Rejected, len(batch.Items))
		for _, item := range batch.Items {
			s := item.Span
			if !s.TraceID.Valid() || !s.ID.Valid() || !s.Frozen() {
				t.Errorf("span %+v", s)
			}
			if _, err := span.V1.AppendItem(nil, s, true); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzRecords holds the same for the other four.
func FuzzRecords(f *testing.F) {
	for kind := range captures {
		f.Add(capture(f, kind), byte(kind))
	}
	f.Add([]byte(`{"logs":[{"logId":"l","x":[}]},{"logId":""},{"logId":"l","data":"`+strings.Repeat("\\ud83d", 300)+`"}],"y":{}}`), byte(store.KindLog))
	f.Fuzz(func(t *testing.T, body []byte, kind byte) {
		given := bytes.Clone(body)
		batch, err := decode.Records(store.KindLog+store.Kind(kind-1)%4, body, fuzzLimits)
		if !bytes.Equal(body, given) {
			t.Fatal("decoding changed the body")
		}
		if err != nil {
			if decode.Status(err) == 0 || batch.Items != nil {
				t.Errorf("%v, %v", batch, err)
			}
			return
		}
		checkRejected(t, batch.Rejected, len(batch.Items))
		for _, r := range batch.Items {
			if r.ID == "" || r.TraceID != "" && !r.TraceID.Valid() || r.SpanID != "" && !r.SpanID.Valid() {
				t.Errorf("record %+v", r)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		}
	})
}

func checkRejected(t *testing.T, rejected []decode.Rejection, items int) {
	t.Helper()
	last := -1
	for _, r := range rejected {
		if r.Index <= last || r.Index >= len(rejected)+items || r.Field == "" || r.Reason == "" {
			t.Errorf("%+v after %d, of %d", r, last, len(rejected)+items)
		}
		last = r.Index
	}
}
