// Package toxic holds the tests of the whole exporter over real sockets with Toxiproxy between it and the
// collector: latency, little bandwidth, slices, resets, silence. It is a module of its own, since nothing
// that anybody downloads should need a proxy.
//
//	TAILRACE_FAULT_SECONDS=10 go test -v ./internal/toxic
//
// has each fault last ten seconds; without the variable it is half of one.
package toxic
