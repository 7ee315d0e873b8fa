package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// account is what the end of a run is compared with: each item by its own id.
type account struct {
	*world
	ledger   pipeline.Ledger
	requests []sinktest.Request
	tries    map[string][]int // requests by Idempotency-Key, as indices
	errs     []error
}

// judge compares what went in with what is stored and what is lost, once all is over.
func (w *world) judge(r rig) (Result, []error) {
	_, ledger := r.stats()
	a := &account{world: w, ledger: ledger, requests: w.collector.Requests(), tries: map[string][]int{}}
	for len(w.sightings) < len(a.requests) {
		w.sightings = append(w.sightings, sighting{}) // it came when all was over
	}
	for i, q := range a.requests {
		if w.sightings[i].body > 0 {
			a.tries[q.Key] = append(a.tries[q.Key], i)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a.errs = append(a.errs, w.violations...)
	a.note(r.check())
	a.note(w.collector.Err())
	server := w.collector.Ledger()
	a.note(server.Check())
	a.items()
	a.columns()
	unanswered := a.classes(server)
	result := Result{
		Elapsed: w.since(), Ledger: ledger, Requests: len(a.requests), Repeated: int64(server.Repeated),
		Unanswered: unanswered, Pauses: a.pauses(),
	}
	for _, seen := range w.sightings {
		if seen.ill {
			result.Faults++
		}
	}
	if c := w.s.Close; c != nil && w.marks[slices.Index(states[:], c.In)].Load() > 0 {
		result.Reached = c.In
	}
	if len(a.errs) > 0 {
		a.errs = append(a.errs, a.history())
	}
	return result, a.errs
}

func (a *account) note(err error) {
	if err != nil {
		a.errs = append(a.errs, err)
	}
}

func (a *account) fault(is bool, format string, args ...any) {
	if is && len(a.errs) < 20 {
		a.errs = append(a.errs, errorf(format, args...))
	}
}

// items holds that each item is where it belongs, and nowhere else.
func (a *account) items() {
	stored := make([]int, a.s.Items) // the request that stored it
	for _, record := range a.collector.Records() {
		n, err := numberOf(record.SpanID)
		if err != nil || n >= len(stored) {
			a.fault(true, "the collector has an item %q that nobody sent", record.SpanID)
			continue
		}
		a.fault(stored[n] != 0, "item %d is stored twice", n)
		stored[n] = record.Request
	}
	missing, both := 0, 0
	for n := range stored {
		loss, lost := a.lost[n]
		state := a.pushed[n].Load()
		switch {
		case state != accepted:
			a.fault(stored[n] != 0, "item %d is stored, though its push was refused", n)
			a.fault(lost, "item %d is lost (%s), though its push was refused", n, loss.reason)
			continue
		case a.filtered(n):
			a.fault(stored[n] != 0, "item %d is stored, though it was filtered", n)
			if !lost && stored[n] == 0 {
				continue
			}
		case stored[n] == 0 && !lost:
			missing++
			continue
		case stored[n] != 0 && lost:
			both++
			a.fault(!a.mayBeBoth(stored[n], loss), "item %d is stored by request %d, and lost by %s: %s", n, stored[n], loss.stage, loss.reason)
		}
		if lost {
			a.excuse(n, loss)
		}
	}
	unnamed := 0
	for reason, items := range a.unnamed {
		unnamed += int(items)
		a.fault(reason != pipeline.ReasonRejected && reason != pipeline.ReasonStagePanic, "%d items nobody can name are lost: %s", items, reason)
	}
	a.fault(missing != unnamed, "%d items were accepted, and are neither stored nor lost nor filtered; losses without a name: %d", missing, unnamed)
}

// mayBeBoth reports whether a request may have stored an item that counts as lost: the client did
// not see the answer.
func (a *account) mayBeBoth(request int, l loss) bool {
	seen := a.sightings[request-1]
	if seen.means == unseen || seen.means == perhaps || a.mayBeCut(request) || a.undone {
		return true
	}
	switch l.reason {
	case pipeline.ReasonDrainDeadline, pipeline.ReasonCancelled:
		return true
	}
	return false
}

// mayBeCut reports whether the connection of a request went down with the collector, or with the client.
func (a *account) mayBeCut(request int) bool {
	at := a.requests[request-1].Time
	if !at.After(a.closedAt) && a.closedAt.Sub(at) <= a.s.Timeout {
		return true
	}
	for _, f := range a.s.Faults {
		if down := a.began.Add(f.When); f.On == "time" && !at.After(down) && down.Sub(at) <= a.s.Timeout {
			return true
		}
	}
	return false
}

// excuse holds that there was a reason to lose an item.
func (a *account) excuse(n int, l loss) {
	excused := false
	switch l.reason {
	case pipeline.ReasonQueueFull, pipeline.ReasonByteBudget:
		excused = a.s.Overflow != "block"
	case pipeline.ReasonRejected:
		excused = a.drawn(final) || a.drawn(part) || a.drawn(recode)
	case pipeline.ReasonTooLarge:
		excused = a.drawn(cuts)
	case pipeline.ReasonRetriesExhausted:
		excused = a.s.MaxRetries > 0
	case pipeline.ReasonRetriesExpired:
		excused = a.s.Heal > 15*time.Minute
	case pipeline.ReasonStagePanic, pipeline.ReasonError:
		f, ok := a.faultFor("item", n+1, 1)
		excused = ok && f.Kind != "slow" && (f.Kind == "fail") == (l.reason == pipeline.ReasonError)
	case pipeline.ReasonDrainDeadline, pipeline.ReasonCancelled:
		excused = a.s.Close != nil && a.s.Close.Deadline < generous
	}
	a.fault(!excused, "item %d is lost without cause, by %s: %s", n, l.stage, l.reason)
}

// drawn reports whether a fault of this meaning was met by any request.
func (a *account) drawn(m meaning) bool {
	return slices.ContainsFunc(a.sightings, func(s sighting) bool { return s.ill && s.means == m })
}

// columns compares the ledger with what was seen item by item.
func (a *account) columns() {
	var taken, turned, filtered, lost int64
	for n := range a.pushed {
		_, is := a.lost[n]
		switch a.pushed[n].Load() {
		case accepted:
			taken++
			if a.filtered(n) && !is {
				filtered++
			}
		case refused:
			turned++
		case pushing:
			a.fault(true, "the push of item %d has not returned", n)
		}
		if is {
			lost++
		}
	}
	for _, items := range a.unnamed {
		lost += items
	}
	want := pipeline.Ledger{
		Accepted: taken, Refused: turned, Filtered: filtered, Delivered: taken - filtered - lost,
		Dropped: a.ledger.Dropped, Failed: a.ledger.Failed, Abandoned: a.ledger.Abandoned, Spooled: a.ledger.Spooled,
	}
	want.Delivered -= want.Spooled
	if a.undone { // and so is in the ledgers of both processes
		return
	}
	a.fault(a.ledger != want, "the ledger says %+v\nitem by item it is %+v", a.ledger, want)
	a.fault(a.ledger.Lost() != lost, "the ledger says that %d items are lost, OnLoss said %d", a.ledger.Lost(), lost)
	a.fault(!a.s.Chain && a.lines != lost, "the log says that %d items are lost, OnLoss said %d", a.lines, lost)
}

// classes holds that each answer led to what it should, and that no more came twice than must. It
// returns how many requests were stored whose answer the client did not see.
func (a *account) classes(server sinktest.Ledger) (unanswered int) {
	again, rejected, bound, inexact := 0, 0, 0, false
	for key, tries := range a.tries {
		stored := 0
		for i, at := range tries {
			q, seen := a.requests[at], a.sightings[at]
			last := i == len(tries)-1
			took := q.Records > 0 && a.took(at)
			if took {
				if stored++; stored > 1 {
					again += q.Records
				}
				if seen.means == unseen || seen.means == perhaps || a.mayBeCut(q.N) {
					unanswered++
					bound += q.Records
				} else if !last {
					a.fault(true, "request %d of body %d was accepted, and request %d sent it again", q.N, seen.body, a.requests[tries[i+1]].N)
				}
			}
			// The server answers a repetition as it did the first time, so what it rejected of a body is so again. A slow
			// request may come to its end behind one that began later.
			inexact = inexact || seen.ill && seen.means == part && len(tries) > 1
			gone := seen.ill && seen.means == final && q.Status == seen.fault.Code && q.Records > 0 // else it never came whole
			if gone && last {
				rejected += q.Records
			}
			a.fault(gone && !last, "request %d of body %d got %d, and was repeated", q.N, seen.body, q.Status)
		}
		if whole := a.unknownBefore(key); whole != nil {
			inexact = true
			before := slices.DeleteFunc(slices.Clone(whole), func(at int) bool { return at > tries[0] }) // not the next process's
			a.fault(len(before) > 0 && a.requests[before[len(before)-1]].Status != 413, "body %s was cut after a request whose outcome is not known", key)
		}
	}
	a.fault(server.Repeated > bound, "%d items came twice, but only %d had an answer that got lost", server.Repeated, bound)
	a.fault(!inexact && server.Repeated != again, "%d items came twice, but only %d under the same key", server.Repeated, again)
	lost := 0
	for _, l := range a.lost {
		if l.reason == pipeline.ReasonRejected {
			lost++
		}
	}
	exact := a.s.Close == nil && !a.drawn(part) && !a.drawn(recode) // a part is counted by its answer
	a.fault(exact && lost != rejected, "%d items are lost as rejected, but %d were", lost, rejected)
	return unanswered
}

// took reports whether the collector stored what a request brought, or had it already.
func (a *account) took(at int) bool {
	kind := a.sightings[at].fault.Kind
	return a.sightings[at].means == unseen || a.requests[at].Status/100 == 2 && kind != "captive portal" && kind != "quota"
}

// unknownBefore returns the tries of what a half was cut from, if that was stored without the client's
// knowledge. Halves that are known to be too large are cut without a try of their own.
func (a *account) unknownBefore(half string) (whole []int) {
	for {
		end := strings.LastIndex(half, ".")
		if end < 0 {
			return nil
		}
		half = half[:end]
		if slices.ContainsFunc(a.tries[half], func(at int) bool { return a.requests[at].Records > 0 && a.took(at) }) {
			return a.tries[half]
		}
	}
}

// pauses returns how long the pauses between two tries were, as shares of the longest that they may
// be, for bodies whose every fault was a 429: nothing else decides about them then.
func (a *account) pauses() (shares []float64) {
	for _, f := range a.s.Faults {
		if f.On != "body" || f.Kind != "throttled" {
			return nil
		}
	}
	for _, tries := range a.tries {
		for i := range len(tries) - 1 {
			first, next := a.requests[tries[i]], a.requests[tries[i+1]]
			if !a.closedAt.IsZero() && next.Time.After(a.closedAt) {
				continue // that was another process
			}
			longest := min(2*time.Second<<i, maxBackoff)
			pause := next.Time.Sub(first.Time)
			a.fault(pause > longest, "body %d was sent again after %v, more than %v", a.sightings[tries[i]].body, pause, longest)
			if a.s.Close == nil {
				shares = append(shares, float64(pause)/float64(longest))
			}
		}
	}
	same := 0
	for _, share := range shares {
		if share == 1 || share == 0 {
			same++
		}
	}
	a.fault(same > 1, "%d of %d pauses are as long as can be, or 0: they are not spread", same, len(shares))
	return shares
}

// history is the requests, for whoever looks for the cause.
func (a *account) history() error {
	var b strings.Builder
	fmt.Fprintf(&b, "ledger %+v\nunnamed %v\n", a.ledger, a.unnamed)
	for i, q := range a.requests[:min(len(a.requests), 60)] {
		seen := a.sightings[i]
		fmt.Fprintf(&b, "  %v  request %d, body %d, try %d, %d items, status %d %s\n", q.Time.Sub(a.began), q.N, seen.body, q.Attempt, q.Records, q.Status, seen.fault.Kind)
	}
	return errorf("%s", strings.TrimSpace(b.String()))
}
