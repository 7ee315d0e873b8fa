package sink_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// An oddAnswer is one that no honest server gives. Some are an acceptance all the same, and the others
// are no answer, so the body is sent again: in both cases it is delivered.
type oddAnswer struct {
	id, name string // the row of package faults, if it is there
	fault    sinktest.Fault
	again    bool          // it is no answer
	at       time.Duration // when it ends
}

var oddAnswers = []oddAnswer{
	{"", "healthy", nil, false, 0},
	{"http.200-10GiB", "200 with 10 GiB", sinktest.HugeBody(200, 10<<30), false, 0},
	{"http.200-endless", "200, chunks without end", sinktest.EndlessBody(200), false, 0},
	{"http.200-slow", "200, a byte each 10 s", sinktest.SlowBody(200, 10*time.Second), false, timeout},
	{"http.200-gzip-bomb", "200, a gzip bomb", sinktest.GzipBomb(200, 1<<30), false, 0},
	{"http.200-length", "200, shorter than it says", sinktest.WrongContentLength(200, 100, 10), false, 0},
	{"", "200, longer than it says", sinktest.WrongContentLength(200, 10, 100), false, 0},
	{"http.200-chunks", "200, chunks that are none", sinktest.Raw(200, "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n"), false, 0},
	{"http.200-header", "200, a header of 1 MiB", sinktest.HugeHeader(200, 1<<20), true, 0},
	{"http.200-headers", "200, headers without end", sinktest.EndlessHeader(200), true, 0},
	{"http.200-slow-header", "200, headers byte by byte", sinktest.SlowHeader(200, 3*time.Second), true, timeout},
	{"http.1xx-flood", "103 without end", sinktest.Handler(http.HandlerFunc(hintWithoutEnd)), true, 0},
	{"", "103 ten times", sinktest.Chain(tenTimes(sinktest.Status(103, "Link", "</a>; rel=preload"))...), false, 0},
	{"", "503, chunks without end", sinktest.EndlessBody(503), true, 0},
	{"", "503, a byte each 10 s", sinktest.SlowBody(503, 10*time.Second), true, timeout},
}

const timeout = 10 * time.Second // HTTPConfig.Timeout, when it is 0

func tenTimes(f sinktest.Fault) (chain []sinktest.Fault) {
	for range 10 {
		chain = append(chain, f)
	}
	return chain
}

// hintWithoutEnd sends answers that a client passes over.
func hintWithoutEnd(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	for err == nil {
		_, err = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n")
	}
}

// Of an answer no more than its bound is read, however much there is; it costs little memory, and its
// time is bounded.
func TestAnswersAreReadInBounds(t *testing.T) {
	var healthy uint64
	for _, odd := range oddAnswers {
		t.Run(odd.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(odd.fault)
				var read atomic.Int64
				r := start(t, c, sink.HTTPConfig{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := c.DialContext(ctx, network, address)
					return &readCount{Conn: conn, n: &read}, err
				}}, pipeline.Config{})
				before := allocated()
				r.push(span(1))
				if err := r.p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				cost := allocated() - before
				if odd.fault == nil {
					healthy = cost
				}
				// Of everything that was allocated, freed since or not, the collector's work included.
				if cost > healthy+1<<20 {
					t.Errorf("%d bytes were allocated, %d when all is well", cost, healthy)
				}
				// 64 KiB of a body, or of headers, what else their buffers hold, and the second answer.
				if n := read.Load(); n > 256<<10 {
					t.Errorf("%d bytes were read", n)
				}
				took, requests, what := r.since(time.Now()), 1, "delivered by 1 request"
				if odd.again {
					took, requests, what = max(odd.at, took-2*time.Second), 2, "no answer: delivered by a second request"
				}
				if took > odd.at || r.since(time.Now()) < odd.at {
					t.Errorf("took %v, want %v, and at most 2 s for a pause", r.since(time.Now()), odd.at)
				}
				if got := r.h.Stats().Requests; got != int64(requests) {
					t.Errorf("%d requests, want %d", got, requests)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				checkOnce(t, c, 1)
				r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
				if odd.id != "" {
					faults.Happened(t, odd.id, "%s; it ended after %v, at most 256 KiB were read, and at most 1 MiB was allocated beyond the usual", what, odd.at)
				}
			})
		})
	}
}

// allocated is how many bytes the process has ever asked for.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

type readCount struct {
	net.Conn
	n *atomic.Int64
}

func (c *readCount) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// Whatever a server says about when to come back, it is between now and RetryConfig.Max.
func TestRetryAfterIsClampedOrIgnored(t *testing.T) {
	const ignored, clamped = time.Duration(0), 30 * time.Second // the pause of the body's own is at most 2 s
	digits := strings.Repeat("9", 64<<10)
	for name, test := range map[string]struct {
		values []string
		want   time.Duration
	}{
		"absent":              {nil, ignored},
		"empty":               {[]string{""}, ignored},
		"negative":            {[]string{"-5"}, ignored},
		"1e30":                {[]string{"1e30"}, ignored},
		"NaN":                 {[]string{"NaN"}, ignored},
		"Inf":                 {[]string{"Inf"}, ignored},
		"a fraction":          {[]string{"1.5"}, ignored},
		"a date in 1970":      {[]string{"Thu, 01 Jan 1970 00:00:00 GMT"}, ignored},
		"a date in 9999":      {[]string{"Fri, 31 Dec 9999 23:59:59 GMT"}, clamped},
		"two headers":         {[]string{"7", "9"}, ignored},
		"two in one":          {[]string{"7, 9"}, ignored},
		"7 s":                 {[]string{"7"}, 7 * time.Second},
		"31 s":                {[]string{"31"}, clamped},
		"20 digits":           {[]string{digits[:20]}, clamped},
		"60 KiB of digits":    {[]string{digits[:60<<10]}, clamped},
		"64 KiB of digits":    {[]string{digits}, ignored}, // more than headers may have: no answer
		"60 KiB of something": {[]string{strings.Repeat("x", 60<<10)}, ignored},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(sinktest.RetryAfter(test.values...))
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
				r.push(span(1))
				if err := r.p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				took := r.since(time.Now())
				if test.want == ignored && took > 2*time.Second || test.want != ignored && took != test.want {
					t.Errorf("tried again after %v, want %v", took, test.want)
				}
				if n := len(c.Requests()); n != 2 {
					t.Errorf("%d requests", n)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
			})
		})
	}
	faults.Happened(t, "http.retry-after", "malformed, past, doubled and 64 KiB long: ignored; too far away: after %v; delivered by the second request", clamped)
}
