package foreign_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/foreign"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errTheirs = errors.New("theirs")

func TestCallReturnsWhatTheCallDid(t *testing.T) {
	for name, c := range map[string]struct {
		call func(context.Context) error
		want string
	}{
		"nothing":  {func(context.Context) error { return nil }, ""},
		"an error": {func(context.Context) error { return errTheirs }, "theirs"},
		"a panic":  {func(context.Context) error { panic("canary: what the user asked") }, "exporter: Flush panicked"},
		"an exit":  {func(context.Context) error { runtime.Goexit(); return nil }, "exporter: Flush ended its goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := foreign.Call(t.Context(), "exporter: Flush", c.call); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("it said %q, want %q", got, c.want)
			}
		})
	}
}

// What notices the end of its context has a word in the error still; what does not is left behind.
func TestCallWaitsAWhileBehindTheEndOfItsContext(t *testing.T) {
	for name, c := range map[string]struct {
		needs time.Duration
		want  error
	}{
		"one that notices":       {foreign.Grace - 1, errTheirs},
		"one that never returns": {time.Hour, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				defer time.Sleep(c.needs) // until what was left behind has ended
				err := foreign.Call(ctx, "exporter: Shutdown", func(ctx context.Context) error {
					<-ctx.Done()
					time.Sleep(c.needs)
					return errTheirs
				})
				if !errors.Is(err, c.want) {
					t.Errorf("it said %v, want %v", err, c.want)
				}
				if took := time.Since(began); took > time.Second+foreign.Grace {
					t.Errorf("it took %v", took)
				}
				if !errors.Is(c.want, errTheirs) && !strings.HasPrefix(err.Error(), "exporter: Shutdown did not return: ") {
					t.Errorf("it said %q", err)
				}
			})
		})
	}
}
