package sink_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// A protocol of its own says what is tried again, and all else has failed at once, what would be held for days included.
func TestRetriesDecidesWhatIsTriedAgain(t *testing.T) {
	for status, again := range map[int]bool{400: false, 401: false, 302: false, 408: false, 500: false, 429: true, 503: true} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Script(sinktest.Status(status, "Retry-After", "3"))
			var mu sync.Mutex
			var results []sink.HTTPResult
			r := start(t, c, sink.HTTPConfig{
				Retries: func(status int) bool { return status == 429 || status == 503 },
				OnResult: func(h sink.HTTPResult) {
					mu.Lock()
					defer mu.Unlock()
					results = append(results, h)
				},
			}, pipeline.Config{})
			r.push(span(1))
			if err := r.p.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := pipeline.Ledger{Accepted: 1, Failed: 1}
			if again {
				want = pipeline.Ledger{Accepted: 1, Delivered: 1}
				if took := r.since(time.Now()); took < 3*time.Second {
					t.Errorf("%d: tried again after %v", status, took)
				}
			}
			err := r.stop()
			r.check(want)
			mu.Lock()
			defer mu.Unlock()
			if failed := err != nil; failed == again || len(results) != 1 || errors.Is(results[0].Err, sink.ErrPermanent) == again {
				t.Errorf("%d: %v, results %+v", status, err, results)
			}
		})
	}
}

// An answer in a format that the sender does not know is read by who does.
func TestReadAnswerReadsWhatIsRejected(t *testing.T) {
	for _, tt := range []struct {
		says     int
		rejected int64
	}{{2, 2}, {99, 3}, {-1, 0}} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Script(sinktest.Respond(200, "\x01", "Content-Type", "application/x-own"))
			r := start(t, c, sink.HTTPConfig{
				ReadAnswer: func(status int, contentType string, answer []byte) (int, string) {
					if status != 200 || contentType != "application/x-own" || string(answer) != "\x01" {
						t.Errorf("%d %s %q", status, contentType, answer)
					}
					return tt.says, "in its own words"
				},
			}, pipeline.Config{})
			r.push(spans(1, 3, 10))
			err := r.stop()
			r.check(pipeline.Ledger{Accepted: 3, Delivered: 3 - tt.rejected, Failed: tt.rejected})
			if tt.rejected > 0 && (err == nil || !strings.Contains(err.Error(), "in its own words")) {
				t.Errorf("%v", err)
			}
		})
	}
}
