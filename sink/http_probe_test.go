package sink_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

var nothing = []byte(`{"spans":[]}`)

// outages are ways in which an endpoint is away.
var outages = map[string]func(c *sinktest.Collector){
	"503":       func(c *sinktest.Collector) { c.Set(sinktest.Status(503)) },
	"503, told": func(c *sinktest.Collector) { c.Set(sinktest.Status(503, "Retry-After", "1")) },
	"reset":     func(c *sinktest.Collector) { c.Set(sinktest.ResetAfterBody()) },
	"silent":    func(c *sinktest.Collector) { c.Set(sinktest.Stall()) },
	"refused":   func(c *sinktest.Collector) { c.OnDial(func(context.Context, int) error { return errRefused }) },
	"black hole": func(c *sinktest.Collector) {
		c.OnDial(func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
	},
}

// While the endpoint is down an empty body asks once a second how it is, silent or not, and what
// waits is delivered within two seconds of its return.
func TestProbeEndsAnOutage(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				outage(c)
				const away = 5 * time.Minute
				r := start(t, c, sink.HTTPConfig{Probe: nothing}, pipeline.Config{})
				for i := range 50 {
					r.push(span(i + 1))
				}
				time.Sleep(30 * time.Second)
				before := r.h.Stats()
				time.Sleep(away)
				after := r.h.Stats()
				probes := after.Probes - before.Probes
				if after.Requests-before.Requests != probes {
					t.Errorf("%d requests, %d of them probes: bodies were sent", after.Requests-before.Requests, probes)
				}
				// 1 s ± 50 % each, and at least what the endpoint asks for: 1 s to 1.125 s on average.
				if seconds := int64(away / time.Second); probes > seconds*11/10 || probes < seconds*8/10 {
					t.Errorf("%d probes in %v, want about one a second", probes, away)
				}
				if after.State.Mode != sink.Retrying {
					t.Errorf("%+v", after.State)
				}
				c.Heal()
				healed := time.Now()
				if err := c.WaitFor(t.Context(), 50); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(healed); took > 2*time.Second {
					t.Errorf("all was delivered %v after the return", took)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				checkOnce(t, c, 50)
				r.check(pipeline.Ledger{Accepted: 50, Delivered: 50})
			})
		})
	}
	if !t.Failed() {
		faults.Happened(t, "net.probing", "%d ways to be away: one probe for all bodies each 1 s ± 50 %%, and all that waited was delivered within 2 s of the return", len(outages))
	}
}

// A probe is no try of a body, but the time of the bodies goes on.
func TestBodiesExpireWhileProbesFail(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(503))
		r := start(t, c, sink.HTTPConfig{Probe: nothing, Retry: sink.RetryConfig{MaxElapsed: time.Minute, MaxRetries: 5}}, pipeline.Config{})
		r.push(span(1), span(2))
		time.Sleep(30 * time.Second)
		r.push(span(3)) // never tried, but it waits for its share of the time
		time.Sleep(31 * time.Second)
		if got := r.reason(pipeline.ReasonRetriesExpired); got != 2 {
			t.Errorf("%d expired after a minute: %v", got, r.p.Stats().Losses)
		}
		if err := r.p.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if took := r.since(time.Now()); took < 90*time.Second || took > 92*time.Second {
			t.Errorf("the last expired after %v", took)
		}
		_ = r.stop()
		if err := r.p.Stats().Losses[0].Err; !strings.Contains(err.Error(), "503") {
			t.Errorf("lost by %v", err)
		}
		r.check(pipeline.Ledger{Accepted: 3, Failed: 3})
	})
}

// In a pause a probe goes out each 15 to 30 s, with credentials that are asked for again; Wake
// sends one at once.
func TestProbeInAPause(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		var token atomic.Value
		var asked atomic.Int64
		token.Store("old")
		c.OnRequest(func(r sinktest.Request) sinktest.Fault {
			if r.Header.Get("X-Token") != "new" {
				return sinktest.Status(401)
			}
			return nil
		})
		r := start(t, c, sink.HTTPConfig{Probe: nothing, Authorize: func(_ context.Context, q *http.Request) error {
			asked.Add(1)
			q.Header.Set("X-Token", token.Load().(string))
			return nil
		}}, pipeline.Config{})
		for i := range 20 {
			r.push(span(i + 1))
		}
		time.Sleep(time.Hour)
		stats := r.h.Stats()
		bodies := stats.Requests - stats.Probes // of the four senders, those that were quicker than the first answer
		if stats.State.Mode != sink.Paused || stats.Probes < 120 || stats.Probes > 240 || bodies < 1 || bodies > 4 {
			t.Errorf("%+v", stats)
		}
		if asked.Load() != stats.Requests {
			t.Errorf("credentials were asked for %d times for %d requests", asked.Load(), stats.Requests)
		}
		token.Store("new")
		synctest.Wait()
		began := time.Now()
		r.h.Wake()
		if err := c.WaitFor(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 10*time.Millisecond {
			t.Errorf("all was delivered %v after Wake", took)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		checkOnce(t, c, 20)
		r.check(pipeline.Ledger{Accepted: 20, Delivered: 20})
	})
}

// A Wake while a request with the old token is on its way is not lost.
func TestWakeBesideAnOldRequest(t *testing.T) {
	for _, probe := range [][]byte{nil, nothing} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Script(sinktest.Status(401), sinktest.Chain(sinktest.Delay(2*time.Second), sinktest.Status(401)))
			r := start(t, c, sink.HTTPConfig{MaxSenders: 1, Probe: probe}, pipeline.Config{})
			r.push(span(1))
			for len(c.Requests()) < 2 {
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(time.Second)
			r.h.Wake()
			began := time.Now()
			if err := c.WaitFor(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("delivered %v after Wake", took)
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
		})
	}
}

// Wake ends the sleep before a retry.
func TestWakeBeforeARetry(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.Status(429, "Retry-After", "30"))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		r.h.Wake() // of nothing is no harm
		r.push(span(1))
		time.Sleep(time.Second)
		r.h.Wake()
		synctest.Wait()
		if c.Len() != 1 {
			t.Error("Wake did not wake")
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
	})
}

// quota reads Mastra's protocol, as an exporter would.
func quota(code int, h http.Header) (time.Duration, bool) {
	if code != http.StatusPaymentRequired && h.Get("X-Mastra-Observability") != "disabled" {
		return 0, false
	}
	wait, err := time.ParseDuration(h.Get("X-Mastra-Observability-Retry-After") + "s")
	if err != nil || wait <= 0 {
		wait = 300 * time.Second
	}
	return wait, true
}

func TestPauseOnRequest(t *testing.T) {
	const stop, after = "X-Mastra-Observability", "X-Mastra-Observability-Retry-After"
	for _, test := range []struct {
		name        string
		fault       sinktest.Fault
		pause       func(int, http.Header) (time.Duration, bool)
		least, most time.Duration // of the pause
		kept        int           // bodies that the endpoint had not taken
	}{
		{"402", sinktest.Status(402, after, "100"), quota, 100 * time.Second, 111 * time.Second, 1},
		{"402 that does not say for how long", sinktest.Status(402), quota, 300 * time.Second, 331 * time.Second, 1},
		{"204 that says so", sinktest.Status(204, stop, "disabled", after, "60"), quota, 60 * time.Second, 67 * time.Second, 0},
		{"404 that says so", sinktest.Status(404, stop, "disabled", after, "60"), quota, 60 * time.Second, 67 * time.Second, 1},
		{"a very long time", sinktest.Status(402, after, "2147483"), quota, time.Hour, time.Hour + time.Minute, 1},
		{"a negative time", sinktest.Status(402), func(int, http.Header) (time.Duration, bool) { return -1, true }, 15 * time.Second, 31 * time.Second, 1},
		{"no time", sinktest.Status(200), func(_ int, h http.Header) (time.Duration, bool) { return 0, h.Get("Content-Length") == "2" }, 15 * time.Second, 31 * time.Second, 0},
	} {
		for _, probe := range [][]byte{nil, nothing} {
			t.Run(fmt.Sprintf("%s, probe %d", test.name, len(probe)), func(t *testing.T) {
				bubble(t, func(t *testing.T, c *sinktest.Collector) {
					c.Script(test.fault)
					pause := test.pause
					var done atomic.Bool
					r := start(t, c, sink.HTTPConfig{MaxSenders: 1, Probe: probe, Pause: func(code int, h http.Header) (time.Duration, bool) {
						if done.Swap(true) { // but for the first answer
							return 0, false
						}
						return pause(code, h)
					}}, pipeline.Config{})
					r.push(span(1), span(2))
					time.Sleep(time.Second)
					state := r.h.State()
					var status *sink.StatusError
					if state.Mode != sink.Paused || !errors.As(state.Err, &status) || !status.Pause || errors.Is(state.Err, sink.ErrPermanent) {
						t.Errorf("state %+v", state)
					}
					if got := r.p.Ledger().Delivered; got != int64(1-test.kept) {
						t.Errorf("%d delivered", got)
					}
					if err := r.p.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
					if took := r.since(time.Now()); took < test.least || took > test.most {
						t.Errorf("paused for %v, want %v to %v", took, test.least, test.most)
					}
					if err := r.stop(); err != nil {
						t.Error(err)
					}
					if got := fmt.Sprint(r.modes()); got != "[paused sending]" {
						t.Errorf("modes %v", got)
					}
					checkOnce(t, c, 2)
					r.check(pipeline.Ledger{Accepted: 2, Delivered: 2})
				})
			})
		}
	}
}

func TestVerify(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault sinktest.Fault
		want  string // in the error; "" is none
		code  int
	}{
		{"healthy", nil, "", 0},
		{"bad token", sinktest.Status(401), "401 Unauthorized", 401},
		{"redirect", sinktest.Redirect(307, "http://192.0.2.1/"), "192.0.2.1", 307},
		{"web page", sinktest.HTMLPage(), "web page", 200},
		{"no quota", sinktest.Status(204, "X-Mastra-Observability", "disabled"), "asks for a pause of 5m0s", 204},
		{"not found", sinktest.Respond(404, `{"error":"no such project"}`), "no such project", 404},
		{"reset", sinktest.ResetAfterBody(), "connection reset", 0},
		{"silent", sinktest.Stall(), "no whole answer in time: 10s", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(test.fault)
				h := sink.NewHTTP(sink.HTTPConfig{Endpoint: c.URL() + "/", DialContext: c.DialContext, Probe: nothing, Pause: quota})
				err := h.Verify(t.Context())
				var status *sink.StatusError
				switch {
				case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
					t.Errorf("%v", err)
				case test.code != 0 && (!errors.As(err, &status) || status.Code != test.code):
					t.Errorf("%v", err)
				}
				q := c.Requests()[0]
				if len(c.Requests()) != 1 || q.Header.Get("Content-Type") != "application/json" || q.EncodedBytes > int64(len(nothing)) {
					t.Errorf("%d requests, %+v", len(c.Requests()), q)
				}
				if mode := h.State().Mode; mode != sink.Sending {
					t.Errorf("a look changed the state to %v", mode)
				}
			})
		})
	}
	t.Run("settings", func(t *testing.T) {
		if err := sink.NewHTTP(sink.HTTPConfig{Endpoint: "ftp://example.com"}).Verify(t.Context()); !errors.Is(err, pipeline.ErrConfig) {
			t.Errorf("%v", err)
		}
		if err := sink.NewHTTP(sink.HTTPConfig{Endpoint: "https://example.com"}).Verify(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), "HTTPConfig.Probe") {
			t.Errorf("%v", err)
		}
	})
	t.Run("ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h := sink.NewHTTP(sink.HTTPConfig{Endpoint: "https://example.com", Probe: nothing})
		if err := h.Verify(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("beside a run", func(t *testing.T) {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Script(sinktest.Status(401))
			r := start(t, c, sink.HTTPConfig{MaxSenders: 1, Probe: nothing}, pipeline.Config{})
			r.push(span(1), span(2))
			time.Sleep(time.Second)
			if err := r.h.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Millisecond)
			if c.Len() != 2 {
				t.Errorf("%d of 2 delivered after Verify found the endpoint well", c.Len())
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			if err := r.h.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			r.check(pipeline.Ledger{Accepted: 2, Delivered: 2})
		})
	})
}
