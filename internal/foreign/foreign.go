// Package foreign calls code that is somebody else's, such as the Flush of an exporter that a program brings along: it may
// panic, end its goroutine, or never return, and nothing of it may stop whoever calls.
package foreign

import (
	"context"
	"fmt"
	"time"
)

// Grace is how long a call may take to notice that its context has ended.
const Grace = 30 * time.Millisecond

// Call has call run on a goroutine of its own and returns what it returned. After a panic or runtime.Goexit that is an error
// with name in it. A call that still runs [Grace] after the end of ctx is left behind, with its goroutine; the error then
// wraps ctx's cause.
//
// The value of a panic is in no error: it may hold a piece of a span.
func Call(ctx context.Context, name string, call func(ctx context.Context) error) error {
	result := make(chan error, 1)
	go func() {
		err := fmt.Errorf("%s ended its goroutine", name)
		defer func() {
			if recover() != nil {
				err = fmt.Errorf("%s panicked", name)
			}
			result <- err
		}()
		err = call(ctx)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	patience := time.NewTimer(Grace)
	defer patience.Stop()
	select {
	case err := <-result:
		return err
	case <-patience.C:
		return fmt.Errorf("%s did not return: %w", name, context.Cause(ctx))
	}
}
