package store

import (
	"errors"
	"fmt"
)

// What a store may answer, beside an error of its context. ErrBusy and ErrFull pass by themselves: answer 503 with
// Retry-After. ErrQuota does not: answer 507.
var (
	ErrNotFound = errors.New("store: not found")
	ErrBusy     = errors.New("store: the queue is full")
	ErrFull     = errors.New("store: the disk is full")
	ErrQuota    = errors.New("store: today alone exceeds the project's quota")
	ErrClosed   = errors.New("store: closed")
	ErrNewer    = errors.New("store: written by a newer version of tailrace")
	ErrLocked   = errors.New("store: another process has this folder open")
	ErrProject  = errors.New("store: a project's id is 1 to 64 of a-z, A-Z, 0-9, _ and -")
)

// FieldError says which parameter of a question cannot be understood, and why. It quotes no more of a value than 64
// bytes.
type FieldError struct {
	Field  string // the parameter's name in the REST API, such as min_ms
	Reason string
}

func (e *FieldError) Error() string { return fmt.Sprintf("store: %s: %s", e.Field, e.Reason) }

// CheckProject returns nil for an id that a project may have, else an error that matches [ErrProject]. Such an id is
// safe as the name of a folder.
func CheckProject(id string) error {
	if id == "" || len(id) > 64 {
		return ErrProject
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return ErrProject
		}
	}
	return nil
}
