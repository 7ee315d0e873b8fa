package pipeline

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"
	"time"
)

// Actor makes a stage of one function with a goroutine and an inbox of its own: for state,
// timers, I/O. Its local variables are its state; nothing else touches them. It ranges over
// in.All(), sends what it makes with out.Send, and returns in.Err() when the items end.
//
// ctx is the stages' context: it ends at the drain's deadline, not when the run's ctx does. The
// function must return soon after it ends.
//
// The function may return an error, or panic, which the stage's failure policy handles (see [OnError]
// and [Restart]). It must not return before its items end without calling in.Stop: that is an error too.
func Actor[A, B any](run func(ctx context.Context, in *Inlet[A], out *Outlet[B]) error) Stage[A, B] {
	return Stage[A, B]{name: "actor", act: run}
}

// Inlet is where an actor takes its items, and says what became of those it does not send on.
// The taking is for the actor's own goroutine; Delivered, Filtered and Failed may also be called
// by helpers that it started with [Go].
type Inlet[T any] struct {
	*inlet
	reader *reader[T]
	weigh  func(*T) int
	charge func(*T) int
	last   *lastTaken[T] // nil unless the policy is Restart
	notes  bool          // what is taken is charged, or remembered
}

// inlet is the part of an Inlet that does not depend on the type of its items.
type inlet struct {
	seg     *segment
	node    *node
	hooks   []*hook
	passes  *markPasses
	err     error // why All ended, nil if the items did
	over    bool  // nothing more comes
	stopped bool
	silent  bool
	flushed bool          // the hooks had their last call
	pending atomic.Uint64 // a mark that waits until the actor has settled what it took before
	target  int64         // what it will have settled by then
	remeets bool          // the function died since the mark met it, and is to see it again
	timer   *time.Timer
	dueAt   time.Time
	fired   atomic.Bool // the timer went off: spares a look at the clock for each item
	wake    func()
	helpers *helpers
}

// All returns the items, until there are no more: upstream is done and the link is empty, or the
// drain's deadline has passed. [Inlet.Err] then tells which. Each item is the actor's own.
func (in *Inlet[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			item, err := in.RecvUntil(time.Time{})
			if err != nil || !yield(item) {
				return
			}
		}
	}
}

// Recv waits for the next item. It returns [io.EOF] when there are no more, and the cause of the
// end of the stages' context when that ends first.
func (in *Inlet[T]) Recv() (T, error) { return in.RecvUntil(time.Time{}) }

// RecvUntil is Recv that gives up at time t with [ErrDue]. The zero time is no limit.
func (in *Inlet[T]) RecvUntil(t time.Time) (T, error) {
	if t != in.dueAt {
		in.arm(t)
	}
	for !in.over {
		if in.pending.Load() != 0 {
			in.passMark()
		}
		if in.called() {
			var none T
			if in.helpers.failed() {
				in.err, in.over = in.helpers.cause(), true
				return none, in.err
			}
			return none, ErrDue
		}
		if in.notes && in.last != nil {
			if item, ok := in.last.replay(); ok {
				return item, nil
			}
			if in.remeets {
				in.remeet()
				continue
			}
		}
		p, what := in.reader.take()
		switch what {
		case gotItem:
			item := *p
			if in.notes {
				in.note(p)
			}
			in.reader.done()
			return item, nil
		case gotMark:
			in.met(in.reader.mark)
		case gotEnd:
			in.end(nil)
		case gotAbort:
			in.end(in.seg.p.abortCause())
		}
	}
	var none T
	if in.err != nil {
		return none, in.err
	}
	return none, io.EOF
}

// note charges what was taken, and remembers it.
func (in *Inlet[T]) note(item *T) {
	bytes := in.chargeOf(item)
	in.node.bytes.Add(bytes)
	if in.last != nil {
		in.last.took(*item, int64(weightOf(in.weigh, item)), bytes, in.node.out.load())
	}
}

// arm sets the time at which RecvUntil returns ErrDue.
func (in *inlet) arm(t time.Time) {
	in.dueAt = t
	if in.timer == nil {
		if t.IsZero() {
			return
		}
		in.timer = time.AfterFunc(time.Until(t), in.ring)
		return
	}
	in.timer.Stop()
	in.fired.Store(false)
	if !t.IsZero() {
		in.timer.Reset(time.Until(t))
	}
}

// ring is the timer going off.
func (in *inlet) ring() {
	in.fired.Store(true)
	in.wake()
}

// due reports whether the armed time has come. A timer that was armed before may have fired
// late, so the clock has the last word.
func (in *inlet) due() bool {
	return !in.dueAt.IsZero() && in.fired.Load() && !time.Now().Before(in.dueAt)
}

// called reports whether something but an item, a mark or the end wants the actor's attention.
func (in *inlet) called() bool { return in.due() || in.helpers.failed() }

// OnMark has send called at each mark that a Flush sends through the pipeline and once when the
// items end, on the actor's own goroutine, inside All, Recv or RecvUntil: an actor that holds
// items sends them there. A sink with requests in flight awaits them there.
func (in *inlet) OnMark(send func() error) {
	in.hooks = append(in.hooks, &hook{node: in.node, call: send})
}

// met calls the actor's hooks, and passes the mark on unless the actor still holds something: it
// then follows as soon as the actor has settled as many items as it had taken.
func (in *inlet) met(num uint64) {
	if in.passes != nil {
		defer in.passes.met(num) // what the hooks let go comes before the mark, also if one panics
		in.callHooks()
		return
	}
	in.target = in.node.taken.load()
	in.pending.Store(num) // before the hooks: whoever goes on after one that panics passes the mark
	in.callHooks()
	in.passMark()
}

func (in *inlet) passMark() {
	if in.ripe() {
		in.seg.mark(in.pending.Swap(0)) // once, even if a hook calls runtime.Goexit
	}
}

// ripe reports whether what was taken before the pending mark is settled.
func (in *inlet) ripe() bool {
	return in.silent || in.node.taken.load()-in.node.unsettled() >= in.target
}

// attention reports whether the actor is to look up although nothing is in its link.
func (in *inlet) attention() bool { return in.called() || in.pending.Load() != 0 && in.ripe() }

// nudge is called when something was settled, perhaps by a helper while the actor sleeps on a mark.
func (in *inlet) nudge() {
	if in.pending.Load() != 0 {
		in.wake()
	}
}

func (in *inlet) callHooks() {
	for _, h := range in.hooks {
		if err := h.call(); err != nil && in.err == nil {
			in.err, in.over = err, true // also ErrClosed: what it holds gets no further, so it is to end
		}
	}
}

// end notes that nothing more comes, and lets the actor send what it holds.
func (in *inlet) end(cause error) {
	in.over = true
	if cause != nil {
		in.err = cause
	}
	if !in.flushed {
		in.flushed = true
		in.callHooks()
	}
}

// Err is nil when the items came to their end, else why All stopped before. It is what an actor
// returns.
func (in *inlet) Err() error { return in.err }

// Draining returns a channel that is closed when the run is ending: its sources were told to end,
// or have all ended. More items may come, but an actor that waits for better times before it
// works on those it has need not wait any longer.
func (in *Inlet[T]) Draining() <-chan struct{} { return in.seg.p.ending }

// Stop says that the actor wants no more items. What is queued is filtered, and upstream ends,
// unless it also feeds others. All ends.
func (in *Inlet[T]) Stop() {
	in.stopped = true
	in.reader.forsake(ringStopped)
	in.end(nil)
}

// Filtered says that the actor turned item away on purpose.
func (in *Inlet[T]) Filtered(item T) { in.settle(item, filtered, "") }

// Delivered says that a sink got item to where it was meant to go.
func (in *Inlet[T]) Delivered(item T) { in.settle(item, delivered, "") }

// DeliverTo hands item to somebody else by calling give: true counts it as delivered, false as
// abandoned. From then on the item is the receiver's; the engine does not look at it again, as
// Delivered would.
func (in *Inlet[T]) DeliverTo(give func(T) bool, item T) {
	weight, bytes := int64(weightOf(in.weigh, &item)), in.chargeOf(&item)
	if !give(item) {
		in.Abandoned(item)
		return
	}
	in.last.settles(nil) // it is the receiver's, so it is not looked at
	in.giveBack(bytes)
	in.node.end(delivered, "", weight, nil)
	in.nudge()
}

// Failed says that err ended item. It is counted under the reason of err (see [WithReason]) and,
// if the stage's policy says so, handed to the dead letters; FailRun ends the run. The actor
// itself goes on.
func (in *Inlet[T]) Failed(item T, err error) {
	in.last.settles(&item)
	in.release(&item)
	in.seg.failItem(in.node, item, int64(weightOf(in.weigh, &item)), err)
	in.nudge()
}

// Abandoned says that the actor gave item up because its context ended.
func (in *Inlet[T]) Abandoned(item T) {
	in.last.settles(&item)
	in.release(&item)
	in.seg.lose(in.node, abandoned, in.seg.p.abortReason(), item, int64(weightOf(in.weigh, &item)), nil)
	in.nudge()
}

// DeliveredN counts n of the items that a larger one stands for as delivered, when its parts end
// differently. The actor settles each of them, and then calls [Inlet.Release].
func (in *Inlet[T]) DeliveredN(n int) {
	in.last.settles(nil)
	in.node.end(delivered, "", int64(n), nil)
	in.nudge()
}

// FailedPart counts part, one or several of the items that a larger one stands for, as failed; see
// DeliveredN. The failure policy does not apply to parts.
func (in *Inlet[T]) FailedPart(part any, err error) {
	in.last.settles(nil)
	in.seg.lose(in.node, failed, reasonOf(err), part, weightOfAny(part), err)
	in.nudge()
}

// FailedN is FailedPart for n items that nobody can tell from the others.
func (in *Inlet[T]) FailedN(n int, err error) {
	in.last.settles(nil)
	in.seg.lose(in.node, failed, reasonOf(err), nil, int64(n), err)
	in.nudge()
}

// Release gives back the bytes of an item that was settled in parts.
func (in *Inlet[T]) Release(item T) { in.release(&item) }

func (in *Inlet[T]) settle(item T, c column, reason string) {
	in.last.settles(&item)
	in.release(&item)
	in.node.end(c, reason, int64(weightOf(in.weigh, &item)), nil)
	in.nudge()
}

// release gives the item's bytes back to the budget.
func (in *Inlet[T]) release(item *T) { in.giveBack(in.chargeOf(item)) }

func (in *Inlet[T]) chargeOf(item *T) int64 {
	if in.charge == nil {
		return 0
	}
	return int64(in.charge(item))
}

func (in *inlet) giveBack(bytes int64) {
	if bytes != 0 {
		in.node.bytes.Add(-bytes)
		in.seg.p.budget.release(bytes)
	}
}

// Outlet is where an actor or a source sends its items. It belongs to one goroutine.
type Outlet[T any] struct {
	seg    *segment
	node   *node
	next   func(*T)
	cell   T
	weigh  func(*T) int
	charge func(*T) int
	source bool
	direct bool // next is a link: no user's code runs in Send
	lent   bool
	scrub  bool
	inside bool // next has not returned

	attention chan struct{} // a source's
	forget    func()        // an actor's: what it took last is settled, perhaps
}

func (b *builder[A, B]) startActor(seg *segment, n *node) {
	r := b.link.reader(seg, &n.taken)
	in := &Inlet[A]{inlet: &inlet{seg: seg, node: n, silent: b.stage.silent}, reader: r, weigh: weigherOf[A](), charge: b.link.charge}
	in.wake = r.poke
	a := &actorRun[A]{in: in}
	if policy := b.stage.policy; policy.kind == policyRestart {
		in.last = newLastTaken[A]()
		a.restarts.cfg = policy.restart.withDefaults()
	}
	in.notes = in.charge != nil || in.last != nil
	r.attention = in.attention
	var out *Outlet[B]
	if b.sink {
		b.terminal(seg)
	} else {
		out = newOutlet(seg, n, b.out)
		out.forget = func() { in.last.settles(nil) }
	}
	for _, dead := range b.stage.policy.letters() {
		dead.join(seg)
	}
	seg.poke = r.poke
	b.stage.alive.Add(1)
	a.call = func(ctx context.Context) error { return b.recipe.act(ctx, in, out) }
	seg.p.ready(seg, a.run)
}

func newOutlet[T any](seg *segment, n *node, t *tap[T]) *Outlet[T] {
	ops := len(seg.ops)
	out := &Outlet[T]{seg: seg, node: n, weigh: weigherOf[T](), scrub: holdsPointers[T]()}
	if seg.p.budget != nil {
		out.charge = chargerOf[T]()
	}
	out.next, out.lent = t.to.accept(seg, &n.out), t.to.borrows()
	out.direct = len(seg.ops) == ops
	return out
}

// Send hands item to the next stage. It waits while that has no room, and returns once the item
// has its place. After an error nothing more gets through: [ErrClosed] if downstream wants no
// more or, for a source, if the run is ending; else the cause of the end of the stages' context.
// An actor returns the error; the item is accounted for. A source keeps the item: it was refused.
func (out *Outlet[T]) Send(item T) error {
	if marksOn && out.seg.attn.Load() != 0 {
		if err := out.admit(item); err != nil {
			return err
		}
	}
	out.cell = item
	out.push(&out.cell)
	if out.scrub {
		var none T
		out.cell = none
	}
	return out.result()
}

// SendAt is Send for large items: it hands on the item where it lies, without a copy. Stages
// below may change it there, so it is spent, but its memory is the caller's again afterwards.
func (out *Outlet[T]) SendAt(item *T) error {
	if marksOn && out.seg.attn.Load() != 0 {
		if err := out.admit(*item); err != nil {
			return err
		}
	}
	out.push(item)
	return out.result()
}

// Lent is [Out.Lent] for Send.
func (out *Outlet[T]) Lent() bool { return out.lent }

// result is why nothing more gets through. A source learns it at its next Send, which refuses
// its item; this one was accepted.
func (out *Outlet[T]) result() error {
	if out.source {
		return nil
	}
	return out.seg.err
}

// push takes an item through the operators that share the sender's goroutine. Their panics must
// not end the sender.
func (out *Outlet[T]) push(item *T) {
	if out.direct {
		out.count(item)
		out.next(item)
		return
	}
	defer out.rescue()
	out.inside = true
	out.count(item)
	out.next(item)
	out.inside = false
}

// abandon gives up an item that an actor sends when the run is given up.
func (out *Outlet[T]) abandon(item T) error {
	out.forget()
	abandonSent(out.seg, out.node, &item, int64(weightOf(out.weigh, &item)), out.charge)
	return out.seg.p.abortCause()
}

// rescue ends a panic in an operator behind the sender.
func (out *Outlet[T]) rescue() {
	if !out.inside {
		return
	}
	if v := recover(); v != nil {
		out.inside = false
		out.seg.panicked(v)
	}
}

// count enters an item as sent.
func (out *Outlet[T]) count(item *T) {
	out.node.out.inc()
	if !out.source || out.weigh != nil {
		out.settle(item)
	}
}

// settle is the part of count for actors, and for items that have a weight. What an actor sends
// beyond what it took, it made.
func (out *Outlet[T]) settle(item *T) {
	n := out.node
	if out.weigh != nil {
		weight := int64(out.weigh(item))
		n.sizes.add(weight)
		n.out.add(weight - 1)
	}
	if out.source {
		return
	}
	if left := n.unsettled(); left < 0 {
		n.made.add(-left)
	}
	if out.charge != nil {
		n.bytes.Add(-int64(out.charge(item)))
		out.seg.settleBytes(n)
	}
}

// actorRun is the goroutine of an actor.
type actorRun[A any] struct {
	in       *Inlet[A]
	call     func(context.Context) error
	restarts restarts
}

// run calls the actor's function, again if its policy says so, and settles what it leaves.
func (a *actorRun[A]) run() {
	seg := a.in.seg
	for a.judge(a.once()) {
	}
	seg.finish()
}

// once calls the function and turns a panic into an error. After runtime.Goexit this goroutine
// is lost, and once does not return: another one judges.
func (a *actorRun[A]) once() (err error) {
	seg, clean := a.in.seg, false
	h := newHelpers(seg, a.in.wake)
	a.in.helpers = h
	defer func() {
		if clean {
			return
		}
		v := recover()
		failure := seg.settlePanic(v)
		_ = h.stop(failure) // the panic comes first
		err = failure
		if v == nil {
			seg.spawn(func() { a.resume(failure) })
		}
	}()
	err = a.call(h.ctx)
	clean = true
	return cmp.Or(err, h.stop(err))
}

// resume goes on after runtime.Goexit took the goroutine of an actor.
func (a *actorRun[A]) resume(failure *PanicError) {
	if a.judge(failure) {
		a.run()
		return
	}
	a.in.seg.finish()
}

// judge settles what the function left behind when it returned err, and reports whether it is to
// be called again.
func (a *actorRun[A]) judge(err error) bool {
	in, seg, n := a.in, a.in.seg, a.in.node
	in.arm(time.Time{})
	in.unhook()
	quits := err == nil || errors.Is(err, ErrClosed)
	switch {
	case seg.p.aborted():
		if in.last.left(n) {
			a.abandonLast(err)
		}
		seg.leftovers(n, err)
	case quits && errors.Is(seg.err, ErrClosed): // downstream wants no more, so neither does it
		in.reader.forsake(ringStopped)
		seg.leftovers(n, nil)
	case quits && in.stopped, err == nil && in.over:
		seg.leftovers(n, nil)
	case err == nil:
		seg.leftovers(n, nil)
		a.dies(&StageError{Stage: n.stage.name, Err: errors.New("it returned before its items ended, without Stop")})
	default:
		return a.failed(err)
	}
	return false
}

// failed follows the stage's policy after the function returned an error.
func (a *actorRun[A]) failed(err error) bool {
	in, seg, n := a.in, a.in.seg, a.in.node
	reason := reasonOf(err)
	kept, bytes := int64(0), int64(0)
	if in.last.left(n) {
		kept, bytes = in.last.weight, in.last.bytes
	}
	if left := n.hands() - kept; left > 0 {
		seg.lose(n, failed, reason, nil, left, err)
		seg.keepBytes(n, bytes)
	}
	wrapped := asStageError(n.stage.name, err)
	switch policy := n.stage.policy; policy.kind {
	case policySkip, policyDead:
		seg.p.noteError(wrapped)
		return a.again(err)
	case policyRestart:
		return a.restart(err)
	}
	in.over = true
	a.dies(wrapped)
	return false
}

// again has the function called again at once, if there is anything left to do.
func (a *actorRun[A]) again(err error) bool {
	if a.in.over && a.in.err == nil {
		return false
	}
	a.in.node.stage.noteRestart(err)
	a.in.resume()
	return true
}

// resume makes the inlet fit for another call of the function.
func (in *inlet) resume() { in.err, in.over, in.flushed = nil, false, false }

// unhook forgets what the function asked for. A mark that it began to let pass, and now never will,
// follows when what was taken so far is settled.
func (in *inlet) unhook() {
	in.hooks = nil
	if in.passes == nil {
		return
	}
	if num := in.passes.retire(); num != 0 {
		in.target = in.node.taken.load()
		in.pending.Store(num)
	}
	in.passes = nil
}

// dies ends a worker of the stage, and with the last one the stage: whoever still sends to it
// must not wait for it, so what comes is abandoned.
func (a *actorRun[A]) dies(err error) {
	if a.in.node.stage.alive.Add(-1) == 0 {
		a.in.reader.forsake(ringFailed)
	}
	if err != nil {
		a.in.seg.p.fail(err)
	}
}

// asStageError adds the stage's name to err, unless err has one.
func asStageError(stage string, err error) error {
	var p *PanicError
	var s *StageError
	if errors.As(err, &p) || errors.As(err, &s) {
		return err
	}
	return &StageError{Stage: stage, Err: err}
}
