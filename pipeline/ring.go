package pipeline

import (
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
// until that slot shows it, and works on the item in the slot. It publishes the room it made
// every few items, because each publication costs as much as a put.
type ring[T any] struct {
	slots  []slot[T]
	mask   uint64
	limit  uint64       // items at most: what Queue asked for
	stride uint64       // head is published when next&stride is 0
	scrub  bool         // T holds pointers, so a used slot must be emptied for the collector
	solo   bool         // there is one producer, which claims without a locked instruction
	weigh  func(*T) int // nil if each item weighs 1

	// The rest is in groups by who writes it how often, each on a line of the cache of its own.
	_    [64]byte
	tail atomic.Uint64 // next position to claim, unless solo, and closedBit
	put  position      // next position to claim, if solo
	seen atomic.Uint64 // what a producer last saw of head: that is asked only when it matters
	_    [40]byte
	head atomic.Uint64 // positions below are free
	_    [56]byte
	// Only the consumer writes these, or whoever holds the pool's lock. An item counts as begun
	// from the moment it is looked at, and is done when next has passed it.
	begun position
	next  uint64
	_     [48]byte
	// Seldom written, read by both sides at each item.
	state   atomic.Uint32
	idle    atomic.Bool   // the consumer is parked, or about to be
	token   chan struct{} // wakes the parked consumer; room for the one token that idle allows
	pool    *intake[T]    // not nil if several consumers share the ring
	_       [40]byte
	room    roomQueue // producers that wait for room
	marks   markBook
	arrival arrival

	weight  atomic.Int64 // what is inside, kept only if weigh is not nil
	entered atomic.Int64 // what ever was, likewise
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
		slots:  make([]slot[T], size),
		mask:   uint64(size - 1),
		limit:  uint64(limit),
		stride: uint64(min(max(size/8, 1), 32)) - 1,
		scrub:  holdsPointers[T](),
		token:  make(chan struct{}, 1),
		weigh:  weigherOf[T](),
	}
	r.room.ring = r
	return r
}

// offer puts *v into the ring, or reports that it could not: the ring is full, or closed, or
// refuses. The caller finds out which, off the fast path.
func (r *ring[T]) offer(v *T) bool {
	for {
		pos := r.tail.Load()
		if pos >= r.seen.Load()+r.limit && !r.look(pos) || r.state.Load() > ringMarked {
			return false // closedBit makes pos larger than any head
		}
		if !r.tail.CompareAndSwap(pos, pos+1) {
			continue
		}
		if r.weigh != nil || pos%sampleEvery == 0 {
			r.publish(pos, v)
			return true
		}
		s := r.slot(pos)
		s.val = *v
		s.seq.Store(pos + 1)
		if r.idle.Load() {
			r.wake()
		}
		return true
	}
}

// offerSolo is offer for the only producer of a ring. It is the way of most items between two
// goroutines, so it is one function without a call.
func (r *ring[T]) offerSolo(v *T) bool {
	pos := r.put.load()
	if pos >= r.seen.Load()+r.limit && !r.look(pos) {
		return false
	}
	if r.state.Load() > ringMarked {
		return false
	}
	r.put.inc()
	if r.weigh != nil || pos%sampleEvery == 0 {
		r.publish(pos, v)
		return true
	}
	s := &r.slots[pos&uint64(len(r.slots)-1)]
	s.val = *v
	s.seq.Store(pos + 1)
	if r.idle.Load() {
		r.wake()
	}
	return true
}

// look brings seen up to date, and reports whether there is room for position pos. Another producer
// may put back what it saw a little before: then the next one looks again.
func (r *ring[T]) look(pos uint64) bool {
	head := r.head.Load()
	r.seen.Store(head)
	return pos < head+r.limit
}

// publish fills the slot at a position that the caller has claimed.
func (r *ring[T]) publish(pos uint64, v *T) {
	if statsOn && pos%sampleEvery == 0 {
		r.arrival.note(pos)
	}
	s := &r.slots[pos&r.mask]
	s.val = *v
	if r.weigh != nil {
		weight := int64(r.weigh(&s.val)) // there, so that v need not move to the heap
		r.weight.Add(weight)
		r.entered.Add(weight)
	}
	s.seq.Store(pos + 1)
	if r.idle.Load() {
		r.wake()
	}
}

func (r *ring[T]) slot(pos uint64) *slot[T] { return &r.slots[pos&r.mask] }

// claimed is the next position to be claimed: all below are taken, or will be.
func (r *ring[T]) claimed() uint64 {
	if r.solo {
		return r.put.load()
	}
	return r.tail.Load() &^ closedBit
}

// full reports whether there is no room now.
func (r *ring[T]) full() bool { return r.claimed() >= r.head.Load()+r.limit }

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
	s := r.slot(r.next)
	if s.seq.Load() != r.next+1 {
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
	weight := int64(r.weigh(v))
	r.weight.Add(-weight)
	return weight
}

// advance frees the slot of the item that peek returned.
func (r *ring[T]) advance() {
	if r.scrub {
		var none T
		r.slots[r.next&r.mask].val = none
	}
	r.next++
	if r.next&r.stride == 0 {
		r.release()
	}
}

// release publishes the room that the consumer has made.
func (r *ring[T]) release() {
	head := r.next
	if r.pool != nil {
		head -= r.pool.inUse
	}
	r.head.Store(head)
	if r.room.waiting.Load() > 0 {
		r.room.wakeOne()
	}
}

// ended reports whether nothing more will ever come.
func (r *ring[T]) ended() bool { return r.closed() && r.claimed() == r.next }

// await parks the consumer until there may be something for it: an item, a mark, the end, or
// whatever attention reports. It may return early. It returns at once if there is something.
func (r *ring[T]) await(attention func() bool) {
	if r.head.Load() != r.next {
		r.release()
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
	return r.state.Load() > ringMarked || r.marks.due(r.next)
}

// depth is what is inside, in items.
func (r *ring[T]) depth() int64 {
	if r.weigh != nil {
		return r.weight.Load()
	}
	return int64(r.values())
}

// values is what is inside, in values: a batch is one.
func (r *ring[T]) values() int {
	begun := r.begun.load() // first, so that it is not ahead
	if r.pool != nil {
		for _, h := range r.pool.hands {
			begun += h.begun.load()
		}
	}
	return int(r.claimed() - begun)
}

// free is how many values a producer could put in now. What the consumer works on, and a little
// of what it has done, still has its place.
func (r *ring[T]) free() int {
	head := r.head.Load() // first, so that it is not ahead
	return max(int(r.limit)-int(r.claimed()-head), 0)
}

// total is what has ever been put in, in items.
func (r *ring[T]) total() int64 {
	if r.weigh != nil {
		return r.entered.Load()
	}
	return int64(r.claimed())
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

// first reports whether w is the one that is woken next.
func (q *roomQueue) first(w *parker) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queue) > 0 && q.queue[0] == w
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
