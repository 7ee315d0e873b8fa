package main

// A bug is a piece of the engine's source, what a careless change would make of it, and the test
// that has to find that.
type bug struct {
	name     string
	file     string
	old, new string
	test     string
}

var bugs = []bug{
	{
		name: "the last partial batch is dropped",
		file: "actor.go",
		old:  "\t\tin.flushed = true\n\t\tin.callHooks()\n",
		new:  "\t\tin.flushed = true\n",
		test: "TestDrainSendsTimedBatchesAtOnce",
	},
	{
		name: "a link is closed when its first producer ends, under the others",
		file: "mark.go",
		old:  "\tif all == noMark {\n",
		new:  "\tif num == noMark {\n",
		test: "TestRandomGraphs",
	},
	{
		name: "an item is counted twice when it leaves a Partition",
		file: "joins.go",
		old:  "\t\tn.out.add(int64(weightOf(weigh, item)))\n\t\tnext[i](item)\n",
		new:  "\t\tn.out.add(int64(2 * weightOf(weigh, item)))\n\t\tnext[i](item)\n",
		test: "TestRandomGraphs",
	},
	{
		name: "a blocked Push ignores its context",
		file: "entry.go",
		old:  "\tif ctx.Err() != nil {\n\t\treturn context.Cause(ctx)\n\t}\n",
		new:  "",
		test: "TestBlockedPush",
	},
	{
		name: "a mark is lost at a merge",
		file: "mark.go",
		old:  "\treturn true, false\n",
		new:  "\treturn len(b.shown) == 1, false\n",
		test: "TestFlushCovers",
	},
	{
		name: "a Flush passes when the first of several workers has passed it",
		file: "mark.go",
		old:  "\t\tall = min(all, n)\n\t}\n",
		new:  "\t\tall = min(all, n)\n\t}\n\tif all != noMark && num != noMark {\n\t\tall = num\n\t}\n",
		test: "TestFlushCovers",
	},
	{
		name: "a Flush returns when the first of several sinks is through",
		file: "flush.go",
		old:  "\t\tall = min(all, t.shown.Load())\n",
		new:  "\t\tall = min(all, max(t.shown.Load(), m.p.terminals[0].shown.Load()))\n",
		test: "TestRandomGraphs",
	},
	{
		name: "a later mark pushes an earlier one ahead of the consumer",
		file: "mark.go",
		old:  "\tif b.first.num == 0 {\n\t\tb.first = place{pos, all}\n\t} else {\n",
		new:  "\tif true {\n\t\tb.first = place{pos, all}\n\t} else {\n",
		test: "TestFlushIsNotOvertaken",
	},
	{
		name: "what a Fork makes is not counted",
		file: "joins.go",
		old:  "\t\t\t\tn.made.add(weight)\n",
		new:  "",
		test: "TestFlushCovers",
	},
	{
		name: "what lies in links at the deadline is not counted",
		file: "pipeline.go",
		old:  "\t\tif s.link != nil && !s.stuck() {\n\t\t\ts.link.sweep()\n\t\t}\n",
		new:  "",
		test: "TestTwoContexts",
	},
	{
		name: "DropOldest does not count what it drops",
		file: "entry.go",
		old:  "\te.door.note(dropped, reason, weight, nil) // under the lock, so that no mark overtakes it\n",
		new:  "",
		test: "TestRandomGraphs",
	},
	{
		name: "a panic loses its item",
		file: "segment.go",
		old:  "\t\t\tseg.lose(n, failed, ReasonStagePanic, item, left, failure)\n",
		new:  "",
		test: "TestRandomGraphs",
	},
	{
		name: "Goexit costs a worker",
		file: "pump.go",
		old:  "\t\tif v == nil {\n\t\t\td.seg.spawn(d.run)\n\t\t}\n",
		new:  "",
		test: "TestGoexit",
	},
	{
		name: "Ordered lets items pass as they come",
		file: "order.go",
		old:  "\t\tw.made = append(w.made, *item)\n",
		new:  "\t\tw.next(item)\n",
		test: "TestRandomGraphs",
	},
	{
		name: "bytes of settled items are not given back",
		file: "actor.go",
		old:  "\t\tin.seg.p.budget.release(bytes)\n",
		new:  "",
		test: "TestRandomGraphs",
	},
	{
		name: "a stage that wants no more leaves its producers waiting",
		file: "ring.go",
		old:  "\tif bit != ringMarked {\n\t\tr.room.wakeAll()\n\t}\n",
		new:  "",
		test: "TestRandomGraphs",
	},
	{
		name: "the end of a run leaves those waiting who wait for bytes",
		file: "entry.go",
		old:  "\te.budget.Load().wakeAll() // a Push may wait there\n",
		new:  "",
		test: "TestBlockedPush",
	},
	{
		name: "a wake-up is lost between the last look and the park",
		file: "ring.go",
		old:  "\tif r.stirs(attention) && r.idle.CompareAndSwap(true, false) {\n\t\treturn\n\t}\n",
		new:  "",
		test: "TestRandomGraphs",
	},
	{
		name: "a helper's work does not let a mark pass",
		file: "actor.go",
		old:  "\tif in.pending.Load() != 0 {\n\t\tin.wake()\n\t}\n",
		new:  "",
		test: "TestMarkFollowsHelpers",
	},
	{
		name: "what a stopped branch had queued keeps its bytes",
		file: "reader.go",
		old:  "\td.link.sweep()\n",
		new:  "",
		test: "TestBudgetOfWhatIsGivenUp",
	},
}
