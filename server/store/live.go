package store

import "context"

// Subscription is a reader of what is committed. It holds no memory and no goroutine of the store: a slow one finds
// that the store has gone on, and gets a reset. It is for one goroutine and needs no closing.
type Subscription interface {
	// Next waits for a commit after the last one it returned that says something about what was subscribed to. The
	// error is that of ctx, or ErrClosed.
	Next(ctx context.Context) (Event, error)
}

// Event is one commit. Its parts are shared between subscribers: read only.
type Event struct {
	Commit uint64 // increases; the id of the server-sent event that ends this commit
	Reset  bool   // commits were missed: ask for everything again, then go on from here
	Traces []Change
}

// Change is what a commit did to one trace.
type Change struct {
	Trace   Summary
	Deleted bool  // the trace is gone; of Trace, only the id is set
	Rows    []Row // spans that are new or ended; nil when there are more than 1,000: ask for the skeleton
}

// RingSize is how many changes of traces a project remembers for those who resume.
const RingSize = 1000
