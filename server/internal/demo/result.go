package demo

import (
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Result is the final ledger. Its JSON has the columns of the ledger as keys, and the account of each stage.
type Result struct {
	pipeline.Ledger
	Stages []pipeline.StageStats `json:"stages"`
}

// audit finds what does not add up in a run that has ended with the error runErr: made is what the producers say they
// handed over. It returns what the endpoint says too.
func audit(cfg Config, stats pipeline.Stats, made emitted, runErr error) (stored Stored, err error) {
	errs := []error{runErr}
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("demo: "+format, args...)) }

	l := stats.Ledger
	if l.Balance() != 0 || l.InFlight != 0 {
		fault("the ledger does not add up: %+v leaves %d", l, l.Balance())
	}
	for _, s := range stats.Stages {
		if in, out := s.In+s.Made, s.Out+s.Delivered+s.Filtered+s.Dropped+s.Failed+s.Abandoned+s.Spooled+s.Held; in != out {
			fault("stage %s took %d items and accounts for %d", s.Name, in, out)
		}
	}
	if made.spans != l.Accepted {
		fault("the producers emitted %d spans, the ledger says %d were accepted", made.spans, l.Accepted)
	}
	if l.Lost() > 0 && runErr == nil {
		fault("%d spans are lost and the run did not say so", l.Lost())
	}
	if cfg.Stored != nil {
		if stored, err = cfg.Stored(); err != nil {
			errs = append(errs, err)
		}
		// Several requests are under way at once. A span's beginning that comes behind its end is a repeat to whoever has the end.
		if late := l.Delivered - int64(stored.Stored); late < 0 || late > min(made.begun, int64(stored.Repeated)) {
			fault("%d spans were delivered, the collector stored %d", l.Delivered, stored.Stored)
		}
	}
	return stored, errors.Join(errs...)
}

// verdict says what a run without fault has shown.
func verdict(cfg Config, l pipeline.Ledger, stored Stored) string {
	if cfg.Stored == nil {
		return fmt.Sprintf("every span is accounted for: the endpoint took %s\n", count(l.Delivered))
	}
	text := fmt.Sprintf("every span is accounted for: %s delivered, %s stored by the server", count(l.Delivered), count(int64(stored.Stored)))
	if late := l.Delivered - int64(stored.Stored); late > 0 {
		text += fmt.Sprintf(", %s of spans whose end it had stored before", count(late))
	}
	return text + "\n"
}
