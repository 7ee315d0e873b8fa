package ingest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/server/ingest"
)

func gzipped(t testing.TB, text io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.Copy(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, text io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBombs(t *testing.T) {
	g := newRig(t, ingest.Config{})
	good := spans(1, 0)
	gz, zs := gzipped(t, bytes.NewReader(good)), zstded(t, bytes.NewReader(good))
	lying := gzipped(t, io.LimitReader(zeros{}, 128<<20))
	binary.LittleEndian.PutUint32(lying[len(lying)-4:], 100)
	deep := `{"spans":` + strings.Repeat("[", 1_000_000)
	for _, c := range []struct {
		name, encoding string
		body           []byte
		want           string
	}{
		{"gzip of 128 MiB", "gzip", gzipped(t, io.LimitReader(zeros{}, 128<<20)), "413"},
		{"gzip of 128 MiB that claims to be small", "gzip", lying, "400"},
		{"zstd of 1 GiB", "zstd", zstded(t, io.LimitReader(zeros{}, 1<<30)), "413"},
		{"gzip in gzip", "gzip", gzipped(t, bytes.NewReader(gz)), "400"},
		{"gzip in gzip, and said so", "gzip, gzip", gzipped(t, bytes.NewReader(gz)), "415"},
		{"two gzip members", "gzip", append(bytes.Clone(gz), gz...), "400"},
		{"two zstd frames", "zstd", append(bytes.Clone(zs), zs...), "400"},
		{"gzip cut off", "gzip", gz[:len(gz)-5], "400 413"},
		{"zstd cut off", "zstd", zs[:len(zs)-5], "400"},
		{"8 MiB of noise on the wire", "gzip", make([]byte, 8<<20+1), "413"},
		{"more than 32 MiB", "", make([]byte, 32<<20+1), "413"},
		{"a million arrays", "", []byte(deep), "400"},
		{"a million arrays in a span", "", body(record(t1, s1, `"input":`+strings.Repeat("[", 1_000_000)+strings.Repeat("]", 1_000_000))), "200"},
		{"br", "br", good, "415"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{"/ai/spans/publish", "/v1/traces"} {
				before := allocated()
				a := g.send(path, c.body, header("Content-Encoding", c.encoding))
				if !strings.Contains(c.want, fmt.Sprint(a.status)) {
					t.Errorf("%s: %d %s, want %s", path, a.status, a.body, c.want)
				}
				if n := allocated() - before; n > 160<<20 {
					t.Errorf("%s: allocated %d MiB in all", path, n>>20)
				}
			}
		})
	}
	if a := g.server.Stats().Signals[ingest.Spans]; a.Rejected["too_deep"] != 1 || a.Stored != 0 {
		t.Errorf("account %+v", a)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A body that is refused is read all the same, so that its sender lives to see the answer.
func TestARefusedSenderGetsItsAnswer(t *testing.T) {
	g := newRig(t, ingest.Config{})
	for _, length := range []bool{true, false} {
		a, err := g.trySend("/ai/spans/publish", nil, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 40<<20)), 40<<20
			if !length {
				r.ContentLength = -1
			}
		})
		if err != nil || a.status != 413 || !strings.Contains(string(a.body), "MaxBodyBytes is 33554432") {
			t.Errorf("length known: %v: %v %d %s", length, err, a.status, a.body)
		}
	}
	a, err := g.trySend("/ai/spans/publish", nil, header("Content-Encoding", "br"), func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 10<<20)), 10<<20
	})
	if err != nil || a.status != 415 {
		t.Errorf("another encoding: %v %d %s", err, a.status, a.body)
	}
	a, err = g.trySend("/ai/spans/publish", make([]byte, 4<<20), header("Authorization", "Bearer trt_none"))
	if err != nil || a.status != 401 {
		t.Errorf("a wrong token: %v %d %s", err, a.status, a.body)
	}
}

// A body that breaks off gets an answer, in case somebody reads it: silence would be a 200.
func TestABodyThatBreaksOff(t *testing.T) {
	g := newRig(t, ingest.Config{})
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", g.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // it is read to its end
	_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", g.tokens["support"])
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(c); err != nil || !bytes.HasPrefix(text, []byte("HTTP/1.1 400 ")) || g.requests(499) != 1 {
		t.Errorf("%v: %s", err, text)
	}
}

// dial opens a connection and sends the header of a request that has length bytes, and some of them.
func (g *rig) dial(length, sent int) net.Conn {
	g.t.Helper()
	var d net.Dialer
	c, err := d.DialContext(g.t.Context(), "tcp", g.http.Listener.Addr().String())
	if err != nil {
		g.t.Fatal(err)
	}
	_, err = fmt.Fprintf(c, "POST /ai/spans/publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		g.tokens["support"], length, strings.Repeat(" ", sent))
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

func (g *rig) requests(status int) int64 { return g.server.Stats().Requests[status] }

// eventually waits for what other goroutines do, outside of any bubble.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 10_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("it never came about that %s", what)
}

func TestASlowSenderGetsA408(t *testing.T) {
	g := newRig(t, ingest.Config{Patience: 20 * time.Millisecond})
	c := g.dial(1000, 10)
	text, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(text, []byte("HTTP/1.1 408 ")) || !bytes.Contains(text, []byte(`"code":"slow"`)) {
		t.Errorf("%v: %s", err, text)
	}
	_ = c.Close()
}

// Bodies that do not come hold next to nothing, so that they keep nobody from sending.
func TestSlowSendersDoNotHurtOthers(t *testing.T) {
	g := newRig(t, ingest.Config{Patience: time.Hour, MaxReading: 1 << 20, MaxBytes: 1 << 20})
	const slow = 200
	connections := make([]net.Conn, slow)
	for i := range connections {
		connections[i] = g.dial(1<<20, 100)
	}
	eventually(t, "all slow ones are being read", func() bool { return g.server.Stats().Reading == slow*4<<10 })
	for i := range 20 {
		if a := g.send("/ai/spans/publish", spans(100, i)); a.status != 200 {
			t.Fatalf("a healthy sender: %d %s", a.status, a.body)
		}
	}
	for _, c := range connections {
		_ = c.Close()
	}
	eventually(t, "the slow ones are gone", func() bool { return g.requests(499) == slow })
}

// Slow bodies that did send much share a quarter of the room.
func TestSlowSendersShareAQuarterOfTheRoom(t *testing.T) {
	g := newRig(t, ingest.Config{Patience: time.Hour, SlowAfter: time.Nanosecond, MaxReading: 64 << 10})
	var connections []net.Conn
	for range 4 {
		connections = append(connections, g.dial(32<<10, 6<<10)) // each has 16 KiB of room, or nothing
	}
	eventually(t, "all but one are refused", func() bool { return g.requests(503) >= 3 })
	if n := g.server.Stats().Reading; n > 16<<10 {
		t.Errorf("%d bytes are held by slow senders", n)
	}
	for _, c := range connections {
		_ = c.Close()
	}
	eventually(t, "all are gone", func() bool { return g.requests(499)+g.requests(503) == 4 })
}

// No room for a body: 503 with Retry-After, and never a 401, after which Mastra's exporters drop all for minutes.
func TestNoRoomToRead(t *testing.T) {
	g := newRig(t, ingest.Config{MaxWait: time.Millisecond, MaxReading: 10 << 10})
	a := g.send("/ai/spans/publish", spans(100, 0))
	if a.status != 503 || a.header.Get("Retry-After") != "1" || !strings.Contains(string(a.body), `"code":"busy"`) {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestALongKeyIsRefused(t *testing.T) {
	g := newRig(t, ingest.Config{})
	a := g.send("/ai/spans/publish", spans(1, 0), header("Idempotency-Key", strings.Repeat("k", 257)))
	if a.status != 400 || !strings.Contains(string(a.body), `"field":"Idempotency-Key"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}
