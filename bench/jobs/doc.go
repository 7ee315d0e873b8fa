// Package jobs is the work of the comparison: five jobs, a latency job, and their implementations.
//
//	J1    source → map "A = ID*3+1" → filter "ID is even" → batch of 1000, the last one partial → sink
//	J2    source → ten stages "A++" → sink
//	J3u   source → 4 workers, 400 xorshift rounds an item → sink, in any order
//	J3o   the same, in input order
//	J4    P = 1, 8, 64 producers share n items and push them into the map → filter → batch → sink of J1
//	J5    source → 4 lanes by the top two bits of Key → map in each lane → merge → sink
//	Idle  five stages "A++", queues of 64, one item at a time: the latency of a line that has nothing to do
//
// An implementation is a name and a function that does a whole job of n items, from building to tearing down, and returns
// what its sink saw. It registers itself with its job, and the benchmarks and the command compare find it there:
//
//	func init() {
//		J1.Register("mine", func(n int) Result {
//			var seen Result
//			... // build, push NewItem(0) to NewItem(n-1), drain; the sink calls seen.Add
//			return seen
//		})
//		RegisterJ4("mine", func(producers, n int) Result { ... })
//		Idle.Register("mine", func() Line { ... })
//	}
//
// Every run is checked: the number of items and the sum of A that a sink saw must be those of a plain loop. In J3o the
// sink calls Result.AddInOrder instead, whose sum depends on the order.
//
// The implementations here:
//
//	loop                one goroutine, everything inlined, by value, batches reused: the floor
//	loop-funcs          the same, user functions called through variables: the floor of any library that takes functions
//	loop-funcs-inplace  J2 only: loop-funcs for functions that take *Item
//	split               J3 in two halves without a hand-off: the floor on two cores
//	chanN               a goroutine a stage, joined by chan Item of depth N
//	chunk256            a goroutine a stage, joined by chan []Item of 256, depth 4, edited in place; nothing flushes early
//	spsc                a goroutine a stage, joined by lock-free rings of 1024
//	chunk               candidate A of the hand-off: chunk256 with recycled vectors, flushed when the consumer is idle
//	swap-link           candidate B: producers append under a short lock, the consumer swaps the whole buffer out
//	chan64-turns        J3o only: a channel in and a channel out for each worker, visited in turn, so nothing needs sorting
//
//	tailrace            this library, operators on values; J2 and Idle also with a goroutine a stage ("async"), and
//	                    "inplace" with operators that change an item where it lies
//	ro, ro-observeon    samber/ro: synchronous, which takes many producers from a channel; and ObserveOn(64) before each stage
//	conc-pool, -stream  sourcegraph/conc: a task an item, J3 unordered and in order
//
// Stages are written out inside their goroutines, so that nothing here pays for a call of a function value but
// loop-funcs and the libraries; and chunk256 and chunk work on whole vectors. In J4, chunk and swap-link cross one link
// and do the rest where the items arrive, as an engine that fuses would.
package jobs
