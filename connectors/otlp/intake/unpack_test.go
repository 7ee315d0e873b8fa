package intake_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
)

func TestPlainSizeIsKnownBeforehand(t *testing.T) {
	text := captured.Body("mastra-cloud-1.x.json")
	for _, c := range []struct {
		name, encoding string
		wire           []byte
		least, most    int
	}{
		{"plain", "", text, len(text), len(text)},
		{"gzip", "gzip", gzipped(t, text), len(text), len(text)},
		{"zstd that says its size", "zstd", zstdWhole(t, text), len(text), len(text)},
		{"zstd by its blocks", "zstd", zstdStream(t, text), len(text), 2 * 128 << 10},
		{"zstd of one byte repeated", "zstd", zstdStream(t, make([]byte, 1<<20)), 1 << 20, 2 << 20},
		{"zstd without a checksum", "zstd", zstdStream(t, text, zstd.WithEncoderCRC(false)), len(text), 2 * 128 << 10},
	} {
		got, err := intake.PlainSize(c.wire, c.encoding, intake.Limits{})
		if err != nil || got < c.least || got > c.most {
			t.Errorf("%s: %d bytes, %v, want %d to %d", c.name, got, err, c.least, c.most)
		}
	}
}

func TestABodyThatSaysItIsTooLarge(t *testing.T) {
	zeros := make([]byte, 33<<20)
	for name, c := range map[string]struct {
		encoding string
		wire     []byte
	}{"plain": {"", zeros}, "gzip": {"gzip", gzipped(t, zeros)}, "zstd": {"zstd", zstdWhole(t, zeros)}} {
		if size, err := intake.PlainSize(c.wire, c.encoding, intake.Limits{}); !errors.Is(err, intake.ErrTooLarge) {
			t.Errorf("%s: %d bytes, %v", name, size, err)
		}
	}
}

// A body that claims to be small gets no more than it asked for, and one that claims to be large has to be.
func TestABodyThatLiesAboutItsSize(t *testing.T) {
	text := captured.Body("mastra-cloud-1.x.json")
	small, large := gzipped(t, text), gzipped(t, text)
	binary.LittleEndian.PutUint32(small[len(small)-4:], 10)
	binary.LittleEndian.PutUint32(large[len(large)-4:], 1<<24)
	for name, wire := range map[string][]byte{"smaller": small, "larger": large} {
		var u intake.Unpacker
		if plain, err := u.Unpack(wire, "gzip", intake.Limits{}); !errors.Is(err, intake.ErrBody) {
			t.Errorf("%s: %d bytes, %v", name, len(plain), err)
		}
	}
}

// One Unpacker does what a new one does, whatever it had before.
func TestAnUnpackerIsUsedAgain(t *testing.T) {
	text := captured.Body("mastra-cloud-1.x.json")
	var u intake.Unpacker
	for range 3 {
		for encoding, wire := range map[string][]byte{"": text, "gzip": gzipped(t, text), "zstd": zstdStream(t, text), "identity": text, "x-gzip": gzipped(t, text)} {
			if plain, err := u.Unpack(wire, encoding, intake.Limits{}); err != nil || !bytes.Equal(plain, text) {
				t.Fatalf("%s: %d bytes, %v", encoding, len(plain), err)
			}
			if len(wire) > 100 && encoding != "" && encoding != "identity" {
				if _, err := u.Unpack(wire[:100], encoding, intake.Limits{}); !errors.Is(err, intake.ErrBody) {
					t.Fatalf("%s, cut off: %v", encoding, err)
				}
			}
		}
		if zeros, err := u.Unpack(zstdWhole(t, make([]byte, 1<<20)), "zstd", intake.Limits{}); err != nil || len(zeros) != 1<<20 {
			t.Fatalf("%d bytes, %v", len(zeros), err)
		}
	}
}

func TestWireLimit(t *testing.T) {
	for encoding, want := range map[string]int{"": 32 << 20, "gzip": 8 << 20, "ZSTD": 8 << 20} {
		if got, _, err := intake.WireLimit(encoding, intake.Limits{}); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", encoding, got, err, want)
		}
	}
	if _, _, err := intake.WireLimit("br", intake.Limits{}); !errors.Is(err, intake.ErrEncoding) {
		t.Errorf("br: %v", err)
	}
}

// Measure says of every body what Unpack makes of it.
func TestMeasure(t *testing.T) {
	var streamed, bomb bytes.Buffer
	for b, n := range map[*bytes.Buffer]int{&streamed: 1 << 20, &bomb: 40 << 20} {
		w, err := zstd.NewWriter(b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		for range n >> 10 { // piece by piece, so that the frame does not say how long it is
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var u, m intake.Unpacker
	for _, c := range []struct {
		encoding string
		wire     []byte
	}{
		{"zstd", streamed.Bytes()}, {"zstd", bomb.Bytes()}, {"zstd", streamed.Bytes()[:100]}, {"zstd", []byte("no zstd")}, {"", []byte("plain")}, {"br", nil},
	} {
		plain, want := u.Unpack(c.wire, c.encoding, intake.Limits{})
		n, err := m.Measure(c.wire, c.encoding, intake.Limits{})
		if n != len(plain) || (err == nil) != (want == nil) || err != nil && intake.Status(err) != intake.Status(want) {
			t.Errorf("%q of %d bytes: %d, %v; want %d, %v", c.encoding, len(c.wire), n, err, len(plain), want)
		}
	}
}
