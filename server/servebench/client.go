package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/child"
	"github.com/tailrace-go/tailrace/server/store/storetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// sent is what became of spans that a client sent.
type sent struct {
	ledger     pipeline.Ledger
	took, made time.Duration // made: by the generator, which stands for the traced program
	cpu        time.Duration // of this process, with the generator
}

// send generates traces until n spans are made (n < 0: until ctx ends) and sends them. It returns when all are delivered.
// Equal seeds send equal spans.
func send(ctx context.Context, c config, s *child.Server, seed uint64, start time.Time, n int) (sent, error) {
	var result sent
	traces := max(c.spans/10, 1)
	g := storetest.NewGenerator(seed, start)
	g.Step = time.Duration(c.hours * float64(time.Hour) / float64(traces))
	var trace []*span.Span
	count := 0
	next := func(ctx context.Context, item **span.Span) error {
		if count == n || ctx.Err() != nil {
			return io.EOF
		}
		if len(trace) == 0 {
			began := time.Now()
			for _, made := range g.Trace() {
				trace = append(trace, made.Span)
			}
			result.made += time.Since(began)
		}
		*item, trace = trace[0], trace[1:]
		count++
		return nil
	}
	p := pipeline.New(pipeline.Config{Name: "servebench", MaxBytes: 64 << 20})
	sender := sink.NewHTTP(sink.HTTPConfig{
		Endpoint: s.URL() + "/ai/spans/publish", Header: http.Header{"Authorization": {"Bearer " + s.Token}},
		Senders: c.senders, MaxSenders: c.senders,
		Retry: sink.RetryConfig{Min: 20 * time.Millisecond, Max: 500 * time.Millisecond},
	})
	batches := pipeline.Via(pipeline.From(p, source.Pull(next)), stages.Batch[*span.Span](stages.BatchConfig{MaxItems: c.batch}))
	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{MaxBytes: 7 << 19}))
	packed := pipeline.Via(bodies, stages.Compress(c.packing), pipeline.Workers(2))
	pipeline.To(packed, sender.Sink())

	began, cpu := time.Now(), ownCPU()
	err := p.Run(ctx)
	result.took, result.cpu, result.ledger = time.Since(began), ownCPU()-cpu, p.Stats().Ledger
	if l := result.ledger; err == nil && l.Delivered != l.Accepted+l.Made {
		err = fmt.Errorf("%d spans were made and %d delivered", l.Accepted+l.Made, l.Delivered)
	}
	return result, err
}
