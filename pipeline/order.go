package pipeline

import (
	"sync"
	"sync/atomic"
)

// order puts what workers emit back into the order of the items they took. Each item has a
// ticket, its place in the link; a ring of slots holds what was made of each. Whoever completes
// the slot at the head passes on all that is complete from there, outside the lock, so nobody
// waits while another does. The slots' buffers are used again.
type order[B any] struct {
	rouse  func() // wakes workers that wait for the window to move
	inside atomic.Int64

	head  atomic.Uint64 // the ticket that is passed on next
	gated atomic.Bool   // a worker waits for the window to move

	mu       sync.Mutex
	draining bool
	slots    []result[B]
	workers  []orderWorker[B]
}

type result[B any] struct {
	done  bool
	items []B
}

type orderWorker[B any] struct {
	made []B
	next func(*B) // into the link downstream
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
	o := &order[B]{rouse: rouse, slots: make([]result[B], orderWindow[B]()*workers), workers: make([]orderWorker[B], workers)}
	s.inside = o.inside.Load
	return o
}

// worker returns the function to which worker i pushes what it makes; next leads downstream.
func (o *order[B]) worker(i int, next func(*B)) func(*B) {
	w, weigh := &o.workers[i], weigherOf[B]()
	w.next = func(item *B) {
		o.inside.Add(-int64(weightOf(weigh, item)))
		next(item)
	}
	return func(item *B) {
		o.inside.Add(int64(weightOf(weigh, item)))
		w.made = append(w.made, *item)
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

// complete says that worker i is through with the item of this ticket.
func (o *order[B]) complete(i int, ticket uint64) {
	w := &o.workers[i]
	o.mu.Lock()
	s := o.slot(ticket)
	s.done = true
	s.items, w.made = w.made, s.items[:0] // the buffers change places
	if o.draining || ticket != o.head.Load() {
		o.mu.Unlock()
		return
	}
	o.draining = true
	for s = o.slot(o.head.Load()); s.done; s = o.slot(o.head.Load()) {
		o.mu.Unlock() // nobody else drains, and no worker has this slot's next ticket yet
		for k := range s.items {
			w.next(&s.items[k])
		}
		clear(s.items)
		o.mu.Lock()
		s.done = false
		o.head.Add(1)
	}
	o.draining = false
	o.mu.Unlock()
	if o.gated.Load() && o.gated.CompareAndSwap(true, false) {
		o.rouse()
	}
}

func (o *order[B]) slot(ticket uint64) *result[B] { return &o.slots[ticket%uint64(len(o.slots))] }
