package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// rig is what a schedule runs through.
type rig interface {
	push(ctx context.Context, s *span.Span) error
	try(s *span.Span) error
	flush(ctx context.Context) error
	close(ctx context.Context) error
	stats() (pipeline.Stats, pipeline.Ledger)
	check() error // of the account, once it is closed
}

// maxBackoff is the longest pause between two tries.
const maxBackoff = 30 * time.Second

func newRig(w *world) (rig, error) {
	if w.s.Chain {
		return newChain(w), nil
	}
	r, err := w.newExporter(new(life), observability.CloudSpool{})
	return r, err
}

// exporter is what users get.
type exporter struct{ *observability.CloudExporter }

// newExporter makes one that is cut off, and whose losses are nobody's, when its life is over.
func (w *world) newExporter(l *life, spool observability.CloudSpool) (exporter, error) {
	s := w.s
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{
		AccessToken: fakeToken, IgnoreEnv: true, TracesEndpoint: w.collector.URL(),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if l.dead.Load() {
				return nil, errDead
			}
			return w.dial(ctx, network, address)
		},
		MaxBatchSize: s.BatchItems, MaxBatchWait: s.BatchWait, MaxBatchBytes: 64 << 10, MaxBytes: s.MaxBytes,
		Queue: s.Queue, Overflow: observability.CloudOverflow(s.Overflow),
		Senders: s.Senders, MaxSenders: s.MaxSenders, Timeout: s.Timeout, MaxRetries: s.MaxRetries,
		Compression: observability.CloudCompression(s.Compression),
		Rand:        source1(s), Instance: "sim", Logger: slog.New(&lossCounter{w}), Spool: spool,
		OnLoss: func(stage, reason string, item any) {
			// What the endpoint has refused for good is lost even where the process did not live to say so.
			if !l.dead.Load() || reason == pipeline.ReasonRejected || reason == pipeline.ReasonTooLarge {
				w.lose(stage, reason, item)
			}
		},
	})
	return exporter{e}, err
}

// source1 is where the pauses of a run come from.
func source1(s *Schedule) rand.Source { return rand.NewPCG(s.Seed, 1) }

func (e exporter) push(ctx context.Context, s *span.Span) error { return e.Export(ctx, s) }
func (e exporter) try(s *span.Span) error                       { return e.TryExport(s) }
func (e exporter) flush(ctx context.Context) error              { return e.Flush(ctx) }
func (e exporter) close(ctx context.Context) error              { return e.Shutdown(ctx) }
func (e exporter) stats() (pipeline.Stats, pipeline.Ledger) {
	s := e.Stats()
	return s.Pipeline, s.Ledger
}

func (e exporter) check() error {
	stats := e.Stats()
	err := pipelinetest.CheckAtRest(stats.Pipeline)
	if stats.Bytes != 0 {
		err = errors.Join(err, errors.New("bytes are charged after Shutdown"))
	}
	return err
}

// lossCounter is a log that adds up what it says is lost.
type lossCounter struct{ w *world }

func (c *lossCounter) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}
func (c *lossCounter) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c *lossCounter) WithGroup(string) slog.Handler      { return c }
func (c *lossCounter) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "cloud exporter: spans lost" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "lost" {
			c.w.mu.Lock()
			c.w.lines += a.Value.Int64()
			c.w.mu.Unlock()
		}
		return true
	})
	return nil
}

// chain is a pipeline of the same parts, with a stage of a user's in front.
type chain struct {
	w       *world
	run     *pipeline.Pipeline
	emitter *source.Emitter[*span.Span]
	sender  *sink.HTTPSender
	done    chan struct{}
	err     error
}

func newChain(w *world) *chain {
	s := w.s
	overflow := pipeline.Block
	for _, policy := range []pipeline.Overflow{pipeline.DropNewest, pipeline.DropOldest} {
		if policy.String() == s.Overflow {
			overflow = policy
		}
	}
	cfg := sink.HTTPConfig{
		Endpoint: w.collector.URL() + "/ai/spans/publish", Header: http.Header{
			"Authorization":                       {"Bearer " + fakeToken},
			"X-Mastra-Observability-Capabilities": {"quota-pause-v1"}, // else a quota that is used up is not told
		},
		Senders: s.Senders, MaxSenders: s.MaxSenders, Timeout: s.Timeout,
		Retry: sink.RetryConfig{Max: maxBackoff, MaxRetries: s.MaxRetries},
		Recompress: func(encoding string, plain []byte) ([]byte, error) {
			return compressions[encoding].Append(nil, plain)
		},
		DialContext: w.dial, Rand: source1(s),
	}
	if !s.NoProbe {
		cfg.Probe = span.V1.AppendClose(span.V1.AppendOpen(nil))
	}
	c := &chain{w: w, sender: sink.NewHTTP(cfg), done: make(chan struct{})}
	c.emitter = source.NewEmitter[*span.Span](source.EmitterConfig{Queue: s.Queue, Overflow: overflow})
	c.run = pipeline.New(pipeline.Config{Name: "sim", MaxBytes: s.MaxBytes, MaxItemBytes: 4 << 10, OnLoss: w.lose})

	items := pipeline.From(c.run, c.emitter)
	items = pipeline.Via(items, c.users(), pipeline.Queue(4))
	batches := pipeline.Via(items, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: s.BatchItems, MaxWait: s.BatchWait}), pipeline.Queue(16))
	bodies := pipeline.Via(batches, stages.Encode(span.V1, stages.EncodeConfig{MaxBytes: 64 << 10}))
	bodies = pipeline.Via(bodies, stages.CompressBy(c.choose), pipeline.Workers(max(s.Workers, 1)), pipeline.Queue(1))
	pipeline.To(bodies, c.sender.Sink(), pipeline.Queue(1))
	go func() {
		defer close(c.done)
		c.err = c.run.Run(context.Background())
	}()
	return c
}

// compressions are those that a schedule may ask for, by Content-Encoding.
var compressions = map[string]stages.Compression{"none": stages.None, "gzip": stages.Gzip, "zstd": stages.Zstd}

// choose is asked for each body. It is as slow as the schedule says.
func (c *chain) choose() stages.Compression {
	if f, ok := c.w.faultFor("item", 0, 1); ok && f.Kind == "slow" && !c.w.healed.Load() {
		c.w.reached(compressing)
		time.Sleep(f.Wait)
	}
	return compressions[c.w.s.Compression]
}

// users is the stage of a user's, with the faults of items.
func (c *chain) users() pipeline.Stage[*span.Span, *span.Span] {
	if c.w.s.Actor {
		return pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[*span.Span], out *pipeline.Outlet[*span.Span]) error {
			for s := range in.All() {
				switch keep, err := c.treat(s); {
				case err != nil:
					in.Failed(s, err)
				case !keep:
					in.Filtered(s)
				default:
					if err := out.Send(s); err != nil {
						return err
					}
				}
			}
			return in.Err()
		}).Named("user")
	}
	return pipeline.Operator(func(s *span.Span, emit func(*span.Span)) {
		if keep, _ := c.treat(s); keep {
			emit(s)
		}
	}).Named("user")
}

var errTreat = errors.New("sim: it is told to fail")

// treat is what the user's stage does with an item: it passes on, filters, panics, exits, fails or is slow.
func (c *chain) treat(s *span.Span) (keep bool, err error) {
	n, err := numberOf(string(s.ID))
	if err != nil {
		return false, err
	}
	if f, ok := c.w.faultFor("item", n+1, 1); ok && !c.w.healed.Load() {
		switch f.Kind {
		case "panic":
			panic(errTreat)
		case "goexit":
			runtime.Goexit()
		case "fail":
			if c.w.s.Actor {
				return false, errTreat
			}
		case "slow":
			time.Sleep(f.Wait)
		}
	}
	return !c.w.filtered(n), nil
}

// filtered reports whether the user's stage filters an item.
func (w *world) filtered(n int) bool { return w.s.Chain && w.s.Filter > 0 && n%w.s.Filter == 0 }

func (c *chain) push(ctx context.Context, s *span.Span) error { return c.emitter.Emit(ctx, s) }
func (c *chain) try(s *span.Span) error                       { return c.emitter.TryEmit(s) }
func (c *chain) flush(ctx context.Context) error              { return c.run.Flush(ctx) }
func (c *chain) close(ctx context.Context) error {
	_ = c.run.Shutdown(ctx) // what Run returns
	<-c.done
	return c.err
}

func (c *chain) stats() (pipeline.Stats, pipeline.Ledger) {
	s := c.run.Stats()
	return s, s.Ledger
}

func (c *chain) check() error { return pipelinetest.Check(c.run) }
