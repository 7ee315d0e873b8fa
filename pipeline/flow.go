package pipeline

import (
	"context"
	"fmt"
	"slices"
)

// Flow is a stream of items of type T within a pipeline: what [From], [Via], [Merge], [Fork] and
// [Partition] return. It is a description; nothing moves before Run. Each flow is used once.
type Flow[T any] struct{ tap *tap[T] }

// tap is the end of a stage where its items leave.
type tap[T any] struct {
	stage  *stage
	to     taker[T]
	used   bool
	linked bool // whatever takes the items needs a link and a goroutine of its own
	wide   bool // that is only so because several goroutines send them
	shared bool // the items are shared with other branches, so they must not be changed
}

// taker is a stage, sink or join that takes the items of a flow.
type taker[T any] interface {
	// accept makes the taker ready for one goroutine that will call the function it returns for
	// each item. in counts what that goroutine has sent.
	accept(seg *segment, in *counter) func(*T)
	// borrows reports whether nothing of an item is in use when that function has returned.
	borrows() bool
}

// open makes a flow out of a stage's end and remembers to check that it is used.
func open[T any](t *tap[T]) Flow[T] {
	t.stage.p.taps = append(t.stage.p.taps, t)
	return Flow[T]{t}
}

func (t *tap[T]) inUse() bool  { return t.used }
func (t *tap[T]) from() *stage { return t.stage }

// connect makes to the taker of the flow. It returns the tap; where the flow cannot be used, it
// notes why and returns one that leads nowhere, so that building can go on.
func connect[T any](p *Pipeline, f Flow[T], s *stage, to taker[T]) *tap[T] {
	switch {
	case f.tap == nil:
		p.wrong(s.name, "its flow is the zero Flow")
		return &tap[T]{stage: s}
	case f.tap.stage.p != p:
		p.wrong(s.name, "its flow belongs to another pipeline")
		return &tap[T]{stage: s}
	case f.tap.used:
		p.wrong(s.name, "the flow of stage %q is used twice; use Fork", f.tap.stage.name)
		return &tap[T]{stage: s}
	}
	f.tap.used, f.tap.to = true, to
	s.takesFrom(f.tap.stage)
	s.dead = f.tap.stage.dead
	return f.tap
}

// pipelineOf returns the pipeline a flow belongs to. A zero Flow belongs to none; its errors are
// kept by a pipeline that nobody can run, and reported by the first real stage it meets.
func pipelineOf[T any](f Flow[T]) *Pipeline {
	if f.tap == nil {
		return New(Config{Name: "none"})
	}
	return f.tap.stage.p
}

// From makes a flow of what source sends.
func From[T any](p *Pipeline, source Source[T], opts ...Option) Flow[T] {
	if p == nil {
		panic("pipeline: From: the Pipeline is nil")
	}
	s := p.newStage("source", sourceName(source), opts)
	s.sources = true
	t := &tap[T]{stage: s}
	if source == nil {
		p.wrong(s.name, "the source is nil")
		return open(t)
	}
	if s.opts.workers > 1 || s.opts.ordered {
		p.wrong(s.name, "a source has no Workers; use several sources and Merge")
	}
	if s.policy.kind == policyRestart {
		p.wrong(s.name, "Restart is for actors; a source that fails ends the run")
	}
	if e, ok := any(source).(interface{ Entry() *Entry[T] }); ok {
		e.Entry().attach(s)
	}
	p.heads = append(p.heads, func() { startSource(s, source, t) })
	return open(t)
}

// Via sends a flow through a stage.
func Via[A, B any](f Flow[A], st Stage[A, B], opts ...Option) Flow[B] {
	p := pipelineOf(f)
	s := p.newStage("stage", st.name, opts)
	s.silent = st.silent
	out := &tap[B]{stage: s}
	b := &builder[A, B]{stage: s, recipe: st, out: out}
	in := connect(p, f, s, b)
	b.check(in)
	out.linked = s.opts.workers > 1 || s.opts.ordered || s.silent
	out.wide = out.linked && !s.opts.ordered && !s.silent
	out.shared = in.shared && sameItems[A, B]()
	if s.opts.inline {
		out.linked, out.wide = in.linked, in.wide
	}
	if b.linked(in) {
		p.heads = append(p.heads, b.start)
	}
	return open(out)
}

// To ends a flow in a sink.
func To[T any](f Flow[T], sink Sink[T], opts ...Option) {
	p := pipelineOf(f)
	s := p.newStage("sink", sink.name, opts)
	if s.policy.kind == policyDefault {
		s.policy = sink.policy
		if err := s.policy.check(); err != nil {
			p.wrong(s.name, "%w", err)
		}
	}
	if s.policy.kind == policyDefault {
		s.policy = FailRun
	}
	b := &builder[T, struct{}]{stage: s, sink: true}
	b.recipe = Stage[T, struct{}]{name: sink.name, borrows: sink.borrows, err: sink.err}
	if sink.fuse != nil {
		b.recipe.fuse = func(in *In[T], _ *Out[struct{}]) func(*T) { return sink.fuse(in) }
	}
	if sink.act != nil {
		b.recipe.act = func(ctx context.Context, in *Inlet[T], _ *Outlet[struct{}]) error { return sink.act(ctx, in) }
	}
	if sink.last {
		p.last.asked.Store(true)
	}
	in := connect(p, f, s, b)
	b.check(in)
	if b.linked(in) {
		p.heads = append(p.heads, b.start)
	}
}

// sameItems reports whether what flows out of a stage may be what flowed in.
func sameItems[A, B any]() bool {
	switch any((*B)(nil)).(type) {
	case *A, *Batch[A]:
		return true
	}
	return false
}

// newStage adds a stage to the graph under a name that no other has.
func (p *Pipeline) newStage(kind, name string, opts []Option) *stage {
	o := gather(opts)
	if o.name != "" {
		name = o.name
	}
	if name == "" {
		name = kind
	}
	unique := name
	for n := 2; slices.ContainsFunc(p.stages, func(s *stage) bool { return s.name == unique }); n++ {
		unique = fmt.Sprintf("%s-%d", name, n)
	}
	s := &stage{p: p, name: unique, kind: kind, opts: o, policy: o.policy}
	p.stages = append(p.stages, s)
	for _, err := range o.errs {
		p.wrong(s.name, "%w", err)
	}
	p.reserved += o.reserve
	return s
}
