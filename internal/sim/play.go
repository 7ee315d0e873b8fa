package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
)

// Result is what one run came to.
type Result struct {
	Elapsed      time.Duration // of fake time
	Steps        int           // of SIM-6
	Ledger       pipeline.Ledger
	Requests     int
	Repeated     int64 // items that came twice, and were stored once
	Unanswered   int   // requests that were stored, and whose answer the client did not see
	Faults       int   // that were met
	Reached      string
	Crashes      int   // of SIM-3
	Recovered    int64 // items that were found after them
	Acknowledged int
	Pauses       []float64 // shares of the longest pause, where nothing but that decided
}

// Play runs a schedule in a bubble of its own, and returns what is wrong.
func Play(t *testing.T, s *Schedule) (result Result, err error) {
	spans()
	err = pipelinetest.Bubble(t, func(*testing.T) error {
		var fault error
		result, fault = run(s)
		return fault
	})
	return result, err
}

// run plays a schedule in the bubble that it is called in.
func run(s *Schedule) (Result, error) {
	w, err := newWorld(s)
	if err != nil {
		return Result{}, err
	}
	defer w.collector.Close()
	if s.Spool != nil {
		play := w.crashes
		if s.Close != nil {
			play = w.closedOnDisk
		}
		result, errs := play()
		return result, errors.Join(errs...)
	}
	r, err := newRig(w)
	if err != nil {
		return Result{}, err
	}
	var errs []error
	if s.Close == nil {
		errs = w.toTheEnd(r)
	} else {
		errs = w.closedEarly(r)
	}
	synctest.Wait() // the collector may not have looked yet at what was sent before
	requests := w.collector.Ledger().Requests
	time.Sleep(time.Hour)
	if more := w.collector.Ledger().Requests - requests; more > 0 {
		errs = append(errs, errorf("%d requests after Close", more))
	}
	w.collector.Close()
	result, found := w.judge(r)
	return result, errors.Join(append(errs, found...)...)
}

// produce starts what pushes and what flushes. The result waits for them.
func (w *world) produce(ctx context.Context, r rig) (wait func()) {
	var pushing sync.WaitGroup
	for p := range w.s.Producers {
		rng := w.s.rand(uint64(100 + p))
		pushing.Go(func() {
			for n := p; n < w.s.Items; n += w.s.Producers {
				if w.s.Every > 0 && rng.IntN(3) > 0 {
					time.Sleep(upTo(rng, w.s.Every))
				}
				w.push(ctx, r, n)
			}
		})
	}
	return pushing.Wait
}

// flushes calls Flush when the schedule says, and holds what it promises.
func (w *world) flushes(ctx context.Context, r rig, group *sync.WaitGroup) {
	for _, at := range w.s.Flushes {
		group.Go(func() {
			if !sleep(ctx, at) {
				return
			}
			var before []int
			for n := range w.pushed {
				if w.pushed[n].Load() == accepted {
					before = append(before, n)
				}
			}
			if err := r.flush(ctx); err != nil {
				if ctx.Err() == nil {
					w.violate("Flush: %w", err)
				}
				return
			}
			_, l := r.stats()
			w.settled("Flush has returned", before, int(l.Spooled))
		})
	}
}

// settled holds that none of items is on its way any more, but for so many that the spool has.
func (w *world) settled(when string, items []int, spooled int) {
	stored := map[string]bool{}
	for _, record := range w.collector.Records() {
		stored[record.SpanID] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	missing := 0
	for _, n := range items {
		if _, lost := w.lost[n]; !lost && !w.filtered(n) && !stored[string(spanOf(n).ID)] {
			missing++
		}
	}
	unnamed := 0
	for _, items := range w.unnamed {
		unnamed += int(items)
	}
	if missing > unnamed+spooled {
		w.violations = append(w.violations, errorf("%v after the start, %s, and %d items are neither stored nor lost", w.since(), when, missing-unnamed-spooled))
	}
}

// timeline plays the faults that come at a time.
func (w *world) timeline(ctx context.Context, group *sync.WaitGroup) {
	for _, f := range w.s.Faults {
		if f.On != "time" {
			continue
		}
		group.Go(func() {
			if !sleep(ctx, f.When) || w.healed.Load() {
				return
			}
			w.collector.Down()
			if sleep(ctx, f.Wait) {
				w.collector.Up()
			}
		})
	}
}

// toTheEnd lets everything happen, and closes when there is nothing left to do.
func (w *world) toTheEnd(r rig) (errs []error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	w.timeline(ctx, &group)
	w.flushes(ctx, r, &group)
	pushed := w.produce(ctx, r)
	time.Sleep(w.s.Heal)
	w.heal()
	healed := time.Now()
	pushed()
	time.Sleep(w.s.BatchWait) // a batch that is not full yet has to wait
	began := healed
	if late := time.Now().Add(-w.s.BatchWait); late.After(healed) {
		began = late
	}
	// SIM-4: everything that is left is through soon after the last fault.
	time.Sleep(time.Until(began.Add(w.s.BatchWait + maxBackoff + 2*w.s.Timeout)))
	synctest.Wait()
	if _, l := r.stats(); l.InFlight != 0 {
		errs = append(errs, errorf("SIM-4: %d items are in flight %v after the last fault", l.InFlight, time.Since(began)))
	}
	w.settled("all faults are over", w.accepted(), 0)
	cancel()
	group.Wait()
	closing, done := context.WithTimeout(context.Background(), 10*time.Minute)
	defer done()
	at := time.Now()
	err := r.close(closing)
	if took := time.Since(at); took > 100*time.Millisecond {
		errs = append(errs, errorf("Close took %v, with nothing left to do", took))
	}
	return append(errs, w.closed(r, err)...)
}

// closedEarly closes in the midst of it.
func (w *world) closedEarly(r rig) (errs []error) {
	c := w.s.Close
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	w.timeline(ctx, &group)
	w.flushes(ctx, r, &group)
	group.Go(func() {
		if sleep(ctx, w.s.Heal) {
			w.heal()
		}
	})
	pushed := w.produce(ctx, r)
	w.await(c)
	deadline := max(c.Deadline, 0)
	closing, done := context.WithTimeout(context.Background(), deadline)
	defer done()
	if c.Deadline < 0 {
		done()
	}
	at := time.Now()
	var second sync.WaitGroup
	var other error
	if c.Twice {
		second.Go(func() { other = r.close(closing) })
	}
	err := r.close(closing)
	if w.s.Spool != nil {
		w.closedAt = time.Now()
	}
	if took := time.Since(at); took > deadline+w.dawdling()+100*time.Millisecond {
		errs = append(errs, errorf("SIM-2: Close took %v, its deadline was %v", took, deadline))
	}
	second.Wait()
	if c.Twice && !sameError(err, other) {
		errs = append(errs, errorf("two Closes got different results: %v and %v", err, other))
	}
	cancel()
	pushed()
	group.Wait()
	w.heal()
	return append(errs, w.closed(r, err)...)
}

// await returns a while after the state that a Close is to come in, or after all that there is to wait for.
func (w *world) await(c *Ending) {
	limit := time.NewTimer(w.s.Heal)
	defer limit.Stop()
	w.reached(idle)
	if w.s.BatchItems > 1 {
		go func() {
			time.Sleep(min(w.s.BatchWait/2, w.s.Heal))
			w.reached(halfFull)
		}()
	}
	for {
		select {
		case in := <-w.news:
			if states[in] != c.In {
				continue
			}
			time.Sleep(c.After)
			return
		case <-limit.C:
			return
		}
	}
}

// dawdling is how long a user's function, or a disk, may take that looks at no context.
func (w *world) dawdling() (most time.Duration) {
	for _, f := range w.s.Faults {
		if f.On == "item" {
			most = max(most, f.Wait)
		}
	}
	if w.s.Spool != nil {
		most += fileCalls * w.s.Spool.Slow // one file may just have been begun
	}
	return most
}

func sameError(a, b error) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error()
}

// closed holds what Close says of what was lost.
func (w *world) closed(r rig, err error) (errs []error) {
	_, l := r.stats()
	var loss *pipeline.LossError
	switch {
	case errors.As(err, &loss):
		if got := loss.Ledger.Lost(); got != l.Lost() {
			errs = append(errs, errorf("Close says that %d items are lost, the ledger %d", got, l.Lost()))
		}
	case l.Lost() > 0:
		errs = append(errs, errorf("%d items are lost, but Close says %w", l.Lost(), err))
	case err != nil:
		errs = append(errs, errorf("nothing is lost, but Close says %w", err))
	}
	return errs
}

func (w *world) accepted() (items []int) {
	for n := range w.pushed {
		if w.pushed[n].Load() == accepted {
			items = append(items, n)
		}
	}
	return items
}

// sleep waits for d, and reports whether ctx has not ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
