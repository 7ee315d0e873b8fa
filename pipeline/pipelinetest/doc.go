// Package pipelinetest tests the stages, sources and sinks that you write yourself: it holds them
// to the promises of package pipeline, and has what a test of your own needs to drive them.
//
// # The promises
//
// [TestStage], [TestSource] and [TestSink] run your part in pipelines in which something happens:
// the source ends, fails, panics or calls runtime.Goexit; the run is cancelled at a random instant;
// a neighbour is slow, fails, panics, exits, stops taking items, or stalls past the drain's
// deadline; Flush is called while items come. After each run
//
//   - every item that was accepted was delivered or is in another column of the ledger, in total and
//     stage by stage, and none is counted as failed: undeclared ([Check] says what else);
//   - if nothing went wrong, none was given up;
//   - when Flush returned, nothing that was accepted before it was still on its way;
//   - Run returned soon after the deadline, and left no goroutine behind.
//
// Each scenario is run many times with other numbers of items, other pauses and other options, such
// as [pipeline.Async] and [pipeline.Workers]; the numbers are the same in each run of the test.
//
//	func TestUpper(t *testing.T) {
//		newUpper := func() pipeline.Stage[string, string] { return stages.Map(strings.ToUpper) }
//		pipelinetest.TestStage(t, newUpper, strconv.Itoa)
//	}
//
// # What it does
//
// [Start] runs one stage between a source that the test pushes into and a sink that keeps what
// comes, and checks the ledger at the end. [Fake] is a stage or a sink that counts, and that is
// slow, stalls, fails, panics, exits or stops where it is told to. [Feed] is a source that ends as
// it is told to. [CheckLedger] checks the account of a pipeline of your own after Run, and
// [CheckAtRest] that of one that goes on.
//
// # Time
//
// All of this is for bubbles of testing/synctest, in which time is fake: a run that takes an hour
// takes no time, and a goroutine that is left behind, or waits for ever, fails the test. The three
// tests make their own bubbles, so whatever a part needs, such as a channel or a buffer pool, has
// to be made in the function that makes the part. [Bubble] is synctest.Test for those who would
// rather have an error than a panic when goroutines are stuck.
package pipelinetest
