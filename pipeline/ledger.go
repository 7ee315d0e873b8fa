package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Ledger is the account of a run, in items. Whenever nothing moves,
//
//	Accepted + Made = Delivered + Filtered + Dropped + Failed + Abandoned + Spooled + InFlight
//
// holds exactly: see [Ledger.Balance]. InFlight is counted where the items are, in links and in
// the hands of stages; it is never computed from the other columns.
type Ledger struct {
	Accepted  int64 `json:"accepted"`  // taken from a source, pushed with a nil error, or found in a spool
	Made      int64 `json:"made"`      // n-1 for a stage that makes n items of one, k-1 for a Fork of k
	Delivered int64 `json:"delivered"` // a sink is done with it
	Filtered  int64 `json:"filtered"`  // turned away on purpose
	Dropped   int64 `json:"dropped"`   // there was no room
	Failed    int64 `json:"failed"`    // an error ended it
	Abandoned int64 `json:"abandoned"` // the run gave it up
	Spooled   int64 `json:"spooled"`   // on disk, not yet delivered: no loss
	InFlight  int64 `json:"in_flight"` // in a link or in a stage
	Refused   int64 `json:"refused"`   // never accepted: outside the law
}

// Balance is what came in less what is accounted for: 0 whenever nothing moves. Anything else
// is a bug, in a stage that implements the engine's interfaces or in the engine.
func (l Ledger) Balance() int64 {
	return l.Accepted + l.Made - l.Delivered - l.Filtered - l.Dropped - l.Failed - l.Abandoned - l.Spooled - l.InFlight
}

// Lost is how many items were accepted and not wanted away, and yet did not get through.
func (l Ledger) Lost() int64 { return l.Dropped + l.Failed + l.Abandoned }

// Loss says how many items one stage lost, and why.
type Loss struct {
	Stage  string `json:"stage"`
	Column string `json:"column"` // dropped, failed or abandoned
	Reason string `json:"reason"`
	Items  int64  `json:"items"`
	Err    error  `json:"-"` // the first error of this reason, if there was one
}

func (l Loss) String() string {
	text := fmt.Sprintf("%s: %d %s: %s", l.Stage, l.Items, l.Column, l.Reason)
	if l.Err != nil {
		text += " (" + l.Err.Error() + ")"
	}
	return text
}

// MarshalJSON adds the text of Err.
func (l Loss) MarshalJSON() ([]byte, error) {
	type plain Loss
	out := struct {
		plain
		Error string `json:"error,omitempty"`
	}{plain: plain(l)}
	if l.Err != nil {
		out.Error = l.Err.Error()
	}
	return json.Marshal(out)
}

// LossError is returned by Run when items were lost, that is dropped, failed or abandoned. Its
// numbers are exact.
type LossError struct {
	Ledger Ledger
	Losses []Loss // by stage, column and reason, in the order of the graph
}

func (e *LossError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pipeline: lost %d of %d items", e.Ledger.Lost(), e.Ledger.Accepted+e.Ledger.Made)
	for _, l := range e.Losses {
		b.WriteString("; ")
		b.WriteString(l.String())
	}
	return b.String()
}

// sortLosses puts losses of one stage into a fixed order.
func sortLosses(losses []Loss) {
	slices.SortFunc(losses, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Reason, b.Reason))
	})
}
