package decode_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// fuzzLimits are so tight that short inputs meet them.
var fuzzLimits = intake.Limits{
	MaxWireBytes: 4 << 10, MaxBodyBytes: 64 << 10, MaxRecords: 20, MaxRecordBytes: 16 << 10, MaxDepth: 8, MaxKeys: 40, MaxStringBytes: 256,
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
			if intake.Status(err) == 0 || batch.Items != nil {
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
			if intake.Status(err) == 0 || batch.Items != nil {
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

func checkRejected(t *testing.T, rejected []intake.Rejection, items int) {
	t.Helper()
	last := -1
	for _, r := range rejected {
		if r.Index <= last || r.Index >= len(rejected)+items || r.Field == "" || r.Reason == "" {
			t.Errorf("%+v after %d, of %d", r, last, len(rejected)+items)
		}
		last = r.Index
	}
}
