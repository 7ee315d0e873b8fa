package bench_test

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/bench/jobs"
)

var items = flag.Int("items", 0, "items in a run; 0 means the job's own number, cut to about 120 ms")

func BenchmarkJ1(b *testing.B)  { benchmarkJob(b, jobs.J1) }
func BenchmarkJ2(b *testing.B)  { benchmarkJob(b, jobs.J2) }
func BenchmarkJ3u(b *testing.B) { benchmarkJob(b, jobs.J3u) }
func BenchmarkJ3o(b *testing.B) { benchmarkJob(b, jobs.J3o) }

func BenchmarkJ4(b *testing.B) {
	for _, job := range jobs.J4 {
		b.Run(job.Variant, func(b *testing.B) { benchmarkJob(b, job) })
	}
}

func BenchmarkJ5(b *testing.B) { benchmarkJob(b, jobs.J5) }

func BenchmarkIdle(b *testing.B) {
	for _, impl := range jobs.Idle.Impls {
		b.Run("impl="+impl.Name, func(b *testing.B) {
			var p50, p99 []float64
			for b.Loop() {
				sample, err := jobs.Idle.Measure(impl)
				if err != nil {
					b.Fatal(err)
				}
				p50, p99 = append(p50, sample.P50), append(p99, sample.P99)
			}
			report(b, p50, "p50-ns")
			report(b, p99, "p99-ns")
			b.ReportMetric(0, "ns/op") // a run sleeps nearly all the time
		})
	}
}

// BenchmarkSpoolAppend measures a disk: the one where temporary files are, or TAILRACE_BENCH_DIR is.
func BenchmarkSpoolAppend(b *testing.B) {
	for _, job := range jobs.Append {
		_, size, _ := strings.Cut(job.Name, "/")
		for _, impl := range job.Impls {
			b.Run(size+"/impl="+impl.Name, func(b *testing.B) {
				var rate []float64
				for b.Loop() {
					sample, err := job.Measure(impl)
					if err != nil {
						b.Fatal(err)
					}
					rate = append(rate, sample.Rate)
				}
				report(b, rate, "MiB/s")
				b.ReportMetric(0, "ns/op") // a run has many records
			})
		}
	}
}

// benchmarkJob runs a job once per iteration. The warm-ups between runs count towards -benchtime and are in no metric.
func benchmarkJob(b *testing.B, job *jobs.Job) {
	for _, impl := range job.Impls {
		b.Run("impl="+impl.Name, func(b *testing.B) {
			n := *items
			if n <= 0 {
				n = job.Cut(impl)
			}
			var wall, cpu, allocs []float64
			for b.Loop() {
				sample, err := job.Measure(impl, n)
				if err != nil {
					b.Fatal(err)
				}
				wall, cpu, allocs = append(wall, sample.Wall), append(cpu, sample.CPU), append(allocs, sample.Allocs)
			}
			report(b, wall, "ns/item")
			report(b, cpu, "cpu-ns/item")
			report(b, allocs, "allocs/item")
			b.ReportMetric(0, "ns/op") // a run's time says nothing without its number of items
		})
	}
}

// report gives the median, which a single disturbed run does not move.
func report(b *testing.B, values []float64, unit string) {
	slices.Sort(values)
	b.ReportMetric(values[len(values)/2], unit)
}
