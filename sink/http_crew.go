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
	slots []bool    // by number: taken
	busy  int
	pacer pacer
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

	// Under crew.mu.
	budget int // bytes that the run may have in flight; 0 is no bound
	busy   int // senders of this run
	held   int // bytes charged for the bodies that they have
}

// take waits for a sender that is free, and returns its number. More than half of the run's bytes
// are not for senders: what waits in the queues can still be judged.
func (r *sending) take() (slot int) {
	c := &r.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	for !r.panicked.Load() && (c.busy >= c.pacer.limit || r.budget > 0 && r.held >= (r.budget+1)/2 && r.busy > 0) {
		c.freed.Wait()
	}
	c.busy++
	r.busy++
	if slot = slices.Index(c.slots, false); slot < 0 {
		slot = len(c.slots)
		c.slots = append(c.slots, false)
	}
	c.slots[slot] = true
	return slot
}

// hold notes that a sender that was taken has so many bytes now.
func (r *sending) hold(bytes int) {
	r.crew.mu.Lock()
	defer r.crew.mu.Unlock()
	r.held += bytes
}

// free gives a sender back, and the bytes that it had.
func (r *sending) free(slot, bytes int) {
	c := &r.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots[slot] = false
	c.busy--
	r.busy--
	r.held -= bytes
	c.freed.Broadcast()
}

// await waits until no more than n senders of this run have something to do.
func (r *sending) await(n int) {
	c := &r.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	for r.busy > n {
		c.freed.Wait()
	}
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
}

func (c *crew) limit() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pacer.limit
}
