package pipeline

import (
	"slices"
	"sync"
)

// intake lets several workers consume one ring, under a lock. Operators take a vector of items at
// once (see hand), so that the lock is nothing beside their work. Actors take one item at a time, and
// so do operators whose queue is too short for vectors or whose items stand for several.
type intake[T any] struct {
	ring *ring[T]
	gate func(ticket uint64) bool // reports whether the item at this place may be begun; nil: always

	mu    sync.Mutex
	idle  []chan struct{} // the tokens of parked workers
	met   uint64          // the highest mark that lay before the next item
	hands []*hand[T]      // of the workers that take vectors
	inUse uint64          // places that what is in hands still takes up in the link
	peer  int             // whose hand late looks into
}

// take is reader.take for workers. Each worker gets each mark, when it has done all it took
// before; so a link that joins their outputs has seen the mark when all of them have.
func (q *intake[T]) take(d *reader[T]) (*T, event) {
	for {
		var now int64
		if d.hand != nil {
			now = clock()
		}
		q.mu.Lock()
		p, what, found := q.look(d, now)
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
func (q *intake[T]) look(d *reader[T], now int64) (p *T, what event, found bool) {
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
	if p := d.fromHand(); p != nil {
		return p, gotItem, true
	}
	if d.hand != nil {
		q.settle(d.hand, now)
	}
	if d.mark < q.met {
		if p := q.relieve(d, now, func(h *hand[T]) bool { return h.after < q.met }); p != nil {
			return p, gotItem, true
		}
		d.mark = q.met
		return nil, gotMark, true
	}
	if p := q.fresh(d, now); p != nil {
		return p, gotItem, true
	}
	if p := q.relieve(d, now, func(*hand[T]) bool { return true }); p != nil {
		return p, gotItem, true
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

// ready reports whether the item at this place is there and may be begun.
func (q *intake[T]) ready(pos uint64) bool {
	return q.ring.slot(pos).seq.Load() == pos+1 && (q.gate == nil || q.gate(pos))
}

// fresh gives d items out of the link, and returns the first, nil if there is none.
func (q *intake[T]) fresh(d *reader[T], now int64) *T {
	r, h := q.ring, d.hand
	if !q.ready(r.next) {
		return nil
	}
	if h == nil {
		q.one(d)
		return &d.cell
	}
	if late := q.late(h, now); late != nil {
		if p := q.relieve(d, now, func(h *hand[T]) bool { return h == late }); p != nil {
			return p
		}
	}
	base, n := r.next, 0
	share := (r.claimed()-base)/uint64(len(q.idle)+1) + 1 // so that those who wait get theirs
	for most := int(min(uint64(h.size), share)); n < most && q.ready(r.next); n++ {
		s := r.slot(r.next)
		h.items[n] = s.val
		if r.scrub {
			var none T
			s.val = none
		}
		r.next++
	}
	q.inUse += uint64(n)
	h.take(n, base, q.met, now)
	r.release()
	if len(q.idle) > 0 && (n > 1 || r.peek() != nil) {
		q.wakeLocked(1)
	}
	return d.fromHand()
}

// one gives d the next item of the link, and frees its slot.
func (q *intake[T]) one(d *reader[T]) {
	p := q.ring.peek()
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

// settle frees the places of what was in an empty hand.
func (q *intake[T]) settle(h *hand[T], now int64) {
	if h.end == 0 {
		return
	}
	h.adapt(now)
	q.inUse -= uint64(h.end - h.lent)
	h.end = 0
	q.ring.release()
}

// late returns a hand whose worker is far behind what it took it for, nil if it finds none: it looks
// into one each time, so that it costs the same with many workers.
func (q *intake[T]) late(own *hand[T], now int64) *hand[T] {
	q.peer = (q.peer + 1) % len(q.hands)
	if h := q.hands[q.peer]; h != own && now-h.since > 10*turn && h.left() > 0 {
		return h
	}
	return nil
}

// relieve takes over for d half of what is left in one of the hands that may be touched, and returns
// the first item, nil if there is none.
func (q *intake[T]) relieve(d *reader[T], now int64, may func(*hand[T]) bool) *T {
	for _, h := range q.hands {
		if h == d.hand || !may(h) {
			continue
		}
		from, n := h.lend((h.left() + 1) / 2)
		if n == 0 {
			continue
		}
		copy(d.hand.items, h.items[from:from+n])
		if q.ring.scrub {
			clear(h.items[from : from+n])
		}
		d.hand.take(n, h.base+uint64(from), h.after, now)
		if len(q.idle) > 0 && (n > 1 || h.left() > 0) {
			q.wakeLocked(1)
		}
		return d.fromHand()
	}
	return nil
}

// stirs reports whether something came up between the look and the decision to park.
func (q *intake[T]) stirs(d *reader[T]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.ring
	if r.ended() || r.state.Load() != 0 && r.urgent() || d.attention != nil && d.attention() {
		return true
	}
	return q.ready(r.next)
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
