//go:build race

package pipeline

import "sync/atomic"

// counter: see counter.go. This is its form under the race detector.
type counter struct{ n atomic.Int64 }

func (c *counter) inc()        { c.n.Add(1) }
func (c *counter) add(n int64) { c.n.Add(n) }
func (c *counter) load() int64 { return c.n.Load() }

// position: see counter.go.
type position struct{ n atomic.Int64 }

func (p *position) inc()         { p.n.Add(1) }
func (p *position) load() uint64 { return uint64(p.n.Load()) }
