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
	given atomic.Int64 // how often something was given back while somebody waited
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

// try takes n bytes if there is room for them.
func (b *budget) try(n int64) bool {
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

// take takes n bytes, or waits until stop returns an error. Those who wait are served in order.
func (b *budget) take(n int64, w *parker, stop func() error) error {
	if b.try(n) {
		return nil
	}
	b.room.join(w)
	defer b.room.leave(w)
	asked := b.given.Load() - 1
	for {
		if err := stop(); err != nil {
			return err
		}
		given := b.given.Load()
		if b.try(n) {
			return nil
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
		b.given.Add(1)
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
