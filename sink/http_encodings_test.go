package sink_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// told collects what a hook is told.
type told[T any] struct {
	mu  sync.Mutex
	all []T
}

func (h *told[T]) tell(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, v)
}

func (h *told[T]) got() []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all
}

func TestEncodingsAreLearned(t *testing.T) {
	offer := func(code int, encodings string) sinktest.Fault {
		return sinktest.Status(code, "Accept-Encoding", encodings)
	}
	for _, test := range []struct {
		name   string
		faults []sinktest.Fault // of four compressed bodies, and their repetitions
		want   string
		coded  string // how each request came
	}{
		{"nothing is said", nil, `[]`, "[gzip gzip gzip gzip]"},
		{"once", []sinktest.Fault{offer(200, "zstd, gzip")}, `[["zstd" "gzip"]]`, "[gzip gzip gzip gzip]"},
		{"the same again", []sinktest.Fault{offer(200, "gzip"), offer(200, "x-gzip;q=1, gzip;q=0.5")}, `[["gzip"]]`, "[gzip gzip gzip gzip]"},
		{"changes", []sinktest.Fault{offer(200, "gzip"), offer(200, "gzip;q=0.5,zstd"), offer(200, "gzip;q=0,zstd")}, `[["gzip"] ["zstd" "gzip"] ["zstd"]]`, "[gzip gzip gzip gzip]"},
		{"on a refusal", []sinktest.Fault{offer(422, "zstd")}, `[["zstd"]]`, "[gzip gzip gzip gzip]"},
		{"on a failure", []sinktest.Fault{offer(503, "zstd")}, `[["zstd"]]`, "[gzip gzip gzip gzip gzip]"},
		{"none", []sinktest.Fault{offer(200, "identity")}, `[[]]`, "[gzip gzip gzip gzip]"},
		{"415", []sinktest.Fault{offer(200, "gzip"), sinktest.Status(415), offer(200, "gzip")}, `[["gzip"] []]`, "[gzip gzip   ]"},
		{"415, identity", []sinktest.Fault{sinktest.Unsupported()}, `[[]]`, "[gzip    ]"},
		{"415 that offers the same", []sinktest.Fault{offer(415, "gzip")}, `[[]]`, "[gzip    ]"},
		{"415 that offers others", []sinktest.Fault{offer(415, "zstd")}, `[["zstd"]]`, "[gzip    ]"},
		{"400, accepted plain", []sinktest.Fault{sinktest.Status(400)}, `[[]]`, "[gzip    ]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(test.faults...)
				var heard told[[]string]
				r := start(t, c, sink.HTTPConfig{MaxSenders: 1, OnEncodings: heard.tell}, pipeline.Config{})
				for i := range 4 {
					r.push(compressed(span(i + 1)))
				}
				_ = r.stop()
				if got := fmt.Sprintf("%q", heard.got()); got != test.want {
					t.Errorf("told %s, want %s", got, test.want)
				}
				var coded []string
				for _, q := range c.Requests() {
					coded = append(coded, q.Header.Get("Content-Encoding"))
				}
				if got := fmt.Sprint(coded); got != test.coded {
					t.Errorf("sent %s, want %s", got, test.coded)
				}
			})
		})
	}
}

func TestResultsAreTold(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault []sinktest.Fault
		body  *pipeline.Body
		want  []string
	}{
		{"delivered", nil, spans(1, 3, 10), []string{"3 items, 200, 1 tries, 0s, <nil>"}},
		{"delivered after a retry", []sinktest.Fault{sinktest.RetryAfter("7"), sinktest.Delay(time.Second)}, spans(1, 3, 10), []string{"3 items, 200, 2 tries, 8s, <nil>"}},
		{"in part", []sinktest.Fault{sinktest.PartialSuccess(2, "why")}, spans(1, 3, 10), []string{"3 items, 200, 1 tries, 0s, sink: the endpoint rejected 2 items of a body: why"}},
		{"all of it refused", []sinktest.Fault{sinktest.PartialSuccess(3, "why")}, spans(1, 3, 10), []string{"3 items, 200, 1 tries, 0s, sink: the endpoint rejected 3 items of a body: why"}},
		{"refused", []sinktest.Fault{sinktest.Status(422)}, spans(1, 3, 10), []string{"3 items, 422, 1 tries, 0s, sink: the endpoint answered 422 Unprocessable Entity"}},
		{"cut", []sinktest.Fault{sinktest.Status(413), sinktest.Status(422)}, spans(1, 3, 10), []string{
			"2 items, 422, 1 tries, 0s, sink: the endpoint answered 422 Unprocessable Entity", "1 items, 200, 1 tries, 0s, <nil>"}},
		{"abandoned", []sinktest.Fault{sinktest.Stall()}, spans(1, 3, 10), []string{"3 items, 0, 1 tries, 5s, pipeline: drain deadline passed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(test.fault...)
				var results told[sink.HTTPResult]
				r := start(t, c, sink.HTTPConfig{OnResult: results.tell}, pipeline.Config{})
				r.push(test.body)
				time.Sleep(5 * time.Second)
				if test.name == "abandoned" {
					_ = r.p.Shutdown(ended)
				} else if err := r.p.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				_ = r.stop()
				var got []string
				for _, res := range results.got() {
					got = append(got, fmt.Sprintf("%d items, %d, %d tries, %v, %v", res.Items, res.Status, res.Tries, res.Elapsed, res.Err))
					if res.Bytes == 0 || res.Encoding != "" {
						t.Errorf("%+v", res)
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(test.want) {
					t.Errorf("told\n%q, want\n%q", got, test.want)
				}
			})
		})
	}
}
