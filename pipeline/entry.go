package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Overflow says what becomes of an item that is pushed when there is no room.
type Overflow uint8

// The policies.
const (
	Block      Overflow = iota // the producer waits, until its context ends
	DropNewest                 // the item is accepted and dropped
	DropOldest                 // the oldest that waits is dropped instead
)

func (o Overflow) String() string {
	switch o {
	case Block:
		return "block"
	case DropNewest:
		return "drop-newest"
	case DropOldest:
		return "drop-oldest"
	}
	return fmt.Sprintf("Overflow(%d)", uint8(o))
}

// EntryConfig holds the settings of an [Entry]. Its zero value works.
type EntryConfig struct {
	Queue    int      // values that may wait; 0 means 1024
	Overflow Overflow // what happens when they do; the default is Block
}

func (c EntryConfig) withDefaults() (EntryConfig, error) {
	if c.Queue == 0 {
		c.Queue = 1024
	}
	if c.Queue < 0 {
		return c, fmt.Errorf("%w: EntryConfig.Queue is negative: %d", ErrConfig, c.Queue)
	}
	if c.Queue > maxQueue {
		return c, fmt.Errorf("%w: EntryConfig.Queue of %d is more than %d", ErrConfig, c.Queue, maxQueue)
	}
	if c.Overflow > DropOldest {
		return c, fmt.Errorf("%w: EntryConfig.Overflow is %v", ErrConfig, c.Overflow)
	}
	return c, nil
}

// Entry is what a source is made of that others push items to: a bounded queue which any number
// of goroutines may push into, before, while and after the pipeline runs. A source returns its
// entry by a method Entry() *Entry[T], which tells the engine to count what waits there, and
// calls [Outlet.Forward] with it in Feed. source.Emitter is such a source.
//
// What one goroutine pushes leaves in the order it was pushed.
type Entry[T any] struct {
	link     *link[T]
	pump     *pump[T]
	overflow Overflow
	err      error       // of the configuration
	free     atomic.Bool // nothing is ever charged for an item
	budget   atomic.Pointer[budget]
	charge   func(*T) int // nil if free
	price    func(T) int  // the same
	shed     atomic.Int64 // accepted and dropped before it entered the queue
	refuse   atomic.Int64
	gate     sync.RWMutex // read-held while an item is dropped, so that none is once the run adds up, and while one enters that nobody has charged
	stage    atomic.Pointer[stage]
	door     *node
}

// NewEntry makes an entry. An error in cfg is reported by Run.
func NewEntry[T any](cfg EntryConfig) *Entry[T] {
	cfg, err := cfg.withDefaults()
	if err != nil {
		cfg.Queue = 1
	}
	e := &Entry[T]{overflow: cfg.Overflow, err: err, charge: chargerOf[T](), price: pricerOf[T](), door: &node{in: new(counter)}}
	e.free.Store(e.charge == nil)
	e.link = &link[T]{ring: newRing[T](cfg.Queue), many: true}
	if cfg.Overflow == DropOldest {
		e.link.ring.pool = &intake[T]{ring: e.link.ring} // its lock lets producers take, too
	}
	e.link.ring.marks.join()
	return e
}

// attach makes the entry part of a stage. What was pushed before is charged now.
func (e *Entry[T]) attach(s *stage) {
	if !e.stage.CompareAndSwap(nil, s) {
		s.p.wrong(s.name, "the source feeds another flow already")
		return
	}
	if e.err != nil {
		s.p.wrong(s.name, "%w", e.err)
	}
	e.link.stage, s.link, s.entry, s.door, e.door.stage = s, e.link, e, e.door, s
	e.gate.Lock()
	defer e.gate.Unlock()
	b := s.p.budget
	if b == nil || e.free.Load() {
		e.free.Store(true)
		return
	}
	e.link.charge = e.charge
	r := e.link.ring
	for pos := r.next; pos < r.claimed(); pos++ {
		b.used.Add(int64(e.charge(&r.slots[pos&r.mask].val)))
	}
	e.budget.Store(b)
}

// Push hands item to the pipeline. nil means it was accepted, even if the overflow policy then
// dropped it or another. Errors leave the item with the caller: [ErrClosed] after the end, ctx's
// error if that ended while Push waited for room, [ErrTooLarge].
func (e *Entry[T]) Push(ctx context.Context, item T) error {
	if e.free.Load() && e.link.ring.offer(&item) || e.pushPriced(&item) {
		return nil
	}
	return e.pushSlow(ctx, item, true)
}

// TryPush is Push that never waits: it returns [ErrFull] where Push would.
func (e *Entry[T]) TryPush(item T) error {
	if e.free.Load() && e.link.ring.offer(&item) || e.pushPriced(&item) {
		return nil
	}
	return e.pushSlow(context.Background(), item, false)
}

// pushPriced is Push where there is a byte budget, and room at once. It allocates nothing, so the
// pointer to item goes to no function that the compiler cannot see through.
func (e *Entry[T]) pushPriced(item *T) bool {
	b := e.budget.Load()
	if b == nil {
		return false
	}
	bytes := int64(e.price(*item))
	if !b.try(bytes) {
		return false
	}
	if !e.link.ring.offer(item) {
		b.release(bytes)
		return false
	}
	return true
}

// pushSlow is Push, or TryPush, where there is or may yet be a byte budget, or no room at first.
func (e *Entry[T]) pushSlow(ctx context.Context, it T, wait bool) (err error) {
	item := &it // moves to the heap here, not in Push
	weight := int64(weightOf(e.link.ring.weigh, item))
	defer func() {
		if err != nil {
			e.refuse.Add(weight)
		}
	}()
	if e.closed() {
		return ErrClosed
	}
	b := e.budget.Load()
	if b != nil {
		bytes := int64(e.charge(item))
		if err := b.fits(bytes); err != nil {
			return err
		}
		if !b.try(bytes) {
			b.p.marks.emitAll()
			if done, err := e.makeRoom(ctx, wait, b, bytes, item, weight); done || err != nil {
				return err
			}
		}
		defer func() {
			if err != nil {
				b.release(bytes)
			}
		}()
	}
	return e.enqueue(ctx, wait, item, weight, b)
}

// offer puts an item into the queue if there is room. One that was not paid for, because its push
// began before the entry had a pipeline, is charged as those that attach found in the queue.
func (e *Entry[T]) offer(item *T, paid *budget) bool {
	if paid != nil || e.free.Load() {
		return e.link.ring.offer(item)
	}
	bytes := int64(e.charge(item)) // before the item is the pipeline's
	e.gate.RLock()
	defer e.gate.RUnlock()
	if !e.link.ring.offer(item) {
		return false
	}
	if b := e.budget.Load(); b != nil {
		b.used.Add(bytes)
	}
	return true
}

// makeRoom gets bytes from the budget by the overflow policy. done says that the item was
// dropped in its course.
func (e *Entry[T]) makeRoom(ctx context.Context, wait bool, b *budget, bytes int64, item *T, weight int64) (done bool, err error) {
	switch e.overflow {
	case DropNewest:
		return true, e.drop(item, weight, ReasonByteBudget)
	case DropOldest:
		for !b.grab(bytes) { // it makes room of its own
			if !e.evict(ReasonByteBudget) { // all bytes are beyond the queue
				return true, e.drop(item, weight, ReasonByteBudget)
			}
		}
		return false, nil
	}
	if !wait {
		return false, ErrFull
	}
	w := newParker()
	defer wakeAtEnd(ctx, w)()
	return false, b.take(bytes, w, func() error { return e.mayWait(ctx) })
}

// enqueue puts an item into the queue. Its bytes are paid for if paid is not nil.
func (e *Entry[T]) enqueue(ctx context.Context, wait bool, item *T, weight int64, paid *budget) error {
	r := e.link.ring
	if e.offer(item, paid) {
		return nil
	}
	switch e.overflow {
	case DropNewest:
		if err := e.drop(item, weight, ReasonQueueFull); err != nil {
			return err
		}
		if paid != nil {
			paid.release(int64(e.charge(item)))
		}
		return nil
	case DropOldest:
		for !e.offer(item, paid) {
			if e.closed() {
				return ErrClosed
			}
			e.evict(ReasonQueueFull)
		}
		return nil
	}
	if !wait {
		if e.closed() {
			return ErrClosed
		}
		return ErrFull
	}
	w := newParker()
	defer wakeAtEnd(ctx, w)()
	r.room.join(w)
	defer r.room.leave(w)
	for !e.offer(item, paid) {
		if err := e.mayWait(ctx); err != nil {
			return err
		}
		<-w.token
	}
	return nil
}

// wakeAtEnd wakes w when ctx ends; the function it returns undoes that.
func wakeAtEnd(ctx context.Context, w *parker) func() bool {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, w.wake)
}

// mayWait returns the reason for which a producer must not wait any longer.
func (e *Entry[T]) mayWait(ctx context.Context) error {
	if e.closed() {
		return ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (e *Entry[T]) closed() bool {
	return e.link.ring.closed() || e.link.ring.state.Load() > ringMarked
}

// drop counts an item as accepted and dropped, unless the entry is closed.
func (e *Entry[T]) drop(item *T, weight int64, reason string) error {
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed() {
		return ErrClosed
	}
	e.shed.Add(weight)
	e.door.note(dropped, reason, weight, nil)
	e.lost(item, weight, reason)
	return nil
}

// evict drops the oldest item that waits. It reports false if none does, or the entry is closed.
func (e *Entry[T]) evict(reason string) bool {
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed() {
		return false
	}
	q, r := e.link.ring.pool, e.link.ring
	q.mu.Lock()
	p := r.peek()
	if p == nil {
		q.mu.Unlock()
		return false
	}
	item := *p
	weight := r.begin(p)
	e.door.note(dropped, reason, weight, nil) // under the lock, so that no mark overtakes it
	r.advance()
	r.release()
	q.mu.Unlock()
	if b := e.budget.Load(); b != nil {
		b.release(int64(e.charge(&item)))
	}
	e.lost(&item, weight, reason)
	return true
}

// lost hands an item that is counted as dropped to OnLoss.
func (e *Entry[T]) lost(item *T, weight int64, reason string) {
	if s := e.stage.Load(); s != nil {
		s.p.onLoss(s, reason, *item, weight)
	}
}

// Close ends the entry: Push returns [ErrClosed], and Forward returns when what waits is sent.
func (e *Entry[T]) Close() {
	e.link.ring.close()
	e.budget.Load().wakeAll() // a Push may wait there
}

// Waiting is how many values wait now.
func (e *Entry[T]) Waiting() int { return e.link.ring.values() }

func (e *Entry[T]) poke() { e.link.ring.rouse() }
func (e *Entry[T]) halt() {
	e.gate.Lock()
	defer e.gate.Unlock()
	e.Close()
}
func (e *Entry[T]) abort() { e.Close(); e.link.abort() }
func (e *Entry[T]) enter(num uint64) {
	e.link.ring.show(0, num)
}
func (e *Entry[T]) refused() int64  { return e.refuse.Load() }
func (e *Entry[T]) accepted() int64 { return e.link.ring.total() + e.shed.Load() }

// Forward sends everything that is pushed into e, until e is closed and empty, which it also is
// when the run ends. It is for the Feed of a source that returned e by its method Entry.
func (out *Outlet[T]) Forward(e *Entry[T]) error {
	if e.stage.Load() != out.node.stage {
		return errors.New("pipeline: Forward of an Entry that the source did not return by a method Entry")
	}
	if e.pump == nil {
		e.pump = &pump[T]{reader: e.link.reader(out.seg, &out.node.out), next: out.next}
	}
	d := e.pump
	d.through() // with what a goroutine began that did not come back
	for !d.ended {
		e.walk()
	}
	e.Close()
	if out.seg.err != nil {
		return out.seg.err
	}
	if out.seg.p.aborted() {
		return out.seg.p.abortCause()
	}
	return nil
}

// walk is the pump's walk, but for runtime.Goexit, which is the source's concern.
func (e *Entry[T]) walk() {
	d, clean := e.pump, false
	defer func() {
		if clean {
			return
		}
		if v := recover(); v != nil {
			d.seg.panicked(v)
			d.through()
		}
	}()
	d.walkOn()
	clean = true
}
