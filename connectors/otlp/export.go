package otlp

import (
	"context"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// Exporter sends spans to an endpoint of OTLP over HTTP, such as a Collector, in compressed batches. It is an exporter of
// package observability, and what connectors/otel needs to take the place of OpenTelemetry's own: it reads the same
// variables. Its methods are safe for concurrent use.
//
// It is a pipeline that anybody could write: an emitter, stages.Batch, stages.Encode with a [Codec], stages.Compress and
// the sink of [NewHTTP]. Whatever is accepted is delivered or is in a column of the ledger, with a reason.
type Exporter struct {
	cfg     exporterSetup
	run     *pipeline.Pipeline
	emitter *source.Emitter[*span.Span]
	sender  *sink.HTTPSender
	done    chan struct{} // closed when the run is over
	runErr  error         // to be read after done
}

// NewExporter starts an exporter, which runs until Shutdown. An error names the field, or the variable, that is wrong,
// and matches [pipeline.ErrConfig].
func NewExporter(cfg ExporterConfig) (*Exporter, error) {
	setup, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Exporter{
		cfg: setup, done: make(chan struct{}),
		emitter: source.NewEmitter[*span.Span](source.EmitterConfig{Queue: setup.Queue, Overflow: setup.overflow}),
		sender:  NewHTTP(HTTPConfig{Format: setup.Format, Sink: setup.Sink}),
		run: pipeline.New(pipeline.Config{
			Name: setup.Name, DrainTimeout: setup.DrainTimeout, MaxBytes: setup.MaxBytes, MaxItemBytes: setup.MaxBatchBytes, OnLoss: setup.OnLoss,
		}),
	}
	began := make(chan struct{})
	spans := pipeline.From(e.run, exporterFeed{e.emitter, sync.OnceFunc(func() { close(began) })}, pipeline.Name("queue"))
	batches := pipeline.Via(spans, stages.Batch[*span.Span](stages.BatchConfig{
		MaxItems: setup.MaxBatchSize, MaxBytes: setup.MaxBatchBytes, MaxWait: setup.MaxBatchWait,
	}), pipeline.Queue(min(setup.Queue, 256)))
	bodies := pipeline.Via(batches, stages.Encode(codecOf{Codec{setup.Format}, setup.Service}, stages.EncodeConfig{MaxBytes: setup.MaxBatchBytes}),
		pipeline.Workers(setup.workers()), pipeline.Queue(1))
	bodies = pipeline.Via(bodies, stages.Compress(setup.compression), pipeline.Inline())
	pipeline.To(bodies, e.sender.Sink(), pipeline.Queue(1), pipeline.Reserve(setup.reserved()))
	go func() {
		defer close(e.done)
		e.runErr = e.run.Run(context.Background()) // Shutdown ends it
	}()
	select {
	case <-began:
		return e, nil
	case <-e.done: // the graph was not built
		return nil, e.runErr
	}
}

// exporterFeed is the emitter, and says when the run has begun: one that is shut down before would lose what came first.
type exporterFeed struct {
	*source.Emitter[*span.Span]
	began func()
}

// Feed implements [pipeline.Source].
func (f exporterFeed) Feed(ctx context.Context, out *pipeline.Outlet[*span.Span]) error {
	f.began()
	return f.Emitter.Feed(ctx, out)
}

// codecOf is a codec that knows whose spans they are.
type codecOf struct {
	Codec
	service string
}

// AppendItem implements stages.Codec.
func (c codecOf) AppendItem(buf []byte, s *span.Span, first bool) ([]byte, error) {
	return c.Append(buf, Item{Span: s, Service: c.service}, first)
}

// Export hands s to the exporter. nil means that it was accepted and is now shared: nobody may change it any more. It
// does not wait, unless Overflow is "block"; then it does until ctx ends. After Shutdown it returns [pipeline.ErrClosed].
// With an error the span stays with the caller.
func (e *Exporter) Export(ctx context.Context, s *span.Span) error {
	if s == nil {
		return errNil
	}
	if !s.Frozen() {
		s = s.Clone()
		s.Freeze()
	}
	return e.emitter.Emit(ctx, s)
}

// Flush sends what was accepted before the call, full batch or not, and returns when all of it was delivered or
// accounted for, or when ctx ends. After Shutdown it returns nil.
func (e *Exporter) Flush(ctx context.Context) error { return e.run.Flush(ctx) }

// Shutdown sends what there is and ends the exporter. It returns nil if every span was delivered; else the error has a
// [*pipeline.LossError] with the exact loss. What could not be sent before ctx ended is abandoned. It may be called
// again, and returns the same.
func (e *Exporter) Shutdown(ctx context.Context) error {
	_ = e.run.Shutdown(ctx) // what the run returns
	<-e.done
	return e.runErr
}

// Verify proves that the endpoint takes spans, and the credentials, with a request that has none.
func (e *Exporter) Verify(ctx context.Context) error { return e.sender.Verify(ctx) }

// Stats is a picture of the exporter's pipeline.
func (e *Exporter) Stats() pipeline.Stats { return e.run.Stats() }

// Ledger is the account of Stats. It is exact whenever nothing moves.
func (e *Exporter) Ledger() pipeline.Ledger { return e.run.Ledger() }

// State says whether spans are sent, tried again or held back, and why.
func (e *Exporter) State() sink.HTTPState { return e.sender.State() }
