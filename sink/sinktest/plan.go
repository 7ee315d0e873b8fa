package sinktest

import (
	"context"
	"sync"
)

// plan says which fault meets which request.
type plan struct {
	calls sync.Mutex // held around onRequest, so that users' functions need no lock

	mu        sync.Mutex
	script    []Fault
	onRequest func(Request) Fault
	set       Fault
	onDial    func(ctx context.Context, n int) error
	dials     int
}

// Script gives the next requests these faults, one each in the order of arrival; nil leaves a
// request healthy. It adds to a script that is not used up, and comes before OnRequest and Set.
func (c *Collector) Script(faults ...Fault) {
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	c.plan.script = append(c.plan.script, faults...)
}

// OnRequest lets choose decide about each request, before its body is read; where choose gives
// nil, the fault of Set is left to decide. Calls come one at a time. choose may use the
// collector, all but Close, but must not block: the other requests wait for it.
func (c *Collector) OnRequest(choose func(Request) Fault) {
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	c.plan.onRequest = choose
}

// Set gives every request the fault f, until Heal.
func (c *Collector) Set(f Fault) {
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	c.plan.set = f
}

// OnDial lets fail decide about each connection made through DialContext: it gets the number
// of the dial, from 1, and an error that it returns is the dialer's as it is. It may wait for
// ctx, as a black hole does, or for a timer. Calls are concurrent.
func (c *Collector) OnDial(fail func(ctx context.Context, n int) error) {
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	c.plan.onDial = fail
}

// Heal forgets Script, OnRequest, Set and OnDial. What already happens to a request goes on,
// and a collector that is down stays down.
func (c *Collector) Heal() {
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	c.plan.script, c.plan.onRequest, c.plan.set, c.plan.onDial = nil, nil, nil, nil
}

// next is the fault for r, nil for none.
func (p *plan) next(r Request) Fault {
	p.mu.Lock()
	if len(p.script) > 0 {
		f := p.script[0]
		p.script = p.script[1:]
		p.mu.Unlock()
		return f
	}
	choose, set := p.onRequest, p.set
	p.mu.Unlock()
	if choose != nil {
		p.calls.Lock()
		defer p.calls.Unlock()
		if f := choose(r); f != nil {
			return f
		}
	}
	return set
}

func (p *plan) dial(ctx context.Context) error {
	p.mu.Lock()
	p.dials++
	n, fail := p.dials, p.onDial
	p.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(ctx, n)
}
