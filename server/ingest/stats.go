package ingest

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/store"
)

// ReasonQuota is why a span or record is rejected that came when the project's quota was used up.
const ReasonQuota store.Reason = "quota"

// Account is what became of the spans or records of one signal, in items. At any time
//
//	Received = Stored + Repeated + the sum of Rejected
//
// An item enters it when its fate is known. Returned ones are outside of it: the sender was told to send them again.
type Account struct {
	Received int64
	Stored   int64
	Repeated int64 // known before
	Rejected map[store.Reason]int64
	Returned int64 // decoded, and not stored: the answer was 503, 507 or the like
	Cut      int64 // of those stored or repeated, how many had something too long cut
	Unlinked int64 // records that were kept without the trace id they came with, which is none
}

func (a *Account) add(b Account) {
	a.Received += b.Received
	a.Stored += b.Stored
	a.Repeated += b.Repeated
	a.Returned += b.Returned
	a.Cut += b.Cut
	a.Unlinked += b.Unlinked
	for reason, n := range b.Rejected {
		a.reject(reason, n)
	}
}

func (a *Account) reject(reason store.Reason, n int64) {
	if a.Rejected == nil {
		a.Rejected = map[store.Reason]int64{}
	}
	a.Rejected[reason] += n
}

func (a *Account) rejected() (n int64) {
	for _, k := range a.Rejected {
		n += k
	}
	return n
}

// Accounts has one account for each [Signal].
type Accounts [signals]Account

func (a *Accounts) clone() Accounts {
	b := *a
	for i := range b {
		b[i].Rejected = maps.Clone(a[i].Rejected)
	}
	return b
}

// Stats is a picture of a [Server] since it was made. All of it but Pipeline, Bytes and Reading is of one instant.
type Stats struct {
	Signals  Accounts            // of all projects
	Projects map[string]Accounts // by a project's id; of those that sent something
	LastSeen map[string]time.Time

	Requests  map[int]int64 // answered, by HTTP status; 499 counts senders that went away before
	WireBytes int64         // of bodies as they arrived whole
	Bytes     int64         // in flight now, as MaxBytes counts them
	MaxBytes  int64
	Reading   int64 // bytes of bodies that are arriving now
	MaxRead   int64 // Config.MaxReading
	Waiting   int   // requests in the pipeline's queue

	Latency Histogram // of answered requests, from their header to their answer
	Commit  Histogram // of batches, from the store's taking them to its answer

	Quotas   map[string]Quota // by a project's id; of those that have one and sent something today
	Pipeline pipeline.Stats   // where requests are, and where time goes; its items are requests
}

// Histogram counts durations. It is what Prometheus calls one.
type Histogram struct {
	Bounds []time.Duration // upper ends of the buckets, inclusive, rising; shared, so read only
	Counts []int64         // one for each bound, and one for what is above the last; not added up
	Count  int64
	Sum    time.Duration
}

var bounds = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
}

func (h *Histogram) add(d time.Duration) {
	if h.Counts == nil {
		h.Bounds, h.Counts = bounds, make([]int64, len(bounds)+1)
	}
	i, _ := slices.BinarySearch(bounds, d)
	h.Counts[i]++
	h.Count++
	h.Sum += d
}

func (h *Histogram) clone() Histogram {
	c := *h
	c.Counts = slices.Clone(h.Counts)
	return c
}

// ledger is what Stats is read from. One lock a request keeps its sums true at any time.
type ledger struct {
	mu       sync.Mutex
	projects map[string]*account
	requests map[int]int64
	wire     int64
	latency  Histogram
	commit   Histogram
}

type account struct {
	signals Accounts
	seen    time.Time
}

// settle enters what became of a request's items.
func (l *ledger) settle(project string, s Signal, a Account, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.projects[project]
	if p == nil {
		if l.projects == nil {
			l.projects = map[string]*account{}
		}
		p = new(account)
		l.projects[project] = p
	}
	p.signals[s].add(a)
	p.seen = now
}

// answered enters a request.
func (l *ledger) answered(status int, wire int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.requests == nil {
		l.requests = map[int]int64{}
	}
	l.requests[status]++
	l.wire += int64(wire)
	l.latency.add(took)
}

func (l *ledger) committed(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commit.add(took)
}

func (l *ledger) stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Stats{
		Requests: maps.Clone(l.requests), WireBytes: l.wire,
		Latency: l.latency.clone(), Commit: l.commit.clone(),
		Projects: make(map[string]Accounts, len(l.projects)), LastSeen: make(map[string]time.Time, len(l.projects)),
	}
	for id, p := range l.projects {
		s.Projects[id], s.LastSeen[id] = p.signals.clone(), p.seen
		for i := range p.signals {
			s.Signals[i].add(p.signals[i])
		}
	}
	return s
}
