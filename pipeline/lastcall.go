package pipeline

import (
	"sync"
	"sync/atomic"
	"time"
)

// lastCallTime is how long a run goes on after its last call.
const lastCallTime = 80 * time.Millisecond

// lastCall is a short while before the stages' context ends, for those who asked for one.
type lastCall struct {
	asked atomic.Bool
	once  sync.Once
	ch    chan struct{}
	why   atomic.Pointer[abortion] // of the end that follows
}

// LastCall returns a channel that is closed when the drain's time is up: at Config.DrainTimeout, or
// with the context of Shutdown. Where an actor has asked for it, the run goes on for another 80 ms
// before the stages' context ends and what is in flight is abandoned, so that the actor can put what
// still comes where it outlives the run. It should not begin anything else.
func (in *Inlet[T]) LastCall() <-chan struct{} {
	l := &in.seg.p.last
	l.asked.Store(true)
	return l.ch
}

// call makes the last call for the end that why is about, if somebody wants one, and reports whether
// the run ended by itself meanwhile.
func (l *lastCall) call(why abortion, done <-chan struct{}) bool {
	if !l.asked.Load() {
		return false
	}
	l.why.Store(&why)
	l.once.Do(func() { close(l.ch) })
	t := time.NewTimer(lastCallTime)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}
