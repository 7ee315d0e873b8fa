package pipeline

import "sync"

// A mark is a number that travels behind the items accepted before it. Marks are numbered by
// the pipeline under one lock; a higher mark covers every lower one, so marks may merge.

// noMark is shown by an input that has ended: it will not hold up any mark.
const noMark = ^uint64(0)

// markBook keeps the marks of one ring: which producer has shown which, and where in the
// queue the marks lie that every producer has shown. It needs no room in the queue, and at
// most two places: the first keeps its position, so that a stream of later marks, which all
// merge into the second, cannot push it ahead of the consumer for ever.
type markBook struct {
	mu          sync.Mutex
	shown       []uint64 // by producer
	entered     uint64   // the highest that every producer has shown
	first, last place
}

type place struct {
	pos uint64 // items below pos are covered
	num uint64 // 0 is no mark
}

// join adds a producer and returns its index.
func (b *markBook) join() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown = append(b.shown, 0)
	return len(b.shown) - 1
}

// show notes that producer has shown mark num. claimed tells where the tail stands, and is asked
// under the lock: the last producer to show a mark must not place it ahead of what another put
// meanwhile and has shown too. It reports whether there is news for the consumer, and whether all
// producers have ended.
func (b *markBook) show(producer int, num uint64, claimed func() uint64) (news, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown[producer] = max(b.shown[producer], num)
	all := noMark
	for _, n := range b.shown {
		all = min(all, n)
	}
	if all == noMark {
		return false, true // the end says it all
	}
	if all <= b.entered {
		return false, false
	}
	b.entered = all
	pos := claimed()
	if b.first.num == 0 {
		b.first = place{pos, all}
	} else {
		b.last = place{pos, all}
	}
	return true, false
}

// due reports whether a consumer that has taken the items below pos has met a mark.
func (b *markBook) due(pos uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first.num != 0 && b.first.pos <= pos
}

// take returns the mark that a consumer at pos has met, 0 if none, and whether more wait.
func (b *markBook) take(pos uint64) (num uint64, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.first.num != 0 && b.first.pos <= pos {
		num = b.first.num
		b.first, b.last = b.last, place{}
	}
	return num, b.first.num != 0
}

// show is called by a producer that has put all it had before mark num.
func (r *ring[T]) show(producer int, num uint64) {
	news, ended := r.marks.show(producer, num, r.claimed)
	switch {
	case ended:
		r.close()
	case news:
		r.tell(ringMarked)
	}
}

// met returns the mark that the consumer has reached, 0 if none.
func (r *ring[T]) met() uint64 {
	r.state.And(^uint32(ringMarked)) // before the look, so that a newer mark sets it again
	num, more := r.marks.take(r.next)
	if more {
		r.state.Or(ringMarked)
	}
	return num
}
