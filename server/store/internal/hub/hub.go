// Package hub hands commits to those who watch a project. Readers come to it: it keeps the latest changes in a ring and
// knows no reader, so that a slow one costs nothing.
package hub

import (
	"context"
	"sync"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Hub is the ring of one project.
type Hub struct {
	mu      sync.Mutex
	events  []store.Event // ascending
	changes int           // in all events
	last    uint64        // commit
	lost    uint64        // the latest commit that is no longer in the ring, or was before it
	news    chan struct{} // closed at the next commit
	closed  bool
}

// New makes a hub whose commits begin behind first.
func New(first uint64) *Hub {
	return &Hub{last: first, lost: first, news: make(chan struct{})}
}

// Commit gives the changes a number and publishes them.
func (h *Hub) Commit(changes []store.Change) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.events = append(h.events, store.Event{Commit: h.last, Traces: changes})
	h.changes += len(changes)
	drop := 0
	for h.changes > store.RingSize && drop < len(h.events)-1 {
		h.lost = h.events[drop].Commit
		h.changes -= len(h.events[drop].Traces)
		drop++
	}
	if drop > 0 {
		clear(h.events[:drop]) // append would keep them alive
		h.events = h.events[drop:]
	}
	close(h.news)
	h.news = make(chan struct{})
	return h.last
}

// Last returns the number of the latest commit.
func (h *Hub) Last() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// Close ends all subscriptions.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.news)
	}
}

// Subscribe returns a reader of what comes after a commit; 0 means the latest. With a trace, only of that.
func (h *Hub) Subscribe(after uint64, trace span.TraceID) store.Subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	if after == 0 {
		after = h.last
	}
	return &subscription{hub: h, seen: after, trace: trace}
}

type subscription struct {
	hub   *Hub
	seen  uint64
	trace span.TraceID
}

// Next returns the first event behind what was seen, or a reset when that is gone from the ring, or was never here.
func (s *subscription) Next(ctx context.Context) (store.Event, error) {
	for {
		event, ok, news, err := s.poll()
		if ok || err != nil {
			return event, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return store.Event{}, ctx.Err()
		}
	}
}

func (s *subscription) poll() (event store.Event, ok bool, news <-chan struct{}, err error) {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return event, false, nil, store.ErrClosed
	}
	if s.seen < h.lost || s.seen > h.last {
		s.seen = h.last
		return store.Event{Commit: h.last, Reset: true}, true, nil, nil
	}
	for i := len(h.events) - int(h.last-s.seen); i < len(h.events); i++ { // commits have no gaps
		s.seen = h.events[i].Commit
		if event, ok := s.cut(h.events[i]); ok {
			return event, true, nil, nil
		}
	}
	return event, false, h.news, nil
}

// cut leaves of an event what the subscription is about. Rows are for those who watch one trace.
func (s *subscription) cut(e store.Event) (store.Event, bool) {
	cut := store.Event{Commit: e.Commit}
	for _, c := range e.Traces {
		switch {
		case s.trace == "":
			c.Rows = nil
		case c.Trace.TraceID != s.trace:
			continue
		}
		cut.Traces = append(cut.Traces, c)
	}
	return cut, len(cut.Traces) > 0
}
