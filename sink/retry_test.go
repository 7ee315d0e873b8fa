package sink_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestRetryAfter(t *testing.T) {
	for _, test := range []struct {
		name        string
		values      []string
		least, most time.Duration // of the wait
	}{
		{"none", nil, 0, 2 * time.Second},
		{"seconds", []string{"7"}, 7 * time.Second, 7 * time.Second},
		{"zero", []string{"0"}, 0, 2 * time.Second},
		{"a date", []string{"Sat, 01 Jan 2000 00:00:09 GMT"}, 9 * time.Second, 9 * time.Second},
		{"an RFC 850 date", []string{"Saturday, 01-Jan-00 00:00:09 GMT"}, 9 * time.Second, 9 * time.Second},
		{"more than Max", []string{"3600"}, 30 * time.Second, 30 * time.Second},
		{"1e9 seconds", []string{"1000000000"}, 30 * time.Second, 30 * time.Second},
		{"digits that overflow", []string{strings.Repeat("9", 1000)}, 30 * time.Second, 30 * time.Second},
		{"a date in 9999", []string{"Fri, 31 Dec 9999 23:59:59 GMT"}, 30 * time.Second, 30 * time.Second},
		{"a date in 1970", []string{"Thu, 01 Jan 1970 00:00:00 GMT"}, 0, 2 * time.Second},
		{"negative", []string{"-5"}, 0, 2 * time.Second},
		{"a float", []string{"1e30"}, 0, 2 * time.Second},
		{"NaN", []string{"NaN"}, 0, 2 * time.Second},
		{"empty", []string{""}, 0, 2 * time.Second},
		{"words", []string{"soon"}, 0, 2 * time.Second},
		{"two fields", []string{"7", "9"}, 0, 2 * time.Second},
		{"a unit", []string{"7s"}, 0, 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(sinktest.RetryAfter(test.values...))
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
				r.push(span(1))
				if err := r.p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := r.since(c.Requests()[1].Time); got < test.least || got > test.most {
					t.Errorf("waited %v, want %v to %v", got, test.least, test.most)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
			})
		})
	}
}

// A server that asks to be left alone is left alone by all senders, with new bodies too.
func TestRetryAfterHoldsEverybody(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.Status(429, "Retry-After", "20"))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		r.push(span(1))
		time.Sleep(5 * time.Second)
		r.push(span(2), span(3))
		time.Sleep(10 * time.Second)
		if n := len(c.Requests()); n != 1 {
			t.Errorf("%d requests while the server wants none", n)
		}
		if mode := r.h.State().Mode; mode != sink.Sending {
			t.Errorf("%v: a server that says 429 is not down", mode)
		}
		if err := r.p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.since(time.Now()); got < 20*time.Second || got > 22*time.Second {
			t.Errorf("delivered after %v", got)
		}
		_ = r.stop()
		checkOnce(t, c, 3)
		r.check(pipeline.Ledger{Accepted: 3, Delivered: 3})
	})
}

// One body that fails while others get through waits longer each time, with full jitter.
func TestPausesGrowAndSpread(t *testing.T) {
	var first, late []time.Duration
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			var bad string
			c.OnRequest(func(r sinktest.Request) sinktest.Fault {
				if r.N == 1 {
					bad = r.Key
				}
				if r.Key == bad && r.Attempt <= 7 {
					return sinktest.Status(500)
				}
				return nil
			})
			r := start(t, c, sink.HTTPConfig{Rand: rand.NewPCG(seed, 0)}, pipeline.Config{})
			r.push(span(1))
			sent, interval := 1, 50*time.Millisecond
			for ; len(c.Records()) < sent; sent++ { // until the bad one is there too
				time.Sleep(interval) // others succeed, so the endpoint is not down
				if r.push(span(sent + 1)); sent == 100 {
					interval = 250 * time.Millisecond
				}
				synctest.Wait()
			}
			var tries []time.Time
			for _, q := range c.Requests() {
				if q.Key == bad {
					tries = append(tries, q.Time)
				}
			}
			first = append(first, tries[1].Sub(tries[0]))
			late = append(late, tries[6].Sub(tries[5]), tries[7].Sub(tries[6]))
			if got := r.modes(); len(got) != 0 {
				t.Errorf("modes %v", got)
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			checkOnce(t, c, sent)
			r.check(pipeline.Ledger{Accepted: int64(sent), Delivered: int64(sent)})
		})
	}
	spread(t, "first", first, 2*time.Second)
	spread(t, "late", late, 30*time.Second)
}

// spread checks that pauses look drawn from 0 to most: none longer, and each third has its part.
func spread(t *testing.T, name string, pauses []time.Duration, most time.Duration) {
	t.Helper()
	var thirds [3]int
	for _, p := range pauses {
		if p < 0 || p > most {
			t.Errorf("%s: a pause of %v, want at most %v", name, p, most)
			continue
		}
		thirds[min(2, int(3*p/most))]++
	}
	for i, n := range thirds {
		if n < len(pauses)/6 {
			t.Errorf("%s: %d of %d pauses are in third %d of %v: no full jitter", name, n, len(pauses), i, most)
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	for _, test := range []struct {
		name   string
		retry  sink.RetryConfig
		reason string
		check  func(t *testing.T, requests int, after time.Duration)
	}{
		{"by count", sink.RetryConfig{MaxRetries: 5}, pipeline.ReasonRetriesExhausted, func(t *testing.T, requests int, _ time.Duration) {
			if requests != 6 {
				t.Errorf("%d requests", requests)
			}
		}},
		{"by time", sink.RetryConfig{}, pipeline.ReasonRetriesExpired, func(t *testing.T, _ int, after time.Duration) {
			if after < 15*time.Minute || after > 15*time.Minute+2*time.Second {
				t.Errorf("after %v", after)
			}
		}},
		{"by a time that was set", sink.RetryConfig{MaxElapsed: time.Minute}, pipeline.ReasonRetriesExpired, func(t *testing.T, _ int, after time.Duration) {
			if after < time.Minute || after > time.Minute+2*time.Second {
				t.Errorf("after %v", after)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Set(sinktest.Status(503))
				r := start(t, c, sink.HTTPConfig{Retry: test.retry}, pipeline.Config{})
				body := spans(1, 3, 10)
				r.push(body)
				if err := r.p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				after := r.since(time.Now())
				_ = r.stop()
				test.check(t, len(c.Requests()), after)
				if got := r.reason(test.reason); got != 3 {
					t.Errorf("%d lost for %s: %v", got, test.reason, r.p.Stats().Losses)
				}
				if len(r.lost) != 1 || r.lost[0] != body {
					t.Errorf("OnLoss got %v", r.lost)
				}
				var status *sink.StatusError
				if err := r.p.Stats().Losses[0].Err; !errors.As(err, &status) || status.Code != 503 || errors.Is(err, sink.ErrPermanent) {
					t.Errorf("lost by %v", err)
				}
				r.check(pipeline.Ledger{Accepted: 3, Failed: 3})
			})
		})
	}
}

// A pause that somebody has to end may last for days, and costs nothing.
func TestPauseKeepsEverything(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		token := "old"
		cfg := sink.HTTPConfig{Authorize: nil}
		c.OnRequest(func(r sinktest.Request) sinktest.Fault {
			if r.Header.Get("X-Token") != "new" {
				return sinktest.Status(401)
			}
			return nil
		})
		cfg.Header = http.Header{"X-Other": {"constant"}}
		authorize := make(chan string, 1)
		authorize <- token
		cfg.Authorize = func(_ context.Context, q *http.Request) error {
			token := <-authorize
			authorize <- token
			q.Header.Set("X-Token", token)
			return nil
		}
		r := start(t, c, cfg, pipeline.Config{})
		for i := range 100 {
			r.push(span(i + 1))
		}
		time.Sleep(48 * time.Hour)
		if state := r.h.State(); state.Mode != sink.Paused || state.Err == nil || r.since(state.Since) > time.Second {
			t.Errorf("state %+v", state)
		}
		requests := len(c.Requests())
		if hours := requests - 4; hours < 48*120 || hours > 48*240 {
			t.Errorf("%d requests in 48 h, want one each 15 to 30 s", requests)
		}
		<-authorize
		authorize <- "new"
		time.Sleep(30 * time.Second)
		checkOnce(t, c, 100)
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		if got := fmt.Sprint(r.modes()); got != "[paused sending]" {
			t.Errorf("modes %v", got)
		}
		r.check(pipeline.Ledger{Accepted: 100, Delivered: 100})
	})
}
