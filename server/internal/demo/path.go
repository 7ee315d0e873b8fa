package demo

import (
	"context"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// path is the way of a span from the producers to the wire.
type path struct {
	pipeline *pipeline.Pipeline
	emitter  *source.Emitter[*span.Span]
	sender   *sink.HTTPSender
}

func newPath(cfg Config) path {
	header := http.Header{}
	if cfg.Token != "" {
		header.Set("Authorization", "Bearer "+cfg.Token)
	}
	p := pipeline.New(pipeline.Config{Name: "demo", DrainTimeout: cfg.DrainTimeout, MaxBytes: 64 << 20})
	sender := sink.NewHTTP(sink.HTTPConfig{
		Endpoint: cfg.Endpoint, Header: header, Probe: span.V1.AppendClose(span.V1.AppendOpen(nil)), Report: p.Ledger, Instance: "demo",
	})
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{})

	spans := pipeline.From(p, emitter)
	kept := pipeline.Via(spans, stages.Filter(worthSending))
	batches := pipeline.Via(kept, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 1000, MaxWait: 500 * time.Millisecond}))
	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{MaxBytes: 7 << 19})) // the hosted limit is 4 MiB
	packed := pipeline.Via(bodies, stages.Compress(stages.Zstd), pipeline.Workers(2), pipeline.Ordered())
	pipeline.To(packed, sender.Sink())
	return path{p, emitter, sender}
}

// report tells a server of ours how the run ended, so that its account is whole. One that is gone cannot be told.
func (p path) report() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.sender.Report(ctx)
}

// worthSending turns away the pieces of streamed answers, as exporters of 1.x do: they are many, and the span of the
// answer has the whole text.
func worthSending(s *span.Span) bool { return s.Type.Canonical() != span.TypeModelChunk }
