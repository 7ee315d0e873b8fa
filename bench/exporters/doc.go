// Package exporters is the other half of the comparison: what it takes to get finished spans to a collector, and what is
// lost on the way.
//
//	HandOff    40 000 spans into a queue with room for all, from which nothing is sent; 1, 2, 8, 64 producers
//	OnEnd      the same 40 000 as snapshots of OpenTelemetry's SDK, whose span processors they end in; 1, 8, 64 producers
//	Bounded    30 000 spans into a queue of 2048, batches of 512, a sender that does nothing, producers flat out
//	EndToEnd   20 000 spans from 8 producers, a queue of four batches, blocking, an endpoint on this machine: from the first
//	           hand-off until Shutdown has returned
//	Encode     one batch of 1000 spans into bytes, on one core, and nothing else
//	Compress   the JSON of that batch, by one codec, on one core, and nothing else
//	Post       bodies of one size, one after the other, and nothing else
//	Outage     8 producers flat out with fresh text while the endpoint is away, then Shutdown within 5 s
//
// # The payload
//
// 2500 calls of a model as an agent has them: ids, a name, two times, twelve attributes, a prompt and a completion of 900 to
// 1150 bytes each, which are English cut from the comments of Go's own source, no text twice. A record of our wire has
// about 2750 bytes, one of OTLP 2650, and gzip 6 makes them 3.4 and 3.3 times smaller. Everybody has the same calls in the
// form that it takes, finished before the time begins: a frozen span.Span, a ReadOnlySpan of OpenTelemetry's SDK, a
// ptrace.Traces of its own (which its consumer then owns, so that there are 20 000 of them). To freeze a span includes writing its texts as JSON, as End
// does; "Encode/impl=tailrace-freeze" has it in.
//
// # The collector
//
// A process of its own, so that what it does is in nobody's CPU time. It keeps the bodies, and once the time is taken it
// decodes them: each span has to have come as often as it was handed over, with its texts, or the run is an error. In
// front of each run is a small one, checked likewise, by an exporter of its own.
//
// # The implementations
//
//	tailrace              observability.CloudExporter with its defaults and the job's sizes
//	bsp                   OpenTelemetry's BatchSpanProcessor with otlptracehttp; it has gzip only, so where others have zstd
//	                      it is there as bsp-gzip
//	exporterhelper        the OpenTelemetry Collector's otlphttpexporter, counting queue and batches in spans. In HandOff it
//	                      makes its ptrace.Traces at the hand-off, and has batches of 1000; -built has them ready
//	reference             no exporter: two goroutines that write by hand, compress with the fastest level, and post. It has
//	                      no queue and no retry, and is the bound of what is possible with this wire
//	reference-same-level  the same at tailrace's levels, which make no more bytes than bsp's gzip (zstd), where the fastest do
//	chan                  no exporter: one buffered channel with one reader
//	tailrace-encoding     Bounded only: the whole exporter, which encodes; tailrace is there what it is made of, up to the
//	                      batch, since the senders of the others do not encode either
//	tailrace-exporting    OnEnd only: what comes is converted and exported, on one of the processors; tailrace and bsp hold it.
//	                      tailrace is connectors/otel there
//	tailrace-block        Outage only: the producers wait in place of losing spans
//
// Honeycomb's libhoney-go and Elastic's go-docappender are no part of it: the Go module proxy refuses them where this was
// made.
//
// # The figures
//
// All are medians over the runs of one benchmark. A cost per span is per delivered span; cpu-µs/span is the time that this
// process had on all cores; wire-B/span counts bytes of bodies; allocs/span and B/span are of this process in the timed
// part. p99-ns is of every 97th hand-off. heap-MiB is the most live heap in an outage less that before it: ours may have
// 16 MiB, the others hold 2048 spans. silently-lost are spans that an exporter took without an error, that never arrived,
// and that it did not speak of when it was shut down. shutdown-s ends at 8 where a Shutdown does not return.
package exporters
