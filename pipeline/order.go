package pipeline

import "sync/atomic"

// order puts what workers emit back into the order of the items they took. Each item has a
// ticket, its place in the link; a ring of slots holds what was made of each. Whoever completes
// the slot at the head passes on all that is complete from there, so nobody waits while another
// does, and nothing is locked. The slots' buffers are used again.
type order[B any] struct {
	rouse func() // wakes workers that wait for the window to move

	head  atomic.Uint64 // the ticket that is passed on next
	gated atomic.Bool   // a worker waits for the window to move

	slots   []result[B]
	mask    uint64
	workers []orderWorker[B]
}

// result is what was made of one item. It belongs to the worker that has the item, until done is
// the item's ticket + 1, and then to the one that sets it back to 0.
type result[B any] struct {
	done  atomic.Uint64
	items []B
}

type orderWorker[B any] struct {
	items  []B
	next   func(*B) // into the link downstream
	made   counter  // items it has made
	passed counter  // items it has passed on, its own or another's
	_      [16]byte // a line of the cache each
}

// orderWindow is how far the workers may be ahead of the slowest item, in values a worker. Values
// that stand for many items are too large to wait in such numbers.
func orderWindow[B any]() int {
	if weigherOf[B]() != nil {
		return 2
	}
	return 64
}

func newOrder[B any](s *stage, workers int, rouse func()) *order[B] {
	size := 1
	for size < orderWindow[B]()*workers {
		size *= 2
	}
	o := &order[B]{rouse: rouse, slots: make([]result[B], size), mask: uint64(size - 1), workers: make([]orderWorker[B], workers)}
	s.inside = o.inside
	return o
}

// inside is what is on its way through the order, in items.
func (o *order[B]) inside() int64 {
	sum := int64(0)
	for i := range o.workers {
		sum -= o.workers[i].passed.load() // first, so that the sum is not negative
	}
	for i := range o.workers {
		sum += o.workers[i].made.load()
	}
	return sum
}

// worker returns the function to which worker i pushes what it makes; next leads downstream.
func (o *order[B]) worker(i int, next func(*B)) func(*B) {
	w, weigh := &o.workers[i], weigherOf[B]()
	w.next = func(item *B) {
		w.passed.add(int64(weightOf(weigh, item)))
		next(item)
	}
	return func(item *B) {
		w.made.add(int64(weightOf(weigh, item)))
		w.items = append(w.items, *item)
	}
}

// open reports whether the item with this ticket fits into the window. If not, the caller is
// roused when the window has moved.
func (o *order[B]) open(ticket uint64) bool {
	if ticket < o.head.Load()+uint64(len(o.slots)) {
		return true
	}
	o.gated.Store(true)
	return ticket < o.head.Load()+uint64(len(o.slots))
}

// complete says that worker i is through with the item of this ticket. The one that looks at the
// head after the slot there is done passes it on: either the worker that completed it, or the one
// that moved the head to it. If both do, the slot tells who was first.
func (o *order[B]) complete(i int, ticket uint64) {
	w, s := &o.workers[i], o.slot(ticket)
	s.items, w.items = w.items, s.items[:0] // the buffers change places
	s.done.Store(ticket + 1)
	for o.head.Load() == ticket && s.done.CompareAndSwap(ticket+1, 0) {
		for k := range s.items {
			w.next(&s.items[k])
		}
		clear(s.items)
		ticket++
		o.head.Store(ticket) // from here the slot is another's
		s = o.slot(ticket)
	}
	if o.gated.Load() && o.gated.CompareAndSwap(true, false) {
		o.rouse()
	}
}

func (o *order[B]) slot(ticket uint64) *result[B] { return &o.slots[ticket&o.mask] }
