package sink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// maxLoaded bounds the bytes that senders have read back from the store, beyond one entry.
const maxLoaded = 8 << 20

// holding is an entry of the store whose body is in memory, and what became of it, or of its pieces.
type holding struct {
	entry  SpoolEntry
	charge int  // of the body, to the byte budget
	loaded bool // it was read back
	gone   bool // the memory was let go
	lent   bool // somebody else has the memory, or it was freed before

	delivered int // items
	failures  []spoolFailure
	kept      bool // the run ended first, for a part at least
	results   []HTTPResult
}

// spoolFailure is a body, or a piece of one, that has failed.
type spoolFailure struct {
	body  *pipeline.Body // nil: nobody knows which items
	items int
	err   error
}

func (h *holding) fail(body *pipeline.Body, items int, err error) {
	h.failures = append(h.failures, spoolFailure{body, items, err})
}

// dispatch gives what is in the store to senders as they are free, until there is nothing left to
// do or it is no use.
func (sp *spooler) dispatch(ctx context.Context) {
	for {
		slot, p := sp.next()
		if p == nil {
			return
		}
		h := p.held
		sp.count.sending.Add(1)
		done := func() {
			sp.count.sending.Add(-1)
			sp.letGo(p)
			sp.unload(h)
			sp.free(slot, h.charge)
		}
		err := sp.help(ctx, fmt.Sprintf("sender %d", slot+1), done, func(ctx context.Context) {
			sp.sendEntry(ctx, p)
		})
		if err != nil { // it never is: ctx is the stage's
			done()
		}
	}
}

// next waits for a sender and something to send: what is in memory before what is not. It returns
// nil when there is nothing left.
func (sp *spooler) next() (slot int, p *parcel) {
	c := &sp.crew
	c.mu.Lock()
	defer c.mu.Unlock()
	for !sp.stopped && !sp.given && !sp.panicked.Load() {
		oldest, found := sp.backlog.first()
		switch {
		case len(sp.live) == 0 && !found && sp.ended:
			return 0, nil
		case c.busy >= c.pacer.limit && sp.lent < 0:
		case len(sp.live) > 0:
			p, sp.live = sp.live[0], sp.live[1:]
			return sp.seatOrLent(), p
		case found && (sp.loaded == 0 || sp.loaded+oldest.Bytes <= maxLoaded):
			_, _ = sp.backlog.pop()
			sp.loaded += oldest.Bytes
			return sp.seatOrLent(), &parcel{held: &holding{entry: oldest, loaded: true}, known: oldest.Seq <= sp.known}
		}
		c.freed.Wait()
	}
	return 0, nil
}

// seatOrLent takes a sender that is free, or else the one that was lent.
func (sp *spooler) seatOrLent() (slot int) {
	if sp.crew.busy < sp.crew.pacer.limit {
		return sp.seat()
	}
	slot, sp.lent = sp.lent, -1
	return slot
}

// over is called when dispatch has returned: what is in memory and was not sent stays in the store.
func (sp *spooler) over() {
	c := &sp.crew
	c.mu.Lock()
	live := sp.live
	sp.live, sp.dispatched = nil, true
	for _, p := range live {
		sp.held -= p.held.charge
		sp.backlog.push(p.held.entry)
	}
	c.freed.Broadcast()
	c.mu.Unlock()
	for _, p := range live {
		sp.letGo(p)
	}
}

func (sp *spooler) unload(h *holding) {
	if h.loaded {
		sp.crew.mu.Lock()
		sp.loaded -= h.entry.Bytes
		sp.crew.mu.Unlock()
	}
}

// sendEntry sends what an entry holds, and settles it.
func (sp *spooler) sendEntry(ctx context.Context, p *parcel) {
	e := p.held.entry
	switch err := sp.load(p); {
	case err == nil:
	case errors.Is(err, ErrSpoolDamaged):
		sp.lost(e, err)
		return
	default:
		sp.ill(err, true)
		sp.crew.mu.Lock()
		sp.unread = append(sp.unread, e)
		sp.crew.mu.Unlock()
		sp.wake()
		return
	}
	if sp.tooOld(e, time.Now()) {
		sp.expire(e)
		return
	}
	sp.deliver(ctx, p)
	sp.settle(p)
}

// load reads a body back, unless it is in memory.
func (sp *spooler) load(p *parcel) error {
	if p.Body != nil {
		return nil
	}
	body, key, err := sp.store.Load(p.held.entry)
	if err != nil {
		return err
	}
	if body.Items() != p.held.entry.Items {
		err := fmt.Errorf("%w: it has %d items, its name says %d", ErrSpoolDamaged, body.Items(), p.held.entry.Items)
		return errors.Join(err, sp.store.Bury(p.held.entry, nil))
	}
	body.Charged = 0 // the budget is for what came in
	p.Body, p.key = body, key
	return nil
}

// lost settles an entry that cannot be read back.
func (sp *spooler) lost(e SpoolEntry, err error) {
	sp.forget(e)
	sp.in.FailedN(sp.in.Unspooled(e.Items), pipeline.WithReason(pipeline.ReasonQuarantined, err))
	sp.tellOf(SpoolEvent{Kind: SpoolDamaged, Entries: 1, Items: int64(e.Items), Err: err})
}

func (sp *spooler) tooOld(e SpoolEntry, now time.Time) bool {
	return sp.limits.MaxAge > 0 && now.Sub(e.Created) >= sp.limits.MaxAge
}

// expire settles an entry that is too old.
func (sp *spooler) expire(e SpoolEntry) {
	sp.withdraw(undone{entry: e})
	err := fmt.Errorf("sink: spooled for %v", sp.limits.MaxAge)
	sp.in.FailedN(sp.in.Unspooled(e.Items), pipeline.WithReason(pipeline.ReasonSpoolExpired, err))
}

// withdraw takes an entry from the store that is settled. If that fails it is tried again: should the
// process end before, the entry is sent once more, and the endpoint knows its key.
func (sp *spooler) withdraw(u undone) {
	var err error
	switch {
	case !u.bury:
		err = sp.store.Remove(u.entry)
	case len(u.parts) == 0:
		err = sp.store.Bury(u.entry, nil)
	default:
		for len(u.parts) > 0 && err == nil {
			if err = sp.store.Bury(u.entry, u.parts[0]); err == nil {
				u.parts = u.parts[1:]
			}
		}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) { // the latter if an error came when that was done
		sp.forget(u.entry)
		return
	}
	sp.crew.mu.Lock()
	sp.undone = append(sp.undone, u)
	sp.health.again = time.Now().Add(spoolRetry)
	sp.crew.mu.Unlock()
	sp.ill(err, true)
	sp.wake()
}

// settle takes an entry out of the store and of the spooled items, once all of it has an end.
func (sp *spooler) settle(p *parcel) {
	h := p.held
	if !h.kept {
		u := undone{entry: h.entry}
		for _, f := range h.failures {
			if u.bury = u.bury || f.body != nil; f.body != nil && f.body != p.Body {
				u.parts = append(u.parts, f.body)
			}
		}
		sp.withdraw(u)
		sp.in.Unspooled(h.entry.Items)
		sp.in.DeliveredN(h.delivered)
		for _, f := range h.failures {
			switch {
			case f.body == nil:
				sp.in.FailedN(f.items, f.err)
			case f.body == p.Body:
				h.gone = true
				sp.in.Failed(f.body, f.err)
			default:
				sp.in.FailedPart(f.body, f.err)
			}
		}
	}
	for _, result := range h.results {
		sp.HTTPSender.cfg.OnResult(result)
	}
}

// drained reports whether the run was told to end.
func (r *sending) drained() bool {
	select {
	case <-r.drain:
		return true
	default:
		return false
	}
}

// giveIn is told that a request has ended that began in the drain. If the endpoint is away by then,
// what is in the store can stay there.
func (sp *spooler) giveIn() {
	if sp.gate.current().Mode == Sending {
		return
	}
	sp.crew.mu.Lock()
	sp.given = true
	sp.crew.freed.Broadcast()
	sp.crew.mu.Unlock()
	sp.surrender()
}
