package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Total adds up the results of schedules.
type Total struct {
	Schedules             int
	Steps                 int
	Elapsed               time.Duration // of fake time, in hours at most 292 years of it
	Ledger                pipeline.Ledger
	Requests              int
	Faults                int
	Repeated              int64
	Unanswered            int
	Crashes, Acknowledged int
	Recovered             int64
	Reached               map[string]int // Closes by the state they came in
	Pauses                [10]int        // shares of the longest pause
}

func (t *Total) add(r Result) {
	t.Schedules++
	t.Elapsed += r.Elapsed
	t.Crashes += r.Crashes
	t.Acknowledged += r.Acknowledged
	t.Recovered += r.Recovered
	t.Steps += r.Steps
	t.Requests += r.Requests
	t.Faults += r.Faults
	t.Repeated += r.Repeated
	t.Unanswered += r.Unanswered
	t.Ledger = sum(t.Ledger, r.Ledger)
	if r.Reached != "" {
		t.reach(r.Reached, 1)
	}
	for _, share := range r.Pauses {
		t.Pauses[min(int(share*10), 9)]++
	}
}

func (t *Total) reach(in string, n int) {
	if t.Reached == nil {
		t.Reached = map[string]int{}
	}
	t.Reached[in] += n
}

func (t *Total) merge(o Total) {
	t.Schedules += o.Schedules
	t.Elapsed += o.Elapsed
	t.Crashes += o.Crashes
	t.Acknowledged += o.Acknowledged
	t.Recovered += o.Recovered
	t.Steps += o.Steps
	t.Requests += o.Requests
	t.Faults += o.Faults
	t.Repeated += o.Repeated
	t.Unanswered += o.Unanswered
	t.Ledger = sum(t.Ledger, o.Ledger)
	for in, n := range o.Reached {
		t.reach(in, n)
	}
	for i, n := range o.Pauses {
		t.Pauses[i] += n
	}
}

func sum(a, b pipeline.Ledger) pipeline.Ledger {
	a.Accepted += b.Accepted
	a.Made += b.Made
	a.Delivered += b.Delivered
	a.Filtered += b.Filtered
	a.Dropped += b.Dropped
	a.Failed += b.Failed
	a.Abandoned += b.Abandoned
	a.Spooled += b.Spooled
	a.InFlight += b.InFlight
	a.Refused += b.Refused
	return a
}

// line is what the command prints.
func (t *Total) line(mode string, seed uint64, took time.Duration) string {
	if mode == "sim6" {
		return fmt.Sprintf("%s: %d steps in %d runs from seed %d, 0 differences: %.0f steps/s", mode, t.Steps, t.Schedules, seed, float64(t.Steps)/took.Seconds())
	}
	var b strings.Builder
	l := t.Ledger
	fmt.Fprintf(&b, "%s: %d schedules from seed %d, 0 failed: %.0f/s, %.0f h of fake time in %.1f s; %d faults in %d requests\n",
		mode, t.Schedules, seed, float64(t.Schedules)/took.Seconds(), t.Elapsed.Hours(), took.Seconds(), t.Faults, t.Requests)
	if mode == "sim3" {
		fmt.Fprintf(&b, "      %d crashes; %d items acknowledged, 0 of them lost; %d found in the spool by the next process; came twice %d", t.Crashes, t.Acknowledged, t.Recovered, t.Repeated)
		return b.String()
	}
	fmt.Fprintf(&b, "      accepted %d = delivered %d + filtered %d + dropped %d + failed %d + abandoned %d + spooled %d; refused %d; came twice %d, after %d answers that got lost",
		l.Accepted, l.Delivered, l.Filtered, l.Dropped, l.Failed, l.Abandoned, l.Spooled, l.Refused, t.Repeated, t.Unanswered)
	if t.Recovered > 0 {
		fmt.Fprintf(&b, "; found in the spool by the next process %d", t.Recovered)
	}
	if len(t.Reached) > 0 {
		b.WriteString("\n      closed")
		inOrder := slices.Sorted(maps.Keys(t.Reached))
		for i, in := range inOrder {
			fmt.Fprintf(&b, "%s %s %d", map[bool]string{true: ","}[i > 0], in, t.Reached[in])
		}
	}
	return b.String()
}

// check holds what only many schedules together show: pauses are drawn from all that they may be.
func (t *Total) check() error {
	n := 0
	for _, in := range t.Pauses {
		n += in
	}
	if n < 200 {
		return nil
	}
	for _, in := range t.Pauses {
		if share := float64(in) / float64(n); share < 0.04 || share > 0.2 {
			return fmt.Errorf("pauses are not spread: in tenths of the longest they are %v", t.Pauses)
		}
	}
	return nil
}
