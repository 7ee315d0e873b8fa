package otlp

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

// ReceiverStats says what a receiver did since it was made. The spans that could be read of all requests are accepted,
// returned or rejected; those of a body that could not be read, or not within its limits, are nowhere.
type ReceiverStats struct {
	Requests map[int]int64 // by the status of the answer, or what it would be over HTTP; 499: the sender went away
	Accepted int64         // spans that the pipeline took
	Returned int64         // spans that the sender was told to send again, or in smaller requests
	Rejected map[intake.Reason]int64
	Cut      int64 // accepted spans of which something was cut, with a mark where
	Bytes    int64 // of requests that are arriving or being decoded now, see ReceiverConfig.MaxBytes
	Waiting  int   // requests that wait for the pipeline now
}

type receiverCounters struct {
	returned atomic.Int64

	mu       sync.Mutex
	requests map[int]int64
	accepted int64
	rejected map[intake.Reason]int64
	cut      int64
}

func (c *receiverCounters) answered(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = map[int]int64{}
	}
	c.requests[status]++
}

func (c *receiverCounters) took(b Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted += int64(len(b.Items))
	c.cut += int64(b.Cut)
	for _, bad := range b.Rejected {
		if c.rejected == nil {
			c.rejected = map[intake.Reason]int64{}
		}
		c.rejected[bad.Reason]++
	}
}

// Stats returns the counters.
func (r *Receiver) Stats() ReceiverStats {
	c := &r.count
	c.mu.Lock()
	defer c.mu.Unlock()
	return ReceiverStats{
		Requests: maps.Clone(c.requests), Accepted: c.accepted, Returned: c.returned.Load(), Rejected: maps.Clone(c.rejected),
		Cut: c.cut, Bytes: r.room.InUse(), Waiting: r.entry.Waiting(),
	}
}
