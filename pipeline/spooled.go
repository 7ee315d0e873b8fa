package pipeline

// A stage that keeps items outside of memory counts them as spooled. That column is not an end: an
// item comes out of it into the actor's hands by [Inlet.Unspooled], and is settled like any other.
// What is spooled when the run ends is no loss: it is there for the next run, which says so by
// [Inlet.Recovered].

// Spooled says that item is kept where it outlives the run. Its bytes go back to the budget; an actor
// that keeps it in memory too calls [Inlet.SpooledN], and [Inlet.Release] when it lets go of it.
func (in *Inlet[T]) Spooled(item T) { in.settle(item, spooled, "") }

// SpooledN counts n items as spooled, whose bytes stay charged until Release.
func (in *Inlet[T]) SpooledN(n int) {
	in.node.end(spooled, "", int64(n), nil)
	in.nudge()
}

// Recovered says that n items are there which an earlier run left. They are accepted and spooled.
func (in *Inlet[T]) Recovered(n int) {
	in.node.recovered.Add(int64(n))
	in.node.note(spooled, "", int64(n), nil)
}

// Unspooled takes n items out of the spooled ones, back into the actor's hands, which settles each of
// them: with DeliveredN, FailedPart, DroppedN, or Failed for one that stands for all n. It takes no
// more than there are, and returns how many it took.
func (in *Inlet[T]) Unspooled(n int) int {
	kept := &in.node.ended[spooled]
	for {
		left := kept.Load()
		took := min(int64(n), left)
		if took <= 0 {
			return 0
		}
		if kept.CompareAndSwap(left, left-took) {
			in.node.settled.Add(-took)
			return int(took)
		}
	}
}

// SpooledNow is how many items this actor has counted as spooled and not taken back.
func (in *Inlet[T]) SpooledNow() int { return int(in.node.ended[spooled].Load()) }

// Dropped says that there was no room for item.
func (in *Inlet[T]) Dropped(item T, reason string) {
	in.release(&item)
	in.seg.lose(in.node, dropped, reason, item, int64(weightOf(in.weigh, &item)), nil)
	in.nudge()
}

// DroppedN counts n items as dropped that nobody can hand over any more; see DeliveredN.
func (in *Inlet[T]) DroppedN(n int, reason string) {
	in.seg.lose(in.node, dropped, reason, nil, int64(n), nil)
	in.nudge()
}
