package jobs

import (
	"runtime"
	"sync/atomic"
)

const (
	ringItems   = 1024 // room of a ring of items
	ringBatches = 4    // room of a ring of batches
)

// A ring hands items from one goroutine to one other without a lock. Whoever has to wait yields its processor and tries
// again, so it never parks: a floor for hand-offs, not a design for a library.
type ring[T any] struct {
	slots []T // a power of two
	_     [64]byte
	head  atomic.Uint64 // items taken; the consumer's
	seen  uint64        // the consumer's last look at tail
	_     [64]byte
	tail  atomic.Uint64 // items put; the producer's
	freed uint64        // the producer's last look at head
	_     [64]byte
	ended atomic.Bool
}

func newRing[T any](size int) *ring[T] { return &ring[T]{slots: make([]T, size)} }

func (r *ring[T]) put(item T) {
	tail := r.tail.Load()
	for tail-r.freed == uint64(len(r.slots)) {
		if r.freed = r.head.Load(); tail-r.freed == uint64(len(r.slots)) {
			runtime.Gosched()
		}
	}
	r.slots[tail&uint64(len(r.slots)-1)] = item
	r.tail.Store(tail + 1)
}

// take waits for an item; false says that the ring is closed and empty.
func (r *ring[T]) take() (item T, ok bool) {
	head := r.head.Load()
	for head == r.seen {
		ended := r.ended.Load() // before tail: what was put before the end is seen
		if r.seen = r.tail.Load(); head != r.seen {
			break
		}
		if ended {
			return item, false
		}
		runtime.Gosched()
	}
	item = r.slots[head&uint64(len(r.slots)-1)]
	r.head.Store(head + 1)
	return item, true
}

func (r *ring[T]) close() { r.ended.Store(true) }

func j1SPSC(n int) Result {
	items, mapped, kept := newRing[Item](ringItems), newRing[Item](ringItems), newRing[Item](ringItems)
	batches := newRing[[]Item](ringBatches)
	go func() {
		defer items.close()
		for i := range n {
			items.put(NewItem(i))
		}
	}()
	go func() {
		defer mapped.close()
		for item, ok := items.take(); ok; item, ok = items.take() {
			item.A = item.ID*3 + 1
			mapped.put(item)
		}
	}()
	go func() {
		defer kept.close()
		for item, ok := mapped.take(); ok; item, ok = mapped.take() {
			if item.ID%2 == 0 {
				kept.put(item)
			}
		}
	}()
	go func() {
		defer batches.close()
		batch := make([]Item, 0, batchItems)
		for item, ok := kept.take(); ok; item, ok = kept.take() {
			if batch = append(batch, item); len(batch) == batchItems {
				batches.put(batch)
				batch = make([]Item, 0, batchItems) // the sink owns the other one
			}
		}
		batches.put(batch)
	}()
	var seen Result
	for batch, ok := batches.take(); ok; batch, ok = batches.take() {
		seen.AddBatch(batch)
	}
	return seen
}

func j2SPSC(n int) Result {
	from := newRing[Item](ringItems)
	go func(first *ring[Item]) {
		defer first.close()
		for i := range n {
			first.put(NewItem(i))
		}
	}(from)
	for range increments {
		in, out := from, newRing[Item](ringItems)
		go func() {
			defer out.close()
			for item, ok := in.take(); ok; item, ok = in.take() {
				item.A++
				out.put(item)
			}
		}()
		from = out
	}
	var seen Result
	for item, ok := from.take(); ok; item, ok = from.take() {
		seen.Add(item)
	}
	return seen
}
