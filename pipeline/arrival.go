package pipeline

import "sync/atomic"

// arrival samples how long items take: every so often a producer notes when it put one, and the
// consumer reads the clock again when it is done with that one.
type arrival struct {
	pos atomic.Uint64 // position + 1 of the item that is timed, 0 if none
	at  atomic.Int64
}

// sampleEvery is the distance of timed items: the two clock readings then cost half a
// nanosecond an item.
const sampleEvery = 128

// note starts the clock for the item at pos, unless another is being timed.
func (a *arrival) note(pos uint64) {
	if a.pos.Load() == 0 {
		a.at.Store(clock())
		a.pos.Store(pos + 1)
	}
}

// done ends the clock if the item at pos was timed, and records it.
func (a *arrival) done(pos uint64, h *histogram) {
	if a.pos.Load() == pos+1 {
		h.add(clock() - a.at.Load())
		a.pos.Store(0)
	}
}
