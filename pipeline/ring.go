package pipeline

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// closedBit in a ring's tail says that nothing more may be claimed. It shares the word with
// the tail so that a claim and the end of all claims cannot overlap: what was claimed before
// is taken by the consumer, what comes later is refused.
const closedBit = 1 << 63

// What a ring's consumer, or the run, has to say to those on the other side.
const (
	ringMarked  = 1 << iota // a mark waits among the items
	ringStopped             // the consumer wants no more: items are filtered at the door
	ringFailed              // the consumer is dead: items are abandoned at the door
	ringAborted             // the drain's deadline has passed: items are abandoned at the door
)

// ring is the link between two goroutines: a bounded queue of any number of producers and
// one consumer (or several that share it: see intake). A put is visible at once, so nothing
// is ever held back in a producer, and neither side takes a lock or allocates unless it has
// to wait. doc.go has the measurements that chose it.
//
// A producer claims a position by moving tail, writes the slot there, and publishes it by
// setting the slot's seq to position+1. The consumer knows the next position it wants, waits
// until that slot shows it, and may work on the item in the slot. It publishes the room it
// made every few items, because each publication costs as much as a put.
type ring[T any] struct {
	slots []slot[T]
	mask  uint64
	limit uint64 // items at most: what Queue asked for
	every uint64 // positions between two publications of head
	scrub bool   // T holds pointers, so a used slot must be emptied for the collector

	_    [64]byte
	tail atomic.Uint64 // next position to claim, and closedBit
	_    [56]byte
	head atomic.Uint64 // positions below are free
	// The consumer alone writes these. An item counts as begun from the moment it is looked at,
	// and its slot is free when the consumer is done with it.
	begun counter
	next  counter
	_     [40]byte
	// Seldom written, read by both sides at each item.
	state atomic.Uint32
	idle  atomic.Bool   // the consumer is parked, or about to be
	token chan struct{} // wakes the parked consumer; room for the one token that idle allows
	pool  *intake[T]    // not nil if several consumers share the ring
	room  roomQueue     // producers that wait for room
	marks markBook

	weigh  func(*T) int // nil if each item weighs 1
	weight atomic.Int64 // what is inside, kept only if weigh is not nil
}

type slot[T any] struct {
	seq atomic.Uint64
	val T
}

func newRing[T any](limit int) *ring[T] {
	size := 1
	for size < limit {
		size *= 2
	}
	r := &ring[T]{
		slots: make([]slot[T], size),
		mask:  uint64(size - 1),
		limit: uint64(limit),
		every: uint64(min(max(limit/8, 1), 32)),
		scrub: holdsPointers[T](),
		token: make(chan struct{}, 1),
		weigh: weigherOf[T](),
	}
	r.room.ring = r
	return r
}

// offer puts *v into the ring, or reports that it could not: the ring is full, or closed, or
// refuses. The caller finds out which, off the fast path.
func (r *ring[T]) offer(v *T) bool {
	for {
		pos := r.tail.Load()
		if pos >= r.head.Load()+r.limit || r.state.Load() > ringMarked {
			return false // closedBit makes pos larger than any head
		}
		if r.tail.CompareAndSwap(pos, pos+1) {
			if r.weigh != nil {
				r.weight.Add(int64(r.weigh(v)))
			}
			s := &r.slots[pos&r.mask]
			s.val = *v
			s.seq.Store(pos + 1)
			if r.idle.Load() {
				r.wake()
			}
			return true
		}
	}
}

// full reports whether there is no room now.
func (r *ring[T]) full() bool {
	return r.tail.Load()&^closedBit >= r.head.Load()+r.limit
}

func (r *ring[T]) closed() bool { return r.tail.Load()&closedBit != 0 }

// close ends all claims. Items that were claimed before are still taken.
func (r *ring[T]) close() {
	r.tail.Or(closedBit)
	r.room.wakeAll()
	r.rouse()
}

// tell sets a bit of state and sees to it that both sides notice.
func (r *ring[T]) tell(bit uint32) {
	r.state.Or(bit)
	if bit != ringMarked {
		r.room.wakeAll()
	}
	r.rouse()
}

// rouse wakes all consumers, for what concerns each of them.
func (r *ring[T]) rouse() {
	if r.pool != nil {
		r.pool.wakeAll()
		return
	}
	r.wake()
}

// wake ends the consumer's park, if it is parked, or that of one of several consumers. It may be
// called at any time by anyone.
func (r *ring[T]) wake() {
	if r.pool != nil {
		r.pool.wakeOne()
		return
	}
	if r.idle.CompareAndSwap(true, false) {
		r.token <- struct{}{}
	}
}

// peek returns the next item where it lies, nil if there is none yet. For the consumer only,
// which calls begin when it starts on the item, and advance when it is done.
func (r *ring[T]) peek() *T {
	at := uint64(r.next.load())
	s := &r.slots[at&r.mask]
	if s.seq.Load() != at+1 {
		return nil
	}
	return &s.val
}

// begin counts the item that peek returned as taken, and returns its weight.
func (r *ring[T]) begin(v *T) int64 {
	r.begun.inc()
	if r.weigh == nil {
		return 1
	}
	w := int64(r.weigh(v))
	r.weight.Add(-w)
	return w
}

// advance frees the slot of the item that peek returned.
func (r *ring[T]) advance() {
	at := uint64(r.next.load())
	s := &r.slots[at&r.mask]
	if r.scrub {
		var none T
		s.val = none
	}
	r.next.add(1)
	if at+1 >= r.head.Load()+r.every {
		r.release(at + 1)
	}
}

// release publishes that all positions below at are free again.
func (r *ring[T]) release(at uint64) {
	r.head.Store(at)
	if r.room.waiting.Load() > 0 {
		r.room.wakeOne()
	}
}

// ended reports whether nothing more will ever come.
func (r *ring[T]) ended() bool {
	tail := r.tail.Load()
	return tail&closedBit != 0 && tail&^closedBit == uint64(r.next.load())
}

// await parks the consumer until there may be something for it: an item, a mark, the end, or
// whatever attention reports. It may return early. It returns at once if there is something.
func (r *ring[T]) await(attention func() bool) {
	at := uint64(r.next.load())
	if r.head.Load() != at {
		r.release(at)
	}
	if runtime.Gosched(); r.stirs(attention) { // a producer that just needed the processor
		return
	}
	r.idle.Store(true)
	if r.stirs(attention) && r.idle.CompareAndSwap(true, false) {
		return
	}
	<-r.token
}

// stirs reports whether the consumer has a reason not to park.
func (r *ring[T]) stirs(attention func() bool) bool {
	return r.peek() != nil || r.ended() || r.state.Load() != 0 && r.urgent() || attention != nil && attention()
}

// urgent reports whether state holds something the consumer has not dealt with. A mark that
// lies behind items not yet put would otherwise keep it awake.
func (r *ring[T]) urgent() bool {
	return r.state.Load() > ringMarked || r.marks.due(uint64(r.next.load()))
}

// depth is what is inside, in items.
func (r *ring[T]) depth() int64 {
	if r.weigh != nil {
		return r.weight.Load()
	}
	begun := r.begun.load()
	return max(int64(r.tail.Load()&^closedBit)-begun, 0)
}

// values is what is inside, in values: a batch is one.
func (r *ring[T]) values() int {
	begun := r.begun.load()
	return int(max(int64(r.tail.Load()&^closedBit)-begun, 0))
}

// roomQueue holds the producers that wait for room, first come first served. A consumer wakes
// the first; whoever got in wakes the next while there is room. So a wave of producers costs a
// wake-up now and then instead of one each item.
type roomQueue struct {
	waiting atomic.Int32
	ring    interface{ full() bool }
	mu      sync.Mutex
	queue   []*parker
}

// parker is where one goroutine waits for room. A token may be stale; the owner looks again.
type parker struct{ token chan struct{} }

func newParker() *parker { return &parker{token: make(chan struct{}, 1)} }

func (w *parker) wake() {
	select {
	case w.token <- struct{}{}:
	default:
	}
}

func (q *roomQueue) join(w *parker) {
	q.mu.Lock()
	q.queue = append(q.queue, w)
	q.waiting.Store(int32(len(q.queue)))
	q.mu.Unlock()
}

// leave takes w out. If w was woken and did not use it, the next one is woken instead.
func (q *roomQueue) leave(w *parker) {
	q.mu.Lock()
	for i, other := range q.queue {
		if other == w {
			q.queue = append(q.queue[:i], q.queue[i+1:]...)
			break
		}
	}
	q.waiting.Store(int32(len(q.queue)))
	q.mu.Unlock()
	q.pass()
}

// pass wakes the next producer if there is room for it.
func (q *roomQueue) pass() {
	if q.waiting.Load() > 0 && !q.ring.full() {
		q.wakeOne()
	}
}

func (q *roomQueue) wakeOne() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) > 0 {
		q.queue[0].wake()
	}
}

func (q *roomQueue) wakeAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.queue {
		w.wake()
	}
}
