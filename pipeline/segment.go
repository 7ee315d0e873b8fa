package pipeline

import (
	"context"
	"runtime/debug"
	"runtime/pprof"
	"sync/atomic"
)

// segment is one goroutine of a run: a head (a source, an actor, or a pump that takes items
// from a link) and the operators fused behind it, down to the links or sinks where its items
// leave. Only its own goroutine touches it, but for the atomics.
type segment struct {
	p     *Pipeline
	stage *stage  // the head
	head  *node   // the account of what the head takes; a pump's is that of its first operator
	ops   []*node // of the fused operators and sinks, in the order items meet them
	hooks []*hook // of the operators that hold items, in the same order
	exits []exit
	sides []exit // to dead letters
	ctx   context.Context
	index int // among the workers of the head

	err     error // why nothing more gets through; see shut
	stopped int   // exits whose consumers want no more

	attn    atomic.Uint32 // see attend
	seen    uint64        // the last mark it showed
	shown   atomic.Uint64 // the same, for Flush to name who holds a mark up
	poke    func()        // wakes the head where it waits in the engine; nil if it needs none
	parker  *parker
	blocked stopwatch // parked for want of room
	idling  stopwatch // parked for want of items
	started atomic.Int64
	ended   atomic.Int64
}

// What a segment's head has to look at before its next item.
const (
	attnMark  = 1 << iota // a flush has begun
	attnStop              // sources end
	attnAbort             // the drain's deadline has passed
	attnErr               // nothing gets through: see err
	attnBytes             // each item has to ask the byte budget for room
)

// exit is where a segment's items leave it: a link, or a sink that is fused.
type exit interface {
	// show passes a mark on behind all that the segment has put; noMark says it has ended.
	show(num uint64)
}

// hook is what an operator or actor does when a mark meets it: it sends what it holds.
type hook struct {
	node *node
	call func() error
}

func (p *Pipeline) newSegment(s *stage, index int) *segment {
	seg := &segment{p: p, stage: s, index: index, ctx: p.stageCtx, parker: newParker()}
	s.segs = append(s.segs, seg)
	return seg
}

// spawn starts the segment's goroutine, or the one that replaces it after a Goexit. It carries
// labels that name the stage in goroutine dumps and profiles.
func (seg *segment) spawn(body func()) {
	seg.p.group.Go(func() error {
		labels := pprof.Labels("pipeline", seg.p.cfg.Name, "stage", seg.stage.name)
		pprof.Do(seg.ctx, labels, func(context.Context) { body() })
		return nil
	})
}

// finish is called once, when the head has ended: the operators behind it send what they hold,
// and all exits are told.
func (seg *segment) finish() {
	defer func() { // even if a hook calls runtime.Goexit
		for _, n := range seg.ops {
			seg.leftovers(n, nil)
		}
		seg.show(noMark)
		seg.hasShown(noMark)
		seg.ended.Store(clock())
		if seg.stage.sources && seg.p.feeding.Add(-1) == 0 {
			seg.p.endOnce.Do(func() { close(seg.p.ending) })
		}
	}()
	seg.runHooks(seg.hooks)
}

// leftovers settles what a stage still holds when it has ended: with no error that is a bug of
// the stage.
func (seg *segment) leftovers(n *node, cause error) {
	left := n.hands()
	switch {
	case left < 0:
		n.made.add(-left)
	case left > 0:
		n.held.add(-n.held.load())
		switch {
		case seg.p.aborted():
			seg.lose(n, abandoned, seg.p.abortReason(), nil, left, cause)
		case cause != nil:
			seg.lose(n, failed, ReasonError, nil, left, cause)
		case seg.err != nil:
			n.end(filtered, ReasonStopped, left, nil)
		case n.stage.silent:
			n.end(filtered, "", left, nil)
		default:
			seg.lose(n, failed, ReasonUndeclared, nil, left, nil)
		}
	}
	seg.settleBytes(n)
}

// mark takes a mark through the segment: its operators send what they hold, in order, and then
// its exits pass it on.
func (seg *segment) mark(num uint64) {
	defer func() { // even if a hook calls runtime.Goexit
		seg.seen = num
		seg.show(num)
		seg.hasShown(num)
	}()
	seg.runHooks(seg.hooks)
}

// hasShown notes that a mark was passed on.
func (seg *segment) hasShown(num uint64) {
	seg.shown.Store(num)
	if seg.p.marks.severed.Load() {
		seg.p.marks.progress() // no sink will tell of it
	}
}

func (seg *segment) show(num uint64) {
	for _, e := range seg.exits {
		e.show(num)
	}
	for _, e := range seg.sides {
		e.show(num)
	}
}

// runHooks calls hooks in order. If one calls runtime.Goexit, the others are called all the same.
func (seg *segment) runHooks(hooks []*hook) {
	if len(hooks) == 0 {
		return
	}
	defer seg.runHooks(hooks[1:])
	seg.runHook(hooks[0])
}

// runHook calls one hook. If it panics, what its operator held is lost with it.
func (seg *segment) runHook(h *hook) {
	clean := false
	defer func() {
		if clean {
			return
		}
		v := recover()
		seg.panicked(v)
		if left := h.node.hands(); left > 0 {
			h.node.held.add(-h.node.held.load())
			seg.lose(h.node, failed, ReasonStagePanic, nil, left, nil)
			seg.settleBytes(h.node)
		}
	}()
	if err := h.call(); err != nil {
		seg.p.noteError(&StageError{Stage: h.node.stage.name, Err: err})
	}
	clean = true
}

// panicked settles the item that a panic with value v (nil after Goexit) hit, and notes it. It
// must be called while the panicking goroutine's stack is still there.
func (seg *segment) panicked(v any) {
	failure := seg.settlePanic(v)
	seg.p.noteError(failure)
}

// settlePanic finds the operators of this segment that did not finish their item. The lowest of
// them is the one that panicked; those above were waiting for it to return.
func (seg *segment) settlePanic(v any) *PanicError {
	failure := &PanicError{Stage: seg.stage.name, Value: v}
	if v != nil {
		failure.Stack = debug.Stack()
	}
	for _, n := range seg.ops {
		switch left := n.unsettled(); {
		case left < 0:
			n.made.add(-left) // it was making several items of one
		case left > 0:
			failure.Stage = n.stage.name
			item, known := n.current(), left
			switch whole := weightOfAny(item); {
			case whole > left:
				item = nil // a part of it got through, and nobody knows which
			case item != nil:
				known = whole
			}
			seg.lose(n, failed, ReasonStagePanic, item, known, failure)
			seg.lose(n, failed, ReasonStagePanic, nil, left-known, failure) // copies that were not made
			seg.obey(n.stage.policy, n.stage, item, failure)
		}
		seg.settleBytes(n)
	}
	return failure
}

// lose counts items that are lost and hands them to OnLoss. item is nil if only the stage's own
// function knew it; weight is then how many they were.
func (seg *segment) lose(n *node, c column, reason string, item any, weight int64, err error) {
	n.end(c, reason, weight, err)
	seg.p.onLoss(n.stage, reason, item, weight)
}

// shut notes why nothing more gets through the segment's exits. Its head finds out before its
// next item.
func (seg *segment) shut(why error) {
	seg.err = why
	if seg.stage.sources {
		seg.attn.Or(attnErr)
	}
}
