package sink

import (
	"context"
	"math"
	"sync"
	"time"
)

const (
	spoolRetry  = time.Second      // between two tries of a store that fails
	spoolReread = 30 * time.Second // between two tries of what could not be read
	spoolIdle   = time.Duration(math.MaxInt64)
)

// health is how it goes with the store.
type health struct {
	told sync.Mutex    // held while OnEvent runs, and what it is told of changes
	busy chan struct{} // one place, taken while the disk is worked at: no mutex, since that may take long

	// Under crew.mu.
	err    error // why the store is not used, or not to be trusted
	still  bool  // it takes bodies all the same
	since  time.Time
	next   time.Time // when to put something again
	again  time.Time // when to try again what is undone
	dirty  bool      // something was put since the last Sync
	synced time.Time // when that was
	failed bool      // the last Sync has, and a store may take nothing until one does not
	reread time.Time // when to try again what could not be read
}

// usable reports whether a Put makes sense, under crew.mu.
func (h *health) usable(now time.Time) bool { return h.err == nil || h.still || !now.Before(h.next) }

// canPut is usable, and at the end of a run it is true: there is no later time.
func (sp *spooler) canPut() bool {
	sp.crew.mu.Lock()
	defer sp.crew.mu.Unlock()
	return sp.stopped || sp.health.usable(time.Now())
}

// ill notes a failure of the store; still says that it may take bodies all the same.
func (sp *spooler) ill(err error, still bool) {
	h := &sp.health
	h.told.Lock()
	defer h.told.Unlock()
	sp.crew.mu.Lock()
	now := time.Now()
	first := h.err == nil
	if first {
		h.since = now
		h.still = still
	}
	h.still = h.still && still
	h.err = err
	if first || !still {
		h.next = now.Add(spoolRetry)
	}
	sp.crew.mu.Unlock()
	if first && sp.limits.OnEvent != nil {
		sp.limits.OnEvent(SpoolEvent{Kind: SpoolDegraded, Err: err})
	}
	sp.wake()
}

// well notes that the store works; still says that this is no proof that it takes bodies.
func (sp *spooler) well(still bool) {
	h := &sp.health
	sp.crew.mu.Lock()
	fine := h.err == nil || still && !h.still
	sp.crew.mu.Unlock()
	if fine {
		return
	}
	h.told.Lock()
	defer h.told.Unlock()
	sp.crew.mu.Lock()
	again := h.err != nil
	h.err, h.still, h.since = nil, false, time.Time{}
	sp.crew.freed.Broadcast()
	sp.crew.mu.Unlock()
	if again && sp.limits.OnEvent != nil {
		sp.limits.OnEvent(SpoolEvent{Kind: SpoolResumed})
	}
}

func (sp *spooler) tellOf(e SpoolEvent) {
	if sp.limits.OnEvent != nil {
		sp.health.told.Lock()
		defer sp.health.told.Unlock()
		sp.limits.OnEvent(e)
	}
}

// wake has the keeper look for something to do.
func (sp *spooler) wake() {
	select {
	case sp.poke <- struct{}{}:
	default:
	}
}

// soil notes that something was put, which is to be synced.
func (sp *spooler) soil() {
	sp.crew.mu.Lock()
	news := !sp.health.dirty
	if news {
		sp.health.dirty, sp.health.synced = true, time.Now()
	}
	sp.crew.mu.Unlock()
	if news {
		sp.wake()
	}
}

// keeper does what is due beside the sending, and ends that when its time is up.
func (sp *spooler) keeper(ctx context.Context) {
	last, over := sp.in.LastCall(), ctx.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Stop()
		if wait := sp.chores(ctx); wait < spoolIdle {
			timer.Reset(wait)
		}
		select {
		case <-sp.quit:
			return
		case <-sp.poke:
		case <-timer.C:
		case <-last:
			last = nil
			sp.stop()
		case <-over:
			over = nil
			sp.stop()
		}
	}
}

// stop cuts requests off: from now on bodies only go into the store.
func (sp *spooler) stop() {
	sp.crew.mu.Lock()
	sp.stopped = true
	sp.crew.freed.Broadcast()
	sp.crew.mu.Unlock()
	sp.cancel()
}

// chores does what is due, and returns the time until something else is.
func (sp *spooler) chores(ctx context.Context) time.Duration {
	h := &sp.health
	h.busy <- struct{}{}
	defer func() { <-h.busy }()
	every := sp.store.SyncEvery()
	c := &sp.crew
	c.mu.Lock()
	now := time.Now()
	sync := h.dirty && every > 0 && !now.Before(h.synced.Add(every))
	redo := len(sp.undone) > 0 && !now.Before(h.again)
	if len(sp.unread) > 0 && !now.Before(h.reread) {
		if !h.reread.IsZero() {
			sp.backlog.putBack(sp.unread...)
			sp.unread = nil
		}
		h.reread = now.Add(spoolReread)
		c.freed.Broadcast()
	}
	if len(sp.unread) == 0 {
		h.reread = time.Time{}
	}
	c.mu.Unlock()
	if redo {
		sp.redo(ctx)
	}
	if sync {
		sp.sync(ctx)
	}
	sp.expireAll()

	c.mu.Lock()
	defer c.mu.Unlock()
	now = time.Now()
	wait := spoolIdle
	due := func(at time.Time) { wait = min(wait, max(at.Sub(now), 0)) }
	if h.dirty && every > 0 {
		due(h.synced.Add(every))
	}
	if len(sp.undone) > 0 {
		due(h.again)
	}
	switch {
	case h.err == nil:
	case now.Before(h.next):
		due(h.next)
	default:
		c.freed.Broadcast() // somebody may wait to put something
	}
	if len(sp.unread) > 0 {
		due(h.reread)
	}
	if sp.limits.MaxAge > 0 {
		oldest, ok := sp.backlog.first()
		if ok {
			due(oldest.Created.Add(sp.limits.MaxAge))
		}
		if len(sp.live) > 0 {
			due(sp.live[0].held.entry.Created.Add(sp.limits.MaxAge))
			ok = true
		}
		if ok {
			wait = max(wait, spoolRetry/10) // whatever the clock says
		}
	}
	return wait
}

// redo takes what is settled from the store, if that failed before.
func (sp *spooler) redo(ctx context.Context) {
	sp.crew.mu.Lock()
	list := sp.undone
	sp.undone = nil
	sp.crew.mu.Unlock()
	before := len(list)
	for len(list) > 0 && ctx.Err() == nil {
		sp.withdraw(list[0])
		list = list[1:]
	}
	sp.crew.mu.Lock()
	sp.undone = append(sp.undone, list...)
	left := len(sp.undone)
	sp.crew.mu.Unlock()
	if before > 0 && left == 0 {
		sp.well(true)
	}
}

// sync is the store's Sync.
func (sp *spooler) sync(ctx context.Context) {
	h := &sp.health
	sp.crew.mu.Lock()
	dirty := h.dirty
	h.dirty = false
	sp.crew.mu.Unlock()
	if !dirty {
		return
	}
	err := sp.store.Sync(ctx)
	if err != nil && ctx.Err() != nil {
		return // the run has no time for more
	}
	sp.crew.mu.Lock()
	mended := h.failed && err == nil
	h.failed = err != nil
	sp.crew.mu.Unlock()
	if err != nil {
		sp.ill(err, true)
		sp.soil()
		return
	}
	sp.well(!mended)
}

// expireAll settles what waits and is too old, in the backlog or in memory.
func (sp *spooler) expireAll() {
	if sp.limits.MaxAge == 0 {
		return
	}
	for {
		now := time.Now()
		sp.crew.mu.Lock()
		oldest, ok := sp.backlog.first()
		ok = ok && sp.tooOld(oldest, now)
		var live *parcel
		switch {
		case ok:
			_, _ = sp.backlog.pop()
		case len(sp.live) > 0 && sp.tooOld(sp.live[0].held.entry, now):
			live, sp.live = sp.live[0], sp.live[1:]
			oldest, ok = live.held.entry, true
			sp.held -= live.held.charge
			sp.crew.freed.Broadcast()
		}
		sp.crew.mu.Unlock()
		if !ok {
			return
		}
		if live != nil {
			sp.letGo(live)
		}
		sp.expire(oldest)
	}
}
