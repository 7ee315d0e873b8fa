package otlp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzip"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/span"
)

func newReceiver(t testing.TB, cfg otlp.ReceiverConfig) *otlp.Receiver {
	t.Helper()
	r, err := otlp.NewReceiver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// post sends a body to a receiver without a network.
func post(r *otlp.Receiver, body []byte, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, otlp.Path, bytes.NewReader(body))
	req.Header.Set("Content-Type", otlp.Protobuf.ContentType())
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func many(n int) (list []*tracepb.Span) {
	for i := range n {
		list = append(list, plain(i))
	}
	return list
}

// The SDK's own exporters send into a pipeline, over HTTP and gRPC, and every span arrives once.
func TestReceiverTakesWhatTheSDKSends(t *testing.T) {
	r := newReceiver(t, otlp.ReceiverConfig{})
	address := serve(t, r)
	p := pipeline.New(pipeline.Config{MaxBytes: 1 << 20})
	var got []*span.Span
	pipeline.To(r.Spans(p), sink.Each(func(s *span.Span) { got = append(got, s) }))
	done := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- p.Run(ctx) }()
	overHTTP, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure(), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	if err != nil {
		t.Fatal(err)
	}
	overGRPC, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run(t, overHTTP), run(t, overGRPC)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	stats, l := r.Stats(), p.Ledger()
	if n := int64(len(got)); n == 0 || n%2 != 0 || stats.Accepted != n || l.Accepted != n || l.Delivered != n || l.Made != 0 || stats.Bytes != 0 || p.Stats().Bytes != 0 {
		t.Errorf("%d spans, %+v, ledger %+v", n, stats, l)
	}
	for status, n := range stats.Requests {
		if status != http.StatusOK {
			t.Errorf("%d answers of %d", n, status)
		}
	}
	if w := post(r, marshal(t, of(plain(1)))); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
		t.Errorf("after the end: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	late, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t, late); err == nil || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("over gRPC after the end: %v", err)
	}
}

// A request is taken whole or not at all, and the answer says which.
func TestReceiverTakesAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, otlp.ReceiverConfig{Queue: 2, MaxWait: 3 * time.Second, RetryAfter: 5 * time.Second})
		body := marshal(t, of(many(10)...))
		for range 2 {
			if w := post(r, body); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		began := time.Now()
		w := post(r, body, "Content-Type", "application/x-protobuf")
		if took := time.Since(began); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" || took != 3*time.Second {
			t.Errorf("no room: %d, Retry-After %q after %v", w.Code, w.Header().Get("Retry-After"), took)
		}
		p := pipeline.New(pipeline.Config{})
		var got int
		pipeline.To(r.Spans(p), sink.Each(func(*span.Span) { got++ }))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := post(r, body); w.Code != http.StatusOK {
			t.Errorf("with room again: %d", w.Code)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		l := p.Ledger()
		if s := r.Stats(); got != 30 || s.Accepted != 30 || s.Returned != 10 || l.Accepted != 30 || l.Delivered != 30 || l.Refused != 10 || s.Requests[503] != 1 || s.Bytes != 0 {
			t.Errorf("%d spans, %+v, %+v", got, s, l)
		}
	})
}

// What cannot be taken is refused with the status that says what to do, and nothing of it stays.
func TestReceiverRefuses(t *testing.T) {
	r := newReceiver(t, otlp.ReceiverConfig{Limits: intake.Limits{MaxBodyBytes: 64 << 10, MaxRecords: 20, MaxWireBytes: 1 << 10}, MaxBytes: 1 << 20})
	p := pipeline.New(pipeline.Config{MaxBytes: 10_000})
	pipeline.To(r.Spans(p), sink.Discard[*span.Span]())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	bad := plain(2)
	bad.TraceId = nil
	for _, tt := range []struct {
		name   string
		body   []byte
		header []string
		want   int
	}{
		{"another format", nil, []string{"Content-Type", "text/plain"}, 415},
		{"another encoding", nil, []string{"Content-Encoding", "br"}, 415},
		{"noise", []byte("\xff\xff"), nil, 400},
		{"too many spans", marshal(t, of(many(21)...)), nil, 413},
		{"too long", make([]byte, 64<<10+1), nil, 413},
		{"a bomb", packed.Bytes(), []string{"Content-Encoding", "gzip"}, 413},
		{"more than the pipeline holds", marshal(t, of(many(20)...)), nil, 413},
		{"nothing", nil, nil, 200},
		{"one that is bad", marshal(t, of(plain(1), bad)), nil, 200},
	} {
		if w := post(r, tt.body, tt.header...); w.Code != tt.want || w.Code == 200 && tt.name == "one that is bad" && w.Body.Len() == 0 {
			t.Errorf("%s: %d %q, want %d", tt.name, w.Code, w.Body, tt.want)
		}
	}
	for method, want := range map[string]int{http.MethodGet: 405, http.MethodPut: 405} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(method, otlp.Path, nil))
		if w.Code != want {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/metrics", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("metrics: %d", w.Code)
	}
	broken := httptest.NewRequest(http.MethodPost, otlp.Path, io.MultiReader(strings.NewReader("\x0a"), brokenReader{}))
	broken.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	if r.ServeHTTP(w, broken); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a body that breaks off: %d", w.Code)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s, l := r.Stats(), p.Ledger()
	if s.Accepted != 1 || s.Returned != 20 || s.Rejected[intake.ReasonTraceID] != 1 || l.Accepted != 1 || l.Delivered != 1 || s.Bytes != 0 || s.Requests[413] != 4 || s.Requests[499] != 1 {
		t.Errorf("%+v, %+v", s, l)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// Room for what arrives is bounded, over HTTP and gRPC, and given back.
func TestReceiverBoundsWhatArrives(t *testing.T) {
	r := newReceiver(t, otlp.ReceiverConfig{Limits: intake.Limits{MaxBodyBytes: 1 << 20, MaxWireBytes: 1 << 20}, MaxBytes: 1<<20 + 16, MaxWait: 50 * time.Millisecond})
	address := serve(t, r)
	in, out := io.Pipe()
	first := make(chan int)
	go func() { // it holds nearly all the room, and does not end
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+otlp.Path, in)
		if err != nil {
			panic(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			first <- 0
			return
		}
		_ = resp.Body.Close()
		first <- resp.StatusCode
	}()
	if _, err := out.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); r.Stats().Bytes <= 1<<20; time.Sleep(time.Millisecond) { // the byte beyond, which shows whether it is too long, too
		if time.Now().After(end) {
			t.Fatalf("what was sent has not arrived: %+v", r.Stats())
		}
	}
	if w := post(r, marshal(t, of(plain(1)))); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d while another has the room", w.Code)
	}
	exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(), otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t, exporter); err == nil || !strings.Contains(err.Error(), "arriving") {
		t.Errorf("over gRPC: %v", err)
	}
	_ = out.Close()
	if got := <-first; got != http.StatusBadRequest { // it was all space
		t.Errorf("the first got %d", got)
	}
	http.DefaultClient.CloseIdleConnections()
	if n := r.Stats().Bytes; n != 0 {
		t.Errorf("%d bytes are held", n)
	}
}

func TestReceiverConfigNamesTheField(t *testing.T) {
	for field, cfg := range map[string]otlp.ReceiverConfig{
		"MaxBytes": {MaxBytes: 1 << 20}, "Queue": {Queue: -1}, "Timeout": {Timeout: -1}, "MaxWait": {MaxWait: -1}, "RetryAfter": {RetryAfter: -1},
		"MaxKeys": {Limits: intake.Limits{MaxKeys: -1}},
	} {
		if _, err := otlp.NewReceiver(cfg); !errors.Is(err, intake.ErrConfig) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := json.Marshal(newReceiver(t, otlp.ReceiverConfig{}).Stats()); err != nil {
		t.Error(err)
	}
}
