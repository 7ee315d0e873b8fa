package access

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	c := newClock()
	l := NewLimiter(LimiterConfig{Every: time.Second, Burst: 2, Keys: 3, Now: c.Now})
	take := func(key string, want time.Duration) {
		t.Helper()
		err := l.Take(key)
		var limit *LimitError
		if got := errors.As(err, &limit); got != (want > 0) || got && limit.RetryAfter != want {
			t.Errorf("Take(%q) = %v, want a wait of %v", key, err, want)
		}
	}
	for range 5 {
		if err := l.Check("a"); err != nil {
			t.Errorf("Check counts: %v", err)
		}
	}
	take("a", 0)
	take("a", 0)
	take("a", time.Second)
	take("a", time.Second) // what is refused is not counted
	take("b", 0)
	if err := l.Check("a"); err == nil {
		t.Error("Check sees nothing")
	}
	c.Pass(time.Second)
	take("a", 0)
	take("a", time.Second)
	for i := range 1000 {
		take(fmt.Sprint(i), 0)
	}
	if len(l.keys) != 3 || l.used.Len() != 3 {
		t.Errorf("%d keys are kept, want 3", len(l.keys))
	}
}

func TestRetryAfterIsWholeSeconds(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", time.Second + 1: "2", time.Hour: "3600"} {
		w := httptest.NewRecorder()
		FailLimit(w, &LimitError{wait})
		if got := w.Header().Get("Retry-After"); w.Code != 429 || got != want {
			t.Errorf("%v: %d, Retry-After %s, want %s", wait, w.Code, got, want)
		}
	}
}

func TestNeighboursAreOneAddress(t *testing.T) {
	for address, want := range map[string]string{
		"198.51.100.7": "198.51.100.7", "::ffff:198.51.100.7": "198.51.100.7",
		"2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := addressKey(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is counted as %s, want %s", address, got, want)
		}
	}
}
