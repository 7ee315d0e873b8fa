// Package source is where items enter a pipeline. A source is used with [pipeline.From]:
//
//	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{Overflow: pipeline.DropNewest})
//	spans := pipeline.From(p, emitter)
//
// # Which source
//
//   - [Emitter]: any number of goroutines push, and each knows at once whether its item was
//     accepted. The only source that can wait, drop or refuse when there is no room.
//   - [Chan]: a plain Go channel, at a channel's price.
//   - [Seq], [Slice]: an iterator, a few values.
//   - [Pull]: a function that makes one item after the other, at the lowest price there is.
//   - [Lines], [Reader]: what an io.Reader holds, line by line; Reader reads spans.
//
// Any other is a [pipeline.SourceFunc], one function that calls Send.
//
// # The end
//
// A source ends by itself, or when the run's context does: then it is told at its next item, and
// at once where it waits in the engine (Emitter, Chan). What it has sent is accepted and is
// drained. What it had at hand and could not send any more is counted as refused, outside the
// ledger's law.
//
// # Flush
//
// A mark of [pipeline.Pipeline.Flush] enters at once through a source that waits in the engine,
// else at the next item. A source that is stuck in somebody else's code (a Read that blocks, an
// iterator that waits) holds a Flush up until the context of that ends, and its error names the
// source.
package source
