package spool

import (
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/sink"
)

// Errors of a spool as a whole. Damage to one entry matches [sink.ErrSpoolDamaged].
var (
	// ErrLocked is matched by the error of Open when another process has the directory open.
	ErrLocked = errors.New("another process has the spool open")

	// ErrNewer is matched when a file was written in a newer format than this version reads. It is
	// left as it is.
	ErrNewer = errors.New("the spool is of a newer version")

	// ErrClosed is matched by what is called after Close.
	ErrClosed = errors.New("the spool is closed")
)

// damaged says what is wrong with the bytes of a file.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", sink.ErrSpoolDamaged, fmt.Errorf(format, args...))
}

// syncError is a sync that failed: the file must not be trusted, nor synced again.
type syncError struct{ err error }

func (e *syncError) Error() string { return e.err.Error() }
func (e *syncError) Unwrap() error { return e.err }
