package sink

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// gate decides when the next request may be sent. It is the breaker of all senders: while the
// endpoint is down, or the sending is paused, one of those who wait is let through now and then,
// in turn, and what becomes of its request decides about all. With probes to send, who is let
// through sends one of them in place of its body, and goes on waiting.
type gate struct {
	retry   RetryConfig
	probes  bool
	onState func(HTTPState)

	mu      sync.Mutex
	rng     *rand.Rand
	state   HTTPState
	epoch   int       // of the state: what began in another one proves nothing about this
	fails   int       // in a row, while sending
	probing int       // those who were let through and have not reported
	next    time.Time // when one may be let through; unless sending
	floor   time.Time // nothing is sent before: the endpoint asked for that
	asked   time.Time // when it did
	woken   time.Time // when the user last said that all is well: what began before proves nothing
	news    int       // how often pauses that were drawn before came to nothing
	queue   []*turn   // those who wait, the longest first

	pausedAt time.Time     // when the current pause began
	paused   time.Duration // sum of those before, and of the time that the process was suspended
	timeout  time.Duration // of a request
	seen     time.Time     // when somebody last came back from a pause or a request

	told   sync.Mutex // held while onState runs
	toldOf int        // epoch
}

// trips is how many failures in a row make the endpoint count as down. One may be an accident; a
// second one that follows the first of any body is found after Min at most.
const trips = 2

// maxProbes bounds the probes that a silent endpoint lets pile up.
const maxProbes = 16

// pass is what who is let through may do.
type pass uint8

const (
	passBody    pass = iota // send, and then call report, or leave
	passProbe               // send a probe, and enter again
	passExpired             // give up: the body's time was used up while it waited
)

// turn is one body's place at the gate.
type turn struct {
	drain    <-chan struct{} // closed: try at once; nil if that was done, or is not to be
	due      time.Time       // not before, by its own pause
	news     int             // gate.news when that was drawn
	failures int
	since    time.Time     // first failure
	paused   time.Duration // gate.pausedFor at that time
	probe    bool          // its request decides
	empty    bool          // it is no body's
	patient  bool          // its body has no limit of time
	epoch    int           // when its request began
	began    time.Time
	wakes    time.Time // when it comes back at the latest; zero if that is not known
	wake     chan struct{}
}

func (g *gate) init(cfg HTTPConfig) {
	g.retry, g.onState, g.rng = cfg.Retry, cfg.OnState, rand.New(cfg.Rand)
	g.probes, g.timeout = len(cfg.Probe) > 0, cfg.Timeout
}

// enter waits until t may do something.
func (g *gate) enter(ctx context.Context, t *turn) (pass, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ctx.Err() != nil {
		return passBody, context.Cause(ctx)
	}
	if now := time.Now(); g.state.Mode == Sending && !g.dueOf(t).After(now) && !g.floor.After(now) {
		t.epoch, t.began = g.epoch, now
		return passBody, nil
	}
	t.wake = make(chan struct{}, 1)
	g.queue = append(g.queue, t)
	defer func() {
		g.queue = slices.DeleteFunc(g.queue, func(other *turn) bool { return other == t })
		g.wakeAll()
	}()
	for {
		at, known := g.opens(t)
		end, ends := g.expires(t)
		now := time.Now()
		switch {
		case ends && !end.After(now):
			return passExpired, nil
		case known && !at.After(now):
			return g.admit(t, now, g.probes), nil
		case ends && (!known || end.Before(at)):
			at, known = end, true
		}
		wait := time.Duration(-1)
		if known {
			wait = at.Sub(now)
		}
		if t.wakes = (time.Time{}); known {
			t.wakes = at
		}
		g.mu.Unlock()
		hurry := t.sleep(ctx, wait)
		g.mu.Lock()
		if known {
			g.came(at, time.Now())
		}
		if ctx.Err() != nil {
			return passBody, context.Cause(ctx)
		}
		if hurry {
			return g.admit(t, time.Now(), false), nil
		}
	}
}

// admit lets t through, with a probe if that is to find out how the endpoint is.
func (g *gate) admit(t *turn, now time.Time, probe bool) pass {
	t.epoch, t.began = g.epoch, now
	if g.state.Mode == Sending {
		return passBody
	}
	if !probe {
		if g.probing == 0 {
			g.probing, t.probe = 1, true
		}
		return passBody
	}
	g.probing++
	g.next = g.soon(now)
	return passProbe
}

// opens returns when t may be let through, if that is known now.
func (g *gate) opens(t *turn) (at time.Time, known bool) {
	most := 1
	switch {
	case g.state.Mode == Sending:
		return later(g.dueOf(t), g.floor), true
	case g.state.Mode == Retrying && g.probes:
		most = maxProbes
	}
	return g.next, g.probing < most && g.queue[0] == t
}

// dueOf returns when t may be sent again by its own pause. That came to nothing if there was good
// news since, perhaps while t was on its way back into the queue.
func (g *gate) dueOf(t *turn) time.Time {
	if t.news != g.news {
		return time.Time{}
	}
	return t.due
}

// expires returns when the time of t's body is used up. Where bodies themselves are tried, one that
// fails again finds out.
func (g *gate) expires(t *turn) (at time.Time, known bool) {
	if t.patient || !g.probes || g.retry.MaxElapsed <= 0 || t.since.IsZero() || g.state.Mode != Retrying {
		return at, false
	}
	return t.since.Add(g.retry.MaxElapsed + g.paused - t.paused), true
}

// soon draws when to ask an endpoint that is down.
func (g *gate) soon(now time.Time) time.Time {
	return now.Add(time.Second/2 + time.Duration(g.rng.Int64N(int64(time.Second))))
}

// sleep waits for d, or without limit if that is negative, for news or the end of ctx. It reports
// whether the run began to drain.
func (t *turn) sleep(ctx context.Context, d time.Duration) (hurry bool) {
	var due <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
	case <-t.wake:
	case <-ctx.Done():
	case <-t.drain:
		t.drain = nil
		return true
	}
	return false
}

// report says what became of t's request, and draws when t may be sent again if it has to be. The
// result says that the endpoint is back.
func (g *gate) report(t *turn, o outcome) (back bool) {
	g.mu.Lock()
	now := time.Now()
	mode := g.state.Mode
	c, after, err := o.class, o.after, o.err
	probe, stale := t.probe, t.epoch != g.epoch
	g.endProbe(t)
	if !t.began.IsZero() {
		g.came(t.began.Add(g.timeout), now)
	}
	switch c {
	case retry, throttled:
		g.failed(t, now, after)
		if c == retry && !stale {
			g.fails++
		}
		if probe && !stale || g.state.Mode == Sending && g.fails >= trips {
			if !t.empty || mode != Retrying { // else the next was drawn as this one went out
				g.next = g.soon(now)
			}
			g.turnTo(Retrying, now, err)
			g.next = later(g.next, g.floor)
			for _, other := range g.queue {
				if t.empty && other.since.IsZero() { // it stood for them all
					other.since, other.paused = now, g.pausedFor(now)
				}
			}
			g.wakeAll()
		}
	case held:
		t.due, t.news = now.Add(g.retry.pause(g.rng, 0)), g.news
		if !stale || g.state.Mode != Sending {
			g.pause(t, now, o.pause, err)
		}
	case unknown:
	default: // an answer that settles the body: the endpoint is there
		if stale {
			break
		}
		g.fails = 0
		if o.pauseErr != nil {
			g.pause(t, now, o.pause, o.pauseErr)
			break
		}
		if t.began.After(g.asked) && g.floor.After(now) { // a drain did not wait for that time
			g.floor = time.Time{}
			g.wakeAll()
		}
		if g.state.Mode != Sending {
			g.turnTo(Sending, now, nil)
			g.floor = time.Time{}
			g.news++
		}
	}
	back = mode != Sending && g.state.Mode == Sending
	g.mu.Unlock()
	g.tell()
	return back
}

// suspension is how late a timer has to be, for the process to have been suspended meanwhile.
const suspension = time.Second

// came notes that what was to come at due, or before, came now. If that is late, or another one who
// waits is, then the process was suspended, or its machine: no failure of the endpoint's, so all of
// the time since somebody last came is none of retries.
func (g *gate) came(due, now time.Time) {
	for _, t := range g.queue {
		if !t.wakes.IsZero() && t.wakes.Before(due) {
			due = t.wakes
		}
	}
	last := g.seen
	g.seen = now
	if last.IsZero() || g.state.Mode == Paused { // a pause does not count anyway
		return
	}
	if now.Sub(later(due, last)) > suspension { // what somebody has found already is not found twice
		g.paused += now.Sub(last)
	}
}

// pause turns to Paused for as long as the endpoint said, or else the usual time.
func (g *gate) pause(t *turn, now time.Time, wait time.Duration, err error) {
	g.turnTo(Paused, now, err)
	switch {
	case t.began.Before(g.woken): // so this answer is older than the news
		g.next = now
	case wait > 0:
		g.next = now.Add(wait + time.Duration(g.rng.Int64N(int64(min(wait/10, g.retry.Max/2))+1)))
	default:
		// Less up to half of it, so that a thousand clients do not come at once.
		g.next = now.Add(g.retry.Max - time.Duration(g.rng.Int64N(int64(g.retry.Max/2)+1)))
	}
}

// hasten has those who wait tried at once.
func (g *gate) hasten() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.woken, g.next, g.floor = now, now, time.Time{}
	g.news++
	g.wakeAll()
}

// failed notes a failure of t that a retry may mend.
func (g *gate) failed(t *turn, now time.Time, after time.Duration) {
	if t.since.IsZero() {
		t.since, t.paused = now, g.pausedFor(now)
	}
	t.due, t.news = now.Add(max(g.retry.pause(g.rng, t.failures), after)), g.news
	t.failures++
	if after > 0 {
		g.floor, g.asked = later(g.floor, now.Add(after)), now
	}
}

// leave ends t's turn without a result. After report it does nothing.
func (g *gate) leave(t *turn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endProbe(t)
}

func (g *gate) endProbe(t *turn) {
	if t.probe {
		t.probe = false
		g.probing--
		g.wakeAll()
	}
}

// turnTo changes the state.
func (g *gate) turnTo(mode HTTPMode, now time.Time, err error) {
	if mode == g.state.Mode {
		g.state.Err = err
		return
	}
	if g.state.Mode == Paused {
		g.paused += now.Sub(g.pausedAt)
	}
	if mode == Paused {
		g.pausedAt = now
	}
	g.state = HTTPState{Mode: mode, Since: now, Err: err}
	g.epoch++
	g.fails = 0
	g.wakeAll()
}

// pausedFor is the sum of all pauses.
func (g *gate) pausedFor(now time.Time) time.Duration {
	if g.state.Mode == Paused {
		return g.paused + now.Sub(g.pausedAt)
	}
	return g.paused
}

// elapsed is the time since t's first failure, without pauses.
func (g *gate) elapsed(t *turn) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	return now.Sub(t.since) - (g.pausedFor(now) - t.paused)
}

// wakeAll lets those who wait look again. They are no more than the senders.
func (g *gate) wakeAll() {
	for _, t := range g.queue {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

func (g *gate) current() HTTPState {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state
}

func (g *gate) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}

// tell calls onState with the newest state, if it has not been told of it.
func (g *gate) tell() {
	if g.onState == nil {
		return
	}
	g.told.Lock()
	defer g.told.Unlock()
	g.mu.Lock()
	state, epoch := g.state, g.epoch
	g.mu.Unlock()
	if epoch != g.toldOf {
		g.toldOf = epoch
		g.onState(state)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
