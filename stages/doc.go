// Package stages has what happens to items between a source and a sink: they are turned away,
// changed, grouped, encoded and compressed. A stage is used with [pipeline.Via]:
//
//	spans := pipeline.From(p, emitter)
//	kept := pipeline.Via(spans, stages.Filter(interesting))
//	batches := pipeline.Via(kept, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 1000, MaxWait: 5 * time.Second}))
//	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{MaxBytes: 3 << 20}))
//	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd), pipeline.Workers(2), pipeline.Ordered())
//
// # Which stage
//
//   - [Filter], [Retain]: keep some items. [Sample], [SampleRandom]: keep a share of them.
//   - [TailSample]: keep traces by how they went: those that failed, were slow or used many tokens.
//   - [Map], [TryMap], [FlatMap]: make other items of them. [Apply]: change them where they lie.
//     [Tap]: only look.
//   - [Redact]: take secrets out of spans; a [Redactor] does it for other values.
//   - [Batch]: group items, by number, bytes and time.
//   - [Encode]: make a [pipeline.Body], bytes, of a batch, with a [Codec].
//   - [Compress], [Decompress]: gzip, zstd or s2 on the bytes of a body. [CompressBy]: which one is
//     chosen for each body.
//
// # What it costs
//
// All of them are operators: they run on the goroutine of the stage above, at the price of a few
// calls an item. The exceptions are [Batch] with MaxWait and [TailSample], actors, because they have to wake
// up by themselves. The options [pipeline.Async] and [pipeline.Workers] give an operator goroutines of
// its own; the functions it was given are then called concurrently.
//
// # What goes wrong
//
// A setting that makes no sense is an error of the pipeline's Run that names the stage and the
// field. An item that fails is counted as failed at its stage, under a reason, and the others go
// on; so does one whose function panics. [Encode] keeps even the items of one batch apart.
// [pipeline.OnError] changes what follows. Whatever a stage turns away on purpose is filtered.
package stages
