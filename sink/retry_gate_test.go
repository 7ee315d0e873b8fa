package sink_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// While the endpoint is down there is one request each 1 s ± 50 %, whatever the number of
// senders; when it is back everything goes out within two seconds.
func TestBreaker(t *testing.T) {
	for name, fault := range map[string]func(c *sinktest.Collector){
		"503":     func(c *sinktest.Collector) { c.Set(sinktest.Status(503)) },
		"reset":   func(c *sinktest.Collector) { c.Set(sinktest.ResetAfterBody()) },
		"refused": func(c *sinktest.Collector) { c.OnDial(func(context.Context, int) error { return errRefused }) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				fault(c)
				const senders, outage = 16, 5 * time.Minute
				r := start(t, c, sink.HTTPConfig{Senders: senders, MaxSenders: senders}, pipeline.Config{})
				for i := range 200 {
					r.push(span(i + 1))
				}
				time.Sleep(outage)
				synctest.Wait()
				stats := r.h.Stats()
				probes := stats.Requests - senders
				if probes < 200 || probes > 450 {
					t.Errorf("%d requests in %v, want about one a second", probes, outage)
				}
				if stats.State.Mode != sink.Retrying || stats.State.Err == nil || r.since(stats.State.Since) > 2*time.Second {
					t.Errorf("state %+v", stats.State)
				}
				if stats.Waiting < senders-1 || stats.Busy != senders {
					t.Errorf("%d wait, %d busy", stats.Waiting, stats.Busy)
				}
				if n := r.p.Ledger().InFlight; n != 200 {
					t.Errorf("%d in flight", n)
				}
				c.Heal()
				time.Sleep(1500*time.Millisecond + 10*time.Millisecond)
				synctest.Wait()
				if c.Len() != 200 {
					t.Errorf("%d of 200 delivered two seconds after the return", c.Len())
				}
				if got := fmt.Sprint(r.modes()); got != "[retrying sending]" {
					t.Errorf("modes %v", got)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				checkOnce(t, c, 200)
				r.check(pipeline.Ledger{Accepted: 200, Delivered: 200})
			})
		})
	}
}

// The gaps between probes are 0.5 to 1.5 s, and the bodies take turns.
func TestProbesTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(500))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		r.push(span(1), span(2), span(3), span(4))
		time.Sleep(time.Minute)
		synctest.Wait()
		requests := c.Requests()[4:]
		count := map[string]int{}
		for i, q := range requests {
			count[q.Key]++
			if i > 0 {
				if gap := q.Time.Sub(requests[i-1].Time); gap < 500*time.Millisecond || gap > 1501*time.Millisecond {
					t.Errorf("gap of %v", gap)
				}
			}
		}
		if len(count) != 4 {
			t.Errorf("%d of 4 bodies were tried", len(count))
		}
		for key, n := range count {
			if n < len(requests)/4-1 || n > len(requests)/4+2 {
				t.Errorf("body %s was tried %d times of %d", key, n, len(requests))
			}
		}
		c.Heal()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 4, Delivered: 4})
	})
}

// A drain wakes what sleeps: all of it is tried at once, and with a healthy endpoint that is all.
func TestDrainWakesSleepers(t *testing.T) {
	for name, fault := range map[string]sinktest.Fault{
		"in a retry sleep":      sinktest.Status(429, "Retry-After", "30"),
		"while it seems down":   sinktest.Status(503, "Retry-After", "30"),
		"while it is paused":    sinktest.Status(401),
		"after an odd redirect": sinktest.Redirect(307, "http://192.0.2.1/"),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Set(fault)
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{DrainTimeout: 10 * time.Second})
				for i := range 20 {
					r.push(span(i + 1))
				}
				time.Sleep(5 * time.Second)
				c.Heal()
				began := time.Now()
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 10*time.Millisecond {
					t.Errorf("the drain took %v", took)
				}
				checkOnce(t, c, 20)
				r.check(pipeline.Ledger{Accepted: 20, Delivered: 20})
			})
		})
	}
}

// Sources that end by themselves mean the same.
func TestEndOfInputWakesSleepers(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(429, "Retry-After", "30"))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		r.push(span(1))
		time.Sleep(5 * time.Second)
		c.Heal()
		r.entry.Close()
		if err := <-r.done; err != nil {
			t.Error(err)
		}
		if took := r.since(time.Now()); took > 5*time.Second+10*time.Millisecond {
			t.Errorf("the end came after %v", took)
		}
		r.cancel()
		r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
	})
}

// In a drain the tries go on, as paced as ever, until the deadline.
func TestDrainTriesUntilTheDeadline(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(503))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{DrainTimeout: 20 * time.Second})
		for i := range 10 {
			r.push(span(i + 1))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		before := len(c.Requests())
		began := time.Now()
		err := r.stop()
		if took := time.Since(began); took < 20*time.Second || took > 20*time.Second+50*time.Millisecond {
			t.Errorf("the drain took %v", took)
		}
		if n := len(c.Requests()) - before; n < 4+13 || n > 4+40 {
			t.Errorf("%d requests in a drain of 20 s, want 4 at once and one a second", n)
		}
		var loss *pipeline.LossError
		if !asLoss(err, &loss) || loss.Ledger.Abandoned != 10 {
			t.Errorf("%v", err)
		}
		r.check(pipeline.Ledger{Accepted: 10, Abandoned: 10})
	})
}

// Whatever the server does to a request, the sink is gone 50 ms after the deadline.
func TestDeadlineCutsEverything(t *testing.T) {
	for name, fault := range map[string]func(c *sinktest.Collector){
		"silent":       func(c *sinktest.Collector) { c.Set(sinktest.Stall()) },
		"reads slowly": func(c *sinktest.Collector) { c.Set(sinktest.SlowRead(1, time.Second)) },
		"endless headers": func(c *sinktest.Collector) {
			c.Set(sinktest.Chain(sinktest.Delay(7*time.Second), sinktest.EndlessHeader(200)))
		},
		"connecting": func(c *sinktest.Collector) {
			c.OnDial(func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				fault(c)
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{DrainTimeout: 4 * time.Second})
				for i := range 30 {
					r.push(span(i + 1))
				}
				time.Sleep(time.Second)
				began := time.Now()
				err := r.stop()
				if took := time.Since(began); took < 4*time.Second || took > 4*time.Second+50*time.Millisecond {
					t.Errorf("the drain took %v", took)
				}
				var loss *pipeline.LossError
				if !asLoss(err, &loss) {
					t.Errorf("%v", err)
				}
				if got := r.reason(pipeline.ReasonDrainDeadline); got != 30 {
					t.Errorf("%d abandoned at the deadline", got)
				}
				r.check(pipeline.Ledger{Accepted: 30, Abandoned: 30})
			})
		})
	}
}

// A 2xx was seen: that its body never ends takes nothing back, not even at the deadline.
func TestAcceptanceStandsWithoutItsBody(t *testing.T) {
	for name, fault := range map[string]sinktest.Fault{
		"endless":        sinktest.EndlessBody(200),
		"a byte a time":  sinktest.SlowBody(200, 3*time.Second),
		"10 GiB":         sinktest.HugeBody(200, 10<<30),
		"gzip bomb":      sinktest.GzipBomb(200, 1<<24),
		"wrong length":   sinktest.WrongContentLength(200, 100, 10),
		"bad chunks":     sinktest.Raw(200, "Transfer-Encoding: chunked\r\n\r\nno chunk"),
		"no body at all": sinktest.Status(204),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Set(fault)
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{DrainTimeout: time.Minute})
				r.push(spans(1, 5, 10))
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				if took := r.since(time.Now()); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				checkOnce(t, c, 5)
				if n := len(c.Requests()); n != 1 {
					t.Errorf("%d requests", n)
				}
				r.check(pipeline.Ledger{Accepted: 5, Delivered: 5})
			})
		})
	}
}

// A Flush returns when what came before it has ended, retries and all, and nothing else.
func TestFlushAwaitsRetries(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		c.Script(sinktest.Status(500), sinktest.Status(429, "Retry-After", "20"), sinktest.Delay(8*time.Second))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		r.push(span(1), span(2))
		if err := r.p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c.Len() != 2 {
			t.Errorf("the flush returned with %d of 2 delivered", c.Len())
		}
		r.push(span(3))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c.Set(sinktest.Stall())
		r.push(span(4))
		if err := r.p.Flush(ctx); err == nil {
			t.Error("a flush returned with a request in flight")
		}
		c.Heal()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		checkOnce(t, c, 4)
		r.check(pipeline.Ledger{Accepted: 4, Delivered: 4})
	})
}

func TestSendersAreBounded(t *testing.T) {
	for _, senders := range []int{1, 4, 16} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			c.Set(sinktest.Delay(time.Second))
			r := start(t, c, sink.HTTPConfig{Senders: senders, MaxSenders: senders}, pipeline.Config{})
			for i := range 48 {
				r.push(span(i + 1))
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			if took, want := r.since(time.Now()), time.Duration(48/senders)*time.Second; took < want || took > want+100*time.Millisecond {
				t.Errorf("%d senders took %v, want %v", senders, took, want)
			}
			var times []time.Time
			for _, q := range c.Requests() {
				times = append(times, q.Time)
			}
			if n := len(slices.CompactFunc(times, time.Time.Equal)); n != 48/senders {
				t.Errorf("%d senders: requests began at %d moments", senders, n)
			}
			r.check(pipeline.Ledger{Accepted: 48, Delivered: 48})
		})
	}
}
