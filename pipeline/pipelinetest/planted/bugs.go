package main

import "github.com/tailrace-go/tailrace/internal/planted"

// A bug is one of the engine, and the test that has to find it.
type bug struct {
	planted.Bug
	test string
}

var bugs = []bug{
	{planted.Bug{
		Name: "the last partial batch is dropped",
		File: "pipeline/actor.go",
		Old:  "\t\tin.flushed = true\n\t\tin.callHooks()\n",
		New:  "\t\tin.flushed = true\n",
	}, "TestDrainSendsTimedBatchesAtOnce"},
	{planted.Bug{
		Name: "a link is closed when its first producer ends, under the others",
		File: "pipeline/mark.go",
		Old:  "\tif all == noMark {\n",
		New:  "\tif num == noMark {\n",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "an item is counted twice when it leaves a Partition",
		File: "pipeline/joins.go",
		Old:  "\t\tn.out.add(int64(weightOf(weigh, item)))\n\t\tnext[i](item)\n",
		New:  "\t\tn.out.add(int64(2 * weightOf(weigh, item)))\n\t\tnext[i](item)\n",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "a blocked Push ignores its context",
		File: "pipeline/entry.go",
		Old:  "\tif ctx.Err() != nil {\n\t\treturn context.Cause(ctx)\n\t}\n",
		New:  "",
	}, "TestBlockedPush"},
	{planted.Bug{
		Name: "a mark is lost at a merge",
		File: "pipeline/mark.go",
		Old:  "\treturn true, false\n",
		New:  "\treturn len(b.shown) == 1, false\n",
	}, "TestFlushCovers"},
	{planted.Bug{
		Name: "a Flush passes when the first of several workers has passed it",
		File: "pipeline/mark.go",
		Old:  "\t\tall = min(all, n)\n\t}\n",
		New:  "\t\tall = min(all, n)\n\t}\n\tif all != noMark && num != noMark {\n\t\tall = num\n\t}\n",
	}, "TestFlushCovers"},
	{planted.Bug{
		Name: "a Flush returns when the first of several sinks is through",
		File: "pipeline/flush.go",
		Old:  "\t\tall = min(all, t.shown.Load())\n",
		New:  "\t\tall = min(all, max(t.shown.Load(), m.p.terminals[0].shown.Load()))\n",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "a later mark pushes an earlier one ahead of the consumer",
		File: "pipeline/mark.go",
		Old:  "\tif b.first.num == 0 {\n\t\tb.first = place{pos, all}\n\t} else {\n",
		New:  "\tif true {\n\t\tb.first = place{pos, all}\n\t} else {\n",
	}, "TestFlushIsNotOvertaken"},
	{planted.Bug{
		Name: "what a Fork makes is not counted",
		File: "pipeline/joins.go",
		Old:  "\t\tn.made.add(weight * int64(len(next)-1))\n",
		New:  "",
	}, "TestFlushCovers"},
	{planted.Bug{
		Name: "what lies in links at the deadline is not counted",
		File: "pipeline/pipeline.go",
		Old:  "\t\tif s.link != nil && !s.stuck() {\n\t\t\ts.link.sweep()\n\t\t}\n",
		New:  "",
	}, "TestTwoContexts"},
	{planted.Bug{
		Name: "DropOldest does not count what it drops",
		File: "pipeline/entry.go",
		Old:  "\te.door.note(dropped, reason, weight, nil) // under the lock, so that no mark overtakes it\n",
		New:  "",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "a panic loses its item",
		File: "pipeline/segment.go",
		Old:  "\t\t\tseg.lose(n, failed, ReasonStagePanic, item, known, failure)\n",
		New:  "",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "Goexit costs a worker",
		File: "pipeline/pump.go",
		Old:  "\t\tif v == nil {\n\t\t\td.seg.spawn(d.run)\n\t\t}\n",
		New:  "",
	}, "TestGoexit"},
	{planted.Bug{
		Name: "Ordered lets items pass as they come",
		File: "pipeline/order.go",
		Old:  "\t\tw.items = append(w.items, *item)\n",
		New:  "\t\tw.next(item)\n",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "bytes of settled items are not given back",
		File: "pipeline/actor.go",
		Old:  "\t\tin.seg.p.budget.release(bytes)\n",
		New:  "",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "a stage that wants no more leaves its producers waiting",
		File: "pipeline/ring.go",
		Old:  "\tif bit != ringMarked {\n\t\tr.room.wakeAll()\n\t}\n",
		New:  "",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "the end of a run leaves those waiting who wait for bytes",
		File: "pipeline/entry.go",
		Old:  "\te.budget.Load().wakeAll() // a Push may wait there\n",
		New:  "",
	}, "TestBlockedPush"},
	{planted.Bug{
		Name: "a wake-up is lost between the last look and the park",
		File: "pipeline/ring.go",
		Old:  "\tif r.stirs(attention) && r.idle.CompareAndSwap(true, false) {\n\t\treturn\n\t}\n",
		New:  "",
	}, "TestRandomGraphs"},
	{planted.Bug{
		Name: "a helper's work does not let a mark pass",
		File: "pipeline/actor.go",
		Old:  "\tif in.pending.Load() != 0 {\n\t\tin.wake()\n\t}\n",
		New:  "",
	}, "TestMarkFollowsHelpers"},
	{planted.Bug{
		Name: "what a stopped branch had queued keeps its bytes",
		File: "pipeline/reader.go",
		Old:  "\td.link.sweep()\n",
		New:  "",
	}, "TestBudgetOfWhatIsGivenUp"},
	{planted.Bug{
		Name: "items wait for a slow one that the same worker took",
		File: "pipeline/hand.go",
		Old:  "\tif n == 0 {\n\t\treturn 0, 0\n\t}\n",
		New:  "\tif n >= 0 {\n\t\treturn 0, 0\n\t}\n",
	}, "TestWorkersTakeOver"},
	{planted.Bug{
		Name: "an item waits for a slow one that the same worker took, while the others are busy",
		File: "pipeline/intake.go",
		Old:  "\tif late := q.late(h, now); late != nil {\n",
		New:  "\tif late := q.late(h, now); late != nil && late == h {\n",
	}, "TestWorkersTakeOver"},
	{planted.Bug{
		Name: "a mark overtakes what another worker has taken and not begun",
		File: "pipeline/intake.go",
		Old:  "\t\tif p := q.relieve(d, now, func(h *hand[T]) bool { return h.after < q.met }); p != nil {\n",
		New:  "\t\tif p := q.relieve(d, now, func(h *hand[T]) bool { return h.after > q.met }); p != nil {\n",
	}, "TestMarkAndHands"},
	{planted.Bug{
		Name: "what is in hands has no place in the link",
		File: "pipeline/ring.go",
		Old:  "\t\thead -= r.pool.inUse\n",
		New:  "",
	}, "TestQueueCountsHands"},
	{planted.Bug{
		Name: "what a worker that stops had in hand leaves a gap in the order",
		File: "pipeline/hand.go",
		Old:  "\t\tif d.ticket = h.base + uint64(i); d.after != nil {\n\t\t\td.after()\n\t\t}\n",
		New:  "",
	}, "TestStopWithHands"},
}
