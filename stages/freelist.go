package stages

import "sync"

const (
	maxIdle      = 4        // buffers that are kept for their next use, in one built stage
	maxIdleBytes = 8 << 20  // a larger one is kept no longer than the collector likes
	maxRoom      = 32 << 20 // nothing is made larger at once, whatever items say of their size
)

// freeList keeps used values for the next one who needs one: a few for as long as it lives, what comes back
// beyond them, or is large, until the next collections of garbage, so that a line with many of them under way
// makes no new ones, and has none left when it rests. It belongs to one built stage, but values come back from whatever
// goroutine is done with them.
type freeList[T any] struct {
	mu   sync.Mutex
	idle []*T
	more sync.Pool
}

// get returns a used value, nil if there is none.
func (l *freeList[T]) get() *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.idle) - 1
	if last < 0 {
		v, _ := l.more.Get().(*T)
		return v
	}
	v := l.idle[last]
	l.idle[last] = nil
	l.idle = l.idle[:last]
	return v
}

// put takes back a value that holds a buffer of so many bytes.
func (l *freeList[T]) put(v *T, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) < maxIdle && bytes <= maxIdleBytes {
		l.idle = append(l.idle, v)
	} else {
		l.more.Put(v)
	}
}

// roomy returns an empty buffer for about so many bytes, buf if that has a good part of them: what grows by
// append is copied several times over until it has its size.
func roomy(buf []byte, bytes int) []byte {
	bytes = min(bytes, maxRoom)
	if cap(buf) >= bytes-bytes/8 {
		return buf[:0]
	}
	return make([]byte, 0, bytes)
}
