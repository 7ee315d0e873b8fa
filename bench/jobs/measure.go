package jobs

import (
	"runtime"
	"time"
)

// A Sample is what one run of n items cost.
type Sample struct {
	Wall   float64 // ns an item
	CPU    float64 // ns an item, on all cores together; 0 where the system does not tell
	Allocs float64 // heap objects an item
}

// Measure runs impl once on n items and checks what its sink saw. A warm-up of 8192 items and a garbage collection come
// first, outside of the figures; building and tearing down are inside.
func (j *Job) Measure(impl Impl, n int) (Sample, error) {
	if err := j.Check(impl, warmUpItems, impl.Run(warmUpItems)); err != nil {
		return Sample{}, err
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := CPUTime(), time.Now()
	got := impl.Run(n)
	wall, used := time.Since(start), CPUTime()-cpu
	runtime.ReadMemStats(&after)
	return Sample{
		Wall:   float64(wall.Nanoseconds()) / float64(n),
		CPU:    float64(used.Nanoseconds()) / float64(n),
		Allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
	}, j.Check(impl, n, got)
}
