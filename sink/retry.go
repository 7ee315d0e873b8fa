package sink

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/jpillora/backoff"
)

// RetryConfig says when a body is tried again and when it is given up. Its zero value works.
//
// The pause after the n-th failure of a body is drawn at random between 0 and Min·2^n, at most
// Max, so that those who failed together do not come back together; a Retry-After of the endpoint
// lengthens it, up to Max. An endpoint that fails for everybody is asked once a second instead,
// whatever the number of bodies, and one that wants somebody to act once in Max.
type RetryConfig struct {
	Min time.Duration // longest pause after the first failure; 0 means 2 s
	Max time.Duration // longest pause at all; 0 means 30 s

	// MaxRetries is how often a body is tried again before it has failed, with the reason
	// retries_exhausted; 0 means no limit.
	MaxRetries int
	// MaxElapsed is how long after its first failure a body that fails again has failed for good,
	// with the reason retries_expired. The time of a pause (see [Paused]) does not count. 0 means
	// 15 min, a negative time no limit.
	MaxElapsed time.Duration
}

func (c RetryConfig) withDefaults() (RetryConfig, error) {
	c.Min = cmp.Or(c.Min, 2*time.Second)
	c.Max = cmp.Or(c.Max, max(c.Min, 30*time.Second))
	c.MaxElapsed = cmp.Or(c.MaxElapsed, 15*time.Minute)
	switch {
	case c.Min < 0:
		return c, fmt.Errorf("RetryConfig.Min is negative: %v", c.Min)
	case c.Max < c.Min:
		return c, fmt.Errorf("RetryConfig.Max of %v is less than Min, %v", c.Max, c.Min)
	case c.MaxRetries < 0:
		return c, fmt.Errorf("RetryConfig.MaxRetries is negative: %d", c.MaxRetries)
	}
	return c, nil
}

// pause draws how long to wait after n failures before this one.
func (c RetryConfig) pause(rng *rand.Rand, n int) time.Duration {
	// Not backoff's own jitter: it adds none to the first pause, next to none to the longest,
	// and draws from the process's source.
	b := backoff.Backoff{Min: c.Min, Max: c.Max, Factor: 2}
	return time.Duration(rng.Int64N(int64(b.ForAttempt(float64(n))) + 1))
}

// retryAfter reads how long a server asks to be left alone: seconds or a date, RFC 9110, section
// 10.2.3. The result is in [0, most]; 0 is also what an absent, ambiguous or malformed field
// gives, since a server's mistake must not keep data back.
func retryAfter(h http.Header, now time.Time, most time.Duration) time.Duration {
	values := h.Values("Retry-After")
	if len(values) != 1 {
		return 0
	}
	value := strings.Trim(values[0], " \t")
	if seconds, ok := parseSeconds(value, int64(most/time.Second)+1); ok {
		return min(time.Duration(seconds)*time.Second, most)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), most)
}

// parseSeconds reads digits, of which there may be any number, and stops counting at most.
func parseSeconds(digits string, most int64) (n int64, ok bool) {
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), most)
	}
	return n, digits != ""
}
