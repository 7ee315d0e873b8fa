package spanfile_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
)

func BenchmarkReader(b *testing.B) {
	body := captured.Body("mastra-cloud-1.x.json")
	text := bytes.Repeat(body, 100)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := spanfile.NewReader(bytes.NewReader(text), "f", 1<<20)
		for {
			if _, err := r.Next(); err != nil {
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				break
			}
		}
	}
}
