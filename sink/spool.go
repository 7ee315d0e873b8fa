package sink

import (
	"context"
	"errors"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Spool keeps bodies outside of memory until an endpoint has them, so that they survive the end of
// the process. Package sink/spool has the one that is meant to be used, a directory of files. Its
// methods may be called at the same time.
//
// Where it keeps them is its own affair; when they go is the sender's: it removes what was
// delivered, buries what the endpoint refuses for good, and drops what is too much or too old.
type Spool interface {
	// Backlog lists what is there, the oldest first: at first what earlier processes left.
	Backlog() ([]SpoolEntry, error)

	// Put keeps body, whose tries all have this key. When it returns nil, body is acknowledged: it
	// outlives the process, and a power failure as far as the spool promises that. The body stays
	// the caller's. After an error nothing of it is kept.
	Put(body *pipeline.Body, key string) (SpoolEntry, error)

	// Load reads a body back, and its key. Without error it is, byte for byte, the one that was put,
	// but for Plain, which is nil where it was compressed. An error that matches ErrSpoolDamaged
	// means that the entry was damaged, and is no more: the spool has set it aside.
	Load(e SpoolEntry) (body *pipeline.Body, key string, err error)

	// Remove forgets an entry that was delivered, or dropped. One that is not there is no error.
	Remove(e SpoolEntry) error

	// Bury moves an entry to the dead letters, from where somebody may take it back. body, if it is
	// not nil, is the part of the entry that is buried in its place; there may be several.
	Bury(e SpoolEntry, body *pipeline.Body) error

	// Sync makes all that Put has returned so far outlive a power failure. The run calls it each
	// SyncEvery, unless that is 0, and once at its end. When ctx ends it returns an error that matches
	// its cause as soon as it can, and is to be called again for what is left.
	Sync(ctx context.Context) error
	SyncEvery() time.Duration
}

// SpoolEntry is a body in a [Spool].
type SpoolEntry struct {
	Seq     uint64 // its place in the order; no other entry of the spool ever has it
	Items   int
	Bytes   int64     // that it takes in the spool
	Created time.Time // when it was put, to the second
}

// ErrSpoolDamaged is matched by the error of a Load that found an entry damaged.
var ErrSpoolDamaged = errors.New("sink: the spool's entry is damaged")
