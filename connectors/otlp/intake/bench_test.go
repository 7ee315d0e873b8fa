package intake_test

import (
	"bytes"
	"testing"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
)

func BenchmarkBody(b *testing.B) {
	text := bytes.Repeat(captured.Body("mastra-cloud-1.x.json"), 50)
	for encoding, wire := range map[string][]byte{"": text, "gzip": gzipped(b, text), "zstd": zstdStream(b, text)} {
		b.Run("encoding="+encoding, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := intake.Body(bytes.NewReader(wire), encoding, intake.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
