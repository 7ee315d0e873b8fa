//go:build !unix

package observability

import (
	"os"
	"syscall"
)

var shutdownSignals = []os.Signal{syscall.SIGTERM, os.Interrupt}

// dieOf ends the process. It does not return.
func dieOf(os.Signal) { os.Exit(1) }
