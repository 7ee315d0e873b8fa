package exporters

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// onEndJobs are what the end of a span costs a program that traces with OpenTelemetry's SDK: OnEnd of our processor and
// of BatchSpanProcessor, with snapshots that were made before and a queue that has room for all of them, from which
// nothing is sent. In tailrace-exporting the spans are converted and counted meanwhile, on the pipeline's goroutine,
// which then takes its share of the processors.
func onEndJobs() []*Job {
	var all []*Job
	for _, producers := range []int{1, 8, 64} {
		job := &Job{Name: fmt.Sprintf("OnEnd/producers=%d", producers), Base: "bsp", Figures: handOffFigures}
		for _, m := range []binMaker{{"tailrace", endTailrace}, {"tailrace-exporting", endTailraceExporting}, {"bsp", holdBSP}} {
			job.Impls = append(job.Impls, Impl{m.name, func() ([]float64, error) {
				return handOff(m, task{batch: handOffQueue, queue: handOffQueue, drop: true}, producers, handOffSpans, handOffRepeats)
			}})
		}
		all = append(all, job)
	}
	return all
}

// endTailrace exports nothing. At the end it is shut down with no time for that, and says how many it gave up.
func endTailrace(t task) (*bin, error) {
	p, handOver := ended(t, holding{})
	return &bin{handOver: handOver, end: func() (tally, error) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = p.Shutdown(ctx) // all that was lost
		l := p.Ledger()
		if l.Balance() != 0 || l.Accepted != l.Failed+l.Abandoned {
			return tally{}, fmt.Errorf("the ledger says %+v", l)
		}
		return tally{Spans: int(l.Lost())}, nil
	}}, nil
}

func endTailraceExporting(t task) (*bin, error) {
	e := new(counted)
	p, handOver := ended(t, e)
	return &bin{handOver: handOver, end: func() (tally, error) {
		err := p.Shutdown(context.Background())
		return e.got, err
	}}, nil
}

func ended(t task, e observability.Exporter) (*otel.SpanProcessor, func(i int) error) {
	p, snapshots := otel.NewSpanProcessor(e, otel.WithQueue(t.queue), otel.WithLogger(slog.New(slog.DiscardHandler))), t.payload.snapshots
	return p, func(i int) error {
		p.OnEnd(snapshots[i%len(snapshots)])
		return nil
	}
}

// holding is an exporter that takes nothing.
type holding struct{}

func (holding) Export(ctx context.Context, _ *span.Span) error { <-ctx.Done(); return ctx.Err() }
func (holding) Flush(context.Context) error                    { return nil }
func (holding) Shutdown(context.Context) error                 { return nil }

// counted is an exporter that only counts.
type counted struct {
	holding
	got tally
}

func (c *counted) Export(_ context.Context, s *span.Span) error {
	id, _ := s.ID.Bytes()
	c.got.add(id)
	return nil
}
