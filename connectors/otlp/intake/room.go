package intake

import (
	"context"
	"slices"
	"sync"
)

// Room bounds the bytes that many hold at once. Who asks for more than there is waits, the first one first. It is safe for
// concurrent use.
type Room struct {
	mu      sync.Mutex
	limit   int64
	used    int64
	waiting []*waiter
}

// NewRoom makes a room for limit bytes.
func NewRoom(limit int) *Room { return &Room{limit: int64(limit)} }

type waiter struct {
	bytes int64
	ready chan struct{} // closed when the bytes are its own
}

// Take waits for room until ctx ends, and reports whether there was.
func (r *Room) Take(ctx context.Context, bytes int64) bool {
	r.mu.Lock()
	if len(r.waiting) == 0 && r.used+bytes <= r.limit {
		r.used += bytes
		r.mu.Unlock()
		return true
	}
	w := &waiter{bytes, make(chan struct{})}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()
	select {
	case <-w.ready:
		return true
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-w.ready: // just now
		return true
	default:
	}
	r.waiting = slices.DeleteFunc(r.waiting, func(o *waiter) bool { return o == w })
	r.serve() // one behind it may be content with less
	return false
}

// Give returns what was taken.
func (r *Room) Give(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= bytes
	r.serve()
}

func (r *Room) serve() {
	for len(r.waiting) > 0 && r.used+r.waiting[0].bytes <= r.limit {
		r.used += r.waiting[0].bytes
		close(r.waiting[0].ready)
		r.waiting = slices.Delete(r.waiting, 0, 1)
	}
}

// InUse is how many bytes are taken.
func (r *Room) InUse() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}
