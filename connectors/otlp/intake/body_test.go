package intake_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
)

func gzipped(tb testing.TB, text []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// zstdStream writes as a client does that does not know the size: a window, no content size.
func zstdStream(tb testing.TB, text []byte, options ...zstd.EOption) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		tb.Fatal(err)
	}
	head := text[:min(10, len(text))]
	if _, err := w.Write(head); err != nil {
		tb.Fatal(err)
	}
	if err := w.Flush(); err != nil { // or it would wait, and know the size
		tb.Fatal(err)
	}
	if _, err := w.Write(text[len(head):]); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// zstdWhole writes as a client does that has the text at once: content size, perhaps a single segment.
func zstdWhole(tb testing.TB, text []byte, options ...zstd.EOption) []byte {
	tb.Helper()
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(text, nil)
}

func TestBodyOfEveryEncoding(t *testing.T) {
	text := captured.Body("mastra-cloud-1.x.json")
	for _, c := range []struct {
		name, encoding string
		body, want     []byte
	}{
		{"plain", "", text, text},
		{"identity", "identity", text, text},
		{"nothing", "", nil, nil},
		{"gzip", "gzip", gzipped(t, text), text},
		{"capitals and space", " GZIP ", gzipped(t, text), text},
		{"gzip of nothing", "gzip", gzipped(t, nil), nil},
		{"zstd stream", "zstd", zstdStream(t, text), text},
		{"zstd whole", "zstd", zstdWhole(t, text), text},
		{"zstd of a few bytes", "zstd", zstdWhole(t, text[:20]), text[:20]},
		{"zstd single segment", "zstd", zstdWhole(t, text, zstd.WithSingleSegment(true)), text},
		{"zstd without a checksum", "zstd", zstdWhole(t, text, zstd.WithEncoderCRC(false)), text},
		{"zstd of one byte repeated", "zstd", zstdWhole(t, make([]byte, 1<<20)), make([]byte, 1<<20)},
		{"zstd of nothing", "zstd", zstdWhole(t, nil, zstd.WithZeroFrames(true)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once":       bytes.NewReader(c.body),
				"byte by byte":  iotest.OneByteReader(bytes.NewReader(c.body)),
				"end with data": iotest.DataErrReader(bytes.NewReader(c.body)),
			} {
				got, err := intake.Body(r, c.encoding, intake.Limits{})
				if err != nil || !bytes.Equal(got, c.want) {
					t.Errorf("%s: got %d bytes, %v, want %d bytes", name, len(got), err, len(c.want))
				}
			}
		})
	}
}

func TestBodyRefuses(t *testing.T) {
	text := captured.Body("mastra-cloud-1.x.json")
	zeros := make([]byte, 33<<20)
	window := zstdStream(t, text)
	if window[4]&0x20 != 0 {
		t.Fatal("a single segment has no window")
	}
	window[5] = (31 - 10) << 3 // the exponent of the window: 2 GiB
	cutOff := func(b []byte, n int) []byte { return b[:len(b)-n] }
	for _, c := range []struct {
		name, encoding string
		body           []byte
		limits         intake.Limits
		want           int
	}{
		{"a plain body that is too large", "", text, intake.Limits{MaxBodyBytes: len(text) - 1}, 413},
		{"a compressed body that is too large", "gzip", gzipped(t, text), intake.Limits{MaxWireBytes: 100}, 413},
		{"the same in zstd", "zstd", zstdStream(t, text), intake.Limits{MaxWireBytes: 100}, 413},
		{"a gzip bomb", "gzip", gzipped(t, zeros), intake.Limits{}, 413},
		{"a zstd bomb", "zstd", zstdStream(t, zeros), intake.Limits{}, 413},
		{"a zstd bomb that says its size", "zstd", zstdWhole(t, zeros), intake.Limits{}, 413},
		{"a zstd window of 2 GiB", "zstd", window, intake.Limits{}, 413},
		{"concatenated gzip members", "gzip", append(gzipped(t, text), gzipped(t, text)...), intake.Limits{}, 400},
		{"concatenated zstd frames", "zstd", append(zstdStream(t, text), zstdStream(t, text)...), intake.Limits{}, 400},
		{"text after gzip", "gzip", append(gzipped(t, text), ' '), intake.Limits{}, 400},
		{"text after zstd", "zstd", append(zstdWhole(t, text), 0), intake.Limits{}, 400},
		{"gzip cut off", "gzip", cutOff(gzipped(t, text), 1), intake.Limits{}, 400},
		{"gzip cut off in the middle", "gzip", cutOff(gzipped(t, text), 500), intake.Limits{}, 400},
		{"zstd cut off", "zstd", cutOff(zstdStream(t, text), 1), intake.Limits{}, 400},
		{"zstd cut off in its magic", "zstd", zstdStream(t, text)[:2], intake.Limits{}, 400},
		{"zstd cut off in its header", "zstd", zstdStream(t, text)[:5], intake.Limits{}, 400},
		{"zstd cut off in a block's header", "zstd", zstdStream(t, text)[:8], intake.Limits{}, 400},
		{"zstd cut off in the middle", "zstd", cutOff(zstdStream(t, text), 500), intake.Limits{}, 400},
		{"gzip that is no gzip", "gzip", text, intake.Limits{}, 400},
		{"zstd that is no zstd", "zstd", text, intake.Limits{}, 400},
		{"an empty body called gzip", "gzip", nil, intake.Limits{}, 400},
		{"an empty body called zstd", "zstd", nil, intake.Limits{}, 400},
		{"an unknown encoding", "br", text, intake.Limits{}, 415},
		{"two encodings", "gzip, zstd", text, intake.Limits{}, 415},
		{"the same encoding twice", "gzip, gzip", gzipped(t, gzipped(t, text)), intake.Limits{}, 415},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, err := intake.Body(bytes.NewReader(c.body), c.encoding, c.limits)
			if got := intake.Status(err); body != nil || got != c.want {
				t.Errorf("got %d bytes, %v: status %d, want %d", len(body), err, got, c.want)
			}
		})
	}
}

func TestBodyTakesWhatJustFits(t *testing.T) {
	text := captured.Body("mastra-cloud-1.x.json")
	packed := gzipped(t, text)
	limits := intake.Limits{MaxBodyBytes: len(text), MaxWireBytes: len(packed)}
	if body, err := intake.Body(bytes.NewReader(packed), "gzip", limits); err != nil || !bytes.Equal(body, text) {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

// A connection that breaks is not the sender's bad body, and http.MaxBytesReader keeps its own error.
func TestBodyKeepsWhatTheReaderSays(t *testing.T) {
	broken := errors.New("connection reset")
	text := captured.Body("mastra-cloud-1.x.json")
	for encoding, body := range map[string][]byte{"": text, "gzip": gzipped(t, text), "zstd": zstdStream(t, text)} {
		for _, n := range []int{0, 1, 300} {
			r := io.MultiReader(bytes.NewReader(body[:n]), iotest.ErrReader(broken))
			_, err := intake.Body(r, encoding, intake.Limits{})
			if !errors.Is(err, broken) || intake.Status(err) != 0 {
				t.Errorf("%q after %d bytes: %v, status %d", encoding, n, err, intake.Status(err))
			}
		}
	}
	r := http.MaxBytesReader(nil, io.NopCloser(bytes.NewReader(text)), 100)
	var tooMany *http.MaxBytesError
	if _, err := intake.Body(r, "", intake.Limits{}); !errors.As(err, &tooMany) {
		t.Errorf("got %v", err)
	}
}

func TestLimitsNameTheField(t *testing.T) {
	for field, limits := range map[string]intake.Limits{
		"MaxWireBytes":   {MaxWireBytes: -1},
		"MaxBodyBytes":   {MaxBodyBytes: -1},
		"MaxRecords":     {MaxRecords: -1},
		"MaxRecordBytes": {MaxRecordBytes: -1},
		"MaxDepth":       {MaxDepth: 128},
		"MaxKeys":        {MaxKeys: -1},
		"MaxStringBytes": {MaxStringBytes: -1},
	} {
		_, err := intake.Body(strings.NewReader(""), "", limits)
		if !errors.Is(err, intake.ErrConfig) || !strings.Contains(err.Error(), field) || intake.Status(err) != 0 {
			t.Errorf("%s: %v", field, err)
		}
	}
}
