package sinktest

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
)

// Record is one stored span.
type Record struct {
	TraceID string          // its traceId
	SpanID  string          // its spanId, else its id; a record with neither is never a repeat
	Key     string          // Idempotency-Key of the request that brought it
	Request int             // number of that request
	JSON    json.RawMessage // as it was sent; nil with Config.IDsOnly
}

// Ledger is the collector's account. All but the first two are in records, and at every
// moment Received = Stored + Repeated + Rejected.
type Ledger struct {
	Requests int // requests that arrived, those over Config.MaxRequests too
	Unread   int // requests whose records are unknown: body not read to its end, or malformed

	Received int // found in the bodies that could be read
	Stored   int // kept
	Repeated int // came again, by Idempotency-Key or by span, and were not kept again
	Rejected int // turned away: bad ones, and all those of a request that failed
}

// Check returns an error with the figures when the law does not hold.
func (l Ledger) Check() error {
	if l.Received == l.Stored+l.Repeated+l.Rejected {
		return nil
	}
	return fmt.Errorf("sinktest: received %d, but stored %d + repeated %d + rejected %d",
		l.Received, l.Stored, l.Repeated, l.Rejected)
}

// store is what the collector remembers of records. It is filled by one lock step for each
// request, so that no reader ever sees a request half counted.
type store struct {
	idsOnly bool
	seed    maphash.Seed

	mu      sync.Mutex
	ledger  Ledger
	records []Record
	spans   map[[2]string]struct{} // trace and span
	batches map[string]batch       // by Idempotency-Key
	grown   chan struct{}          // closed at the next growth; nil when nobody waits
}

// batch is what became of a body that came with an Idempotency-Key: a repeat gets the same answer.
type batch struct {
	digest  uint64 // of the decoded body, so that its compression makes no difference
	partial partial
}

// partial is the part of a body that was not accepted; the zero value when all of it was.
type partial struct {
	rejected int
	message  string
}

func (s *store) init(idsOnly bool) {
	s.idsOnly = idsOnly
	s.seed = maphash.MakeSeed()
	s.spans = map[[2]string]struct{}{}
	s.batches = map[string]batch{}
}

// accept keeps the records that are new, but for the last reject of them, and tells what it
// did not accept. The refusal is for a Key that came with another body before.
func (s *store) accept(r *Request, body content, reject int, message string) (partial, *refusal) {
	digest := maphash.Bytes(s.seed, body.decoded)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Received += body.size()
	known, again := s.batches[r.Key]
	switch {
	case again && known.digest != digest:
		s.ledger.Rejected += body.size()
		return partial{}, refuse(http.StatusUnprocessableEntity, "Idempotency-Key %q came with another body before", r.Key)
	case again:
		s.ledger.Rejected += known.partial.rejected
		s.ledger.Repeated += body.size() - known.partial.rejected
		return known.partial, nil
	}

	reject = min(reject, len(body.records))
	rest := partial{rejected: reject + body.bad}
	switch {
	case reject > 0:
		rest.message = message
	case body.bad > 0:
		rest.message = "not a JSON object with string ids"
	}
	s.ledger.Rejected += rest.rejected
	for _, record := range body.records[:len(body.records)-reject] {
		s.add(record, r)
	}
	if r.Key != "" {
		s.batches[r.Key] = batch{digest: digest, partial: rest}
	}
	if s.grown != nil {
		close(s.grown)
		s.grown = nil
	}
	return rest, nil
}

func (s *store) add(record Record, r *Request) {
	if record.SpanID != "" {
		id := [2]string{record.TraceID, record.SpanID}
		if _, again := s.spans[id]; again {
			s.ledger.Repeated++
			return
		}
		s.spans[id] = struct{}{}
	}
	record.Key, record.Request = r.Key, r.N
	if s.idsOnly {
		record.JSON = nil
	}
	s.records = append(s.records, record)
	s.ledger.Stored++
}

// reject counts the records of a request that keeps none of them.
func (s *store) reject(received int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Received += received
	s.ledger.Rejected += received
}

// unread counts a request whose records nobody knows.
func (s *store) unread() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Unread++
}

// Ledger returns the account as it is now. A request is entered when its fate is known, so
// one that is still being served may be in Requests only.
func (c *Collector) Ledger() Ledger {
	c.mu.Lock()
	count := c.count
	c.mu.Unlock()
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	l := c.store.ledger
	l.Requests = count
	return l
}

// Records returns what is stored, in the order of storing. Their JSON is shared: do not change it.
func (c *Collector) Records() []Record {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return slices.Clone(c.store.records)
}

// Len is the number of records stored.
func (c *Collector) Len() int {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return len(c.store.records)
}

// WaitFor returns nil as soon as n records are stored. Otherwise the error says how many there
// are, and matches the cause of ctx's end, or ErrClosed.
func (c *Collector) WaitFor(ctx context.Context, n int) error {
	for {
		have, grown := c.store.growth()
		if have >= n {
			return nil
		}
		select {
		case <-grown:
		case <-c.life.Done():
			// What arrived in between still counts; after Close nothing more can.
			if have = c.Len(); have >= n {
				return nil
			}
			return fmt.Errorf("sinktest: %d of %d records stored: %w", have, n, ErrClosed)
		case <-ctx.Done():
			return fmt.Errorf("sinktest: %d of %d records stored: %w", have, n, context.Cause(ctx))
		}
	}
}

// growth returns how many records there are, and a channel closed when there may be more.
func (s *store) growth() (int, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.grown == nil {
		s.grown = make(chan struct{})
	}
	return len(s.records), s.grown
}
