package sink_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// However many senders there are, and however long the endpoint hangs: senders have no more than
// half of what may be in flight, so that the policy of the queue has something to choose from.
func TestSendersHoldHalfOfTheBytes(t *testing.T) {
	one := len(spans(1000, 1009, 1000).Plain)
	for _, test := range []struct {
		name     string
		maxBytes int
		want     int // bodies in the hands of senders
	}{
		{"half of ten", 10 * one, 5},
		{"half of eleven, and what is begun", 11 * one, 6},
		{"of many, as many as there are senders", 100 * one, 16},
		{"of one and a half, one", one * 3 / 2, 1},
		{"of one, that", one, 1},
		{"unbounded", 0, 16},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Set(sinktest.Stall())
				r := start(t, c, sink.HTTPConfig{Senders: 16}, pipeline.Config{MaxBytes: test.maxBytes, DrainTimeout: time.Minute})
				full, stop := context.WithCancel(t.Context())
				go func() {
					for i := 100; r.entry.Push(full, spans(10*i, 10*i+9, 1000)) == nil && i < 150; i++ {
					}
				}()
				for range 20 {
					time.Sleep(time.Second)
					if busy := r.h.Stats().Busy; busy != test.want {
						t.Fatalf("senders have %d bodies, want %d", busy, test.want)
					}
				}
				c.Heal()
				time.Sleep(12 * time.Second)
				stop()
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				l := r.p.Ledger()
				r.check(pipeline.Ledger{Accepted: l.Accepted, Delivered: l.Accepted, Refused: l.Refused})
			})
		})
	}
}

// A budget that is always full makes every batch emit again and again; that must not keep the
// senders from sending side by side.
func TestSendersUnderAFullBudget(t *testing.T) {
	const room, each = 34, 200 * time.Millisecond
	one := len(spans(1000, 1009, 1000).Plain)
	synctest.Test(t, func(t *testing.T) {
		c := sinktest.StartPipe(t, sinktest.Config{IDsOnly: true})
		s := newServer(1000, always(each))
		c.Set(sinktest.Handler(s))
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{MaxBytes: room * one})
		full, stop := context.WithCancel(t.Context())
		go func() {
			for i := 100; r.entry.Push(full, spans(10*i, 10*i+9, 1000)) == nil; i = 100 + (i-99)%80 {
			}
		}()
		time.Sleep(20 * time.Second)
		before := s.served.Load()
		time.Sleep(20 * time.Second)
		rate, best := float64(s.served.Load()-before)/20, 16/each.Seconds()
		t.Logf("%.1f of %.1f bodies/s with %d senders", rate, best, r.h.Stats().Senders)
		if rate < 0.8*best {
			t.Errorf("%.1f bodies/s, want %.1f", rate, best)
		}
		stop()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
}
