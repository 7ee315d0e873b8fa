package sink

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// crew is the senders of an HTTPSender. A sender has a body from when it was taken until it is
// settled, through all pauses.
type crew struct {
	mu    sync.Mutex
	freed sync.Cond // a sender is free, or may be
	slots []slot    // by number
	busy  int
	pacer pacer
}

// slot is a sender.
type slot struct {
	taken bool
	run   *sending
	turn  int // of the body that it has, among those of its run; 0 if it has none
}

func (c *crew) init(cfg HTTPConfig) {
	c.freed.L = &c.mu
	c.pacer.init(cfg.Senders, cfg.MaxSenders)
}

// sending is one run of the sink.
type sending struct {
	*HTTPSender
	in     *pipeline.Inlet[*pipeline.Body]
	drain  <-chan struct{} // closed when the run is to end
	cancel func()
	probes sync.WaitGroup // requests without a body that are on their way

	panicked atomic.Bool // in a sender: a function that the user gave did
	spool    *spooler    // nil without one

	// Under crew.mu.
	budget int // bytes that the run may have in flight; 0 is no bound
	busy   int // senders of this run
	held   int // bytes charged for the bodies that they have
	turns  int // bodies that it took
	marks  []mark
}

// mark waits for the bodies that were taken before it.
type mark struct {
	turns int
	pass  func()
}

// take waits for a sender that is free, and returns its number. More than half of the run's bytes
// are not for senders: what waits in the queues can still be judged.
func (r *sending) take() (n int) {
	c := &r.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	for !r.panicked.Load() && !r.hasRoom() {
		c.freed.Wait()
	}
	return r.seat()
}

// hasRoom reports whether a sender is free for another body.
func (r *sending) hasRoom() bool {
	c := &r.crew
	return c.busy < c.pacer.limit && (r.budget == 0 || r.held < (r.budget+1)/2 || r.busy == 0)
}

// seat takes a sender that is free.
func (r *sending) seat() (n int) {
	c := &r.crew
	c.busy++
	r.busy++
	if n = slices.IndexFunc(c.slots, func(s slot) bool { return !s.taken }); n < 0 {
		n = len(c.slots)
		c.slots = append(c.slots, slot{})
	}
	c.slots[n] = slot{taken: true, run: r}
	return n
}

// unseat gives back a sender that was not needed; -1 is none.
func (r *sending) unseat(n int) {
	if n >= 0 {
		r.free(n, 0)
	}
}

// hold notes that a sender that was taken has a body now, and what that was charged with.
func (r *sending) hold(n, bytes int) {
	c := &r.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	r.turns++
	c.slots[n].turn = r.turns
	r.held += bytes
}

// free gives a sender back, and the bytes that it had.
func (r *sending) free(n, bytes int) {
	c := &r.crew
	c.mu.Lock()
	c.slots[n] = slot{}
	c.busy--
	r.busy--
	r.held -= bytes
	passed := r.passed()
	c.freed.Broadcast()
	c.mu.Unlock()
	for _, m := range passed {
		m.pass()
	}
}

// markPassed has pass called when all bodies that were taken by now are settled.
func (r *sending) markPassed(pass func()) {
	r.crew.mu.Lock()
	r.marks = append(r.marks, mark{r.turns, pass})
	passed := r.passed()
	r.crew.mu.Unlock()
	for _, m := range passed {
		m.pass()
	}
}

// passed takes out the marks that wait for nothing any more.
func (r *sending) passed() (passed []mark) {
	if len(r.marks) == 0 {
		return nil
	}
	oldest := r.turns + 1
	for _, s := range r.crew.slots {
		if s.run == r && s.turn > 0 {
			oldest = min(oldest, s.turn)
		}
	}
	n := 0
	for n < len(r.marks) && r.marks[n].turns < oldest {
		n++
	}
	passed, r.marks = r.marks[:n:n], r.marks[n:]
	return passed
}

// await waits until no sender of this run has something to do, or will have.
func (r *sending) await() {
	c := &r.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.spool != nil {
		r.spool.ended = true
		c.freed.Broadcast()
	}
	for r.busy > 0 || r.spool != nil && !r.spool.dispatched {
		c.freed.Wait()
	}
}

// more reports whether bodies wait for a sender.
func (r *sending) more() bool {
	if r.in.Queued() > 0 {
		return true
	}
	if r.spool == nil {
		return false
	}
	r.crew.mu.Lock()
	defer r.crew.mu.Unlock()
	return len(r.spool.live) > 0 || r.spool.backlog.len() > 0
}

// begin is called when a request with a body goes out.
func (c *crew) begin() try {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pacer.begin(time.Now())
}

// end tells the pacer what became of the request. queued says that more bodies wait.
func (c *crew) end(t try, o outcome, queued bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.pacer.limit
	switch {
	case o.class == accepted:
		c.pacer.answered(t, time.Since(t.began), queued && c.busy >= c.pacer.limit)
	case o.pushback:
		c.pacer.pushedBack(t)
	default:
		c.pacer.over()
	}
	if c.pacer.limit > before {
		c.freed.Broadcast()
	}
}

// back tells the pacer that the endpoint has returned.
func (c *crew) back() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pacer.restart()
	c.freed.Broadcast()
}

func (c *crew) limit() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pacer.limit
}
