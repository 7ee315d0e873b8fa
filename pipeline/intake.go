package pipeline

import (
	"slices"
	"sync"
)

// intake lets several workers consume one ring. They take items one at a time under a lock, so
// none of them holds an item back while another is idle. That costs some 40 ns an item, little
// beside the work that makes somebody ask for workers.
type intake[T any] struct {
	ring *ring[T]
	gate func(ticket uint64) bool // reports whether the item at this place may be begun; nil: always

	mu   sync.Mutex
	idle []chan struct{} // the tokens of parked workers
	met  uint64          // the highest mark that lay before the next item
}

// take is reader.take for workers. Each worker gets each mark, when it has done all it took
// before; so a link that joins their outputs has seen the mark when all of them have.
func (q *intake[T]) take(d *reader[T]) (*T, event) {
	for {
		q.mu.Lock()
		p, what, found := q.look(d)
		if !found {
			q.idle = append(q.idle, d.waiter)
			q.ring.idle.Store(true)
		}
		q.mu.Unlock()
		if found {
			return p, what
		}
		if q.stirs(d) && q.unpark(d.waiter) {
			continue
		}
		q.park(d)
	}
}

// look finds what there is for d, under the lock.
func (q *intake[T]) look(d *reader[T]) (p *T, what event, found bool) {
	r := q.ring
	if state := r.state.Load(); state != 0 {
		switch {
		case state&ringAborted != 0:
			return nil, gotAbort, true
		case state&ringStopped != 0:
			return nil, gotEnd, true
		}
		if num := r.met(); num > q.met {
			q.met = num
			q.wakeLocked(len(q.idle))
		}
	}
	if d.mark < q.met {
		d.mark = q.met
		return nil, gotMark, true
	}
	if p := r.peek(); p != nil && (q.gate == nil || q.gate(r.next)) {
		q.hand(d, p)
		return &d.cell, gotItem, true
	}
	if r.ended() {
		q.wakeLocked(len(q.idle))
		return nil, gotEnd, true
	}
	if d.attention != nil && d.attention() {
		return nil, gotCall, true
	}
	return nil, 0, false
}

// hand gives the item at p to d and frees its slot.
func (q *intake[T]) hand(d *reader[T], p *T) {
	d.cell, d.ticket = *p, q.ring.next
	d.begin(p)
	if statsOn && d.ticket%sampleEvery == 0 {
		q.ring.arrival.done(d.ticket, &d.seg.head.waits)
	}
	q.ring.advance()
	if len(q.idle) > 0 && q.ring.peek() != nil {
		q.wakeLocked(1)
	}
}

// stirs reports whether something came up between the look and the decision to park.
func (q *intake[T]) stirs(d *reader[T]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.ring
	if r.ended() || r.state.Load() != 0 && r.urgent() || d.attention != nil && d.attention() {
		return true
	}
	return r.peek() != nil && (q.gate == nil || q.gate(r.next))
}

func (q *intake[T]) park(d *reader[T]) {
	d.seg.idling.start()
	<-d.waiter
	d.seg.idling.stop()
}

// unpark takes a worker off the list again. If somebody else did, there is a token to collect.
func (q *intake[T]) unpark(w chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.idle, w)
	if i >= 0 {
		q.idle = slices.Delete(q.idle, i, i+1)
		q.ring.idle.Store(len(q.idle) > 0)
	}
	return i >= 0
}

// wakeLocked wakes n of the parked workers, the one that parked last first: it is still warm.
func (q *intake[T]) wakeLocked(n int) {
	for range n {
		last := len(q.idle) - 1
		q.idle[last] <- struct{}{}
		q.idle = q.idle[:last]
	}
	q.ring.idle.Store(len(q.idle) > 0)
}

func (q *intake[T]) wakeOne() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeLocked(min(len(q.idle), 1))
}

func (q *intake[T]) wakeAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeLocked(len(q.idle))
}
