package pipelinetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// CheckLedger fails t if the account of p, whose Run has returned, is not exact. See [Check].
func CheckLedger(t testing.TB, p *pipeline.Pipeline) {
	t.Helper()
	if err := Check(p); err != nil {
		t.Errorf("%v\n%v", err, p.Stats())
	}
}

// Check returns what is wrong with the account of a pipeline whose Run has returned, nil if it is
// exact: [CheckAtRest] holds, nothing is in flight, no bytes are charged, no item is undeclared,
// and the [pipeline.LossError] that Run returned says the same as Stats.
func Check(p *pipeline.Pipeline) error {
	stats := p.Stats()
	faults := []error{CheckAtRest(stats)}
	note := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	note(stats.Ledger.InFlight != 0, "%d items are in flight after Run", stats.Ledger.InFlight)
	note(stats.DeadLetters.InFlight != 0, "%d dead letters are in flight after Run", stats.DeadLetters.InFlight)
	note(stats.Bytes != 0, "%d bytes are charged to the budget after Run", stats.Bytes)
	for _, s := range stats.Stages {
		note(s.Held != 0 || s.Queued != 0, "stage %q holds %d and has %d queued after Run", s.Name, s.Held, s.Queued)
	}
	for _, l := range stats.Losses {
		note(l.Reason == pipeline.ReasonUndeclared, "stage %q did not declare what became of %d items", l.Stage, l.Items)
	}
	faults = append(faults, checkLossError(p, stats))
	return errors.Join(faults...)
}

// CheckAtRest returns what is wrong with a picture of a pipeline in which nothing moves, nil if it
// adds up: the law holds in total and for each stage, every item that left a stage is in another,
// no count is negative, and each loss has a reason.
func CheckAtRest(stats pipeline.Stats) error {
	var faults []error
	note := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	note(stats.Ledger.Balance() != 0, "the ledger is off by %d: %+v", stats.Ledger.Balance(), stats.Ledger)
	note(stats.DeadLetters.Balance() != 0, "the ledger of dead letters is off by %d: %+v", stats.DeadLetters.Balance(), stats.DeadLetters)
	var left, arrived int64
	recovered := stats.Ledger.Accepted // what a sink found in its spool left no stage
	for _, s := range stats.Stages {
		note(balance(s) != 0, "stage %q is off by %d: %+v", s.Name, balance(s), s)
		for _, n := range []int64{s.In, s.Out, s.Made, s.Delivered, s.Filtered, s.Dropped, s.Failed, s.Abandoned, s.Spooled, s.Held, s.Queued, s.Refused} {
			note(n < 0, "stage %q has a negative count: %+v", s.Name, s)
		}
		lost := lostBy(stats.Losses, s.Name)
		want := map[string]int64{"dropped": s.Dropped, "failed": s.Failed, "abandoned": s.Abandoned}
		for column, n := range want {
			note(lost[column] != n, "stage %q has %d %s, but reasons for %d", s.Name, n, column, lost[column])
		}
		left += s.Out
		if s.Kind == "source" {
			recovered -= s.In
		}
		if !enters(s) {
			arrived += s.In + s.Queued
		}
	}
	arrived -= recovered
	note(left != arrived, "%d items left a stage, but %d arrived at another", left, arrived)
	return errors.Join(faults...)
}

// enters reports whether what a stage took came from outside of the graph.
func enters(s pipeline.StageStats) bool { return s.Kind == "source" || s.Kind == "dead letters" }

// balance is what came into a stage less what is accounted for.
func balance(s pipeline.StageStats) int64 {
	rest := s.In + s.Made - s.Out - s.Delivered - s.Filtered - s.Dropped - s.Failed - s.Abandoned - s.Spooled - s.Held
	if s.Kind == "source" {
		rest -= s.Queued // what waits in a source's entry is accepted
	}
	return rest
}

// lostBy sums the losses of one stage by column.
func lostBy(losses []pipeline.Loss, stage string) map[string]int64 {
	sums := map[string]int64{}
	for _, l := range losses {
		if l.Stage == stage {
			sums[l.Column] += l.Items
		}
	}
	return sums
}

// checkLossError compares what Run returned with the statistics.
func checkLossError(p *pipeline.Pipeline, stats pipeline.Stats) error {
	var loss *pipeline.LossError
	if !errors.As(p.Err(), &loss) {
		if lost := stats.Ledger.Lost(); lost != 0 {
			return fmt.Errorf("%d items are lost, but Run returned no LossError: %w", lost, p.Err())
		}
		return nil
	}
	var sum int64
	for _, l := range loss.Losses {
		sum += l.Items
		same := func(other pipeline.Loss) bool {
			return other.Stage == l.Stage && other.Column == l.Column && other.Reason == l.Reason && other.Items == l.Items
		}
		if !slices.ContainsFunc(stats.Losses, same) {
			return fmt.Errorf("the Stats do not have the loss %v of the LossError", l)
		}
	}
	ledger := stats.Ledger
	ledger.Refused = loss.Ledger.Refused // items may be refused after Run, too
	if loss.Ledger != ledger || sum != stats.Ledger.Lost() {
		return fmt.Errorf("the LossError has %+v and losses of %d, Stats have %+v", loss.Ledger, sum, stats.Ledger)
	}
	return nil
}
