package jobs

import "sync"

// swapItems is the room of a swapLink. Its consumer may hold as many again.
const swapItems = 1024

// A swapLink is candidate B: producers append under a short lock and the consumer swaps the whole buffer for an empty
// one. An item is visible as soon as it is put.
type swapLink struct {
	mu      sync.Mutex
	filled  *sync.Cond // the consumer waits for an item
	room    *sync.Cond // producers wait for room
	items   []Item
	waiting bool // the consumer is parked
	blocked int  // producers that are parked
	closed  bool
}

func newSwapLink() *swapLink {
	l := &swapLink{items: make([]Item, 0, swapItems)}
	l.filled, l.room = sync.NewCond(&l.mu), sync.NewCond(&l.mu)
	return l
}

func (l *swapLink) put(item Item) {
	l.mu.Lock()
	for len(l.items) == swapItems {
		l.blocked++
		l.room.Wait()
		l.blocked--
	}
	l.items = append(l.items, item)
	wake := l.waiting
	l.waiting = false // the one who wakes it says so, so that nobody does it twice
	l.mu.Unlock()
	if wake {
		l.filled.Signal()
	}
}

// take waits for items and gives all there are for spare, which it empties; nil says that the link is closed and empty.
func (l *swapLink) take(spare []Item) []Item {
	l.mu.Lock()
	for len(l.items) == 0 {
		if l.closed {
			l.mu.Unlock()
			return nil
		}
		l.waiting = true
		l.filled.Wait()
	}
	l.waiting = false
	taken := l.items
	l.items = spare[:0]
	wake := l.blocked > 0
	l.mu.Unlock()
	if wake {
		l.room.Broadcast()
	}
	return taken
}

func (l *swapLink) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.filled.Signal()
}

// each calls do with all that the link has, again and again until it is closed and empty.
func (l *swapLink) each(do func([]Item)) {
	spare := make([]Item, 0, swapItems)
	for taken := l.take(spare); taken != nil; taken = l.take(spare) {
		do(taken)
		spare = taken
	}
}

func swapSource(n int) *swapLink {
	out := newSwapLink()
	go func() {
		defer out.close()
		for i := range n {
			out.put(NewItem(i))
		}
	}()
	return out
}

// swapIncrements appends so many stages, a goroutine each, to the line that ends in from, and returns its new end.
func swapIncrements(from *swapLink, stages int) *swapLink {
	for range stages {
		in, out := from, newSwapLink()
		go func() {
			defer out.close()
			in.each(func(taken []Item) {
				for _, item := range taken {
					item.A++
					out.put(item)
				}
			})
		}()
		from = out
	}
	return from
}

func j1SwapLink(n int) Result {
	items, mapped, kept := swapSource(n), newSwapLink(), newSwapLink()
	go func() {
		defer mapped.close()
		items.each(func(taken []Item) {
			for _, item := range taken {
				item.A = item.ID*3 + 1
				mapped.put(item)
			}
		})
	}()
	go func() {
		defer kept.close()
		mapped.each(func(taken []Item) {
			for _, item := range taken {
				if item.ID%2 == 0 {
					kept.put(item)
				}
			}
		})
	}()
	batches, free := make(chan []Item, chunkDepth), make(chan []Item, 2*chunkDepth)
	go func() {
		defer close(batches)
		batch := make([]Item, 0, batchItems)
		kept.each(func(taken []Item) {
			for _, item := range taken {
				if batch = append(batch, item); len(batch) < batchItems {
					continue
				}
				batches <- batch
				select {
				case batch = <-free:
				default:
					batch = make([]Item, 0, batchItems)
				}
			}
		})
		batches <- batch
	}()
	var seen Result
	for batch := range batches {
		seen.AddBatch(batch)
		select {
		case free <- batch[:0]:
		default:
		}
	}
	return seen
}

func j2SwapLink(n int) Result {
	var seen Result
	swapIncrements(swapSource(n), increments).each(seen.AddBatch)
	return seen
}

// j4SwapLink crosses one link, which all producers share; the rest runs where the items arrive.
func j4SwapLink(producers, n int) Result {
	link := newSwapLink()
	go func() {
		defer link.close()
		Produce(producers, n, func(from, to int) {
			for i := from; i < to; i++ {
				link.put(NewItem(i))
			}
		})
	}()
	end := newTail()
	link.each(end.take)
	end.flush()
	return end.seen
}

// j5SwapLink routes in the source's goroutine and merges in the link that all lanes put to.
func j5SwapLink(n int) Result {
	var in [lanes]*swapLink
	merged := newSwapLink()
	var group sync.WaitGroup
	for lane := range lanes {
		in[lane] = newSwapLink()
		group.Go(func() {
			in[lane].each(func(taken []Item) {
				for _, item := range taken {
					item.A = item.ID*3 + 1
					merged.put(item)
				}
			})
		})
	}
	go func() {
		for i := range n {
			item := NewItem(i)
			in[Lane(item)].put(item)
		}
		for lane := range lanes {
			in[lane].close()
		}
		group.Wait()
		merged.close()
	}()
	var seen Result
	merged.each(seen.AddBatch)
	return seen
}

func idleSwapLink() Line {
	first := newSwapLink()
	end := swapIncrements(first, idleStages)
	spare := make([]Item, 0, swapItems)
	return Line{
		Send: first.put,
		Receive: func() Item {
			spare = end.take(spare)
			return spare[0]
		},
		Stop: func() {
			first.close()
			end.take(spare) // nil: closed by the last stage when all have ended
		},
	}
}
