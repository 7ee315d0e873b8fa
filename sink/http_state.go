package sink

import (
	"fmt"
	"sync/atomic"
	"time"
)

// HTTPMode says whether an [HTTPSender] sends.
type HTTPMode uint8

const (
	// Sending means that bodies are sent as they come.
	Sending HTTPMode = iota
	// Retrying means that the endpoint seems to be down: one request a second finds out when that
	// is over, and everything else waits.
	Retrying
	// Paused means that somebody has to act: the endpoint wants other credentials, payment or
	// another URL, or its certificate is not trusted. Everything waits but a rare request.
	Paused
)

func (m HTTPMode) String() string {
	switch m {
	case Sending:
		return "sending"
	case Retrying:
		return "retrying"
	case Paused:
		return "paused"
	}
	return fmt.Sprintf("HTTPMode(%d)", uint8(m))
}

// HTTPState is how it goes.
type HTTPState struct {
	Mode  HTTPMode
	Since time.Time // when Mode began; zero if it never changed
	Err   error     // why the mode is not Sending
}

// HTTPStats are the counts of an [HTTPSender] since it was made. Losses are in the pipeline's
// ledger.
type HTTPStats struct {
	State    HTTPState
	Senders  int // bodies that may be in the hands of senders now
	Busy     int // bodies that are
	Waiting  int // those of them that wait for their next try, or for the endpoint to return
	Requests int64
	Probes   int64 // requests with HTTPConfig.Probe in place of a body
	Retries  int64 // requests that repeat another
	Bytes    int64 // of bodies, as sent, repetitions too
	Cut      int64 // bodies, and pieces, that were cut in two because they were too large

	Statuses [6]int64 // answers by their class: 2 counts 200 to 299, 0 what is no class
	Broken   int64    // requests that ended without an answer

	// LimitBytes is what was learned from 413 answers: plain bodies of this size, in bytes, are
	// cut before they are sent. 0 means that nothing was too large.
	LimitBytes int
	// Plain says that compression is off, because the endpoint does not take it.
	Plain bool
	// LastError is why a request did not end in an acceptance, the last time that happened.
	LastError error
}

// Stats returns the counts as they are now.
func (s *HTTPSender) Stats() HTTPStats {
	c := &s.count
	stats := HTTPStats{
		State:      s.gate.current(),
		Senders:    s.cfg.Senders,
		Probes:     s.count.probes.Load(),
		Busy:       int(c.sending.Load()),
		Waiting:    s.gate.waiting(),
		Requests:   c.requests.Load(),
		Retries:    c.retries.Load(),
		Bytes:      c.bytes.Load(),
		Cut:        c.cut.Load(),
		Broken:     c.broken.Load(),
		LimitBytes: s.limit.learned(),
		Plain:      s.coding.off(),
	}
	for i := range stats.Statuses {
		stats.Statuses[i] = c.statuses[i].Load()
	}
	if err := c.lastError.Load(); err != nil {
		stats.LastError = *err
	}
	return stats
}

// Format writes where the sender sends to and how that goes, and no secret, whatever the verb.
func (s *HTTPSender) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "sink.HTTPSender(%v, %v)", s.cfg, s.State().Mode)
}

// State returns how it goes now.
func (s *HTTPSender) State() HTTPState { return s.gate.current() }

type counters struct {
	sending, requests, retries, probes, bytes, cut, broken atomic.Int64

	statuses  [6]atomic.Int64
	lastError atomic.Pointer[error]
}

func (c *counters) answered(code int) {
	class := code / 100
	if class >= len(c.statuses) {
		class = 0
	}
	c.statuses[class].Add(1)
}
