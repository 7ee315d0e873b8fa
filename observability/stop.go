package observability

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// grace is how long somebody else's code may take to notice that its context has ended.
const grace = 30 * time.Millisecond

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

// within calls a method of somebody else's exporter, which may panic, or never return: then it is left behind.
func within(ctx context.Context, name string, call func(ctx context.Context) error) error {
	result := make(chan error, 1)
	go func() {
		err := fmt.Errorf("%s ended its goroutine", name)
		defer func() {
			if r := recover(); r != nil { // r may hold a piece of a span: it is not for the text of an error
				err = fmt.Errorf("%s panicked", name)
			}
			result <- err
		}()
		err = call(ctx)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case err := <-result:
		return err
	case <-patience.C:
		return fmt.Errorf("%s did not return: %w", name, context.Cause(ctx))
	}
}
