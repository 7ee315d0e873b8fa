package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
)

// Stage turns items of type A into items of type B. It is a recipe: it may be used in several
// places, and is built once for each goroutine that runs it. Make one with [Operator], [Fuse],
// [Actor] or [ChanActor], or take one from package stages.
type Stage[A, B any] struct {
	name    string
	fuse    func(*In[A], *Out[B]) func(*A)
	act     func(context.Context, *Inlet[A], *Outlet[B]) error
	inPlace bool  // it changes items that others may share
	borrows bool  // it keeps nothing of an item
	silent  bool  // it cannot say what became of items: what it keeps is filtered in the end
	single  bool  // it has to see all items of its flow
	err     error // what is wrong with its settings
}

// Named returns the stage with another default name; the option [Name] goes before it.
func (s Stage[A, B]) Named(name string) Stage[A, B] {
	s.name = name
	return s
}

// InPlace returns the stage marked as one that changes the items it is given. It may not stand
// below a Fork, whose branches share their items, unless the Fork was given a [Clone].
func (s Stage[A, B]) InPlace() Stage[A, B] {
	s.inPlace = true
	return s
}

// Borrowing returns the stage marked as one that is done with an item, and with whatever memory the
// item points to, when its function returns: it keeps none of it and passes none of it on. A
// stage above may then use that memory again; see [Out.Lent].
func (s Stage[A, B]) Borrowing() Stage[A, B] {
	s.borrows = true
	return s
}

// Single returns the stage marked as one that has to see all items of its flow, because it knows some of them by others. It
// may not have [Workers], which share the items out; to use several cores, [Partition] the flow by what belongs together.
func (s Stage[A, B]) Single() Stage[A, B] {
	s.single = true
	return s
}

// BadStage returns a stage that cannot be built. Run reports err, with the stage's name: a
// constructor that finds its settings wrong has no other way to say so.
func BadStage[A, B any](name string, err error) Stage[A, B] {
	return Stage[A, B]{name: name, err: err}
}

// Sink takes the items that leave a pipeline. Like a [Stage] it is a recipe. Make one with
// [FuseSink] or [SinkActor], or take one from package sink.
type Sink[T any] struct {
	name    string
	fuse    func(*In[T]) func(*T)
	act     func(context.Context, *Inlet[T]) error
	policy  Policy // the default one
	borrows bool
	last    bool // it wants a last call
	err     error
}

// FuseSink makes a sink that shares the goroutine of its neighbour, as [Fuse] does for a stage.
// The function that build returns must say of each item that it was delivered, failed or
// filtered, and must not keep the pointer.
func FuseSink[T any](build func(in *In[T]) func(*T)) Sink[T] {
	return Sink[T]{name: "sink", fuse: build}
}

// SinkActor makes a sink of one function with a goroutine and a link of its own. It says with
// in.Delivered, in.Failed or in.Filtered what became of each item it took.
func SinkActor[T any](run func(ctx context.Context, in *Inlet[T]) error) Sink[T] {
	return Sink[T]{name: "sink", act: run}
}

// Named returns the sink with another default name.
func (s Sink[T]) Named(name string) Sink[T] {
	s.name = name
	return s
}

// Borrowing is [Stage.Borrowing] for a sink.
func (s Sink[T]) Borrowing() Sink[T] {
	s.borrows = true
	return s
}

// WithPolicy returns the sink with another default failure policy than FailRun; the option [OnError]
// goes before it.
func (s Sink[T]) WithPolicy(policy Policy) Sink[T] {
	s.policy = policy
	return s
}

// WithLastCall returns the sink marked as one that wants the last call of [Inlet.LastCall], even if
// that comes before its function has begun to run.
func (s Sink[T]) WithLastCall() Sink[T] {
	s.last = true
	return s
}

// BadSink returns a sink that cannot be built; see [BadStage].
func BadSink[T any](name string, err error) Sink[T] {
	return Sink[T]{name: name, err: err}
}

// Option changes how one stage, source or sink is run.
type Option func(*options)

type options struct {
	name    string
	queue   int
	queued  bool
	async   bool
	inline  bool
	workers int
	ordered bool
	policy  Policy
	reserve int
	clone   any
	errs    []error
}

func (o *options) bad(format string, args ...any) {
	o.errs = append(o.errs, fmt.Errorf(format, args...))
}

// Name gives the stage a name, for Stats, errors, profiles and goroutine dumps.
func Name(name string) Option { return func(o *options) { o.name = name } }

// Bounds on what a graph may ask for: the room of a link is made at the start.
const (
	maxQueue   = 1 << 24 // values
	maxWorkers = 1 << 14
)

// Queue bounds the stage's link to n values: items, or batches where those flow. The default is
// 1024, and 4 for values that stand for several items. A stage with a queue has a goroutine.
func Queue(n int) Option {
	return func(o *options) {
		o.queue, o.queued = n, true
		if n < 1 || n > maxQueue {
			o.bad("Queue(%d): a link holds 1 to %d", n, maxQueue)
		}
	}
}

// Async gives an operator or a fused sink a goroutine and a link of its own.
func Async() Option { return func(o *options) { o.async = true } }

// Workers runs the stage in n goroutines that share one link. Items leave in the order in which
// they are done, unless [Ordered] is given too.
func Workers(n int) Option {
	return func(o *options) {
		o.workers = n
		if n < 1 || n > maxWorkers {
			o.bad("Workers(%d): a stage has 1 to %d", n, maxWorkers)
		}
	}
}

// Inline runs an operator, or a fused sink, on the goroutines of the stage above where those are the
// several of [Workers]: each has its own, built for it, as if both were one stage. Without it, what follows
// Workers has one goroutine for all. It excludes the options that ask for goroutines.
func Inline() Option { return func(o *options) { o.inline = true } }

// Ordered keeps the order of items through [Workers]. Only an operator that holds nothing can
// be ordered.
func Ordered() Option { return func(o *options) { o.ordered = true } }

// OnError sets the stage's failure policy.
func OnError(policy Policy) Option {
	return func(o *options) {
		o.policy = policy
		if err := policy.check(); err != nil {
			o.bad("%w", err)
		}
	}
}

// Reserve sets bytes of the pipeline's MaxBytes aside for the stage, such as the buffers of its
// senders. Items get what is left.
func Reserve(bytes int) Option {
	return func(o *options) {
		o.reserve = bytes
		if bytes < 0 {
			o.bad("Reserve(%d) is negative", bytes)
		}
	}
}

// Clone lets the branches of a Fork change their items: each branch but the first gets a copy
// that clone makes.
func Clone[T any](clone func(T) T) Option { return func(o *options) { o.clone = clone } }

func gather(opts []Option) options {
	var o options
	for _, opt := range opts {
		if opt == nil {
			o.bad("an option is nil")
			continue
		}
		opt(&o)
	}
	return o
}

// stage is one place in the graph: what Stats calls by a name.
type stage struct {
	p        *Pipeline
	name     string
	kind     string
	opts     options
	policy   Policy
	sources  bool     // items enter here
	dead     bool     // below a dead-letter flow: counted apart
	above    []*stage // whose items it takes, in the order in which they were joined to it
	silent   bool
	nodes    []*node // one for each goroutine that runs it
	door     *node   // what was settled before the stage took it, by any goroutine; nil without a link
	link     linkView
	entry    entryView
	segs     []*segment
	accepts  atomic.Int64 // dead letters that came in
	refusals atomic.Int64 // items that a source was refused
	alive    atomic.Int32 // actors of it that have not died
	restarts atomic.Int64
	inside   func() int64 // items between its workers and its order, nil if none

	lastDeath atomic.Pointer[string] // what the latest restart followed
}

// takesFrom notes that items of another stage come here.
func (s *stage) takesFrom(other *stage) {
	if !slices.Contains(s.above, other) {
		s.above = append(s.above, other)
	}
}

func (s *stage) newNode() *node {
	n := &node{stage: s}
	s.nodes = append(s.nodes, n)
	return n
}

// linkView is what the engine sees of a link whose item type it does not know.
type linkView interface {
	depth() int64   // items
	room() int      // values
	size() int      // values it holds at most
	waiting() int64 // items in the hands of producers that wait for room
	settled()
	abort()
	sweep() // settles what is left when the run is over
}

// entryView is what the engine sees of an Entry.
type entryView interface {
	accepted() int64
	refused() int64
	halt()  // no more pushes
	abort() // and what is queued is given up
	enter(num uint64)
	poke() // makes Forward look around, if it waits
}
