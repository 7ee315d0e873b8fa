package intake_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
)

// fuzzLimits are so tight that short inputs meet them.
var fuzzLimits = intake.Limits{MaxWireBytes: 4 << 10, MaxBodyBytes: 64 << 10}

// FuzzBody holds that a body is within its limit, or refused with a status.
func FuzzBody(f *testing.F) {
	text := captured.Body("mastra-cloud-0.x.json")
	for i, body := range [][]byte{text, gzipped(f, text), zstdStream(f, text), zstdWhole(f, text), zstdWhole(f, text, zstd.WithSingleSegment(true))} {
		f.Add(body, byte(min(i, 2)))
	}
	f.Fuzz(func(t *testing.T, wire []byte, encoding byte) {
		body, err := intake.Body(bytes.NewReader(wire), [...]string{"", "gzip", "zstd"}[encoding%3], fuzzLimits)
		if err != nil && intake.Status(err) == 0 {
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
		body, err := intake.Body(bytes.NewReader(wire), "zstd", intake.Limits{})
		if err != nil || !bytes.Equal(body, text) {
			t.Errorf("got %d bytes, %v, want %d", len(body), err, len(text))
		}
		for _, n := range []int{1, len(wire) / 2, len(wire) - 1} {
			if _, err := intake.Body(bytes.NewReader(wire[:n]), "zstd", intake.Limits{}); !errors.Is(err, intake.ErrBody) {
				t.Errorf("cut off after %d of %d bytes: %v", n, len(wire), err)
			}
		}
	})
}
