package sink

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
)

// headerLedger is how a tailrace server and a sender make one account of it. A server that wants to know what became of
// items before they reached it says so with "v1" in its answers; from then on each request has the sender's ledger. An
// endpoint that does not ask is told nothing.
const (
	headerLedger = "Tailrace-Ledger"
	ledgerV1     = "v1"
)

// reports is the sender's half of that.
type reports struct {
	instance string
	wanted   atomic.Bool
}

func (r *reports) init(instance string) {
	if r.instance = instance; instance == "" {
		var id [4]byte
		_, _ = rand.Read(id[:]) // it never fails
		r.instance = hex.EncodeToString(id[:])
	}
}

// heard reads an answer. One that is no success says nothing: it may come from a proxy.
func (r *reports) heard(status int, header http.Header) {
	if status >= 200 && status < 300 {
		r.wanted.Store(header.Get(headerLedger) == ledgerV1)
	}
}

// sign adds the ledger to a request, as it is now: what the request carries is still in flight.
func (s *HTTPSender) sign(h http.Header) {
	h.Del(headerLedger)
	if s.cfg.Report == nil || !s.reports.wanted.Load() {
		return
	}
	l := s.cfg.Report()
	h.Set(headerLedger, fmt.Sprintf(
		"instance=%s, accepted=%d, made=%d, delivered=%d, filtered=%d, dropped=%d, failed=%d, abandoned=%d, spooled=%d, in_flight=%d",
		s.reports.instance, l.Accepted, l.Made, l.Delivered, l.Filtered, l.Dropped, l.Failed, l.Abandoned, l.Spooled, l.InFlight))
}

// Report sends HTTPConfig.Report's ledger with a request without items, as Verify does, if the endpoint has asked for
// ledgers, and else does nothing and returns nil. After a run it tells the endpoint how that ended.
func (s *HTTPSender) Report(ctx context.Context) error {
	if s.cfg.Report == nil || !s.reports.wanted.Load() {
		return nil
	}
	return s.Verify(ctx)
}

// checkInstance finds what a ledger's line could not hold.
func checkInstance(name string) error {
	if len(name) > 64 {
		return fmt.Errorf("it has %d bytes, 64 are the most", len(name))
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || c == ',' || c == '=' || c == '"' {
			return errors.New("it may have letters, digits and signs, without space, comma, = and quotes")
		}
	}
	return nil
}
