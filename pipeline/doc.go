// Package pipeline runs typed, concurrent pipelines that account for every item.
//
// A pipeline is a graph of sources, stages and sinks, joined by package functions because Go 1.26
// has no generic methods:
//
//	p := pipeline.New(pipeline.Config{Name: "spans", DrainTimeout: 10 * time.Second})
//
//	spans := pipeline.From(p, emitter)
//	kept := pipeline.Via(spans, stages.Filter(interesting))
//	uniq := pipeline.Via(kept, pipeline.Actor(dedup))
//	batches := pipeline.Via(uniq, stages.Batch[*Span](stages.BatchConfig{MaxItems: 1000, MaxWait: 5 * time.Second}))
//	pipeline.To(batches, sink.Func(send), pipeline.Workers(4))
//
//	err := p.Run(ctx)
//
// # Two kinds of stage
//
// An operator is a pure function of one item ([Operator], [Fuse]). Consecutive operators share a
// goroutine with their neighbour, so each costs a few calls. An actor ([Actor]) is a function with
// a goroutine and an inbox of its own, whose local variables are its state: for timers, I/O, and
// whatever waits. The options [Async], [Workers], [Ordered] and [Queue] give an operator goroutines
// of its own, too; [Inline] keeps one on the workers of the stage above. [Fork], [Partition] and
// [Merge] split and join flows; a sub-pipeline is a plain function from one [Flow] to another.
//
// The built-in stages, sources and sinks are made with what this package exports; none is
// privileged. Package pipelinetest checks the promises below for anyone's own.
//
// # The end
//
// There are two contexts. The one given to Run ends the sources only. Stages get a second one,
// which ends when the drain takes longer than Config.DrainTimeout, and not before. So at the end
// of the first, everything accepted is still worked off: actors see the end of their items,
// batches that wait for more are sent as they are, and Run returns when all is through. At the
// deadline the rest is abandoned, and counted: what a stage still holds then goes to no sink. A
// Shutdown whose context has ended already is such a deadline, and not a short drain. A stage that
// fails does not cancel the others: the sources end, the others drain.
//
// Run returns nil if every item was delivered or filtered, and else the errors of the stages and a
// [*LossError] with exact numbers. Nothing runs after Run has returned (but for a stage that ignores the
// end of its context, which a [*StuckError] names), and a push that comes later gets [ErrClosed].
//
// # Failure
//
// A stage's [Policy] says what follows when an item fails, and when the stage itself does. An operator
// whose function panics loses one item and goes on with the next; [Retry] has it try one again. An
// actor's function that fails has lost its state, so by default that ends the run: the sources end, the
// others drain. [Restart] begins another life of it instead, after a pause that grows, with its link as
// it was and the item that it died of first. Restarts are bounded in a window of time, and so is how
// often one item may kill: then it is counted as failed, and handed to the dead letters ([ToDeadLetters])
// if there are any. [StageStats] counts the lives and has the last error. A sink that keeps one
// connection is a function that connects, delivers, and returns an error when the connection breaks:
// Restart is its loop of reconnecting.
//
// # The ledger
//
// Every item that was accepted is, at any time, in exactly one place: in a link, in the hands of a
// stage, or in one column of the [Ledger]. Items that stand for several, such as a [Batch], weigh
// what their method Items() int says, so the numbers are spans also after batching. A stage sends
// each item it takes, or says what became of it: Filtered, Failed, Delivered. What it forgets is
// counted as failed: undeclared, when it ends. A sink that keeps items where they outlive the run says
// Spooled, which is no end and no loss: see [Inlet.Spooled] and [Inlet.Unspooled]. [Stats] has the account of each stage, with queue
// depths, the time it was blocked, batch sizes and latencies; two of them tell which stage is the bottleneck
// ([Stats.Bottleneck]), and package live shows them in a browser. Config.OnLoss hands over what is lost.
//
// # Marks
//
// [Pipeline.Flush] sends a mark through the links behind the items it covers. A stage that holds
// items sends them when the mark meets it; a join passes it on when every input has shown it; when
// it has reached every sink, all that came before is through. The end of a drain is the last mark.
// Marks take no room in links, and cost nothing while there are none.
//
// # Bytes
//
// With Config.MaxBytes, items that have a size are charged when they enter and until they are in
// their final column. Only entries wait for room, or drop by their [Overflow] policy; a stage never
// waits, so nothing can deadlock. An entry that finds no room first has all batches sent.
//
// # Ownership
//
// An item belongs to the pipeline once it was accepted, and to one stage at a time. Stages pass it
// on by pointer within a goroutine and by copy between two, so flow pointers to what is large. The
// branches of a Fork share their items and must not change them, unless the Fork was given a
// [Clone]. The engine uses the slots of links again, and no item. A stage may use the memory of what it
// made again where whoever takes it only borrows it: see [Stage.Borrowing].
//
// # The link
//
// Goroutines are linked by a bounded ring of slots. A producer claims a slot, fills it and
// publishes it by one atomic store; the consumer works on the item where it lies. Producers and
// consumer take no lock unless they have to wait. An item is visible the moment it is put, whatever
// its producer does next, so there is no linger time and nothing to flush from one.
//
// The [Workers] of an operator take vectors out of a link: as many items as are ten to twenty
// microseconds of their work, so that what they share costs nothing beside it. What a worker took and
// has not begun still counts as in the link, and the others take it over when they have nothing to do
// or when this one is behind, so that nothing waits for the item before it.
//
// Three hand-offs were measured on the jobs of bench (go run ./bench/compare -job J2): vectors over a
// Go channel ("chunk"), a buffer swapped under a mutex ("swap-link"), and this ring. Vectors are the
// fastest by far, since items stay in the cache of one core while several stages edit them, but a
// vector that is being filled is hidden: when the stage that fills it meets a call that takes five
// seconds, the items before it wait for that long, although they are done. The swapped buffer has no
// such flaw, but costs a lock an item, and its consumer, which holds a whole buffer, doubles the
// bound. The ring keeps the promise, needs no lock, allocates nothing, takes any number of
// producers, which makes [Merge], [Workers] and [Entry] the same thing, and is about twice as fast
// as a channel, where vectors would be ten times as fast. Stages that need more speed than that
// should share a goroutine, which is the default.
package pipeline
