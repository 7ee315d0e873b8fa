package main

import (
	"strconv"

	"github.com/tailrace-go/tailrace/bench/jobs"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/stages"
)

// Items in a run of the engine: a tenth of a second or so.
const (
	items      = 400_000
	asyncItems = 100_000
)

// Spans in a hand-off: a hundredth of a second or so.
const handOffs = 200_000

// Bytes of a span where its size is not what grows: the smallest, and one of which 16 000 make a batch.
const (
	tinySpan  = 200
	smallSpan = 600
)

// compressions of the runs end to end.
var compressions = []observability.CloudCompression{observability.CompressNone, observability.CompressZstd}

func curves() []curve {
	ingress := series{"an emitter's items", 0, func(producers int) (workload, error) {
		return whole(items, func(n int) error { return ingress(producers, n) }), nil
	}}
	spans := series{"an exporter's spans", 0, func(producers int) (workload, error) {
		return handOff(finished(tinySpan), producers, handOffs), nil
	}}
	fused := series{"fused", 1, func(count int) (workload, error) {
		return whole(items, func(n int) error { return line(stages.Map(jobs.Increment), count, n) }), nil
	}}
	inPlace := series{"fused, in place", 1, func(count int) (workload, error) {
		return whole(items, func(n int) error { return line(stages.Apply(jobs.IncrementInPlace), count, n) }), nil
	}}
	async := series{"a goroutine a stage", 1, func(count int) (workload, error) {
		return whole(asyncItems, func(n int) error { return line(stages.Map(jobs.Increment), count, n, pipeline.Async()) }), nil
	}}
	batches := []series{{"items", 0, func(size int) (workload, error) {
		return whole(items, func(n int) error { return grouped(size, n) }), nil
	}}}
	sizes := []series{{"hand-off", 0, func(bytes int) (workload, error) { return queued(finished(bytes), 8, handOffs), nil }}}
	for _, c := range compressions {
		batches = append(batches, series{named(c), 0, func(size int) (workload, error) {
			cfg := observability.CloudExporterConfig{
				Compression: c, MaxBatchSize: size, Queue: 4 * size, MaxBatchBytes: 32 << 20, MaxBytes: 1 << 30,
			}
			return endToEnd(cfg, finished(smallSpan), max(20_000, 5*size)), nil
		}})
		sizes = append(sizes, series{named(c), 1, func(bytes int) (workload, error) {
			return endToEnd(observability.CloudExporterConfig{Compression: c}, finished(bytes), count(bytes)), nil
		}})
	}
	return []curve{
		{"producers", "Cost of a hand-off over producers", "producers", []int{1, 2, 4, 8, 16, 32, 64, 128, 256}, strconv.Itoa, []series{ingress, spans},
			"On one core the producers of spans run one after the other, and the exporter takes what one has left before the next " +
				"has its turn. What the last one leaves is in no figure: all of the exporter's work with one producer, little of it " +
				"with many. So the rise there is not the producers'."},
		{"stages", "Cost of an item over stages", "stages", []int{1, 2, 4, 8, 16, 20}, strconv.Itoa, []series{fused, inPlace, async}, ""},
		{"batch", "Cost of an item over the size of batches", "items in a batch", []int{10, 30, 100, 300, 1000, 4000, 16_000}, strconv.Itoa, batches,
			""},
		{"span", "Cost of a span over its size", "bytes of a span", []int{200, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}, size, sizes, ""},
	}
}

// size is a number of bytes.
func size(bytes int) string {
	switch {
	case bytes >= 1<<20:
		return strconv.Itoa(bytes>>20) + " MiB"
	case bytes >= 1<<10:
		return strconv.Itoa(bytes>>10) + " KiB"
	}
	return strconv.Itoa(bytes) + " B"
}
