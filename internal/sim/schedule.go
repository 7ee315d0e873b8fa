package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Schedule is one run: what is sent, through what, and what goes wrong. It is drawn from a seed, and
// everything in it may then be changed, which is how [shrink] finds the least that still fails. The
// same schedule means the same faults, though not the same interleaving of goroutines.
type Schedule struct {
	Seed uint64 `json:"seed"` // what it was drawn from; the run draws the pauses between tries from it
	Mode string `json:"mode"` // sim1, sim2 or sim3

	// What is sent: span i is pushed by producer i % Producers.
	Items     int             `json:"items"`
	Producers int             `json:"producers"`
	Every     time.Duration   `json:"every"`             // the longest pause of a producer between two items
	Patience  time.Duration   `json:"patience"`          // for how long a push may wait for room; 0: without limit
	Flushes   []time.Duration `json:"flushes,omitempty"` // when Flush is called

	// Through what: an observability.CloudExporter, or a Chain of the parts it is made of, with a
	// user's stage in front and pauses of the chain's own.
	Chain       bool          `json:"chain,omitempty"`
	BatchItems  int           `json:"batch_items"`
	BatchWait   time.Duration `json:"batch_wait"`
	Queue       int           `json:"queue"`
	MaxBytes    int           `json:"max_bytes,omitempty"`
	Overflow    string        `json:"overflow"`
	Senders     int           `json:"senders"`
	MaxSenders  int           `json:"max_senders"`
	Timeout     time.Duration `json:"timeout"`
	MaxRetries  int           `json:"max_retries,omitempty"`
	Compression string        `json:"compression"`
	Workers     int           `json:"workers,omitempty"`  // of a Chain: goroutines that compress
	NoProbe     bool          `json:"no_probe,omitempty"` // of a Chain: bodies find out whether the endpoint is back
	Actor       bool          `json:"actor,omitempty"`    // of a Chain: the user's stage is an actor
	Filter      int           `json:"filter,omitempty"`   // of a Chain: each so manieth item is filtered
	Spool       *Disk         `json:"spool,omitempty"`    // batches go to a directory first

	Faults []Fault       `json:"faults,omitempty"`
	Heal   time.Duration `json:"heal"` // no fault begins after it
	Close  *Ending       `json:"close,omitempty"`
}

// Fault is one thing that goes wrong. What it happens to is counted from 1: bodies in the order in
// which the collector first sees them, the tries of each by themselves, probes and dials as they
// come. So a fault stays with its body, however the requests of many are interleaved.
type Fault struct {
	On   string        `json:"on"`             // body, probe, dial, time, item or disk
	Kind string        `json:"kind"`           // see the tables in faults.go
	At   int           `json:"at,omitempty"`   // which body, probe, dial or item
	Try  int           `json:"try,omitempty"`  // of a body: the first try that it meets
	N    int           `json:"n,omitempty"`    // how many tries, probes or dials it meets; of some kinds bytes or items
	Code int           `json:"code,omitempty"` // status
	Text string        `json:"text,omitempty"` // Retry-After
	When time.Duration `json:"when,omitempty"` // of what happens at a time: after the start
	Wait time.Duration `json:"wait,omitempty"`
	Size int           `json:"size,omitempty"` // bytes or items
}

// Ending is a Close before all is over.
type Ending struct {
	In       string        `json:"in"`       // one of the states in states
	After    time.Duration `json:"after"`    // since the state was reached
	Deadline time.Duration `json:"deadline"` // of Close's context; negative: it is cancelled already
	Twice    bool          `json:"twice,omitempty"`
}

// Disk is what a spool stands on, and when it stops.
type Disk struct {
	Each    bool          `json:"each,omitempty"`    // SyncEach
	Power   bool          `json:"power,omitempty"`   // what was not synced is lost; else only the process ends
	Slow    time.Duration `json:"slow,omitempty"`    // how long each call of the file system takes
	Crashes []int         `json:"crashes,omitempty"` // the calls of the file system at which it stops, each counted from the start of a process
}

// String is the schedule as a table, for people.
func (s *Schedule) String() string {
	var b strings.Builder
	what := "CloudExporter"
	if s.Chain {
		what = "chain"
	}
	fmt.Fprintf(&b, "%s, seed %d, %s: %d items of %d producers, each after at most %v; batches of %d or %v, queue %d, %s, %s; %d to %d senders, timeout %v, healed after %v\n",
		s.Mode, s.Seed, what, s.Items, s.Producers, s.Every, s.BatchItems, s.BatchWait, s.Queue, s.Overflow, s.Compression, s.Senders, s.MaxSenders, s.Timeout, s.Heal)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range s.Faults {
		_, _ = fmt.Fprintf(w, "  %s %d\t%s\t%s\n", f.On, f.At, f.Kind, f.details())
	}
	_ = w.Flush() // into memory
	if c := s.Close; c != nil {
		fmt.Fprintf(&b, "  closed %v after %q, deadline %v\n", c.After, c.In, c.Deadline)
	}
	if d := s.Spool; d != nil {
		fmt.Fprintf(&b, "  spool %+v\n", *d)
	}
	return b.String()
}

func (f Fault) details() string {
	var d []string
	add := func(is bool, format string, args ...any) {
		if is {
			d = append(d, fmt.Sprintf(format, args...))
		}
	}
	add(f.Try > 1, "from try %d", f.Try)
	add(f.N > 1, "%d times", f.N)
	add(f.Code != 0, "%d", f.Code)
	add(f.Text != "", "%q", f.Text)
	add(f.When != 0, "at %v", f.When)
	add(f.Wait != 0, "for %v", f.Wait)
	add(f.Size != 0, "%d", f.Size)
	return strings.Join(d, ", ")
}

// clone copies a schedule, so that its parts can be changed.
func (s *Schedule) clone() *Schedule {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers and strings always have JSON
	}
	out := new(Schedule)
	if err := json.Unmarshal(text, out); err != nil {
		panic(err) // it was just written
	}
	return out
}
