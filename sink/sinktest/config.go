package sinktest

import (
	"cmp"
	"fmt"
	"strings"
)

// Config says what a healthy collector accepts and what it remembers. Its zero value works.
type Config struct {
	// Token must come with each request, as "Authorization: Bearer <token>"; else the answer is
	// 401. Empty means that the header is not looked at.
	Token string

	// Paths are accepted besides the usual publish paths; each is matched whole.
	Paths []string

	// AcceptEncoding goes with every answer to tell clients which codings are welcome (RFC 7694),
	// as in "gzip, zstd". Empty sends none. What is accepted does not depend on it.
	AcceptEncoding string

	// MaxBodyBytes bounds a body, both as it was sent and decoded; above it the answer is 413.
	// 0 means 64 MiB.
	MaxBodyBytes int64

	// MaxRequests guards against a client that never stops: the requests after so many are
	// answered 599, are not recorded, and make Err non-nil. 0 means 1,000,000; a negative
	// number means no limit.
	MaxRequests int

	// IDsOnly keeps the ids of records without their JSON, and no requests: for load.
	IDsOnly bool

	// Host is the host, or host:port, in the URL of a collector in memory. Empty means
	// 127.0.0.1:1, so that a client which was not given the collector's transport is refused.
	Host string
}

func (c Config) withDefaults() (Config, error) {
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 64<<20)
	c.MaxRequests = cmp.Or(c.MaxRequests, 1_000_000)
	c.Host = cmp.Or(c.Host, "127.0.0.1:1")
	if c.MaxBodyBytes < 0 {
		return c, fmt.Errorf("sinktest: Config.MaxBodyBytes is %d", c.MaxBodyBytes)
	}
	for _, p := range c.Paths {
		if !strings.HasPrefix(p, "/") {
			return c, fmt.Errorf("sinktest: Config.Paths: %q does not begin with a slash", p)
		}
	}
	return c, nil
}
