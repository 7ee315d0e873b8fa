package stages

import "sync"

const (
	maxIdle      = 4       // buffers that wait for their next use, in one built stage
	maxIdleBytes = 8 << 20 // a larger buffer is left to the collector
)

// freeList keeps a few used values for the next one who needs one. It belongs to one built stage,
// but values come back from whatever goroutine is done with them.
type freeList[T any] struct {
	mu   sync.Mutex
	idle []*T
}

// get returns a used value, nil if there is none.
func (l *freeList[T]) get() *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.idle) - 1
	if last < 0 {
		return nil
	}
	v := l.idle[last]
	l.idle[last] = nil
	l.idle = l.idle[:last]
	return v
}

func (l *freeList[T]) put(v *T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) < maxIdle {
		l.idle = append(l.idle, v)
	}
}

// reuse empties a buffer, or gives up one that is too large to be kept.
func reuse(buf []byte) []byte {
	if cap(buf) > maxIdleBytes {
		return nil
	}
	return buf[:0]
}
