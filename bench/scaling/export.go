package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/bench/jobs"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// swallow is a transport that reads each request and accepts it: neither a socket nor a server is in the figures.
type swallow struct{}

func (swallow) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}, r.Body.Close()
}

// hang is a transport that never answers.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, errors.Join(r.Context().Err(), r.Body.Close())
}

// newExporter adds to cfg what all exporters here have.
func newExporter(transport http.RoundTripper, cfg observability.CloudExporterConfig) (*observability.CloudExporter, error) {
	cfg.IgnoreEnv, cfg.AccessToken = true, "fake-token-of-a-benchmark"
	cfg.TracesEndpoint = "http://127.0.0.1/spans/publish"
	cfg.Transport, cfg.Overflow = transport, observability.OverflowBlock
	cfg.MaxBatchWait = time.Minute // batches are full, or the last
	cfg.Logger = slog.New(slog.DiscardHandler)
	return observability.NewCloudExporter(cfg)
}

// produce hands n spans to e, the given ones again and again, from so many goroutines.
func produce(e *observability.CloudExporter, spans []*span.Span, producers, n int) error {
	var once sync.Once
	var failed error
	jobs.Produce(producers, n, func(from, to int) {
		for i := from; i < to; i++ {
			if err := e.Export(context.Background(), spans[i%len(spans)]); err != nil {
				once.Do(func() { failed = err })
				return
			}
		}
	})
	return failed
}

// Bounds that no run reaches: the exporter only takes spans.
const (
	endlessBytes = 1 << 40
	endlessBatch = 1 << 36
)

// handOff is what the program that is traced waits for: Export of spans that are finished. There is room for all, and no
// batch is ever full: what is taken from the queue is put into one. What was handed over is then given up, outside of
// the time, which may well encode it: spans should be small.
func handOff(spans []*span.Span, producers, n int) workload {
	return workload{n, func(n int, timed func(func() error) error) error {
		e, err := newExporter(swallow{}, observability.CloudExporterConfig{
			Queue: n + 100, MaxBatchSize: n + 100, MaxBytes: endlessBytes, MaxBatchBytes: endlessBatch,
		})
		if err != nil {
			return err
		}
		err = timed(func() error { return produce(e, spans, producers, n) })
		return giveUp(e, n, err)
	}}
}

// queued is handOff for spans of any size: the endpoint does not answer, so that the queue is not emptied any more, and
// no span of those that count is encoded.
func queued(spans []*span.Span, producers, n int) workload {
	return workload{n, func(n int, timed func(func() error) error) error {
		const batch, ahead = 4, 1024 // spans, before those that count: more than fit between the queue and the endpoint
		e, err := newExporter(hang{}, observability.CloudExporterConfig{
			Queue: n + ahead + 100, MaxBatchSize: batch, MaxBytes: endlessBytes, MaxBatchBytes: 8 << 20,
			Senders: 1, MaxSenders: 1, Compression: observability.CompressNone,
		})
		if err != nil {
			return err
		}
		err = produce(e, spans, 1, ahead)
		for last := int64(-1); err == nil; time.Sleep(5 * time.Millisecond) { // until nothing moves
			now := taken(e)
			if now == last && now > 0 {
				break
			}
			last = now
		}
		if err == nil {
			err = timed(func() error { return produce(e, spans, producers, n) })
		}
		return giveUp(e, n+ahead, err)
	}}
}

// taken is how many spans have left the queue, which is the exporter's source.
func taken(e *observability.CloudExporter) int64 {
	stages := e.Stats().Pipeline.Stages
	if len(stages) == 0 {
		return 0
	}
	return stages[0].Out
}

// giveUp ends an exporter at once, and says if it has not taken n spans.
func giveUp(e *observability.CloudExporter, n int, err error) error {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	var lost *pipeline.LossError
	if end := e.Shutdown(now); end != nil && !errors.As(end, &lost) {
		err = errors.Join(err, end)
	}
	if got := e.Stats().Ledger.Accepted; err == nil && got != int64(n) {
		err = fmt.Errorf("%d spans were accepted, want %d", got, n)
	}
	return err
}

// endToEnd is everything but the network: from the first span handed over until Shutdown has returned, every span
// encoded, compressed and posted.
func endToEnd(cfg observability.CloudExporterConfig, spans []*span.Span, n int) workload {
	const producers = 8
	return workload{n, func(n int, timed func(func() error) error) error {
		e, err := newExporter(swallow{}, cfg)
		if err != nil {
			return err
		}
		err = timed(func() error {
			return errors.Join(produce(e, spans, producers, n), e.Shutdown(context.Background()))
		})
		if got := e.Stats().Ledger.Delivered; err == nil && got != int64(n) {
			err = fmt.Errorf("%d spans were delivered, want %d", got, n)
		}
		return err
	}}
}

// textBytes is how much text there is. No window of a compressor reaches over it.
const textBytes = 16 << 20

// text is made of words, the frequent ones first as in any language, so that it compresses by about three.
var text = sync.OnceValue(func() string {
	rng := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 4096)
	for i := range words {
		letters := make([]byte, 2+rng.IntN(9))
		for k := range letters {
			letters[k] = byte('a' + rng.IntN(26))
		}
		words[i] = string(letters)
	}
	zipf := rand.NewZipf(rng, 1.1, 4, uint64(len(words)-1))
	var w strings.Builder
	for w.Len() < textBytes {
		w.WriteString(words[zipf.Uint64()])
		w.WriteByte(' ')
	}
	return w.String()[:textBytes]
})

// finished returns different spans of about so many bytes each, half of them prompt and half completion, frozen as End
// leaves them: as many as there is text for, and 4096 at most.
func finished(bytes int) []*span.Span {
	all := text()
	half := max(bytes/2-80, 8) // ids, times and names have the rest
	spans := make([]*span.Span, min(4096, len(all)/(2*half)))
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for i := range spans {
		prompt := all[2*i*half : (2*i+1)*half]
		completion := all[(2*i+1)*half : (2*i+2)*half]
		s := &span.Span{
			TraceID: span.TraceID(fmt.Sprintf("%032x", i/10+1)), ID: span.ID(fmt.Sprintf("%016x", i+1)),
			Name: "chat", Start: start.Add(time.Duration(i) * time.Millisecond), End: start.Add(time.Duration(i+900) * time.Millisecond),
			Input: span.Text(prompt), Output: span.Text(completion),
		}
		s.Freeze()
		spans[i] = s
	}
	return spans
}

// count is how many spans of that size a run has.
func count(bytes int) int { return min(max(24<<20/bytes, 32), 20_000) }

// name of a compression in a series.
func named(c observability.CloudCompression) string {
	return "end to end, " + cmp.Or(string(c), "default")
}
