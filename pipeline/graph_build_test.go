package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/stages"
)

// graph is a plan that is being built.
type graph struct {
	plan    *plan
	book    *book
	p       *pipeline.Pipeline
	open    []openFlow
	letters *pipeline.DeadLetters[token]
	entries []*pipeline.Entry[token] // by source; nil for a feed
	rough   bool                     // what a Flush covers cannot be told by id
}

// openFlow is a flow that nothing takes yet, of tokens or of batches.
type openFlow struct {
	one     pipeline.Flow[token]
	many    pipeline.Flow[pipeline.Batch[token]]
	batched bool
	sources uint // those whose items it may have, as bits
	mixed   bool // the order of a producer's items is not kept
	narrow  bool // what takes it has a goroutine of its own
}

func (p *plan) build(b *book) *graph {
	g := &graph{plan: p, book: b}
	g.p = pipeline.New(pipeline.Config{Name: "drawn", DrainTimeout: p.Drain, MaxBytes: p.MaxBytes, OnLoss: b.lose})
	for i, s := range p.Sources {
		g.open = append(g.open, openFlow{one: g.source(i, s), sources: 1 << i})
	}
	for i, s := range p.Steps {
		g.step(i, s)
	}
	for i, f := range g.open {
		g.end(i, f, p.Sinks[i%len(p.Sinks)])
	}
	if g.letters != nil {
		pipeline.To(g.letters.Flow(), pipeline.FuseSink(func(in *pipeline.In[pipeline.DeadLetter[token]]) func(*pipeline.DeadLetter[token]) {
			return func(l *pipeline.DeadLetter[token]) {
				b.letter(*l)
				in.Delivered(l)
			}
		}), pipeline.Name("letters"))
	}
	return g
}

// tokenOf makes the token number seq of a producer.
func (p *plan) tokenOf(key, seq int) token {
	k := token{Key: key, Seq: seq}
	k.Bytes = k.hash() % 20
	if p.MaxBytes > 0 && k.hash()%50 == 0 {
		k.Bytes = p.MaxBytes + 1 // is refused
	}
	return k
}

func (g *graph) source(i int, s sourcePlan) pipeline.Flow[token] {
	name := pipeline.Name(fmt.Sprintf("source-%d", i))
	if !s.Emitter {
		g.entries = append(g.entries, nil)
		return pipeline.From(g.p, pipeline.SourceFunc[token](func(ctx context.Context, out *pipeline.Outlet[token]) error {
			return g.feed(ctx, out, i, s)
		}), name)
	}
	e := pipeline.NewEntry[token](pipeline.EntryConfig{Queue: s.Queue, Overflow: s.Overflow})
	if s.Overflow == pipeline.DropOldest {
		g.rough = true // OnLoss may hear of a drop a moment after the ledger has it
	}
	g.entries = append(g.entries, e)
	return pipeline.From(g.p, entrySource{e}, name)
}

type entrySource struct{ e *pipeline.Entry[token] }

func (s entrySource) Entry() *pipeline.Entry[token] { return s.e }
func (s entrySource) Resume()                       {}
func (s entrySource) Feed(_ context.Context, out *pipeline.Outlet[token]) error {
	return out.Forward(s.e)
}

// options are those of a step, as far as they fit its stage.
func (g *graph) options(i int, s step, orderly, letters bool) []pipeline.Option {
	opts := []pipeline.Option{pipeline.Name(fmt.Sprintf("%d-%s", i, s.Op))}
	if s.Inline {
		opts = append(opts, pipeline.Inline())
	}
	if s.Async {
		opts = append(opts, pipeline.Async())
	}
	if s.Queue > 0 {
		opts = append(opts, pipeline.Queue(s.Queue))
	}
	if s.Workers > 0 {
		opts = append(opts, pipeline.Workers(s.Workers))
		if s.Ordered && orderly {
			opts = append(opts, pipeline.Ordered())
		}
	}
	return append(opts, g.policy(s.Policy, letters, isActor(s.Op))...)
}

// isActor reports whether the stage of a step is an actor.
func isActor(op string) bool {
	switch op {
	case "actor", "holder", "chan actor", "timed batch", "actor take", "actor fails", "actor panics", "actor exits", "actor dies", "holder dies":
		return true
	}
	return false
}

// restarts reports whether what an actor had in its hands is given to it again when it dies.
func restarts(policy string) bool { return strings.HasPrefix(policy, "retry") }

// policy is that of a step. Where others try an item again, actors begin another life.
func (g *graph) policy(name string, letters, actor bool) []pipeline.Option {
	if actor && restarts(name) {
		return g.restart(name, letters)
	}
	retry := pipeline.RetryConfig{Attempts: 2, Min: time.Millisecond, Max: 3 * time.Millisecond}
	switch {
	case name == "skip":
		return []pipeline.Option{pipeline.OnError(pipeline.Skip)}
	case name == "fail":
		return []pipeline.Option{pipeline.OnError(pipeline.FailRun)}
	case name == "letters" && letters:
		return []pipeline.Option{pipeline.OnError(g.toLetters())}
	case name == "retry then letters" && letters:
		retry.Then = g.toLetters()
	case name == "retry then fail":
		retry.Then = pipeline.FailRun
	case name != "retry":
		return nil
	}
	return []pipeline.Option{pipeline.OnError(pipeline.Retry(retry))}
}

func (g *graph) restart(name string, letters bool) []pipeline.Option {
	cfg := pipeline.RestartConfig{Restarts: 4, Tries: 2, Window: 20 * time.Millisecond, Min: time.Millisecond, Max: 3 * time.Millisecond}
	switch {
	case name == "retry":
		cfg.Then = pipeline.Skip
	case name == "retry then letters" && letters:
		cfg.Item, cfg.Then = g.toLetters(), g.toLetters()
	}
	return []pipeline.Option{pipeline.OnError(pipeline.Restart(cfg))}
}

func (g *graph) toLetters() pipeline.Policy {
	if g.letters == nil {
		g.letters = pipeline.NewDeadLetters[token](g.p, pipeline.Queue(3))
	}
	return pipeline.ToDeadLetters(g.letters)
}

// step adds one step to the graph, or nothing where it does not fit.
func (g *graph) step(i int, s step) {
	at := s.On % len(g.open)
	f := g.open[at]
	switch s.Op {
	case "fork", "partition":
		g.split(i, s, at, f)
		return
	case "merge":
		g.merge(at, (at+s.N)%len(g.open))
		return
	}
	if s.Inline = s.Inline && !f.narrow && !isActor(s.Op); s.Inline {
		s.Async, s.Queue, s.Workers, s.Ordered = false, 0, 0, false
	}
	f.narrow = s.Ordered || s.Op == "chan actor"
	ok := true
	orderly := true
	switch {
	case s.Op == "unbatch" && f.batched:
		f.one = pipeline.Via(f.many, stages.FlatMap(func(b pipeline.Batch[token], emit func(token)) {
			for _, k := range b {
				emit(k)
			}
		}), g.options(i, s, true, false)...)
		f.batched = false
	case s.Op == "batch" && !f.batched:
		f.many = pipeline.Via(f.one, stages.Batch[token](stages.BatchConfig{MaxItems: s.N}), g.options(i, s, false, true)...)
		f.batched, orderly = true, false
	case s.Op == "timed batch" && !f.batched:
		cfg := stages.BatchConfig{MaxItems: s.N, MaxWait: s.Pause + time.Duration(s.N)*5*time.Millisecond}
		f.many = pipeline.Via(f.one, stages.Batch[token](cfg), g.options(i, s, false, true)...)
		f.batched, orderly = true, false
	case s.Op == "flat map" && !f.batched:
		f.one = pipeline.Via(f.one, g.multiply(s.N), g.options(i, s, true, true)...)
	case f.batched:
		f.many, orderly, ok = via(g, f.many, i, s, false)
	default:
		f.one, orderly, ok = via(g, f.one, i, s, true)
	}
	if !ok {
		return
	}
	f.mixed = f.mixed || s.Workers > 1 && !(s.Ordered && orderly)
	switch s.Op {
	case "take", "actor take", "holder dies", "hook exits": // engine filters, or only the actor knew
		g.rough = true
	case "actor fails", "actor panics", "actor exits", "actor dies": // knew one item, which it may be given again
		g.rough = g.rough || !restarts(s.Policy)
	case "exits": // takes an actor above with it, and what that held
		g.rough = true
	case "chan actor": // lets a mark pass when its function has taken what came before
		g.rough = true
	}
	g.open[at] = f
}

// via adds a stage that takes and sends items of one type.
func via[T any](g *graph, f pipeline.Flow[T], i int, s step, letters bool) (next pipeline.Flow[T], orderly, ok bool) {
	stage, orderly, ok := stageFor[T](g.book, s)
	if !ok {
		return f, false, false
	}
	return pipeline.Via(f, stage, g.options(i, s, orderly, letters)...), orderly, true
}

// multiply makes 0 to 3 items of each.
func (g *graph) multiply(n int) pipeline.Stage[token, token] {
	return stages.FlatMap(func(k token, emit func(token)) {
		made := (k.hash() + n) % 4
		if made == 0 {
			g.book.filter(k)
		}
		for i := range made {
			if i > 0 {
				g.book.born(k, 1)
			}
			emit(k)
		}
	})
}

// split is a Fork or a Partition. The stage above a Fork, on the same goroutine, notes its copies.
func (g *graph) split(i int, s step, at int, f openFlow) {
	n := 1 + s.N%3
	name := pipeline.Name(fmt.Sprintf("%d-%s", i, s.Op))
	var branches []openFlow
	if f.batched {
		for _, flow := range splitInto(g, f.many, s, n, name) {
			branches = append(branches, openFlow{many: flow, batched: true})
		}
	} else {
		for _, flow := range splitInto(g, f.one, s, n, name) {
			branches = append(branches, openFlow{one: flow})
		}
	}
	for j := range branches {
		branches[j].sources, branches[j].mixed, branches[j].narrow = f.sources, f.mixed, true
	}
	g.open[at] = branches[0]
	g.open = append(g.open, branches[1:]...)
}

func splitInto[T any](g *graph, f pipeline.Flow[T], s step, n int, name pipeline.Option) []pipeline.Flow[T] {
	if s.Op == "partition" {
		return pipeline.Partition(f, n, func(item T) int { return hashOf(item) - 100 }, name)
	}
	noted := pipeline.Via(f, stages.Tap(func(item T) {
		for _, k := range tokensOf(item) {
			g.book.born(k, n-1)
		}
	}))
	return pipeline.Fork(noted, n, name)
}

// merge joins two open flows of the same type.
func (g *graph) merge(a, b int) {
	x, y := g.open[a], g.open[b]
	if a == b || x.batched != y.batched {
		return
	}
	both := openFlow{batched: x.batched, sources: x.sources | y.sources, mixed: x.mixed || y.mixed || x.sources&y.sources != 0}
	if x.batched {
		both.many = pipeline.Merge(watched(g, x.many, x.mixed), watched(g, y.many, y.mixed))
	} else {
		both.one = pipeline.Merge(watched(g, x.one, x.mixed), watched(g, y.one, y.mixed))
	}
	g.open[a] = both
	g.open = append(g.open[:b], g.open[b+1:]...)
}

// watched checks the order in a flow, where one is kept.
func watched[T any](g *graph, f pipeline.Flow[T], mixed bool) pipeline.Flow[T] {
	if mixed {
		return f
	}
	watch := &orders{last: map[int]int{}}
	return pipeline.Via(f, stages.Tap(func(item T) {
		for _, k := range tokensOf(item) {
			if err := watch.see(k); err != nil {
				g.book.fault("before a merge: %v", err)
			}
		}
	}))
}

// end gives an open flow a sink.
func (g *graph) end(i int, f openFlow, s sinkPlan) {
	opts := append(g.policy(s.Policy, !f.batched, strings.HasPrefix(s.Kind, "actor") || s.Kind == "helpers"), pipeline.Name(fmt.Sprintf("sink-%d-%s", i, s.Kind)))
	if s.Workers > 1 {
		opts = append(opts, pipeline.Workers(s.Workers))
	}
	var watch *orders
	if !f.mixed && s.Workers == 1 && s.Kind != "helpers" {
		watch = &orders{last: map[int]int{}}
	}
	if f.batched {
		pipeline.To(f.many, sinkFor[pipeline.Batch[token]](g.book, s, watch), opts...)
		return
	}
	pipeline.To(f.one, sinkFor[token](g.book, s, watch), opts...)
}
