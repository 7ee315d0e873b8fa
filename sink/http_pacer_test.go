package sink_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// server answers requests in the order in which they come, so many at once, each after what took
// draws; more than that wait.
type server struct {
	room   chan struct{}
	took   func() time.Duration
	most   int // more than this at once get a 429; 0 is no limit
	inside atomic.Int64
	served atomic.Int64
}

func newServer(room int, took func() time.Duration) *server {
	return &server{room: make(chan struct{}, room), took: took}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	defer s.inside.Add(-1)
	if n := s.inside.Add(1); s.most > 0 && int(n) > s.most {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	select {
	case s.room <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	time.Sleep(s.took())
	<-s.room
	s.served.Add(1)
	_, _ = io.WriteString(w, "{}")
}

// drive keeps a sender busy against s, and returns how many bodies s takes in a second, and how
// many senders there are, both as a mean of the time after warmUp.
func drive(t *testing.T, s *server, cfg sink.HTTPConfig, warmUp, during time.Duration) (rate, senders float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s.room = make(chan struct{}, cap(s.room)) // of the bubble
		c := sinktest.StartPipe(t, sinktest.Config{IDsOnly: true})
		c.Set(sinktest.Handler(s))
		r := start(t, c, cfg, pipeline.Config{})
		full, stop := context.WithCancel(t.Context())
		go func() {
			for i := 1; r.entry.Push(full, span(i)) == nil; i++ {
			}
		}()
		time.Sleep(warmUp)
		before, seconds := s.served.Load(), 0
		for ; time.Duration(seconds)*time.Second < during; seconds++ {
			time.Sleep(time.Second)
			senders += float64(r.h.Stats().Senders)
		}
		rate = float64(s.served.Load()-before) / float64(seconds)
		senders /= float64(seconds)
		stop()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		l := r.p.Ledger()
		r.check(pipeline.Ledger{Accepted: l.Accepted, Delivered: l.Accepted, Refused: l.Refused})
	})
	return rate, senders
}

func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// spreadBy draws from d ± part of it.
func spreadBy(seed uint64, d time.Duration, part float64) func() time.Duration {
	var rng atomic.Uint64
	return func() time.Duration {
		x := rand.New(rand.NewPCG(seed, rng.Add(1))).Float64()
		return time.Duration(float64(d) * (1 + part*(2*x-1)))
	}
}

// Whatever an endpoint can work on at once, the senders find it: no less than 80 % of what is
// possible, and few requests that only wait there.
func TestSendersSettleNearWhatTheEndpointCanDo(t *testing.T) {
	const each = 200 * time.Millisecond
	for _, room := range []int{1, 3, 8, 1000} {
		for name, took := range map[string]func() time.Duration{"steady": always(each), "jitter": spreadBy(uint64(room), each, 0.4)} {
			t.Run(fmt.Sprintf("room=%d/%s", room, name), func(t *testing.T) {
				rate, senders := drive(t, newServer(room, took), sink.HTTPConfig{}, 30*time.Second, 20*time.Second)
				best := float64(min(room, 16)) / each.Seconds()
				t.Logf("%.1f of %.1f bodies/s with %.1f senders", rate, best, senders)
				if rate < 0.8*best {
					t.Errorf("%.1f bodies/s, the best fixed number of senders has %.1f", rate, best)
				}
				if most := 1.5*float64(min(room, 16)) + 2; senders > most {
					t.Errorf("%.1f senders for an endpoint that works on %d, want at most %.1f", senders, room, most)
				}
			})
		}
	}
}

// An endpoint that refuses what is too much for it is not pressed.
func TestSendersObeyRefusals(t *testing.T) {
	const each = 200 * time.Millisecond
	for _, most := range []int{1, 7} {
		t.Run(fmt.Sprintf("most=%d", most), func(t *testing.T) {
			s := newServer(1000, always(each))
			s.most = most
			rate, senders := drive(t, s, sink.HTTPConfig{}, 30*time.Second, 30*time.Second)
			best := float64(most) / each.Seconds()
			t.Logf("%.1f of %.1f bodies/s with %.1f senders", rate, best, senders)
			if rate < 0.8*best {
				t.Errorf("%.1f bodies/s, the best fixed number of senders has %.1f", rate, best)
			}
		})
	}
}

// The goal for a slow endpoint: at least ten times what one request at a time gets, and soon.
func TestSlowEndpoint(t *testing.T) {
	slow := func() *server { return newServer(1000, always(200*time.Millisecond)) }
	one, _ := drive(t, slow(), sink.HTTPConfig{MaxSenders: 1}, 0, 30*time.Second)
	many, senders := drive(t, slow(), sink.HTTPConfig{}, 0, 30*time.Second)
	best, _ := drive(t, slow(), sink.HTTPConfig{Senders: 16}, 0, 30*time.Second)
	t.Logf("one at a time %.1f, adaptive %.1f with %.1f senders, fixed at 16 %.1f bodies/s", one, many, senders, best)
	if many < 10*one || many < 0.8*best {
		t.Errorf("%.1f bodies/s, want 10 times %.1f and 80%% of %.1f", many, one, best)
	}
}

// A change of what the endpoint can do, or of how long it takes for each, is followed.
func TestSendersFollowTheEndpoint(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after time.Duration // for each
	}{
		{"slower by itself", 100 * time.Millisecond, 300 * time.Millisecond},
		{"faster by itself", 300 * time.Millisecond, 100 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int64
			s := newServer(1000, func() time.Duration {
				if calls.Add(1) < 500 {
					return test.before
				}
				return test.after
			})
			rate, senders := drive(t, s, sink.HTTPConfig{}, 30*time.Second, 20*time.Second)
			best := 16 / test.after.Seconds()
			t.Logf("%.1f of %.1f bodies/s with %.1f senders", rate, best, senders)
			if rate < 0.8*best {
				t.Errorf("%.1f bodies/s, want %.1f", rate, best)
			}
		})
	}
}
