package spool

import "sync"

// shared is work that all who wait for it can have done at once, if it begins after they have asked:
// one sync of a directory for every rename before it.
type shared struct {
	turn chan struct{} // has room for the one that is at work

	mu   sync.Mutex
	next *round // has not begun
}

type round struct {
	done chan struct{}
	err  error
}

func (s *shared) do(work func() error) error {
	s.mu.Lock()
	if r := s.next; r != nil {
		s.mu.Unlock()
		<-r.done
		return r.err
	}
	r := &round{done: make(chan struct{})}
	s.next = r
	s.mu.Unlock()
	s.turn <- struct{}{}
	s.mu.Lock()
	s.next = nil // who asks from here on may have renamed too late for this one
	s.mu.Unlock()
	r.err = work()
	<-s.turn
	close(r.done)
	return r.err
}
