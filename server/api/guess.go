package api

import (
	"time"

	"github.com/tailrace-go/tailrace/server/access"
)

// guesses bound how often an address may try what needs no login. Nobody guesses 256 bits, but each try costs a look-up.
type guesses struct {
	shares  *access.Limiter // somebody who reads a shared trace asks once for each span
	invites *access.Limiter
}

func (g *guesses) init(now func() time.Time) {
	g.shares = access.NewLimiter(access.LimiterConfig{Every: 100 * time.Millisecond, Burst: 200, Now: now})
	g.invites = access.NewLimiter(access.LimiterConfig{Every: 6 * time.Second, Burst: 10, Now: now})
}
