package pipeline

import (
	"errors"
	"fmt"
	"io"
)

// Errors that say in which state a call found the pipeline.
var (
	// ErrClosed is returned when nothing more is taken: the run is ending or over, or every
	// stage downstream has stopped. A source or actor may return it; that is no failure.
	ErrClosed = errors.New("pipeline: closed")
	// ErrFull is returned by TryPush when there is no room and the overflow policy is Block.
	ErrFull = errors.New("pipeline: full")
	// ErrTooLarge is matched when one item is larger than the whole byte budget.
	ErrTooLarge = errors.New("pipeline: item larger than MaxBytes leaves room for")
	// ErrDue is returned by RecvUntil at its time.
	ErrDue = errors.New("pipeline: due")
	// ErrDrainDeadline is the cause of the end of the stages' context: the drain took too long.
	ErrDrainDeadline = errors.New("pipeline: drain deadline passed")
	// ErrConfig is matched by every error that says a graph or a setting is wrong.
	ErrConfig = errors.New("pipeline: configuration")
	// ErrRunTwice is returned by the second Run of a pipeline.
	ErrRunTwice = fmt.Errorf("%w: a pipeline runs once", ErrConfig)
)

// StageError says in which stage an error came up.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return fmt.Sprintf("pipeline: stage %q: %v", e.Stage, e.Err) }

// Unwrap returns the stage's own error.
func (e *StageError) Unwrap() error { return e.Err }

// PanicError is a panic, or a call of runtime.Goexit, in a function that a user gave to a stage.
// (A concurrent map write and a stack overflow end the process; no library can contain them.)
//
// Its text has the value if that is an error or a string, which somebody wrote to be read. Of any
// other it has the type alone: it may be an item, whose contents belong into no log. The verb %+v
// adds the stack.
type PanicError struct {
	Stage string
	Value any    // what was passed to panic; nil after Goexit
	Stack []byte // of the goroutine that panicked; nil after Goexit
}

func (e *PanicError) Error() string {
	switch v := e.Value.(type) {
	case nil:
		return fmt.Sprintf("pipeline: stage %q called runtime.Goexit", e.Stage)
	case error, string:
		return fmt.Sprintf("pipeline: stage %q panicked: %v", e.Stage, v)
	default:
		return fmt.Sprintf("pipeline: stage %q panicked with a %T", e.Stage, v)
	}
}

// Format implements [fmt.Formatter], for %+v.
func (e *PanicError) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, e.Error())
	if verb == 'v' && f.Flag('+') {
		_, _ = fmt.Fprintf(f, "\n%s", e.Stack)
	}
}

// Unwrap returns the value of the panic if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// StuckError is returned by Run when stages ignore the end of their context, so that Run gave
// up waiting for them. It is the only case in which goroutines of a run outlive it.
type StuckError struct{ Stages []string }

func (e *StuckError) Error() string {
	return fmt.Sprintf("pipeline: stages %q ignore the end of their context and still run", e.Stages)
}

// wrong makes the error of a stage that cannot be built.
func wrong(stage, format string, args ...any) error {
	return fmt.Errorf("%w: stage %q: %w", ErrConfig, stage, fmt.Errorf(format, args...))
}
