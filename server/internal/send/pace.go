package send

import (
	"context"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// pace spreads items evenly over time.
type pace struct {
	interval time.Duration // between two items; 0 means no wait
	due      time.Time     // of the next item
}

// minPause is the shortest wait that is worth a timer. Items that are due within it go together.
const minPause = time.Millisecond

// wait waits until the next item is due. The error says that the run is ending. Who is late by more than a second does not
// catch up: a burst would hide the rate that was asked for.
func (p *pace) wait(ctx context.Context, attention <-chan struct{}, attend func() error) error {
	if p.interval == 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(p.due) > time.Second {
		p.due = now
	}
	pause := p.due.Sub(now)
	p.due = p.due.Add(p.interval)
	if pause < minPause {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return pipeline.ErrClosed
		case <-attention: // a Flush must not wait for the next item
			if err := attend(); err != nil {
				return err
			}
		}
	}
}
