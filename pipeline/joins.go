package pipeline

import (
	"fmt"
	"reflect"
	"slices"
)

// Merge makes one flow of several. Items of one flow stay in order; those of different flows
// mix as they come.
func Merge[T any](flows ...Flow[T]) Flow[T] {
	if len(flows) == 0 {
		p := New(Config{Name: "none"})
		s := p.newStage("merge", "merge", nil)
		p.wrong(s.name, "it has no flows")
		return open(&tap[T]{stage: s})
	}
	first := flows[max(slices.IndexFunc(flows, func(f Flow[T]) bool { return f.tap != nil }), 0)]
	p := pipelineOf(first)
	s := p.newStage("merge", "merge", nil)
	out := &tap[T]{stage: s}
	b := &builder[T, T]{stage: s, recipe: pass[T](), out: out}
	b.check(&tap[T]{stage: s})
	for _, f := range flows {
		in := connect(p, f, s, b)
		out.shared = out.shared || in.shared
		if f.tap != nil && f.tap.stage.dead != first.tap.stage.dead {
			p.wrong(s.name, "it merges dead letters with other items, whose ledgers are apart")
		}
	}
	b.linked(&tap[T]{linked: true})
	p.heads = append(p.heads, b.start)
	return open(out)
}

// pass is the operator that does nothing.
func pass[T any]() Stage[T, T] {
	return Fuse(func(_ *In[T], out *Out[T]) func(*T) { return out.Push })
}

// Fork gives each of n flows every item, in order. The branches share the items, so they must
// only read them: a stage that changes items in place may not stand below, unless the option
// [Clone] gives each branch a copy. A branch that is slow slows the others down, once its queue
// is full.
func Fork[T any](f Flow[T], n int, opts ...Option) []Flow[T] {
	p, f := pipelineOf(f), relayed(f)
	s := p.newStage("fork", "fork", opts)
	sp := &splitter[T]{stage: s}
	in := connect(p, f, s, sp)
	if n < 1 {
		p.wrong(s.name, "Fork into %d flows", n)
	}
	if s.opts.clone != nil {
		clone, ok := s.opts.clone.(func(T) T)
		if !ok {
			p.wrong(s.name, "its Clone is a %T, but its items are %v", s.opts.clone, reflect.TypeFor[T]())
		}
		sp.clone = clone
	}
	sp.branches(max(n, 1), in.shared && sp.clone == nil || n > 1 && sp.clone == nil)
	sp.route = sp.toAll
	return sp.flows()
}

// Partition sends each item into one of n flows: the one that lane returns for it, modulo n. So
// items with the same key stay together and in order.
func Partition[T any](f Flow[T], n int, lane func(T) int, opts ...Option) []Flow[T] {
	p, f := pipelineOf(f), relayed(f)
	s := p.newStage("partition", "partition", opts)
	sp := &splitter[T]{stage: s, lane: lane}
	in := connect(p, f, s, sp)
	if n < 1 {
		p.wrong(s.name, "Partition into %d flows", n)
	}
	if lane == nil {
		p.wrong(s.name, "its lane function is nil")
	}
	sp.branches(max(n, 1), in.shared)
	sp.route = sp.toOne
	return sp.flows()
}

// relayed gives a flow a link, and a goroutine behind it, if what takes its items needs them: a
// splitter has none of its own.
func relayed[T any](f Flow[T]) Flow[T] {
	if f.tap == nil || f.tap.used || !f.tap.linked {
		return f
	}
	return Via(f, pass[T]().Named("relay"))
}

// splitter takes a flow into several. It runs on the goroutine of the stage above; each branch
// begins with a link, so that a panic in one does not cost the others their item.
type splitter[T any] struct {
	stage *stage
	taps  []*tap[T]
	clone func(T) T
	lane  func(T) int
	route func(n *node, next []func(*T)) func(*T)
}

func (sp *splitter[T]) branches(n int, shared bool) {
	for range n {
		sp.taps = append(sp.taps, &tap[T]{stage: sp.stage, linked: true, shared: shared})
	}
}

func (sp *splitter[T]) flows() []Flow[T] {
	var flows []Flow[T]
	for _, t := range sp.taps {
		flows = append(flows, open(t))
	}
	if o := sp.stage.opts; o.async || o.queued || o.workers > 1 || o.ordered {
		sp.stage.p.wrong(sp.stage.name, "it runs on the goroutine of the stage above; give the options to its branches")
	}
	if sp.stage.policy.kind == policyRestart {
		sp.stage.p.wrong(sp.stage.name, "Restart is for actors")
	}
	sp.stage.checkLetters((*T)(nil))
	return flows
}

// accept implements taker.
func (sp *splitter[T]) accept(seg *segment, in *counter) func(*T) {
	n := sp.stage.newNode()
	n.in = in
	seg.ops = append(seg.ops, n)
	var next []func(*T)
	for _, t := range sp.taps {
		next = append(next, t.to.accept(seg, &n.out))
	}
	do := remembered(seg, n, sp.route(n, next))
	if seg.p.budget != nil && chargerOf[T]() != nil {
		inner, charge := do, chargerOf[T]()
		do = func(item *T) {
			n.bytes.Add(int64(charge(item)))
			inner(item)
			seg.settleBytes(n)
		}
	}
	return do
}

// borrows implements taker: each branch begins with a link.
func (sp *splitter[T]) borrows() bool { return false }

// toAll is the route of a Fork. Every copy beyond the first is made here, and charged. They are counted before: should Clone
// panic, those that are not made have failed.
func (sp *splitter[T]) toAll(n *node, next []func(*T)) func(*T) {
	weigh, charge := weigherOf[T](), chargerOf[T]()
	b := sp.stage.p.budget
	return func(item *T) {
		weight := int64(weightOf(weigh, item))
		var bytes int64
		if b != nil && charge != nil {
			bytes = int64(charge(item))
		}
		own := *item
		if shared, ok := any(own).(sharer); ok && sp.clone == nil {
			shared.Share(len(next) - 1)
		}
		n.made.add(weight * int64(len(next)-1))
		for i, put := range next {
			each := own
			if i > 0 {
				if sp.clone != nil {
					each = sp.clone(own)
				}
				if b != nil {
					b.used.Add(bytes)
				}
			} else if b != nil {
				n.bytes.Add(-bytes)
			}
			n.out.add(weight)
			put(&each)
		}
	}
}

// toOne is the route of a Partition.
func (sp *splitter[T]) toOne(n *node, next []func(*T)) func(*T) {
	weigh, charge := weigherOf[T](), chargerOf[T]()
	budgeted := sp.stage.p.budget != nil && charge != nil
	return func(item *T) {
		i := sp.lane(*item) % len(next)
		if i < 0 {
			i += len(next)
		}
		if budgeted {
			n.bytes.Add(-int64(charge(item)))
		}
		n.out.add(int64(weightOf(weigh, item)))
		next[i](item)
	}
}

// sharer is implemented by items that need to know how many branches will be done with them.
type sharer interface{ Share(more int) }

// deadLetters is a DeadLetters whose item type is not known.
type deadLetters interface {
	take(seg *segment, stage string, item any, err error)
	join(seg *segment)
	fits(s *stage, pointer any) error
	place() *stage
}

// letters returns where a policy sends items that fail: to at most two places.
func (p Policy) letters() []deadLetters {
	switch p.kind {
	case policyDead:
		return []deadLetters{p.dead}
	case policyRetry:
		return p.retry.Then.letters()
	case policyRestart:
		return append(p.restart.Item.letters(), p.restart.Then.letters()...)
	}
	return nil
}

var errForeign = fmt.Errorf("its dead letters belong to another pipeline")
