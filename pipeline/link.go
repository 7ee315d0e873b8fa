package pipeline

import (
	"runtime"
	"sync/atomic"
)

// link is a stage's inbox: the ring, those who put into it, and the door at which items are
// settled that the stage will not take.
type link[T any] struct {
	ring   *ring[T]
	stage  *stage
	waits  atomic.Int64 // items in the hands of producers that wait for room
	charge func(*T) int // nil unless a budget watches
	many   bool         // any number of goroutines put into it
}

func newLink[T any](s *stage, limit int) *link[T] {
	l := &link[T]{ring: newRing[T](limit), stage: s}
	if s.p.budget != nil {
		l.charge = chargerOf[T]()
	}
	s.link, s.door = l, &node{stage: s, in: new(counter)}
	return l
}

// defaultQueue is the bound of a link if the user sets none.
func defaultQueue[T any]() int {
	if weigherOf[T]() != nil {
		return 4
	}
	return 1024
}

func (l *link[T]) depth() int64   { return l.ring.depth() }
func (l *link[T]) waiting() int64 { return l.waits.Load() }
func (l *link[T]) abort()         { l.ring.tell(ringAborted) }

// settled is called when all producers are known.
func (l *link[T]) settled() {
	producers := len(l.ring.marks.shown)
	if !l.many {
		l.ring.solo = producers == 1
	}
	if producers == 0 {
		l.ring.close() // dead letters that no stage sends
	}
}
func (l *link[T]) room() int {
	return l.ring.free()
}
func (l *link[T]) size() int { return int(l.ring.limit) }

// producer is one goroutine's way into a link.
type producer[T any] struct {
	ring    *ring[T]
	link    *link[T]
	seg     *segment
	index   int // in the ring's marks
	refused bool
}

// enter makes seg a producer of the link and returns the function that puts.
func (l *link[T]) enter(seg *segment) func(*T) {
	w := &producer[T]{ring: l.ring, link: l, seg: seg, index: l.ring.marks.join()}
	seg.exits = append(seg.exits, w)
	r := l.ring
	return func(item *T) {
		if r.solo && r.offerSolo(item) || !r.solo && r.offer(item) {
			return
		}
		w.wait(item)
	}
}

func (w *producer[T]) show(num uint64) { w.link.ring.show(w.index, num) }

func (w *producer[T]) offer(item *T) bool {
	if w.ring.solo {
		return w.ring.offerSolo(item)
	}
	return w.ring.offer(item)
}

// wait parks until the item is in the link, or is settled.
func (w *producer[T]) wait(item *T) {
	l, r := w.link, w.link.ring
	weight := int64(weightOf(r.weigh, item))
	l.waits.Add(weight)
	w.seg.blocked.start()
	r.room.join(w.seg.parker)
	for !w.refuse(item, weight) && !w.offer(item) {
		<-w.seg.parker.token
	}
	r.room.leave(w.seg.parker)
	w.seg.blocked.stop()
	l.waits.Add(-weight)
}

// putAside is put for what leaves a segment beside its flow, such as a dead letter. Helpers call
// it too, so it touches nothing that belongs to the segment's goroutine.
func (w *producer[T]) putAside(item *T) {
	l, r := w.link, w.link.ring
	if r.offer(item) {
		return
	}
	weight := int64(weightOf(r.weigh, item))
	l.waits.Add(weight)
	defer l.waits.Add(-weight)
	own := newParker()
	r.room.join(own)
	defer r.room.leave(own)
	for !r.offer(item) {
		switch state := r.state.Load(); {
		case state&ringAborted != 0:
			l.settle(item, weight, abandoned, w.seg.p.abortReason())
			return
		case state > ringMarked:
			l.settle(item, weight, filtered, ReasonStopped)
			return
		}
		<-own.token
	}
}

// refuse settles the item if the link takes no more, and lets the segment know.
func (w *producer[T]) refuse(item *T, weight int64) bool {
	l, p := w.link, w.seg.p
	state := l.ring.state.Load()
	switch {
	case state&ringAborted != 0:
		w.seg.shut(p.abortCause())
		l.settle(item, weight, abandoned, p.abortReason())
	case state&ringStopped != 0:
		if !w.refused {
			w.refused = true
			if w.seg.stopped++; w.seg.stopped == len(w.seg.exits) {
				w.seg.shut(ErrClosed)
			}
		}
		l.settle(item, weight, filtered, ReasonStopped)
	case state&ringFailed != 0:
		l.settle(item, weight, abandoned, ReasonStageFailed)
	default:
		return false
	}
	return true
}

// settle counts an item that the stage will not take.
func (l *link[T]) settle(item *T, weight int64, c column, reason string) {
	l.stage.door.end(c, reason, weight, nil)
	if l.charge != nil {
		l.stage.p.budget.release(int64(l.charge(item)))
	}
	if c != filtered {
		l.stage.p.onLoss(l.stage, reason, *item, weight)
	}
}

// fate is how items end that are left in the link of a stage that takes no more.
func (l *link[T]) fate() (column, string) {
	switch state := l.ring.state.Load(); {
	case state&ringAborted != 0:
		return abandoned, l.stage.p.abortReason()
	case state&ringStopped != 0:
		return filtered, ReasonStopped
	case l.stage.p.aborted():
		return abandoned, l.stage.p.abortReason()
	}
	return abandoned, ReasonStageFailed
}

// sweep settles what is left when nothing puts or takes any more.
func (l *link[T]) sweep() {
	c, reason := l.fate()
	for {
		item, weight, found := l.pop()
		if !found {
			return
		}
		l.settle(&item, weight, c, reason)
	}
}

// pop takes an item out of the link for nobody. It reports false if there is none.
func (l *link[T]) pop() (item T, weight int64, found bool) {
	r := l.ring
	if r.pool != nil {
		r.pool.mu.Lock()
		defer r.pool.mu.Unlock()
	}
	for r.claimed() != r.next {
		if p := r.peek(); p != nil {
			item, weight = *p, r.begin(p)
			r.advance()
			return item, weight, true
		}
		runtime.Gosched() // a producer has claimed the slot and is about to fill it
	}
	return item, 0, false
}

func weightOf[T any](weigh func(*T) int, item *T) int {
	if weigh == nil {
		return 1
	}
	return weigh(item)
}
