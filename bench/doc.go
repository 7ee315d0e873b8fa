// Package bench compares the engine with bare loops, with goroutines joined by channels, and with other libraries, on the
// same work, in the same run.
//
//	go test -run '^$' -bench . ./bench/                        # every job, every implementation: about two minutes
//	go test -run '^$' -bench J1 ./bench/ -items 1000000        # runs of one fixed size
//	go run ./bench/ratio -rounds 20 -job J1                    # interleaved, as ratios of the same round
//	go run ./bench/ratio -job J2 -by cpu -base chan64
//
// To compare two commits, or all implementations of one run, with benchstat:
//
//	go test -run '^$' -bench J4 -count 10 ./bench/ >new.txt
//	benchstat -filter .unit:ns/item -col /impl -row '.name /producers' new.txt
//
// The jobs, and how each run is timed and checked, are in package [github.com/tailrace-go/tailrace/bench/jobs]. Wall times
// move by a third on a shared machine: trust the ratios of one run, and the CPU time.
//
// The metrics are medians over the runs of one benchmark: ns/item is wall time, building and tearing down included;
// cpu-ns/item is the time that the process had on all cores; allocs/item counts heap objects. BenchmarkIdle has
// p50-ns and p99-ns of the time from sending one item into an idle line to having it at the end.
package bench
