//go:build !race

package pipeline

import "sync/atomic"

// counter is an account with one writer, the goroutine that owns its stage, and any number of
// readers. The writer pays an ordinary addition instead of a locked one: five of them on the
// way of an item would cost more than a fused stage does. Readers see each word whole (the Go
// memory model promises that for a machine word), and they see the last word as soon as the
// writer has parked, because parking is a synchronisation. Under the race detector the same
// type is made of atomics (counter_race.go), so a second writer is found there.
type counter struct{ n int64 }

func (c *counter) inc() {
	if statsOn {
		c.n++
	}
}

func (c *counter) add(n int64) {
	if statsOn {
		c.n += n
	}
}

func (c *counter) load() int64 { return atomic.LoadInt64(&c.n) }

// position is a counter that the engine itself depends on.
type position struct{ n int64 }

func (p *position) inc()         { p.n++ }
func (p *position) load() uint64 { return uint64(atomic.LoadInt64(&p.n)) }
