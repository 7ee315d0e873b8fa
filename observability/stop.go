package observability

import (
	"context"
	"sync"
)

// stopper runs one shutdown for any number of callers.
type stopper struct {
	mu     sync.Mutex
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// do has shutdown run once, on a goroutine of its own, and returns what it returned to every caller. The first ctx that
// ends, of any caller, ends that of shutdown.
func (s *stopper) do(ctx context.Context, shutdown func(ctx context.Context) error) error {
	s.mu.Lock()
	if s.done == nil {
		s.done = make(chan struct{})
		own := context.WithoutCancel(ctx)
		if deadline, ok := ctx.Deadline(); ok {
			own, s.cancel = context.WithDeadline(own, deadline)
		} else {
			own, s.cancel = context.WithCancel(own)
		}
		go func() {
			defer close(s.done)
			s.err = shutdown(own)
			s.cancel()
		}()
	}
	s.mu.Unlock()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.cancel()
		<-s.done
	}
	return s.err
}
