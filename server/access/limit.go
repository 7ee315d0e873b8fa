package access

import (
	"container/list"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// LimitError says that a caller has done something too often.
type LimitError struct {
	RetryAfter time.Duration // when it may again
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("access: too many tries: wait for %v", e.RetryAfter.Round(time.Second))
}

// FailLimit answers with 429 and Retry-After.
func FailLimit(w http.ResponseWriter, err *LimitError) {
	setRetryAfter(w, err)
	Fail(w, http.StatusTooManyRequests, Problem{Code: "rate", Message: "too many requests of this kind: wait a moment"})
}

// setRetryAfter writes whole seconds, at least one.
func setRetryAfter(w http.ResponseWriter, err *LimitError) {
	seconds := max(1, (err.RetryAfter+time.Second-1)/time.Second)
	w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
}

// LimiterConfig says how often something may happen for each key.
type LimiterConfig struct {
	Every time.Duration    // once each; required
	Burst int              // and so often at once; 0 means 1
	Keys  int              // how many keys are kept in mind, the last ones seen; 0 means 10,000
	Now   func() time.Time // nil: time.Now
}

// Limiter counts by key, an address or the id of a token, in bounded memory. Its methods may be called by many goroutines
// at once.
type Limiter struct {
	cfg LimiterConfig

	mu   sync.Mutex
	keys map[string]*list.Element
	used list.List // of *limited, the last one used in front
}

type limited struct {
	key    string
	bucket *rate.Limiter
}

// NewLimiter makes a limiter.
func NewLimiter(cfg LimiterConfig) *Limiter {
	if cfg.Burst <= 0 {
		cfg.Burst = 1
	}
	if cfg.Keys <= 0 {
		cfg.Keys = 10_000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Limiter{cfg: cfg, keys: map[string]*list.Element{}}
}

// Take counts one more. A *LimitError says that it is too many, and was not counted.
func (l *Limiter) Take(key string) error { return l.look(key, true) }

// Check is Take without counting.
func (l *Limiter) Check(key string) error { return l.look(key, false) }

// TakeAddress counts one more of an address; of IPv6, where everybody has many, of its /64.
func (l *Limiter) TakeAddress(a netip.Addr) error { return l.Take(addressKey(a)) }

func (l *Limiter) look(key string, take bool) error {
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.keys[key]
	if !ok {
		if !take {
			return nil
		}
		e = l.add(key)
	}
	l.used.MoveToFront(e)
	bucket := e.Value.(*limited).bucket
	r := bucket.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 || !take {
		r.CancelAt(now)
	}
	if wait > 0 {
		return &LimitError{RetryAfter: wait}
	}
	return nil
}

// add makes room for a key. Who was seen longest ago has most likely a full bucket again.
func (l *Limiter) add(key string) *list.Element {
	if l.used.Len() >= l.cfg.Keys {
		last := l.used.Back()
		delete(l.keys, l.used.Remove(last).(*limited).key)
	}
	e := l.used.PushFront(&limited{key, rate.NewLimiter(rate.Every(l.cfg.Every), l.cfg.Burst)})
	l.keys[key] = e
	return e
}

// addressKey is what an address is counted under.
func addressKey(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
