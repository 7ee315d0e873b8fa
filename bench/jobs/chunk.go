package jobs

import (
	"sync"
	"sync/atomic"
)

// A chunkPool is the free list of the vectors of one line: its end gives them back to its start.
type chunkPool chan []Item

func newChunkPool() chunkPool { return make(chunkPool, 64) }

func (p chunkPool) get() []Item {
	select {
	case vector := <-p:
		return vector
	default:
		return make([]Item, 0, chunkItems)
	}
}

// put takes a vector back. It need not be cleared, because an Item holds no pointers.
func (p chunkPool) put(vector []Item) {
	select {
	case p <- vector[:0]:
	default:
	}
}

// A chunkLink is candidate A: a channel of vectors that tells producers when its consumer waits.
type chunkLink struct {
	vectors chan []Item
	waiting atomic.Bool
}

func newChunkLink() *chunkLink { return &chunkLink{vectors: make(chan []Item, chunkDepth)} }

// take waits for a vector; false says that the link is closed and empty.
func (l *chunkLink) take() ([]Item, bool) {
	select {
	case vector, ok := <-l.vectors:
		return vector, ok
	default:
	}
	l.waiting.Store(true)
	vector, ok := <-l.vectors
	l.waiting.Store(false)
	return vector, ok
}

// A chunkWriter is one producer's side of a link, with the vector that it fills.
type chunkWriter struct {
	link *chunkLink
	pool chunkPool
	open []Item
}

// put adds an item to the open vector, and sends that when it is full or the consumer waits. Only one producer answers
// a wait, and once: else the next items would follow one by one before the consumer has woken.
func (w *chunkWriter) put(item Item) {
	if w.open == nil {
		w.open = w.pool.get()
	}
	w.open = append(w.open, item)
	if len(w.open) == chunkItems || w.link.waiting.Load() && w.link.waiting.CompareAndSwap(true, false) {
		w.flush()
	}
}

// flush sends the open vector. A producer calls it before it waits for anything.
func (w *chunkWriter) flush() {
	if len(w.open) > 0 {
		w.link.vectors <- w.open
		w.open = nil
	}
}

// chunkSource starts the source of J1 and J2.
func chunkSource(n int, pool chunkPool) *chunkLink {
	link := newChunkLink()
	go func() {
		defer close(link.vectors)
		w := chunkWriter{link: link, pool: pool}
		for i := range n {
			w.put(NewItem(i))
		}
		w.flush()
	}()
	return link
}

// chunkStage starts a stage: edit returns what is left of the vector it is given. The vector moves on whole, so the
// stage holds nothing back.
func chunkStage(in *chunkLink, pool chunkPool, edit func([]Item) []Item) *chunkLink {
	out := newChunkLink()
	go func() {
		defer close(out.vectors)
		for vector, ok := in.take(); ok; vector, ok = in.take() {
			if vector = edit(vector); len(vector) == 0 {
				pool.put(vector)
				continue
			}
			out.vectors <- vector
		}
	}()
	return out
}

func j1Chunk(n int) Result {
	pool := newChunkPool()
	kept := chunkStage(chunkStage(chunkSource(n, pool), pool, scaleAll), pool, keepEven)
	batches, free := make(chan []Item, chunkDepth), make(chan []Item, 2*chunkDepth)
	go func() {
		defer close(batches)
		batch := make([]Item, 0, batchItems)
		for vector, ok := kept.take(); ok; vector, ok = kept.take() {
			for _, item := range vector {
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
			pool.put(vector)
		}
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

func j2Chunk(n int) Result {
	pool := newChunkPool()
	end := chunkSource(n, pool)
	for range increments {
		end = chunkStage(end, pool, incrementAll)
	}
	var seen Result
	for vector, ok := end.take(); ok; vector, ok = end.take() {
		seen.AddBatch(vector)
		pool.put(vector)
	}
	return seen
}

// j4Chunk crosses one link, which all producers share, each filling vectors of its own; the rest runs where they arrive.
func j4Chunk(producers, n int) Result {
	pool, link := newChunkPool(), newChunkLink()
	go func() {
		defer close(link.vectors)
		Produce(producers, n, func(from, to int) {
			w := chunkWriter{link: link, pool: pool}
			for i := from; i < to; i++ {
				w.put(NewItem(i))
			}
			w.flush()
		})
	}()
	end := newTail()
	for vector, ok := link.take(); ok; vector, ok = link.take() {
		end.take(vector)
		pool.put(vector)
	}
	end.flush()
	return end.seen
}

// j5Chunk routes in the source's goroutine; each lane hands its vectors on whole to a link that they share.
func j5Chunk(n int) Result {
	pool, merged := newChunkPool(), newChunkLink()
	var routes [lanes]chunkWriter
	var group sync.WaitGroup
	for lane := range lanes {
		in := newChunkLink()
		routes[lane] = chunkWriter{link: in, pool: pool}
		group.Go(func() {
			for vector, ok := in.take(); ok; vector, ok = in.take() {
				merged.vectors <- scaleAll(vector)
			}
		})
	}
	go func() {
		for i := range n {
			item := NewItem(i)
			routes[Lane(item)].put(item)
		}
		for lane := range routes {
			routes[lane].flush()
			close(routes[lane].link.vectors)
		}
		group.Wait()
		close(merged.vectors)
	}()
	var seen Result
	for vector, ok := merged.take(); ok; vector, ok = merged.take() {
		seen.AddBatch(vector)
		pool.put(vector)
	}
	return seen
}

func idleChunk() Line {
	pool, first := newChunkPool(), newChunkLink()
	end := first
	for range idleStages {
		end = chunkStage(end, pool, incrementAll)
	}
	w := chunkWriter{link: first, pool: pool}
	return Line{
		Send: func(item Item) {
			w.put(item)
			w.flush() // the sender is about to wait
		},
		Receive: func() Item {
			vector, _ := end.take()
			defer pool.put(vector)
			return vector[0]
		},
		Stop: func() {
			close(first.vectors)
			<-end.vectors // closed by the last stage when all have ended
		},
	}
}
