package decode_test

import (
	"bytes"
	"testing"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
)

// repeated has the records of a captured body n times over: decoders look at each, not at whether they know it.
func repeated(tb testing.TB, body []byte, n int) []byte {
	tb.Helper()
	from, to := bytes.IndexByte(body, '[')+1, bytes.LastIndexByte(body, ']')
	records := body[from:to]
	text := append([]byte(nil), body[:from]...)
	for i := range n {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, records...)
	}
	return append(text, body[to:]...)
}

func BenchmarkSpans(b *testing.B) {
	for _, name := range captured.Names() {
		b.Run("body="+name, func(b *testing.B) {
			body := repeated(b, captured.Body(name), 50)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			spans := 0
			for b.Loop() {
				batch, err := decode.Spans(body, intake.Limits{})
				if err != nil || len(batch.Rejected) > 0 {
					b.Fatal(batch.Rejected, err)
				}
				spans += len(batch.Items)
			}
			b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}

func BenchmarkRecords(b *testing.B) {
	for kind := store.KindLog; kind <= store.KindFeedback; kind++ {
		b.Run("kind="+kind.String(), func(b *testing.B) {
			body := repeated(b, capture(b, kind), 100)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			records := 0
			for b.Loop() {
				batch, err := decode.Records(kind, body, intake.Limits{})
				if err != nil || len(batch.Rejected) > 0 {
					b.Fatal(batch.Rejected, err)
				}
				records += len(batch.Items)
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
