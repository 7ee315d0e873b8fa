package exporters

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// Producers flat out, a queue that is short for them, and a sender that does nothing: what is lost, or waited for, is the
// exporter's own.
const (
	boundedSpans   = 30_000
	boundedQueue   = 2048
	boundedBatch   = 512
	boundedRepeats = 5
)

func boundedJobs() []*Job {
	var all []*Job
	for _, drop := range []bool{false, true} {
		policy := "block"
		if drop {
			policy = "drop"
		}
		for _, producers := range []int{1, 8, 64} {
			job := &Job{
				Name: fmt.Sprintf("Bounded/policy=%s,producers=%d", policy, producers), Base: "bsp",
				Figures: []string{"ns/span", "p99-ns", "allocs/span", "lost-%"},
			}
			for _, m := range []binMaker{
				{"tailrace", discardTailrace}, {"tailrace-encoding", encodeTailrace}, {"bsp", holdBSP},
				{"exporterhelper-built", holdExporterhelperBuilt}, {"chan", holdChan},
			} {
				job.Impls = append(job.Impls, Impl{m.name, func() ([]float64, error) {
					return bounded(m, drop, producers, boundedSpans, boundedRepeats)
				}})
			}
			all = append(all, job)
		}
	}
	return all
}

func bounded(m binMaker, drop bool, producers, spans, repeats int) ([]float64, error) {
	figures, err := handOff(m, task{batch: boundedBatch, queue: boundedQueue, drop: drop}, producers, spans, repeats)
	if err != nil {
		return nil, err
	}
	lost := len(figures) - 1
	figures[lost] *= 100 / float64(spans)
	return figures, nil
}

// discardTailrace is what our exporter is made of as far as that goes: an emitter, a batch, and a sink that only counts.
func discardTailrace(t task) (*bin, error) {
	overflow := pipeline.Block
	if t.drop {
		overflow = pipeline.DropNewest
	}
	var got tally
	p := pipeline.New(pipeline.Config{Name: "bounded"})
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{Queue: t.queue, Overflow: overflow})
	batches := pipeline.Via(pipeline.From(p, emitter), stages.Batch[*span.Span](stages.BatchConfig{MaxItems: t.batch, MaxWait: flushAfter}))
	pipeline.To(batches, sink.Each(func(batch pipeline.Batch[*span.Span]) { got.Spans += len(batch) }))
	ctx, done := context.Background(), make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	records := t.payload.records
	return &bin{
		handOver: func(i int) error { return emitter.Emit(ctx, records[i%len(records)]) },
		end: func() (tally, error) {
			emitter.Close()
			err := <-done
			if t.drop {
				err = nil // what was dropped, which the tally says
			}
			if l := p.Ledger(); err == nil && (l.Delivered != int64(got.Spans) || l.Balance() != 0) {
				err = fmt.Errorf("%d spans came, the ledger says %+v", got.Spans, l)
			}
			return got, err
		},
	}, nil
}

// encodeTailrace is the whole exporter, with a transport that answers at once. It also encodes, which the senders of the
// others, that do nothing, do not.
func encodeTailrace(t task) (*bin, error) {
	overflow := observability.OverflowBlock
	if t.drop {
		overflow = observability.OverflowDropNewest
	}
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		IgnoreEnv: true, AccessToken: fakeToken, TracesEndpoint: "http://localhost/spans/publish", Logger: slog.New(slog.DiscardHandler),
		Transport: swallow{}, MaxBatchSize: t.batch, MaxBatchWait: flushAfter, Queue: t.queue,
		Overflow: overflow, Compression: observability.CompressNone,
	})
	if err != nil {
		return nil, err
	}
	ctx, records := context.Background(), t.payload.records
	return &bin{
		handOver: func(i int) error { return e.Export(ctx, records[i%len(records)]) },
		end: func() (tally, error) {
			err := e.Shutdown(ctx)
			if t.drop {
				err = nil
			}
			return tally{Spans: int(e.Stats().Ledger.Delivered)}, err
		},
	}, nil
}

// swallow answers every request at once and reads nothing.
type swallow struct{}

func (swallow) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}
