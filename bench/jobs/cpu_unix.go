//go:build unix

package jobs

import (
	"syscall"
	"time"
)

// CPUTime is the user and system time of this process so far, on all cores together.
func CPUTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
