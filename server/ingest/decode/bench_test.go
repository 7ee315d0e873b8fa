package decode_test

import (
	"bytes"
	"testing"

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

func BenchmarkBody(b *testing.B) {
	text := repeated(b, captured.Body("mastra-cloud-1.x.json"), 50)
	for encoding, wire := range map[string][]byte{"": text, "gzip": gzipped(b, text), "zstd": zstdStream(b, text)} {
		b.Run("encoding="+encoding, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode.Body(bytes.NewReader(wire), encoding, decode.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSpans(b *testing.B) {
	for _, name := range captured.Names() {
		b.Run("body="+name, func(b *testing.B) {
			body := repeated(b, captured.Body(name), 50)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			spans := 0
			for b.Loop() {
				batch, err := decode.Spans(body, decode.Limits{})
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
				batch, err := decode.Records(kind, body, decode.Limits{})
				if err != nil || len(batch.Rejected) > 0 {
					b.Fatal(batch.Rejected, err)
				}
				records += len(batch.Items)
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
