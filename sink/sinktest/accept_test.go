package sinktest_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// pack compresses body with the stream writer that open makes.
func pack(t *testing.T, body string, open func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var packed bytes.Buffer
	w := open(&packed)
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func gzipWriter(w io.Writer) io.WriteCloser   { return gzip.NewWriter(w) }
func s2Writer(w io.Writer) io.WriteCloser     { return s2.NewWriter(w, s2.WriterConcurrency(1)) }
func snappyWriter(w io.Writer) io.WriteCloser { return snappy.NewBufferedWriter(w) }
func zstdWriter(w io.Writer) io.WriteCloser {
	encoder, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return encoder
}

func TestWhatAHealthyCollectorAnswers(t *testing.T) {
	const token = "secret"
	two := spans(1, 2)
	stored := sinktest.Ledger{Requests: 1, Received: 2, Stored: 2}
	rejected := sinktest.Ledger{Requests: 1, Received: 2, Rejected: 2}
	unread := sinktest.Ledger{Requests: 1, Unread: 1}
	bomb := pack(t, strings.Repeat(" ", 1<<20+1), gzipWriter)

	for _, test := range []struct {
		name   string
		call   call
		code   int
		answer string // a part of the body
		ledger sinktest.Ledger
	}{
		{"the usual path", call{body: two}, 200, "{}", stored},
		{"the path of a project", call{path: "/projects/a-b_1/ai/spans/publish", body: two}, 200, "{}", stored},
		{"the root", call{path: "/", body: two}, 200, "{}", stored},
		{"a path of the config", call{path: "/v2/spans", body: two}, 200, "{}", stored},
		{"a charset", call{kind: "application/json; charset=utf-8", body: two}, 200, "{}", stored},
		{"identity", call{coding: "identity", body: two}, 200, "{}", stored},
		{"gzip", call{coding: "gzip", body: pack(t, two, gzipWriter)}, 200, "{}", stored},
		{"zstd", call{coding: "zstd", body: pack(t, two, zstdWriter)}, 200, "{}", stored},
		{"s2", call{coding: "S2", body: pack(t, two, s2Writer)}, 200, "{}", stored},
		{"snappy in frames", call{coding: "s2", body: pack(t, two, snappyWriter)}, 200, "{}", stored},
		{"one record a line", call{kind: "application/x-ndjson", body: "{\"id\":\"1\"}\n\n{\"id\":\"2\"}"}, 200, "{}", stored},
		{"a probe without records", call{body: `{"spans":[]}`}, 200, "{}", sinktest.Ledger{Requests: 1}},
		{"records without ids", call{body: `{"spans":[{},{}]}`}, 200, "{}", stored},
		{"bad records", call{body: `{"spans":[{"id":"1"},7,null,{"spanId":8}]}`}, 200, `{"partialSuccess":{"rejectedSpans":3,"errorMessage":"`,
			sinktest.Ledger{Requests: 1, Received: 4, Stored: 1, Rejected: 3}},
		{"a bad line", call{kind: "application/x-ndjson", body: "{\"id\":\"1\"}\n{"}, 200, `{"partialSuccess":{"rejectedSpans":1,"errorMessage":"`,
			sinktest.Ledger{Requests: 1, Received: 2, Stored: 1, Rejected: 1}},

		{"another path", call{path: "/ai/logs/publish", body: two}, 404, "path", rejected},
		{"another path of a project", call{path: "/projects/a.b/ai/spans/publish", body: two}, 404, "path", rejected},
		{"another method", call{method: http.MethodPut, body: two}, 405, "POST", rejected},
		{"no token", call{authorization: "none", body: two}, 401, "token", rejected},
		{"a wrong token", call{authorization: "Bearer public", body: two}, 401, "token", rejected},
		{"no JSON", call{body: "{"}, 400, "JSON", unread},
		{"more than JSON", call{body: two + "]"}, 400, "body", unread},
		{"no spans", call{body: "{}"}, 400, "spans", unread},
		{"spans that are null", call{body: `{"spans":null}`}, 400, "spans", unread},
		{"a coding that it does not know", call{coding: "br", body: two}, 415, "gzip, zstd, s2", unread},
		{"two codings", call{coding: "gzip, gzip", body: two}, 415, "gzip, zstd, s2", unread},
		{"a type that it does not know", call{kind: "text/plain", body: two}, 415, "application/json", unread},
		{"no gzip", call{coding: "gzip", body: two}, 400, "gzip", unread},
		{"no zstd", call{coding: "zstd", body: two}, 400, "body", unread},
		{"no s2", call{coding: "s2", body: two}, 400, "body", unread},
		{"half of a gzip body", call{coding: "gzip", body: pack(t, two, gzipWriter)[:40]}, 400, "EOF", unread},
		{"a plain body over the limit", call{body: strings.Repeat(" ", 1<<20+1)}, 413, "1048576", unread},
		{"a bomb", call{coding: "gzip", body: bomb}, 413, "1048576", unread},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := sinktest.Config{Token: token, Paths: []string{"/v2/spans"}, MaxBodyBytes: 1 << 20, AcceptEncoding: "zstd"}
			everywhere(t, config, func(t *testing.T, c *sinktest.Collector) {
				in := test.call
				in.authorization = or(in.authorization, "Bearer "+token)
				got := post(t, c, in)
				if got.err != nil || got.code != test.code || !strings.Contains(got.body, test.answer) {
					t.Errorf("got %d %q, error %v; want %d with %q", got.code, got.body, got.err, test.code, test.answer)
				}
				want := "zstd"
				if test.code == http.StatusUnsupportedMediaType {
					want = "gzip, zstd, s2, identity"
				}
				if accepts := got.header.Get("Accept-Encoding"); accepts != want {
					t.Errorf("Accept-Encoding: got %q, want %q", accepts, want)
				}
				checkLedger(t, c, test.ledger)
			})
		})
	}
}

func TestWhatIsSentTwiceIsStoredOnce(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.PartialSuccess(1, "no room"))
		steps := []struct {
			name   string
			call   call
			answer string
			want   sinktest.Ledger
		}{
			{"a batch of which one is rejected", call{key: "a", body: spans(1, 3)}, `{"partialSuccess":{"rejectedSpans":1,"errorMessage":"no room"}}`,
				sinktest.Ledger{Requests: 1, Received: 3, Stored: 2, Rejected: 1}},
			{"the same again, compressed", call{key: "a", coding: "gzip", body: pack(t, spans(1, 3), gzipWriter)}, `{"partialSuccess":{"rejectedSpans":1,"errorMessage":"no room"}}`,
				sinktest.Ledger{Requests: 2, Received: 6, Stored: 2, Repeated: 2, Rejected: 2}},
			{"its spans under another key", call{key: "b", body: spans(2, 4)}, "{}",
				sinktest.Ledger{Requests: 3, Received: 9, Stored: 4, Repeated: 3, Rejected: 2}},
			{"its spans without a key", call{body: spans(1, 1)}, "{}",
				sinktest.Ledger{Requests: 4, Received: 10, Stored: 4, Repeated: 4, Rejected: 2}},
			{"a key with another body", call{key: "b", body: spans(5, 5)}, `{"error":"Idempotency-Key \"b\" came with another body before"}`,
				sinktest.Ledger{Requests: 5, Received: 11, Stored: 4, Repeated: 4, Rejected: 3}},
		}
		for _, step := range steps {
			got := post(t, c, step.call)
			if got.err != nil || got.body != step.answer {
				t.Errorf("%s: got %d %s, error %v; want %s", step.name, got.code, got.body, got.err, step.answer)
			}
			if l := c.Ledger(); l != step.want {
				t.Errorf("%s:\n got %+v\nwant %+v", step.name, l, step.want)
			}
		}
	})
}

func TestRequestsAndRecords(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.Status(503))
		body := pack(t, spans(1, 2), gzipWriter)
		for range 2 {
			post(t, c, call{key: "k", coding: "gzip", path: "/projects/p/ai/spans/publish", body: body})
		}
		post(t, c, call{path: "/", body: `{"spans":[{"traceId":"T","id":"I"}]}`})

		requests := c.Requests()
		if len(requests) != 3 {
			t.Fatalf("got %d requests, want 3", len(requests))
		}
		for i, want := range []sinktest.Request{
			{N: 1, Method: "POST", Path: "/projects/p/ai/spans/publish", Key: "k", Attempt: 1, Status: 503, Records: 2,
				EncodedBytes: int64(len(body)), DecodedBytes: int64(len(spans(1, 2)))},
			{N: 2, Method: "POST", Path: "/projects/p/ai/spans/publish", Key: "k", Attempt: 2, Status: 200, Records: 2,
				EncodedBytes: int64(len(body)), DecodedBytes: int64(len(spans(1, 2)))},
			{N: 3, Method: "POST", Path: "/", Attempt: 1, Status: 200, Records: 1, EncodedBytes: 36, DecodedBytes: 36},
		} {
			got := requests[i]
			want.Host = strings.TrimPrefix(c.URL(), "http://")
			if got.Time.IsZero() || got.Header.Get("Content-Type") != "application/json" || got.Compressed() != (i < 2) {
				t.Errorf("request %d: %+v", i+1, got)
			}
			want.Time, want.Header = got.Time, got.Header
			if !same(got, want) {
				t.Errorf("request %d:\n got %+v\nwant %+v", i+1, got, want)
			}
		}

		records := c.Records()
		if len(records) != 3 {
			t.Fatalf("got %d records, want 3", len(records))
		}
		last := records[2]
		if last.TraceID != "T" || last.SpanID != "I" || last.Request != 3 || string(last.JSON) != `{"traceId":"T","id":"I"}` {
			t.Errorf("last record: %+v", last)
		}
		if first := records[0]; first.Key != "k" || first.Request != 2 || first.SpanID != "1" {
			t.Errorf("first record: %+v", first)
		}
	})
}

// same compares two requests but for their headers.
func same(a, b sinktest.Request) bool {
	return a.N == b.N && a.Time.Equal(b.Time) && a.Method == b.Method && a.Path == b.Path && a.Host == b.Host &&
		a.Key == b.Key && a.Attempt == b.Attempt && a.EncodedBytes == b.EncodedBytes &&
		a.DecodedBytes == b.DecodedBytes && a.Records == b.Records && a.Status == b.Status
}

func TestLedgerCheck(t *testing.T) {
	good := sinktest.Ledger{Requests: 9, Unread: 9, Received: 6, Stored: 1, Repeated: 2, Rejected: 3}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	bad := good
	bad.Stored++
	if err := bad.Check(); err == nil || err.Error() != "sinktest: received 6, but stored 2 + repeated 2 + rejected 3" {
		t.Errorf("got %v", err)
	}
}

func TestIDsOnlyKeepsNoJSON(t *testing.T) {
	everywhere(t, sinktest.Config{IDsOnly: true}, func(t *testing.T, c *sinktest.Collector) {
		post(t, c, call{key: "k", body: spans(1, 2)})
		post(t, c, call{body: spans(1, 3)})
		if n := len(c.Requests()); n != 0 {
			t.Errorf("kept %d requests", n)
		}
		for _, r := range c.Records() {
			if r.JSON != nil || r.TraceID != "t" || r.SpanID == "" {
				t.Errorf("kept %+v", r)
			}
		}
		checkLedger(t, c, sinktest.Ledger{Requests: 2, Received: 5, Stored: 3, Repeated: 2})
	})
}
