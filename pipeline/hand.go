package pipeline

import "sync/atomic"

// turn is about how long a worker should be at work on what it takes at once: long beside the
// taking, short beside anything that somebody could notice.
const turn = 10_000 // ns

// hand is a vector of items that a worker took out of the link at once, to work them off without the
// lock. Until it begins one, that item counts as in the link, and another worker may take it over: one
// that has nothing to do, or is to show a mark that came after the item, or sees that this one is
// behind. So an item waits in a hand only while everybody is busy, as it would in the link.
//
// claims is everybody's, items[i] belongs to whoever claimed i. The rest is written by the worker under
// the intake's lock, but for begun; others read it there.
type hand[T any] struct {
	claims atomic.Int64 // items that were begun or taken over; more than end when there are none left
	begun  position     // how many items were ever begun
	items  []T          // room for as many as it may ever hold
	end    int          // how many it was given
	lent   int          // how many of them others have taken over
	base   uint64       // ticket of the first
	after  uint64       // the mark that they came after
	size   int          // how many it takes: as many as it works off in one or two turns
	since  int64        // when it took them
	_      [40]byte     // two lines of the cache, for each worker writes in its own all the time
}

// claim gives the worker the next item of its vector, -1 if there is none.
func (h *hand[T]) claim() int {
	if h.end == 0 { // spares an empty hand the locked addition
		return -1
	}
	if i := int(h.claims.Add(1)) - 1; i < h.end {
		return i
	}
	return -1
}

// left is how many items have not been begun.
func (h *hand[T]) left() int { return max(h.end-int(h.claims.Load()), 0) }

// lend gives others up to n of what is left, and returns where they lie.
func (h *hand[T]) lend(n int) (from, got int) {
	if n == 0 {
		return 0, 0
	}
	from = int(h.claims.Add(int64(n))) - n
	got = max(min(n, h.end-from), 0)
	h.lent += got
	return from, got
}

// adapt fits the size of the next vector to the time that this one took.
func (h *hand[T]) adapt(now int64) {
	switch took := now - h.since; {
	case took > 2*turn:
		h.size = int(max(int64(h.end)*2*turn/took, 1))
	case took < turn && h.end == h.size:
		h.size = min(2*h.size, cap(h.items))
	}
}

// newHand makes the hand of a worker that takes up to size items at once; nil for one.
func (r *ring[T]) newHand(size int) *hand[T] {
	if size < 2 {
		return nil
	}
	h := &hand[T]{items: make([]T, size), size: 1}
	r.pool.hands = append(r.pool.hands, h)
	return h
}

// take fills the hand anew: it then has n items, which the intake has put into items.
func (h *hand[T]) take(n int, base, after uint64, now int64) {
	h.end, h.lent, h.base, h.after, h.since = n, 0, base, after, now
	h.claims.Store(0)
}

// fromHand begins the next item of a worker's vector, and returns nil if there is none.
func (d *reader[T]) fromHand() *T {
	h := d.hand
	if h == nil {
		return nil
	}
	i := h.claim()
	if i < 0 {
		return nil
	}
	d.busy, d.ticket = true, h.base+uint64(i)
	h.begun.inc()
	d.into.inc()
	return &h.items[i]
}

// leave settles what a worker that has ended did not begin. It does so itself, because its order
// has to go on.
func (d *pump[T]) leave() {
	h := d.hand
	if h == nil {
		return
	}
	c, reason := d.link.fate()
	for i := h.claim(); i >= 0; i = h.claim() {
		h.begun.inc()
		d.link.settle(&h.items[i], 1, c, reason)
		if d.ticket = h.base + uint64(i); d.after != nil {
			d.after()
		}
	}
	q := d.ring.pool
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(h.items)
	q.settle(h, h.since)
}
