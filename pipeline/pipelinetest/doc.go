// Package pipelinetest checks the promises of package pipeline for anyone's own stages, sources and
// sinks, and has fakes to stand beside them.
//
// One line tests a stage in all that can happen around it: its source ends, fails or panics, the
// run is cancelled, downstream is slow, fails, panics, stalls past the drain's deadline or wants no
// more, and Flush is called at any moment. After each, every item that was accepted must be in a
// column of the ledger, none of them undeclared, and no goroutine may be left:
//
//	func TestUpper(t *testing.T) {
//		pipelinetest.TestStage(t, newUpper, strconv.Itoa)
//	}
//
// What a stage does is tested with [Start], in a bubble of testing/synctest, where time is fake:
//
//	synctest.Test(t, func(t *testing.T) {
//		run := pipelinetest.Start(t, stages.Batch[string](stages.BatchConfig{MaxWait: time.Second}))
//		run.Push("prompt")
//		time.Sleep(time.Second)
//		synctest.Wait()
//		if got := run.Emitted(); len(got) != 1 {
//			t.Errorf("emitted %v after MaxWait", got)
//		}
//	})
//
// Whole pipelines are tested with a [Feed] at one end and a [Fake] at the other, which misbehave
// where they are told to, and [CheckLedger] after Run.
package pipelinetest
