package store

import "time"

// Limits say how long a project keeps its traces.
type Limits struct {
	KeepFor   time.Duration // by the UTC day; 0 means 30 days, < 0 for ever
	KeepBytes int64         // on disk, oldest days go first; 0 means 10 GiB, < 0 no limit
}

// WithDefaults fills what is 0.
func (l Limits) WithDefaults() Limits {
	if l.KeepFor == 0 {
		l.KeepFor = 30 * 24 * time.Hour
	}
	if l.KeepBytes == 0 {
		l.KeepBytes = 10 << 30
	}
	return l
}

// Stats is what a project holds, and what became of its items since the store was opened.
type Stats struct {
	Days   []Day // newest first
	Bytes  int64 // on disk
	Limits Limits

	Received, Stored, Repeated int64 // items since opening: Received = Stored + Repeated + the sum of Rejected
	Rejected                   map[Reason]int64
	LateRoots                  int64 // roots that came in a later batch than a child
	Clock                      int64 // spans whose start was not credible

	Commits              int64
	CommitP50, CommitP99 time.Duration
	QueueBytes           int64 // waiting to be committed

	Dropped Dropped // by retention, since opening
	Commit  uint64  // the latest
}

// Day is one day of a project.
type Day struct {
	Day                   string // such as 2026-11-22, UTC
	Bytes                 int64  // on disk
	Spans, Traces, Record int64
}

// Dropped is what retention removed.
type Dropped struct {
	Days, Spans, Traces, Bytes int64
}

// Add returns the sum of both.
func (d Dropped) Add(e Dropped) Dropped {
	return Dropped{d.Days + e.Days, d.Spans + e.Spans, d.Traces + e.Traces, d.Bytes + e.Bytes}
}

// Deleted is what the deletion of a trace removed.
type Deleted struct {
	Spans, Records int
}
