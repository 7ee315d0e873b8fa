package pipeline

import "errors"

// pump is the head of a segment that has no function of its own: it takes items from a link and
// walks each through the operators fused behind it.
type pump[T any] struct {
	*reader[T]
	next  func(*T)
	after func() // called when an item is through, however it went; nil unless Ordered
	ended bool
}

// run is the goroutine's body. A panic ends one walk, and the next begins after its item.
func (d *pump[T]) run() {
	for !d.ended {
		d.walk()
	}
	d.seg.finish()
}

// walk takes items until there are no more, or until an operator panics. One recover covers all
// of them. After runtime.Goexit, which nothing can stop, a new goroutine goes on.
func (d *pump[T]) walk() {
	clean := false
	defer func() {
		if clean {
			return
		}
		v := recover()
		d.seg.panicked(v)
		d.through()
		if v == nil {
			d.seg.spawn(d.run)
		}
	}()
	d.walkOn()
	clean = true
}

func (d *pump[T]) walkOn() {
	for !d.ended {
		d.stream()
		d.step()
	}
	d.leave()
}

// stream walks items for as long as they lie ready and nothing else is up. It is step written
// out, without the calls and questions that an item seldom needs.
func (d *pump[T]) stream() {
	r := d.ring
	if d.hand != nil {
		d.handle()
	}
	if r.pool != nil || r.weigh != nil {
		return
	}
	slots, at := r.slots, r.next
	for (!marksOn || r.state.Load() == 0) && d.seg.err == nil {
		s := &slots[at&uint64(len(slots)-1)]
		if s.seq.Load() != at+1 {
			return
		}
		d.busy = true
		r.begun.inc()
		d.into.inc()
		d.next(&s.val)
		d.busy = false
		if statsOn && at%sampleEvery == 0 {
			r.arrival.done(at, &d.seg.head.waits)
		}
		if r.scrub {
			var none T
			s.val = none
		}
		at++
		r.next = at
		if at&r.stride == 0 {
			r.release()
		}
	}
}

// handle is stream for what a worker has in its hand.
func (d *pump[T]) handle() {
	for (!marksOn || d.ring.state.Load() == 0) && d.seg.err == nil {
		p := d.fromHand()
		if p == nil {
			return
		}
		d.next(p)
		d.through()
	}
}

// step deals with one event.
func (d *pump[T]) step() {
	p, what := d.take()
	switch what {
	case gotItem:
		d.next(p)
		d.through()
		if d.seg.err != nil {
			d.quit()
		}
	case gotMark:
		d.seg.mark(d.mark)
	case gotEnd, gotAbort:
		d.ended = true
	}
}

// through ends the work on one item.
func (d *pump[T]) through() {
	if d.after != nil && d.busy {
		d.after()
	}
	d.done()
}

// quit ends a pump whose items get no further: what is still in its link is filtered, and those
// who put into it are told.
func (d *pump[T]) quit() {
	if errors.Is(d.seg.err, ErrClosed) {
		d.forsake(ringStopped)
		return
	}
	d.ended = true
}
