package bench_test

import (
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/bench/exporters"
)

func BenchmarkHandOff(b *testing.B)  { benchmarkExporters(b, "HandOff") }
func BenchmarkOnEnd(b *testing.B)    { benchmarkExporters(b, "OnEnd") }
func BenchmarkBounded(b *testing.B)  { benchmarkExporters(b, "Bounded") }
func BenchmarkEndToEnd(b *testing.B) { benchmarkExporters(b, "EndToEnd") }
func BenchmarkEncode(b *testing.B)   { benchmarkExporters(b, "Encode") }
func BenchmarkCompress(b *testing.B) { benchmarkExporters(b, "Compress") }
func BenchmarkPost(b *testing.B)     { benchmarkExporters(b, "Post") }

// BenchmarkOutage takes as long as TAILRACE_OUTAGE says, and up to 8 s more, for each implementation.
func BenchmarkOutage(b *testing.B) { benchmarkExporters(b, "Outage") }

// benchmarkExporters runs each implementation of the jobs of that name once per iteration. Warm-ups and checks count
// towards -benchtime and are in no metric.
func benchmarkExporters(b *testing.B, name string) {
	for _, job := range exporters.Jobs() {
		prefix, variant, _ := strings.Cut(job.Name, "/")
		if prefix != name {
			continue
		}
		for _, impl := range job.Impls {
			b.Run(strings.TrimPrefix(variant+"/impl="+impl.Name, "/"), func(b *testing.B) {
				values := make([][]float64, len(job.Figures))
				for b.Loop() {
					figures, err := impl.Run()
					if err != nil {
						b.Fatal(err)
					}
					for i, figure := range figures {
						values[i] = append(values[i], figure)
					}
				}
				for i, unit := range job.Figures {
					if unit == "ns/span" {
						unit = "ns/item" // as in all other jobs
					}
					report(b, values[i], unit)
				}
				b.ReportMetric(0, "ns/op") // a run has many spans
			})
		}
	}
}
