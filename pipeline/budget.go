package pipeline

import (
	"fmt"
	"sync/atomic"
)

// budget bounds the bytes in flight. Only entries wait for room; whoever settles an item gives
// its bytes back. A nil budget bounds nothing.
type budget struct {
	p     *Pipeline
	limit atomic.Int64 // MaxBytes less what stages reserve
	used  atomic.Int64
	given atomic.Int64 // bytes that were given back while somebody waited
	kept  atomic.Bool  // what is free is kept for the first who waits
	room  roomQueue
}

func newBudget(p *Pipeline, limit int64) *budget {
	b := &budget{p: p}
	b.limit.Store(limit)
	b.room.ring = b
	return b
}

func (b *budget) reserve(n int64) {
	if b != nil {
		b.limit.Add(-n)
	}
}

func (b *budget) full() bool { return b.used.Load() >= b.limit.Load() }

// try takes n bytes if there is room for them, which is not kept for somebody.
func (b *budget) try(n int64) bool { return !b.kept.Load() && b.grab(n) }

// grab takes n bytes if there is room for them.
func (b *budget) grab(n int64) bool {
	for {
		used := b.used.Load()
		if used+n > b.limit.Load() {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// fits reports whether n bytes could ever have room.
func (b *budget) fits(n int64) error {
	if limit := b.limit.Load(); n > limit {
		return fmt.Errorf("%w: it has %d bytes, Config.MaxBytes leaves %d", ErrTooLarge, n, limit)
	}
	return nil
}

// patience is how much may be given back before the first who waits for n bytes has room kept. Until
// then others may overtake it, since a producer that need not park is much the faster one.
func (b *budget) patience(n int64) int64 { return min(n, b.limit.Load()/16) }

// take takes n bytes, or waits until stop returns an error. Those who wait are served in order; those
// who come later overtake them where they fit, but no longer than the patience of the first.
func (b *budget) take(n int64, w *parker, stop func() error) error {
	if b.try(n) {
		return nil
	}
	first, kept := false, false
	b.room.join(w)
	defer func() {
		if kept {
			b.kept.Store(false)
		}
		b.room.leave(w)
	}()
	asked := b.given.Load() - 1
	var since int64 // what was given when w became the first
	for {
		if err := stop(); err != nil {
			return err
		}
		given := b.given.Load()
		if kept && b.grab(n) || !kept && b.try(n) {
			return nil
		}
		if !first {
			first, since = b.room.first(w), given
		}
		if first && !kept && given-since >= b.patience(n) {
			kept = true
			b.kept.Store(true)
			continue // something may have been given back before anyone could know
		}
		if given != asked { // else only a mark came by, perhaps the one asked for
			asked = given
			b.p.marks.emitAll()
		}
		<-w.token
	}
}

// release gives n bytes back.
func (b *budget) release(n int64) {
	if b == nil || n == 0 {
		return
	}
	b.used.Add(-n)
	if b.room.waiting.Load() > 0 {
		b.given.Add(n)
		b.room.wakeOne()
	}
}

func (b *budget) wakeAll() {
	if b != nil {
		b.room.wakeAll()
	}
}

// settleBytes gives back what a stage was charged for and did not pass on, once it holds nothing.
// A stage that makes smaller items of large ones thereby frees the difference.
func (seg *segment) settleBytes(n *node) {
	b := seg.p.budget
	if b == nil || n.bytes.Load() == 0 || n.hands() != 0 {
		return
	}
	b.release(n.bytes.Swap(0))
}

// keepBytes gives back what a stage was charged for beyond the bytes of the one item that it keeps.
func (seg *segment) keepBytes(n *node, bytes int64) {
	if b := seg.p.budget; b != nil {
		b.release(n.bytes.Swap(bytes) - bytes)
	}
}
