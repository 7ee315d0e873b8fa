package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// peakMemory is the most that the process has had in memory; where the system does not say, what Go has asked for.
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		if _, rest, found := bytes.Cut(status, []byte("VmHWM:")); found {
			var kib int
			if _, err := fmt.Sscan(string(rest), &kib); err == nil {
				return fmt.Sprintf("%d MiB resident (%d MiB of it Go's)", kib>>10, goMemory())
			}
		}
	}
	return fmt.Sprintf("%d MiB of Go", goMemory())
}

// goMemory is what Go has asked for, in MiB; SQLite's caches are beside it.
func goMemory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys >> 20
}

// cpuTime is what the process has used of all processors; 0 where the system does not say.
func cpuTime() time.Duration {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	ticks := 0
	for _, i := range []int{11, 12} { // utime and stime; see proc_pid_stat(5), whose first two fields are cut off
		if i < len(fields) {
			n, _ := strconv.Atoi(string(fields[i]))
			ticks += n
		}
	}
	return time.Duration(ticks) * (time.Second / 100)
}
