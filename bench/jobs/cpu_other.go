//go:build !unix

package jobs

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
