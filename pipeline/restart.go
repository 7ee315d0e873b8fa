package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/jpillora/backoff"
)

// Restart has an actor's function, or that of a sink made with [SinkActor], called again after a
// pause when it fails, panics or calls runtime.Goexit. Its link stays as it is: what is queued is not
// lost, and whoever sends to it waits as for a slow stage. Nothing of this is an error of the run,
// which returns nil if every item gets through; [StageStats] counts the restarts.
//
// The item that the function took last is given to it again, first, if it was not settled; see
// RestartConfig.Tries. Whatever else the function held is failed, as its values were known to the
// function alone. So a stage that groups items loses a group when it dies, and one that settles each
// item before it takes the next loses nothing.
//
// What was taken last counts as settled once the function has sent anything since, or said of any
// item what became of it; where items are pointers, of that very one. So no item is ever worked on
// after it left. It is given again as the function left it, with the changes that were made.
func Restart(cfg RestartConfig) Policy { return Policy{kind: policyRestart, restart: &cfg} }

// RestartConfig says how often and when an actor's function is called again. All counts are those
// of each worker.
type RestartConfig struct {
	Restarts int           // calls after the first, in any Window; 0 means 10
	Window   time.Duration // 0 means 1 min. Restarts whose pauses spread them wider go on for ever
	Min      time.Duration // pause before the first restart in a Window, at most; 0 means 100 ms
	Max      time.Duration // longest pause; 0 means 30 s. The end of the run's context cuts one short
	Tries    int           // how often an item is given to a function that dies of it; 0 means 3

	// Item says what becomes of an item whose Tries are used up, and of one that the function itself
	// declares Failed: Skip (the default) counts it, ToDeadLetters hands it over too, and FailRun
	// ends the run.
	Item Policy
	// Then says what follows when all Restarts are used up. FailRun (the default) ends the run.
	// Skip gives up the stage, and what comes to it is abandoned. ToDeadLetters hands over all that
	// comes to it, as failed.
	Then Policy
}

func (c RestartConfig) check() error {
	switch {
	case c.Restarts < 0:
		return fmt.Errorf("RestartConfig.Restarts is negative: %d", c.Restarts)
	case c.Tries < 0:
		return fmt.Errorf("RestartConfig.Tries is negative: %d", c.Tries)
	case c.Window < 0:
		return fmt.Errorf("RestartConfig.Window is negative: %v", c.Window)
	case c.Min < 0:
		return fmt.Errorf("RestartConfig.Min is negative: %v", c.Min)
	case c.Max < 0:
		return fmt.Errorf("RestartConfig.Max is negative: %v", c.Max)
	case c.Item.again():
		return errors.New("RestartConfig.Item is itself a Retry or Restart")
	case c.Then.again():
		return errors.New("RestartConfig.Then is itself a Retry or Restart")
	}
	return nil
}

func (c RestartConfig) withDefaults() RestartConfig {
	if c.Restarts == 0 {
		c.Restarts = 10
	}
	if c.Window == 0 {
		c.Window = time.Minute
	}
	if c.Tries == 0 {
		c.Tries = 3
	}
	return c
}

// pause waits before a restart that n others preceded within the window. It ends early when the run
// begins to end, unless that was before: a function that dies at once must not spin until the drain's
// deadline. It reports false if ctx ended.
func (c RestartConfig) pause(ctx context.Context, n int, ending <-chan struct{}) bool {
	select {
	case <-ending:
		ending = nil
	default:
	}
	t := time.NewTimer(pauseOf(c.Min, c.Max, n))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ending:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// pauseOf is a random part of what backoff says before try number n+1, counted from 0, so that
// stages that failed together do not try again together.
func pauseOf(shortest, longest time.Duration, n int) time.Duration {
	b := backoff.Backoff{Min: shortest, Max: longest, Factor: 2}
	if b.Max == 0 {
		b.Max = 30 * time.Second
	}
	return rand.N(b.ForAttempt(float64(n))) + 1
}

// restarts are those of one worker.
type restarts struct {
	cfg    RestartConfig
	recent []time.Time // within the window
}

// next enters a restart, and returns how many preceded it within the window. It reports false if
// there were too many.
func (r *restarts) next() (n int, ok bool) {
	now := time.Now()
	for len(r.recent) > 0 && now.Sub(r.recent[0]) >= r.cfg.Window {
		r.recent = r.recent[1:]
	}
	n = len(r.recent)
	if n >= r.cfg.Restarts {
		return n, false
	}
	r.recent = append(r.recent, now)
	return n, true
}

// lastTaken is the item that a function with the policy Restart took last: it is given again if the
// function dies of it.
type lastTaken[T any] struct {
	same func(a, b T) bool // nil if items have no identity

	mu      sync.Mutex // helpers settle items too
	item    T
	weight  int64
	bytes   int64
	out     int64 // what the stage had sent when it was taken
	held    bool  // nothing that was settled since may have been it
	replays bool  // it is to be given again
	deaths  int   // of the function, with it in its hands
}

func newLastTaken[T any]() *lastTaken[T] {
	l := &lastTaken[T]{}
	if reflect.TypeFor[T]().Kind() == reflect.Pointer {
		l.same = func(a, b T) bool { return any(a) == any(b) }
	}
	return l
}

// took notes what was taken last.
func (l *lastTaken[T]) took(item T, weight, bytes, out int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.item, l.weight, l.bytes, l.out = item, weight, bytes, out
	l.held, l.deaths = true, 0
}

// settles notes that item was settled, nil if nobody knows which. A nil lastTaken notes nothing.
func (l *lastTaken[T]) settles(item *T) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if item == nil || l.same == nil || l.same(*item, l.item) {
		l.held = false
	}
}

// left reports whether the item is certainly among what the node has in its hands. The function and
// its helpers have ended.
func (l *lastTaken[T]) left(n *node) bool {
	return l != nil && l.held && n.out.load() == l.out && n.hands() >= l.weight
}

// drop forgets the item, and lets go of its memory.
func (l *lastTaken[T]) drop() (item T) {
	item = l.item
	var none T
	l.item, l.held, l.replays, l.deaths = none, false, false, 0
	return item
}

// replay returns the item if it is to be given again.
func (l *lastTaken[T]) replay() (item T, ok bool) {
	if !l.replays {
		return item, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replays, l.held = false, true
	return l.item, true
}

// restart follows the policy Restart after the function died of err, and reports whether the
// function is to be called again.
func (a *actorRun[A]) restart(err error) bool {
	in, seg, n, last := a.in, a.in.seg, a.in.node, a.in.last
	cfg := a.restarts.cfg
	kept := last.left(n)
	if kept && !last.replays { // else it was not even given again
		if last.deaths++; last.deaths >= cfg.Tries {
			a.giveUp(cfg.Item, err)
			kept = false
		}
	}
	wrapped := asStageError(n.stage.name, err)
	if in.over && in.err == nil && !kept {
		seg.p.noteError(wrapped) // it failed after its items had ended: no restart mends that
		return false
	}
	before, ok := a.restarts.next()
	if !ok {
		a.exhausted(err)
		return false
	}
	if !cfg.pause(seg.ctx, before, seg.p.ending) {
		if seg.p.noteError(wrapped); kept {
			a.abandonLast(err)
		}
		return false
	}
	n.stage.noteRestart(err)
	last.replays, in.remeets = kept, kept
	in.resume()
	return true
}

// remeet has the function meet the mark that came behind the item it was given again: in its former
// life it may not have sent what it held.
func (in *inlet) remeet() {
	in.remeets = false
	if num := in.pending.Swap(0); num != 0 {
		in.met(num)
	}
}

// giveUp counts the item that the function took last as failed, and does what policy says.
func (a *actorRun[A]) giveUp(policy Policy, err error) {
	in, n, last := a.in, a.in.node, a.in.last
	item := last.drop()
	in.giveBack(last.bytes)
	in.seg.lose(n, failed, reasonOf(err), item, last.weight, err)
	in.seg.obey(policy, n.stage, item, err)
	in.nudge()
}

// abandonLast gives up what the function took last, at the drain's deadline.
func (a *actorRun[A]) abandonLast(err error) {
	in, last := a.in, a.in.last
	item := last.drop()
	in.giveBack(last.bytes)
	in.seg.lose(in.node, abandoned, in.seg.p.abortReason(), item, last.weight, err)
}

// exhausted follows RestartConfig.Then.
func (a *actorRun[A]) exhausted(err error) {
	in, n, cfg := a.in, a.in.node, a.restarts.cfg
	wrapped := &StageError{Stage: n.stage.name, Err: fmt.Errorf("it failed again after %d restarts in %v: %w", cfg.Restarts, cfg.Window, err)}
	item := cfg.Item
	if item.kind == policyDefault && cfg.Then.kind == policyDead {
		item = cfg.Then
	}
	if in.last.left(n) {
		a.giveUp(item, err)
	}
	switch cfg.Then.kind {
	case policySkip:
		in.seg.p.noteError(wrapped)
		a.dies(nil)
	case policyDead:
		in.seg.p.noteError(wrapped)
		if n.stage.alive.Add(-1) == 0 {
			a.divert(cfg.Then, err)
		}
	default:
		in.over = true
		a.dies(wrapped)
	}
}

// divert takes the place of a stage that was given up: it hands all that comes to the dead letters.
func (a *actorRun[A]) divert(policy Policy, err error) {
	err = WithReason(ReasonStageFailed, err)
	for !a.divertOn(policy, err) {
	}
}

// divertOn diverts until the items end, which it reports. If an operator behind the stage panics at a mark, it returns
// before; if one calls runtime.Goexit, it does not return, and another goroutine goes on.
func (a *actorRun[A]) divertOn(policy Policy, err error) (ended bool) {
	in, seg := a.in, a.in.seg
	defer func() {
		if ended {
			return
		}
		if v := recover(); v != nil {
			seg.panicked(v)
			return
		}
		seg.spawn(func() {
			for !a.divertOn(policy, err) {
			}
			seg.finish()
		})
	}()
	in.helpers = newHelpers(seg, in.wake)
	in.resume()
	for item := range in.All() {
		in.release(&item)
		seg.lose(in.node, failed, ReasonStageFailed, item, int64(weightOf(in.weigh, &item)), err)
		seg.obey(policy, in.node.stage, item, err)
	}
	_ = in.helpers.stop(nil) // there were none
	return true
}

// noteRestart counts a restart, for Stats.
func (s *stage) noteRestart(err error) {
	s.restarts.Add(1)
	text := err.Error()
	s.lastDeath.Store(&text)
}
