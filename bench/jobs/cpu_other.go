//go:build !unix

package jobs

import "time"

// CPUTime is not known here.
func CPUTime() time.Duration { return 0 }
