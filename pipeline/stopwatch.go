package pipeline

import (
	"sync/atomic"
	"time"
)

// stopwatch adds up how long its goroutine was parked. Readers see the park that goes on, too.
type stopwatch struct {
	past  counter      // ns, of the parks that are over
	since atomic.Int64 // when the one that goes on began; 0 if there is none
}

func (w *stopwatch) start() {
	if statsOn {
		w.since.Store(clock())
	}
}

func (w *stopwatch) stop() {
	if statsOn {
		w.past.add(clock() - w.since.Swap(0))
	}
}

func (w *stopwatch) total() time.Duration {
	past := w.past.load()
	if since := w.since.Load(); since != 0 {
		past += clock() - since
	}
	return time.Duration(past)
}
