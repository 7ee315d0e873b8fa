package sink

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// HTTPMode says whether an [HTTPSender] sends.
type HTTPMode uint8

const (
	// Sending means that bodies are sent as they come.
	Sending HTTPMode = iota
	// Retrying means that the endpoint seems to be down: about one request a second finds out when
	// that is over, and everything else waits.
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

	// Tries are the requests that have ended, by what that meant for their body.
	Tries HTTPTries
	// Latency is how long requests took that the endpoint accepted, in nanoseconds.
	Latency pipeline.Quantiles

	Statuses [6]int64 // answers by their class: 2 counts 200 to 299, 0 what is no class
	Broken   int64    // requests that ended without an answer

	// LimitBytes is what was learned from 413 answers: plain bodies of this size, in bytes, are
	// cut before they are sent. 0 means that nothing was too large.
	LimitBytes int
	// Plain says that compression is off, because the endpoint does not take it.
	Plain bool
	// Spool is what is in the spool; zero without one.
	Spool SpoolStats
	// LastError is why a request did not end in an acceptance, the last time that happened.
	LastError error
}

// HTTPTries counts requests by what their answer, or its absence, meant. The package's
// documentation says which answer means what.
type HTTPTries struct {
	Accepted  int64
	Retried   int64 // to be tried again
	Throttled int64 // the same, after a 429
	Held      int64 // until somebody has acted
	Rejected  int64 // for good
	TooLarge  int64
	Recoded   int64 // sent again plain, as compression was refused
	Unknown   int64 // cut off by the end of the run
}

// Stats returns the counts as they are now.
func (s *HTTPSender) Stats() HTTPStats {
	c := &s.count
	stats := HTTPStats{
		State:      s.gate.current(),
		Senders:    s.crew.limit(),
		Probes:     s.count.probes.Load(),
		Tries:      c.outcomes(),
		Latency:    c.latencies.quantiles(),
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
	if sp := s.current.Load(); sp != nil {
		stats.Spool = sp.stats()
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
	tries     [unknown + 1]atomic.Int64
	latencies latencies // of acceptances
	lastError atomic.Pointer[error]
}

func (c *counters) outcomes() HTTPTries {
	return HTTPTries{
		Accepted:  c.tries[accepted].Load(),
		Retried:   c.tries[retry].Load(),
		Throttled: c.tries[throttled].Load(),
		Held:      c.tries[held].Load(),
		Rejected:  c.tries[rejected].Load(),
		TooLarge:  c.tries[tooLarge].Load(),
		Recoded:   c.tries[plainly].Load(),
		Unknown:   c.tries[unknown].Load(),
	}
}

func (c *counters) answered(code int) {
	class := code / 100
	if class >= len(c.statuses) {
		class = 0
	}
	c.statuses[class].Add(1)
}
