package sink

import (
	"context"
	"errors"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
)

// ChanConfig says what [Chan] does at the end. Its zero value leaves the channel open.
type ChanConfig struct {
	Close bool // closes the channel when all items are sent, so that a range over it ends
}

// Chan sends each item to ch, which counts it as delivered: what the receiver does with it is
// outside of the pipeline. While nobody receives, the pipeline waits; at the drain's deadline
// what is not sent is abandoned. A channel that somebody else closes ends the run with a
// [*pipeline.PanicError].
//
// With Close, the sink is to be used in one place; it may have [pipeline.Workers].
func Chan[T any](ch chan<- T, cfg ChanConfig) pipeline.Sink[T] {
	if ch == nil {
		return pipeline.BadSink[T]("chan", errors.New("the channel is nil"))
	}
	last := &lastOut{}
	return pipeline.SinkActor(func(ctx context.Context, in *pipeline.Inlet[T]) error {
		last.enter()
		give := func(item T) bool {
			select {
			case ch <- item:
				return true
			case <-ctx.Done():
				return false
			}
		}
		for item := range in.All() {
			in.DeliverTo(give, item)
		}
		if last.leave() && cfg.Close {
			close(ch)
		}
		return in.Err()
	}).Named("chan")
}

// lastOut finds the worker that is to close up behind all others.
type lastOut struct {
	mu     sync.Mutex
	inside int
	closed bool
}

func (l *lastOut) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside++
}

// leave reports true once: to the first that leaves nobody behind. A worker that only enters
// after that finds no items any more.
func (l *lastOut) leave() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	if l.inside > 0 || l.closed {
		return false
	}
	l.closed = true
	return true
}
