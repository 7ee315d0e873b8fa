package send

import (
	"fmt"
	"strings"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Result is the final account. Its JSON has the columns of the ledger as keys, and the account of each stage; refused
// counts the records that are bad.
type Result struct {
	pipeline.Ledger
	Stages []pipeline.StageStats `json:"stages"`

	Bad         int64 `json:"-"` // records
	Unreadable  int64 `json:"-"` // inputs that could not be read to their end
	Interrupted bool  `json:"-"` // by the end of the context, before everything was read and sent
	Whole       bool  `json:"-"` // all inputs were read to where they end

	// Next is the number of records from the first on that need not be sent again: every span before was delivered.
	Next int64 `json:"-"`
	// Resume are the flags that go on from there; "" if there is nothing more to send.
	Resume string `json:"-"`
}

func (r *runner) result() Result {
	stats := r.run.Stats()
	result := Result{
		Ledger: stats.Ledger, Stages: stats.Stages,
		Bad: r.feed.bad.Load(), Unreadable: r.feed.unreadable.Load(), Whole: r.feed.whole.Load(), Next: r.feed.next.Load(),
	}
	result.Refused += result.Bad
	if n, lost := r.track.firstLost(); lost {
		result.Next = min(result.Next, n)
	}
	result.Interrupted = r.interrupted && (!result.Whole || result.Lost() > 0)
	if !r.cfg.DryRun && (!result.Whole || result.Lost() > 0) {
		result.Resume = fmt.Sprintf("--from %d", result.Next)
		if r.cfg.Repeat > 1 {
			result.Resume += fmt.Sprintf(" --repeat %d --seed %d", r.cfg.Repeat, r.cfg.Seed)
		}
	}
	return result
}

// law is the ledger as an equation, without the columns that are empty.
func law(l pipeline.Ledger) string {
	type column struct {
		name  string
		items int64
	}
	var terms []string
	for _, c := range []column{
		{"delivered", l.Delivered}, {"filtered", l.Filtered}, {"dropped", l.Dropped}, {"failed", l.Failed},
		{"abandoned", l.Abandoned}, {"spooled", l.Spooled}, {"in flight", l.InFlight},
	} {
		if c.items != 0 || len(terms) == 0 {
			terms = append(terms, c.name+" "+commas(c.items))
		}
	}
	return "accepted " + commas(l.Accepted) + " = " + strings.Join(terms, " + ")
}
