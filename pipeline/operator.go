package pipeline

import "context"

// Operator makes a stage of a pure function: do calls emit for each item it makes of item, in
// order. An item for which it emits nothing is counted as filtered; n > 1 items count n-1 as
// made. do is called from one goroutine at a time, or from several under [Workers]; emit must
// not be kept.
//
// Consecutive operators share a goroutine with their neighbour, so a stage costs a few calls.
// A panic in do, or runtime.Goexit, fails that item alone.
func Operator[A, B any](do func(item A, emit func(B))) Stage[A, B] {
	if do == nil {
		return Stage[A, B]{name: "operator"}
	}
	return Fuse(func(in *In[A], out *Out[B]) func(*A) {
		n, made := in.node, new(B)
		emit := func(b B) {
			*made = b
			out.Push(made)
		}
		return func(a *A) {
			do(*a, emit)
			switch left := n.unsettled(); {
			case left > 0:
				n.filtered.add(left)
			case left < 0:
				n.made.add(-left)
			}
		}
	}).Named("operator")
}

// Fuse makes a stage of a function that is built once per goroutine and then called for each
// item. It is what [Operator] and the built-in operators are made of, for those who count
// nanoseconds: items are passed by pointer, so nothing is copied on the way.
//
// The function that build returns must push each item on, or say what became of it with the
// methods of in; what it does neither for is counted as failed: undeclared. The item it gets a
// pointer to is its own until it returns: it may change it and push the same pointer on, but
// must not keep the pointer.
func Fuse[A, B any](build func(in *In[A], out *Out[B]) func(*A)) Stage[A, B] {
	return Stage[A, B]{name: "fuse", fuse: build}
}

// In is an operator's account of the items it was given.
type In[A any] struct {
	node   *node
	seg    *segment
	plain  bool // each A weighs 1
	weigh  func(*A) int
	trying bool  // a failure is only noted, since the item may be tried again
	cause  error // that failure
}

// Context is the stages' context: it ends at the drain's deadline, not before.
func (in *In[A]) Context() context.Context { return in.seg.ctx }

// Filtered says that the operator turned item away on purpose.
func (in *In[A]) Filtered(item *A) {
	in.node.filtered.inc()
	if !in.plain {
		in.node.filtered.add(in.extra(item))
	}
}

// FilteredN says that n items, which the operator took out of a larger one, were turned away.
func (in *In[A]) FilteredN(n int) { in.node.filtered.add(int64(n)) }

// Delivered says that a sink is done with item and it got where it was meant to go.
func (in *In[A]) Delivered(item *A) {
	in.node.delivered.inc()
	if !in.plain {
		in.node.delivered.add(in.extra(item))
	}
}

// Failed says that err ended item. The stage's failure policy decides what follows: the item is
// counted as failed under the reason of err (see [WithReason]), tried again, or handed to the
// dead letters.
func (in *In[A]) Failed(item *A, err error) {
	if in.trying {
		in.cause = err
		return
	}
	in.seg.failItem(in.node, *item, int64(in.weight(item)), err)
}

// FailedPart says that err ended part, one of the items in a larger one, while the rest goes on.
func (in *In[A]) FailedPart(part any, err error) {
	in.seg.lose(in.node, failed, reasonOf(err), part, weightOfAny(part), err)
}

// Hold says that the operator keeps item, to push it later alone or with others. Until then it
// is in flight here. Say it after whatever may panic.
func (in *In[A]) Hold(item *A) {
	in.node.held.inc()
	if !in.plain {
		in.node.held.add(in.extra(item))
	}
}

// OnMark has send called at each mark and once at the end: it pushes what the operator holds.
// It is to be called while the operator is built.
func (in *In[A]) OnMark(send func()) {
	in.seg.hooks = append(in.seg.hooks, &hook{node: in.node, call: func() error { send(); return nil }})
}

// Stop says that the operator wants no more. Items that still come are its own to filter.
func (in *In[A]) Stop() { in.seg.shut(ErrClosed) }

func (in *In[A]) weight(item *A) int { return weightOf(in.weigh, item) }

// extra is what item weighs beyond 1.
func (in *In[A]) extra(item *A) int64 { return int64(in.weigh(item) - 1) }

// Out is where an operator pushes items.
type Out[B any] struct {
	node *node
	next func(*B)
	lent bool
}

// Push hands *item to the next stage and returns when that is done with it, or has put it into
// its link. The pointer is the operator's again afterwards, the item is not.
func (out *Out[B]) Push(item *B) {
	out.node.out.inc() // see heavy for items that weigh more
	out.next(item)     // one call and no branch, so that Push is inlined
}

// Lent reports whether items are only lent to the next stage: when Push has returned, it keeps
// nothing of what the item points to, which is then the operator's to use again (see
// [Stage.Borrowing]). It is known once the first item comes, and does not change.
func (out *Out[B]) Lent() bool { return out.lent }

// heavy stands before next where a push has more to it: items have a weight, the operator holds
// items, or a byte budget watches. What an operator holds when the run is given up goes nowhere.
func heavy[B any](seg *segment, n *node, weigh, charge func(*B) int, holds bool, next func(*B)) func(*B) {
	return func(item *B) {
		weight := int64(weightOf(weigh, item))
		if holds && seg.p.aborted() {
			n.out.add(-1) // it is not sent
			n.held.add(-min(weight, n.held.load()))
			abandonSent(seg, n, item, weight, charge)
			return
		}
		n.out.add(weight - 1)
		if weigh != nil {
			n.sizes.add(weight)
		}
		if holds {
			n.held.add(-min(weight, n.held.load()))
		}
		if charge != nil {
			n.bytes.Add(-int64(charge(item)))
		}
		next(item)
	}
}

// abandonSent gives up an item that a stage meant to send.
func abandonSent[B any](seg *segment, n *node, item *B, weight int64, charge func(*B) int) {
	if charge != nil {
		bytes := int64(charge(item))
		n.bytes.Add(-bytes)
		seg.p.budget.release(bytes)
	}
	seg.lose(n, abandoned, seg.p.abortReason(), *item, weight, nil)
}
