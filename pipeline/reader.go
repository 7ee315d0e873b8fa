package pipeline

// event is what a reader met.
type event uint8

const (
	gotItem event = iota
	gotMark
	gotEnd
	gotAbort
	gotCall // attention asked for the goroutine
)

// reader is a goroutine's side of a link: its only consumer, or one of several workers.
type reader[T any] struct {
	link      *link[T]
	ring      *ring[T]
	seg       *segment
	into      *counter    // counts what is taken, in items
	attention func() bool // another reason to return from take; nil if there is none
	mark      uint64      // that take met
	busy      bool        // an item was begun and is not done
	cell      T           // a worker's item: the slot is free for others
	ticket    uint64      // a worker's place in the order
	hand      *hand[T]    // a worker's vector; nil if it takes items one at a time
	waiter    chan struct{}
	_         [64]byte // what the next worker writes is on another line of the cache
}

func (l *link[T]) reader(seg *segment, into *counter) *reader[T] {
	return &reader[T]{link: l, ring: l.ring, seg: seg, into: into, waiter: make(chan struct{}, 1)}
}

// forsake tells those who put into the link that nothing more is taken, and why, and settles what
// lies in it: its bytes are wanted, and a Flush may wait for it.
func (d *reader[T]) forsake(why uint32) {
	d.seg.p.marks.severed.Store(true)
	d.ring.tell(why)
	d.link.sweep()
}

// take waits for the next item, and returns it where it lies. The caller calls done when it is
// finished with it.
func (d *reader[T]) take() (*T, event) {
	r := d.ring
	if r.pool != nil {
		return r.pool.take(d)
	}
	for {
		if r.state.Load() != 0 {
			if r.state.Load()&ringAborted != 0 {
				return nil, gotAbort
			}
			if r.state.Load()&ringStopped != 0 {
				return nil, gotEnd
			}
			if d.mark = r.met(); d.mark != 0 {
				return nil, gotMark
			}
		}
		if p := r.peek(); p != nil {
			d.begin(p)
			return p, gotItem
		}
		if r.ended() {
			return nil, gotEnd
		}
		if d.attention != nil && d.attention() {
			return nil, gotCall
		}
		d.park()
	}
}

func (d *reader[T]) begin(p *T) {
	d.busy = true
	d.into.add(d.ring.begin(p))
}

// done frees the item's slot.
func (d *reader[T]) done() {
	if !d.busy {
		return
	}
	d.busy = false
	r := d.ring
	if r.pool != nil {
		d.empty()
		return
	}
	if statsOn && r.next%sampleEvery == 0 {
		r.arrival.done(r.next, &d.seg.head.waits)
	}
	r.advance()
}

// empty forgets the item that a worker is done with.
func (d *reader[T]) empty() {
	var none T
	h := d.hand
	if h == nil {
		d.cell = none
		return
	}
	if statsOn && d.ticket%sampleEvery == 0 {
		d.ring.arrival.done(d.ticket, &d.seg.head.waits)
	}
	if d.ring.scrub {
		h.items[d.ticket-h.base] = none
	}
}

func (d *reader[T]) park() {
	d.seg.idling.start()
	d.ring.await(d.attention)
	d.seg.idling.stop()
}

// poke makes take look around, if it waits.
func (d *reader[T]) poke() {
	if q := d.ring.pool; q != nil {
		if q.unpark(d.waiter) {
			d.waiter <- struct{}{}
		}
		return
	}
	d.ring.wake()
}
