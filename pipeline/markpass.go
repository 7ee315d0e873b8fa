package pipeline

import "sync"

// OnMarkPass is OnMark for a sink whose helpers settle items out of order, and which goes on
// taking items meanwhile: at each mark begin is called, on the actor's own goroutine, inside All,
// Recv or RecvUntil, and the mark has passed the sink once pass is called. That is for the sink to
// do when all the items that it had taken by then are settled, from any goroutine. At the end of
// its items nothing is called: an actor does not return before its helpers have.
func (in *Inlet[T]) OnMarkPass(begin func(pass func())) {
	in.passes = &markPasses{seg: in.seg, begin: begin}
}

// markPasses lets the marks of an actor pass in any order.
type markPasses struct {
	seg   *segment
	begin func(pass func())

	mu    sync.Mutex
	last  uint64 // that has passed
	begun uint64
	over  bool // the function that promised to let them pass has ended
}

func (m *markPasses) met(num uint64) {
	m.mu.Lock()
	m.begun = num
	m.mu.Unlock()
	m.begin(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if num > m.last && !m.over { // else a later one has, which covers it
			m.last = num
			m.seg.show(num)
			m.seg.hasShown(num)
		}
	})
}

// retire ends the passing, and returns the highest mark that has not passed, 0 if there is none.
func (m *markPasses) retire() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
	if m.begun > m.last {
		return m.begun
	}
	return 0
}
