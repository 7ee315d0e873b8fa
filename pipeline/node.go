package pipeline

import (
	"sync"
	"sync/atomic"
)

// column is where an item is counted at its end.
type column uint8

const (
	delivered column = iota
	filtered
	dropped
	failed
	abandoned
	spooled
	columns
)

var columnNames = [columns]string{"delivered", "filtered", "dropped", "failed", "abandoned", "spooled"}

// Reasons under which items are dropped, failed or abandoned.
const (
	ReasonQueueFull        = "queue_full"
	ReasonByteBudget       = "byte_budget"
	ReasonRejected         = "rejected"
	ReasonTooLarge         = "too_large"
	ReasonEncode           = "encode"
	ReasonError            = "error"
	ReasonStagePanic       = "stage_panic"
	ReasonUndeclared       = "undeclared"
	ReasonRetriesExhausted = "retries_exhausted"
	ReasonRetriesExpired   = "retries_expired"
	ReasonDrainDeadline    = "drain_deadline"
	ReasonCancelled        = "cancelled"
	ReasonStageFailed      = "stage_failed"
	ReasonStopped          = "stopped" // filtered: a stage downstream wanted no more

	// Of what was, or was to be, spooled.
	ReasonSpoolFull    = "spool_full"    // dropped: the spool has its limit of bytes
	ReasonSpoolExpired = "spool_expired" // failed: too old
	ReasonQuarantined  = "quarantined"   // failed: damaged and set aside, or gone
)

// node is the account of one stage within one goroutine. The law holds for each:
//
//	*in + made = out + delivered + filtered + lost + what is in its hands
//
// The counters on the path of each item have one writer, the goroutine that runs the stage.
// What Inlet's methods count may come from helpers, and is atomic.
type node struct {
	stage *stage
	in    *counter // what came in: the out of the stage above, or taken
	taken counter
	out   counter
	made  counter
	// In the hands of an operator between two items; an actor's hands hold the difference.
	held      counter
	filtered  counter
	delivered counter

	settled atomic.Int64 // by Inlet's methods and by losses: the sum of ended, but for what was recovered
	ended   [columns]atomic.Int64

	item   func() any   // the item that an operator works on; nil unless somebody wants to know
	bytes  atomic.Int64 // charged for what is in its hands, kept only with a byte budget
	sizes  histogram    // of what it sends, if that has a weight
	waits  histogram    // ns from an item's arrival until the stage was done with it, sampled
	mu     sync.Mutex
	losses map[lossKey]*lossCount

	recovered atomic.Int64 // spooled by an earlier run: it came in by no link
}

type lossKey struct {
	column column
	reason string
}

type lossCount struct {
	items int64
	err   error // the first, as an example
}

// unsettled is what came in and is not yet accounted for, less what an operator declared to
// hold. It may be negative while an operator makes several items of one.
func (n *node) unsettled() int64 {
	return n.in.load() + n.made.load() - n.out.load() - n.filtered.load() - n.delivered.load() - n.settled.Load() - n.held.load()
}

// hands is what is in flight within the stage.
func (n *node) hands() int64 { return n.unsettled() + n.held.load() }

// end counts items in a column, and under a reason if there is one.
func (n *node) end(c column, reason string, items int64, err error) {
	if items == 0 {
		return
	}
	n.note(c, reason, items, err)
	n.settled.Add(items)
}

// note is end for items that never came in: they are counted at the door.
func (n *node) note(c column, reason string, items int64, err error) {
	n.ended[c].Add(items)
	if reason == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.losses == nil {
		n.losses = map[lossKey]*lossCount{}
	}
	key := lossKey{c, reason}
	if n.losses[key] == nil {
		n.losses[key] = &lossCount{err: err}
	}
	n.losses[key].items += items
}

// total returns what the node has counted in a column.
func (n *node) total(c column) int64 {
	sum := n.ended[c].Load()
	switch c {
	case filtered:
		sum += n.filtered.load()
	case delivered:
		sum += n.delivered.load()
	}
	return sum
}

// current is the item that the operator works on, nil if nobody asked to know.
func (n *node) current() any {
	if n.item == nil {
		return nil
	}
	return n.item()
}
