package sink

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// SpoolConfig says how an [HTTPSender] keeps bodies in a [Spool] until its endpoint has them. Its
// zero value is no spool.
//
// With a Store each body goes there first. It is then spooled in the ledger, and a Flush does not
// wait for it any longer. What can be sent at once is sent from memory; the memory of the rest is let
// go, and read back when a sender is free for it: the oldest first, but behind what comes in. What
// is in the Store when the run ends stays there for the next one, and is no loss. So each run begins
// with what is there, which it counts as accepted and spooled. One run at a time has the Store, and
// one worker of it; what another one beside it sends stays in memory.
//
// When the Store fails, bodies are sent from memory, as if there were none, and it is tried again
// once a second. See also the package's documentation.
type SpoolConfig struct {
	Store Spool // where bodies are kept; nil is no spool. It is the caller's, who closes it after the run

	// MaxBytes bounds what is in Store; 0 means 1 GiB. Overflow says what happens to a body for which
	// there is no room: pipeline.DropOldest, the default, drops those that wait longest and are in no
	// sender's hands, pipeline.DropNewest the one that came. Either is counted as spool_full.
	MaxBytes int64
	Overflow pipeline.Overflow

	// MaxAge is how long after it was put a body has failed, with the reason spool_expired, unless it
	// is being sent; 0 is no limit. It takes the place of RetryConfig.MaxElapsed.
	MaxAge time.Duration

	// OnEvent is told what somebody should hear of, one call at a time. It must be quick.
	OnEvent func(SpoolEvent)
}

func (c SpoolConfig) withDefaults() (SpoolConfig, error) {
	if c.Store == nil {
		return c, nil
	}
	c.MaxBytes = cmp.Or(c.MaxBytes, 1<<30)
	if c.Overflow == pipeline.Block {
		c.Overflow = pipeline.DropOldest
	}
	switch {
	case c.MaxBytes < 0:
		return c, fmt.Errorf("SpoolConfig.MaxBytes is negative: %d", c.MaxBytes)
	case c.MaxAge < 0:
		return c, fmt.Errorf("SpoolConfig.MaxAge is negative: %v", c.MaxAge)
	case c.Overflow > pipeline.DropOldest:
		return c, fmt.Errorf("SpoolConfig.Overflow is %v", c.Overflow)
	}
	return c, nil
}

// SpoolEvent is something about a spool that somebody should hear of.
type SpoolEvent struct {
	Kind    SpoolEventKind
	Entries int
	Items   int64 // in them
	Err     error
}

// SpoolEventKind says what a [SpoolEvent] is about.
type SpoolEventKind uint8

// The kinds.
const (
	SpoolFound    SpoolEventKind = iota // a run has begun, and an earlier one had left so much
	SpoolDegraded                       // the store fails, for Err: bodies are in memory alone
	SpoolResumed                        // it works again
	SpoolDamaged                        // an entry was set aside, or is not there any more, for Err
)

func (k SpoolEventKind) String() string {
	switch k {
	case SpoolFound:
		return "found"
	case SpoolDegraded:
		return "degraded"
	case SpoolResumed:
		return "resumed"
	case SpoolDamaged:
		return "damaged"
	}
	return fmt.Sprintf("SpoolEventKind(%d)", uint8(k))
}

// SpoolStats is what is in a spool now.
type SpoolStats struct {
	Entries int   // bodies, those that are being sent too
	Items   int64 // in them
	Bytes   int64 // that they take
	Waiting int   // entries that are not in memory

	Err   error     // why bodies are in memory alone; nil while the store works
	Since time.Time // when that began
}

// spooler is a run's side of the spool: it puts what comes, and says what is sent next.
type spooler struct {
	*sending
	limits    SpoolConfig
	store     Spool
	waits     context.Context // of spooled bodies at the gate; ended when those may stay where they are
	surrender func()          // ends it
	poke      chan struct{}   // has the keeper look for something to do
	quit      chan struct{}   // closed: the keeper is to end
	known     uint64          // the highest Seq of an earlier run, whose bodies the endpoint may know
	health    health

	// Under crew.mu.
	backlog    backlog   // what is not in memory
	live       []*parcel // what is in memory and waits for a sender
	unread     []SpoolEntry
	undone     []undone
	entries    int
	items      int64
	bytes      int64
	lent       int   // the sender that is kept for the next body, while that is awaited; -1: none
	loaded     int64 // bytes of the entries that were read back and are with senders
	given      bool  // the endpoint is away and the run ends: nothing is sent any more
	stopped    bool  // nothing is sent any more, by the end of the run's context
	ended      bool  // nothing more comes in
	dispatched bool  // nothing more goes out
}

// undone is an entry that is settled, but could not be taken from the store.
type undone struct {
	entry SpoolEntry
	bury  bool
	parts []*pipeline.Body // that are to be buried, if not the whole
}

// openSpool begins a run with what is in the store.
func (r *sending) openSpool(ctx, whole context.Context) error {
	sp := &spooler{
		sending: r, limits: r.cfg.Spool, store: r.cfg.Spool.Store,
		poke: make(chan struct{}, 1), quit: make(chan struct{}), dispatched: true, lent: -1,
		health: health{busy: make(chan struct{}, 1)},
	}
	sp.waits, sp.surrender = context.WithCancel(ctx)
	r.spool = sp
	entries, err := sp.store.Backlog()
	if err != nil {
		sp.ill(err, false)
	}
	for _, e := range entries {
		sp.entries++
		sp.items += int64(e.Items)
		sp.bytes += e.Bytes
		sp.known = max(sp.known, e.Seq)
	}
	sp.backlog.waiting = entries
	// A panic in a sender has the engine call the sink again, with the ledger as it was.
	switch missing := int(sp.items) - r.in.SpooledNow(); {
	case missing > 0:
		r.in.Recovered(missing)
	case missing < 0:
		r.in.FailedN(r.in.Unspooled(-missing), pipeline.WithReason(pipeline.ReasonQuarantined, fs.ErrNotExist))
	}
	r.current.Store(sp)
	if len(entries) > 0 {
		sp.tellOf(SpoolEvent{Kind: SpoolFound, Entries: len(entries), Items: sp.items})
	}
	if err := r.help(whole, "spool", func() {}, sp.keeper); err != nil {
		return err
	}
	sp.dispatched = false
	return r.help(ctx, "dispatcher", sp.over, sp.dispatch)
}

// closeSpool ends a run. Nobody else uses the spooler any more. When ctx ends, what is left to do on the
// disk stays undone.
func (sp *spooler) closeSpool(ctx context.Context) {
	close(sp.quit)
	sp.surrender()
	sp.health.busy <- struct{}{} // so that the keeper is not at it
	defer func() { <-sp.health.busy }()
	sp.redo(ctx)
	sp.sync(ctx)
}

// spoolAll puts what comes into the store.
func (r *sending) spoolAll(ctx context.Context) error {
	sp := r.spool
	for {
		slot := sp.wait() // while the store fails, so that bodies wait in the link
		if r.panicked.Load() {
			r.unseat(slot)
			return nil // the engine knows the panic and makes it the error
		}
		sp.lend(slot)
		body, err := r.in.Recv()
		slot = sp.takeBack()
		if err != nil {
			r.unseat(slot)
			return r.in.Err()
		}
		for !sp.keep(body) {
			if slot < 0 {
				slot = sp.wait()
			}
			if slot >= 0 {
				if err := r.start(ctx, slot, body); err != nil {
					r.in.Failed(body, err)
					return err
				}
				slot = -1
				break
			}
			if sp.isOver() {
				r.in.Abandoned(body)
				break
			}
		}
		r.unseat(slot)
	}
}

// wait returns -1 when the store can be used; else it waits for that, or for a sender that is free,
// whose number it returns.
func (sp *spooler) wait() int {
	c := &sp.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	for !sp.stopped && !sp.panicked.Load() && !sp.health.usable(time.Now()) {
		if sp.hasRoom() {
			return sp.seat()
		}
		c.freed.Wait()
	}
	return -1
}

// lend lets the dispatcher have a sender for what is in the store, while nobody knows when the next body
// comes in.
func (sp *spooler) lend(slot int) {
	sp.crew.mu.Lock()
	defer sp.crew.mu.Unlock()
	if sp.lent = slot; slot >= 0 {
		sp.crew.freed.Broadcast()
	}
}

// takeBack returns the sender that was lent, or -1 if there was none, or the dispatcher has it.
func (sp *spooler) takeBack() (slot int) {
	sp.crew.mu.Lock()
	defer sp.crew.mu.Unlock()
	slot, sp.lent = sp.lent, -1
	return slot
}

func (sp *spooler) isOver() bool {
	sp.crew.mu.Lock()
	defer sp.crew.mu.Unlock()
	return sp.stopped || sp.panicked.Load()
}

// keep puts body into the store, or drops it if that is full. It reports false if the store fails.
func (sp *spooler) keep(body *pipeline.Body) bool {
	if !sp.canPut() {
		return false
	}
	switch room, err := sp.makeRoom(int64(len(body.Data))); {
	case err != nil:
		return false
	case !room:
		sp.in.Dropped(body, pipeline.ReasonSpoolFull)
		return true
	}
	p := &parcel{Body: body, key: newKey()}
	e, err := sp.put(body, p.key)
	if err != nil {
		return false
	}
	sp.in.SpooledN(body.Items())
	p.held = &holding{entry: e, charge: body.Charge()}
	if !sp.queue(p) {
		sp.letGo(p)
	}
	return true
}

// put is the store's Put.
func (sp *spooler) put(body *pipeline.Body, key string) (SpoolEntry, error) {
	e, err := sp.store.Put(body, key)
	if err != nil {
		sp.ill(err, false)
		return e, err
	}
	sp.well(false)
	sp.crew.mu.Lock()
	sp.entries++
	sp.items += int64(e.Items)
	sp.bytes += e.Bytes
	sp.crew.mu.Unlock()
	sp.soil()
	return e, nil
}

// queue has p sent from memory if it is soon its turn. Else it leaves p to the backlog and reports
// false.
func (sp *spooler) queue(p *parcel) bool {
	c := &sp.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.freed.Broadcast()
	half := (sp.budget + 1) / 2
	fits := sp.held+p.held.charge <= half || sp.held == 0
	if sp.budget == 0 {
		fits = len(sp.live) < c.pacer.limit
	}
	if !fits || sp.given || sp.stopped || sp.dispatched || sp.gate.current().Mode != Sending {
		sp.backlog.push(p.held.entry)
		return false
	}
	sp.held += p.held.charge
	sp.live = append(sp.live, p)
	return true
}

// letGo gives up the memory of a body that the store has.
func (sp *spooler) letGo(p *parcel) {
	h := p.held
	if p.Body == nil || h.gone {
		return
	}
	h.gone = true
	sp.in.Release(&pipeline.Body{Charged: h.charge})
	if !h.lent {
		p.Free()
	}
}

// makeRoom drops what waits longest until n bytes more are within MaxBytes, and reports whether they
// are. An error is the store's.
func (sp *spooler) makeRoom(n int64) (room bool, err error) {
	for {
		sp.crew.mu.Lock()
		if sp.bytes+n <= sp.limits.MaxBytes {
			sp.crew.mu.Unlock()
			return true, nil
		}
		var oldest SpoolEntry
		found := false
		if sp.limits.Overflow == pipeline.DropOldest {
			oldest, found = sp.backlog.pop()
		}
		sp.crew.mu.Unlock()
		if !found {
			return false, nil
		}
		if err := sp.store.Remove(oldest); err != nil {
			sp.crew.mu.Lock()
			sp.backlog.putBack(oldest)
			sp.crew.mu.Unlock()
			sp.ill(err, false)
			return false, err
		}
		sp.forget(oldest)
		sp.in.DroppedN(sp.in.Unspooled(oldest.Items), pipeline.ReasonSpoolFull)
	}
}

// forget notes that an entry is not in the store any more.
func (sp *spooler) forget(e SpoolEntry) {
	sp.crew.mu.Lock()
	defer sp.crew.mu.Unlock()
	sp.entries--
	sp.items -= int64(e.Items)
	sp.bytes -= e.Bytes
}

// rescue puts a body into the store that is in memory alone while the run ends.
func (sp *spooler) rescue(p *parcel) bool {
	if room, err := sp.makeRoom(int64(len(p.Data))); !room || err != nil {
		return false
	}
	e, err := sp.put(p.Body, p.key)
	if err != nil {
		return false
	}
	sp.crew.mu.Lock()
	sp.backlog.push(e)
	sp.crew.mu.Unlock()
	sp.in.Spooled(p.Body)
	p.Free()
	return true
}

func (sp *spooler) stats() SpoolStats {
	sp.crew.mu.Lock()
	defer sp.crew.mu.Unlock()
	return SpoolStats{
		Entries: sp.entries, Items: sp.items, Bytes: sp.bytes, Waiting: sp.backlog.len() + len(sp.unread),
		Err: sp.health.err, Since: sp.health.since,
	}
}

// backlog is entries in the order in which they are sent.
type backlog struct {
	waiting []SpoolEntry
	head    int
}

func (b *backlog) len() int { return len(b.waiting) - b.head }

func (b *backlog) push(e SpoolEntry) {
	if b.head > len(b.waiting)/2 {
		b.waiting = append(b.waiting[:0], b.waiting[b.head:]...)
		b.head = 0
	}
	b.waiting = append(b.waiting, e)
}

func (b *backlog) first() (e SpoolEntry, ok bool) {
	if b.len() == 0 {
		return e, false
	}
	return b.waiting[b.head], true
}

func (b *backlog) pop() (e SpoolEntry, ok bool) {
	if e, ok = b.first(); ok {
		b.head++
	}
	return e, ok
}

// putBack makes entries the first again.
func (b *backlog) putBack(entries ...SpoolEntry) {
	b.waiting = append(entries[:len(entries):len(entries)], b.waiting[b.head:]...)
	b.head = 0
}
