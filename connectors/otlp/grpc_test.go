package otlp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/connectors/otlp"
)

// frame is a gRPC message as it travels.
func frame(compressed byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(message))), message...)
}

func packed(t *testing.T, encoding string, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if encoding == "zstd" {
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatTheHandlerRefuses(t *testing.T) {
	const most = 1 << 16
	var got []byte
	h := otlp.NewHandler(most, func(_ context.Context, message []byte, _ http.Header) (int, string, error) {
		got = message
		return 0, "", nil
	})
	exact, over := make([]byte, most), make([]byte, most+1)
	const ok, invalid, exhausted, unimplemented = "0", "3", "8", "12"
	for _, tt := range []struct {
		name, encoding string
		body           []byte
		status         string // of gRPC
		message        int    // bytes that arrive; -1 for none
	}{
		{"a message", "", frame(0, exact), ok, most},
		{"an empty message", "", frame(0, nil), ok, 0},
		{"a message that is too large", "", frame(0, over), exhausted, -1},
		{"a length that nothing follows", "", []byte{0, 0xff, 0xff, 0xff, 0xff}, exhausted, -1},
		{"gzip", "gzip", frame(1, packed(t, "gzip", exact)), ok, most},
		{"gzip that is too large", "gzip", frame(1, packed(t, "gzip", over)), exhausted, -1},
		{"a gzip bomb", "gzip", frame(1, packed(t, "gzip", make([]byte, 32<<20))), exhausted, -1},
		{"gzip that is none", "gzip", frame(1, []byte("plain")), invalid, -1},
		{"zstd", "zstd", frame(1, packed(t, "zstd", exact)), ok, most},
		{"zstd that is too large", "zstd", frame(1, packed(t, "zstd", over)), exhausted, -1},
		{"a zstd bomb", "zstd", frame(1, packed(t, "zstd", make([]byte, 256<<20))), exhausted, -1},
		{"zstd that is none", "zstd", frame(1, []byte("plain")), invalid, -1},
		{"another encoding", "br", frame(1, []byte("plain")), unimplemented, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got = nil
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, otlp.Procedure, bytes.NewReader(tt.body))
			r.ProtoMajor = 2
			r.Header.Set("Content-Type", "application/grpc")
			r.Header.Set("Grpc-Encoding", tt.encoding)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			answer := w.Result()
			status := answer.Trailer.Get("Grpc-Status") + answer.Header.Get("Grpc-Status")
			if answer.StatusCode != http.StatusOK || status != tt.status {
				t.Errorf("status %d, %q, want %q: %s", answer.StatusCode, status, tt.status, answer.Trailer.Get("Grpc-Message"))
			}
			if tt.message >= 0 && len(got) != tt.message || tt.message < 0 && got != nil {
				t.Errorf("%d bytes arrived, want %d", len(got), tt.message)
			}
		})
	}
	for _, contentType := range []string{"application/json", "application/proto", "application/connect+proto", "application/grpc-web", "application/grpc+json", ""} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, otlp.Procedure, bytes.NewReader(frame(0, nil)))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%q: status %d", contentType, w.Code)
		}
	}
}
