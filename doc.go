// Package tailrace carries the traces of AI agents out of Go services and accounts for every span.
//
// A tailrace is the channel that carries water away once it has done its work. This one is a library of typed, composable
// stages, each joined to the next by a bounded link with backpressure; an exporter built from nothing else; and a trace
// server that receives what the exporter sends. What enters is delivered or is in a column of the ledger, by stage and by
// reason, and the columns add up:
//
//	accepted + made = delivered + filtered + dropped + failed + abandoned + spooled + in flight
//
// This package holds no code. Import the part that you need:
//
//   - [github.com/tailrace-go/tailrace/pipeline] is the engine: flows, stages, links, drain and ledger, for items of any type
//   - [github.com/tailrace-go/tailrace/span] is what flows here: a span, its attributes and its wire form
//   - [github.com/tailrace-go/tailrace/source] is where items enter: an emitter for many goroutines, a channel, a sequence
//   - [github.com/tailrace-go/tailrace/stages] is what happens on the way: filter, map, sample, batch, encode, compress
//   - [github.com/tailrace-go/tailrace/sink] is where items leave: HTTP with retries, a writer, a function
//   - [github.com/tailrace-go/tailrace/observability] is the face of all that: a tracer, and the exporter to Mastra Cloud
//   - [github.com/tailrace-go/tailrace/pipeline/pipelinetest] and [github.com/tailrace-go/tailrace/sink/sinktest] test what
//     you write yourself
//
// Imports point one way: source, stages and sink know pipeline and span and not each other; pipeline and span know the
// standard library.
//
// pipeline_test.go, beside this file, is the manual: the whole path from spans to bytes on a server, with a slow server,
// a drain that meets its deadline, and the ledger adding up.
package tailrace
