package pipeline

// builder makes the running parts of one stage or sink, once for each goroutine that needs them.
type builder[A, B any] struct {
	stage  *stage
	recipe Stage[A, B]
	sink   bool
	out    *tap[B] // nil for a sink
	link   *link[A]
	order  *order[B]
}

// check notes what is wrong with the stage where it stands.
func (b *builder[A, B]) check(in *tap[A]) {
	p, s, o := b.stage.p, b.stage, b.stage.opts
	switch {
	case b.recipe.err != nil:
		p.wrong(s.name, "%w", b.recipe.err)
	case b.recipe.fuse == nil && b.recipe.act == nil:
		p.wrong(s.name, "it is nil: it was made without a function")
	}
	if b.recipe.inPlace && in.shared {
		p.wrong(s.name, "it changes items in place below a Fork that shares them; give the Fork a Clone")
	}
	if b.recipe.single && o.workers > 1 {
		p.wrong(s.name, "Workers(%d) would share out items that it has to see together; Partition the flow by what belongs together", o.workers)
	}
	if o.ordered && b.recipe.act != nil {
		p.wrong(s.name, "Ordered is for operators; an actor has an order of its own")
	}
	if o.ordered && b.sink {
		p.wrong(s.name, "Ordered is for stages; a sink passes nothing on")
	}
	if o.inline {
		b.checkInline(in)
	}
	s.checkLetters((*A)(nil))
	switch s.policy.kind {
	case policyDefault:
		s.policy = Skip
		if b.recipe.act != nil {
			s.policy = FailRun
		}
	case policyRetry:
		if b.recipe.act != nil {
			p.wrong(s.name, "Retry is for operators, whose items it tries again; an actor's function is called again by Restart")
		}
	case policyRestart:
		if b.recipe.act == nil {
			p.wrong(s.name, "Restart is for actors; an operator goes on with its next item by itself, and Retry tries an item again")
		}
	}
}

// checkInline notes what keeps the stage from the goroutines of the one above.
func (b *builder[A, B]) checkInline(in *tap[A]) {
	p, s, o := b.stage.p, b.stage, b.stage.opts
	switch {
	case b.recipe.act != nil:
		p.wrong(s.name, "Inline is for operators; an actor has a goroutine of its own")
	case o.async || o.queued || o.workers > 1 || o.ordered:
		p.wrong(s.name, "Inline excludes Async, Queue, Workers and Ordered, which ask for goroutines")
	case in.linked && !in.wide:
		p.wrong(s.name, "Inline does not fit here: what it is given needs a goroutine of its own, behind Ordered, a Fork, a Partition or a ChanActor")
	}
}

// linked reports whether the stage has a goroutine and a link of its own.
func (b *builder[A, B]) linked(in *tap[A]) bool {
	o := b.stage.opts
	if o.inline {
		return false
	}
	if in.linked || o.async || o.queued || o.workers > 1 || o.ordered || b.recipe.act != nil {
		limit := o.queue
		if limit < 1 || limit > maxQueue { // the latter is an error of the build
			limit = defaultQueue[A]()
		}
		b.link = newLink[A](b.stage, limit)
		if b.workers() > 1 || o.ordered {
			b.link.ring.pool = &intake[A]{ring: b.link.ring}
		}
	}
	return b.link != nil
}

func (b *builder[A, B]) workers() int { return min(max(b.stage.opts.workers, 1), maxWorkers) }

// handSize is how many items a worker may take at once. What it has in hand keeps its place in the
// link, and in the order, until the last of it is begun.
func (b *builder[A, B]) handSize() int {
	r := b.link.ring
	if r.pool == nil || r.weigh != nil {
		return 1
	}
	size := min(64, int(r.limit)/8/b.workers())
	if b.order != nil {
		size = min(size, len(b.order.slots)/4/b.workers())
	}
	return size
}

// accept implements taker.
func (b *builder[A, B]) accept(seg *segment, in *counter) func(*A) {
	if b.link != nil {
		return b.link.enter(seg)
	}
	n := b.stage.newNode()
	n.in = in
	return b.fuse(seg, n)
}

// borrows implements taker. An item that is lost may be kept by whoever is told of it.
func (b *builder[A, B]) borrows() bool {
	return b.recipe.borrows && b.link == nil && len(b.stage.policy.letters()) == 0 && b.stage.p.cfg.OnLoss == nil
}

// fuse builds the operator into a segment, and what follows it.
func (b *builder[A, B]) fuse(seg *segment, n *node) func(*A) {
	seg.ops = append(seg.ops, n)
	weighA, weighB := weigherOf[A](), weigherOf[B]()
	in := &In[A]{node: n, seg: seg, weigh: weighA, plain: weighA == nil}
	out := &Out[B]{node: n}
	hooks := len(seg.hooks)
	do := b.recipe.fuse(in, out)
	holds := len(seg.hooks) > hooks
	if holds && b.stage.opts.ordered {
		seg.p.wrong(b.stage.name, "Ordered is for operators that hold nothing")
	}
	if b.sink {
		b.terminal(seg)
	} else {
		out.next, out.lent = b.out.to.accept(seg, &n.out), b.out.to.borrows()
	}
	if b.order != nil {
		out.next = b.order.worker(seg.index, out.next)
	}
	var charge func(*B) int
	budgeted := seg.p.budget != nil && (chargerOf[A]() != nil || chargerOf[B]() != nil)
	if budgeted {
		charge = chargerOf[B]()
	}
	if weighB != nil || holds || charge != nil {
		out.next = heavy(seg, n, weighB, charge, holds, out.next)
	}
	return b.wrap(seg, in, do, budgeted)
}

// terminal makes the end of a segment in a fused sink count for marks.
func (b *builder[A, B]) terminal(seg *segment) {
	t := &terminal{stage: b.stage}
	seg.p.terminals = append(seg.p.terminals, t)
	seg.exits = append(seg.exits, t)
}

// wrap adds to an operator what its options and the run's ask for, and nothing else.
func (b *builder[A, B]) wrap(seg *segment, in *In[A], do func(*A), budgeted bool) func(*A) {
	policy := b.stage.policy
	if policy.kind == policyRetry {
		do = in.tries(*policy.retry, do)
	}
	do = remembered(seg, in.node, do)
	if budgeted {
		inner, charge := do, chargerOf[A]()
		do = func(item *A) {
			if charge != nil {
				in.node.bytes.Add(int64(charge(item)))
			}
			inner(item)
			seg.settleBytes(in.node)
		}
	}
	return do
}

// checkLetters notes what is wrong with the dead letters of a stage, whose items are what pointer points to.
func (s *stage) checkLetters(pointer any) {
	for _, dead := range s.policy.letters() {
		if err := dead.fits(s, pointer); err != nil {
			s.p.wrong(s.name, "%w", err)
			continue
		}
		dead.place().takesFrom(s)
	}
}

// remembered has an operator's node know the item that it works on, if the dead letters or OnLoss want it should it fail.
func remembered[A any](seg *segment, n *node, do func(*A)) func(*A) {
	letters := n.stage.policy.letters()
	for _, dead := range letters {
		dead.join(seg)
	}
	if len(letters) == 0 && seg.p.cfg.OnLoss == nil {
		return do
	}
	at := (*A)(nil)
	n.item = func() any { return *at }
	return func(item *A) { at = item; do(item) }
}

// start makes the goroutines of a stage that has a link.
func (b *builder[A, B]) start() {
	if b.stage.opts.ordered {
		b.order = newOrder[B](b.stage, b.workers(), b.link.ring.rouse)
		b.link.ring.pool.gate = b.order.open
	}
	for i := range b.workers() {
		seg := b.stage.p.newSegment(b.stage, i)
		n := b.stage.newNode()
		n.in = &n.taken
		seg.head = n
		if b.recipe.act != nil {
			b.startActor(seg, n)
			continue
		}
		d := &pump[A]{reader: b.link.reader(seg, &n.taken)}
		d.hand = b.link.ring.newHand(b.handSize())
		d.next = b.fuse(seg, n)
		if b.order != nil {
			d.after = func() { b.order.complete(i, d.ticket) }
		}
		seg.poke = b.link.ring.wake
		seg.p.ready(seg, d.run)
	}
}
