//go:build unix

package observability

import (
	"os"
	"syscall"
)

var shutdownSignals = []os.Signal{syscall.SIGTERM, syscall.SIGINT}

// dieOf lets a signal that was caught end the process as if it had not been: whoever waits for the
// process sees it. It does not return.
func dieOf(s os.Signal) {
	if sig, ok := s.(syscall.Signal); ok && syscall.Kill(os.Getpid(), sig) == nil {
		select {} // until it has arrived
	}
	os.Exit(1)
}
