package outcome

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Environment is a line about where this process runs: Go's version, system, cores and processor. It has no date, so
// that measuring again on the same machine changes figures only.
func Environment() string {
	return fmt.Sprintf("%s, %s/%s, %d cores, %s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), Processor())
}

// Processor is the model of the processor, where the system tells (Linux does).
func Processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	return processor(string(text))
}

func processor(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
