// Package bench holds this library against what one would use instead: bare loops, goroutines joined by channels, other
// pipeline libraries, OpenTelemetry's exporter and the Collector's. All do the same work, in the same run, and are checked
// for the same result.
//
//	go run ./bench/compare -goals                              # what is asked of this library, and what it does
//	go run ./bench/compare -job J1                             # one job, everyone who does it, as ratios of the same round
//	go run ./bench/compare -job EndToEnd/compression=zstd      # spans to a collector, which is a process of its own
//	go run ./bench/compare -job J2 -by cpu -base chan64        # by CPU time, against channels
//	go run ./bench/scaling                                     # what more producers, stages, items and bytes cost
//	go run ./bench/overhead                                    # what the engine's statistics and its marks cost
//
// To keep what was measured, and to make the tables and pictures of it that the README shows:
//
//	go run ./bench/compare -o bench/results                    # every job; a job that is measured again takes its old place
//	go run ./bench/scaling -o bench/results
//	go run ./bench/compare -draw -o bench/results              # measures nothing: goals.md, tables and pictures anew
//
// The directory has <group>.json, the figures of each round, with a line for each implementation; <group>.md, tables of
// them; goals.md; compare-light.svg and compare-dark.svg; and scaling-<curve>.svg.
//
// The same as benchmarks, and two commits, or all implementations of one run, with benchstat:
//
//	go test -run '^$' -bench . ./bench/                        # every job, every implementation
//	go test -run '^$' -bench J1 ./bench/ -items 1000000        # runs of one fixed size
//	go test -run '^$' -bench J4 -count 10 ./bench/ >new.txt
//	go run ./bench/compare -job J4 -benchstat new.txt          # interleaved, which is the better comparison of two
//	benchstat -filter .unit:ns/item -col /impl -row '.name /producers' new.txt
//
// The jobs that move items, and how each run is timed and checked, are in package
// [github.com/tailrace-go/tailrace/bench/jobs]; those of exporters in [github.com/tailrace-go/tailrace/bench/exporters].
// Wall times move by a third on a shared machine: trust the ratios of one round, and the CPU time. A stand-in is a peer
// that the Go module proxy does not give out: what it took elsewhere, as a multiple of chan64, times chan64 here.
//
// Of a benchmark the metrics are medians over its runs: ns/item is wall time, building and tearing down included;
// cpu-ns/item is the time that the process had on all cores; allocs/item counts heap objects. BenchmarkIdle has
// p50-ns and p99-ns of the time from sending one item into an idle line to having it at the end.
package bench
