package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// runner is one run of the command.
type runner struct {
	cfg    Config
	feed   *feed
	track  *tracker
	show   *display
	run    *pipeline.Pipeline
	sender *sink.HTTPSender // nil in a dry run
	turned chan struct{}    // holds a value when the sender's state has changed

	interrupted bool
	gaveUp      error // why the rest was abandoned
	giving      sync.WaitGroup
}

// Run sends the spans of all inputs and returns the account, which is exact even with an error. The end of ctx stops the
// reading; what was read is still sent. The error says everything that was not delivered, but for bad records and inputs,
// which are counted in the result. One that matches [pipeline.ErrConfig] says that nothing was done, because cfg is wrong.
func Run(ctx context.Context, cfg Config) (Result, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return Result{}, err
	}
	r := &runner{cfg: cfg, turned: make(chan struct{}, 1), track: newTracker(cfg.From)}
	r.show = newDisplay(cfg)
	r.feed = &feed{cfg: &r.cfg, track: r.track, tell: r.show.problem}
	r.build()

	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.run.Run(running) }()
	var helpers sync.WaitGroup
	helpers.Go(func() { r.checkpoints(running) })
	err = r.watch(ctx, ended)
	r.interrupted = ctx.Err() != nil
	stop()
	helpers.Wait()
	r.giving.Wait()
	if errors.Is(err, pipeline.ErrConfig) {
		return Result{}, err // nothing ran
	}
	result := r.result()
	if balance := result.Balance(); balance != 0 || result.InFlight != 0 {
		err = errors.Join(err, fmt.Errorf("send: the ledger does not add up: %+v leaves %d", result.Ledger, balance))
	}
	r.show.summary(result, r.sent())
	return result, errors.Join(r.gaveUp, err)
}

// build describes the pipeline: what anybody could write.
func (r *runner) build() {
	cfg := &r.cfg
	senders := cfg.Concurrency
	if senders == 0 {
		senders = 4
	}
	reserve := 2 * senders * cfg.MaxBodyBytes
	r.run = pipeline.New(pipeline.Config{
		Name: "send", MaxBytes: 64<<20 + reserve, MaxItemBytes: maxRecordBytes, OnLoss: r.track.lost,
	})
	spans := pipeline.From(r.run, r.feed, pipeline.Name("read"))
	batches := pipeline.Via(spans, stages.Batch[*span.Span](stages.BatchConfig{
		MaxItems: cfg.Batch, MaxBytes: cfg.MaxBodyBytes, MaxWait: time.Second,
	}), pipeline.Queue(256))
	bodies := pipeline.Via(batches, stages.Encode(cfg.Wire, stages.EncodeConfig{MaxBytes: cfg.MaxBodyBytes}))
	if cfg.DryRun {
		kept := pipeline.Via(bodies, stages.Filter(r.show.wouldSend))
		pipeline.To(kept, sink.Discard[*pipeline.Body]())
		return
	}

	coding := newNegotiation(cfg.Compression)
	header := http.Header{"X-Mastra-Observability-Capabilities": {"quota-pause-v1"}} // else a used-up quota is a 204 that stores nothing
	if cfg.Token != "" {
		header.Set("Authorization", "Bearer "+cfg.Token)
	}
	r.sender = sink.NewHTTP(sink.HTTPConfig{
		Endpoint: cfg.Endpoint, Header: header, AllowInsecure: cfg.AllowInsecure, DialContext: cfg.DialContext,
		Senders: cfg.Concurrency, MaxSenders: cfg.Concurrency,
		Probe: cfg.Wire.AppendClose(cfg.Wire.AppendOpen(nil)), ProbeType: cfg.Wire.ContentType(),
		Recompress: recompress, OnEncodings: coding.hear,
		Pause: quotaUsedUp, OnState: func(sink.HTTPState) { r.turn() },
	})
	if cfg.Compression != "none" {
		bodies = pipeline.Via(bodies, stages.CompressBy(coding.compression), pipeline.Workers(2), pipeline.Queue(1))
	}
	pipeline.To(bodies, r.sender.Sink(), pipeline.Queue(1), pipeline.Reserve(reserve))
}

// quotaUsedUp reads from an answer that nothing more is stored.
func quotaUsedUp(status int, header http.Header) (time.Duration, bool) {
	return 0, status == http.StatusPaymentRequired || header.Get("X-Mastra-Observability") == "disabled"
}

func (r *runner) turn() {
	select {
	case r.turned <- struct{}{}:
	default:
	}
}

// checkpoints asks every few seconds up to where everything is settled: for who looks, and so that the tracker can forget
// the rest.
func (r *runner) checkpoints(ctx context.Context) {
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			n := r.feed.next.Load()
			// A loss is counted before the tracker hears of it.
			if r.run.Flush(ctx) == nil && r.run.Ledger().Lost() == 0 {
				r.track.settled(n)
			}
		}
	}
}

// watch shows the run until it has ended, and returns its error.
func (r *runner) watch(ctx context.Context, ended <-chan error) error {
	ticker := time.NewTicker(r.show.interval())
	defer ticker.Stop()
	stopped, abandon, doing := ctx.Done(), r.cfg.Abandon, "sending"
	if r.cfg.DryRun {
		doing = "checking"
	}
	for {
		select {
		case err := <-ended:
			return err
		case <-stopped:
			stopped, doing = nil, "draining (Ctrl-C gives up)"
		case <-abandon:
			abandon = nil
			r.giveUp(errors.New("given up"))
		case <-r.turned:
		case <-ticker.C:
		}
		trouble := r.judge()
		r.show.progress(r.snapshot(), doing+trouble)
	}
}

// judge gives up if the endpoint leaves no hope. It returns what is wrong with it for the time being.
func (r *runner) judge() string {
	if r.sender == nil {
		return ""
	}
	s := r.sender.State()
	if s.Mode == sink.Sending {
		return ""
	}
	if r.gaveUp == nil {
		down := time.Since(s.Since)
		switch {
		case s.Mode == sink.Paused:
			r.giveUp(fmt.Errorf("somebody has to act before the endpoint takes spans (try tailrace verify): %w", s.Err))
		case r.cfg.GiveUpAfter > 0 && down >= r.cfg.GiveUpAfter:
			r.giveUp(fmt.Errorf("the endpoint was down for %v: %w", down.Round(time.Second), s.Err))
		}
	}
	return fmt.Sprintf(", %v: %v", s.Mode, s.Err)
}

// giveUp ends the run at once.
func (r *runner) giveUp(why error) {
	if r.gaveUp != nil {
		return
	}
	r.gaveUp = why
	r.giving.Go(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = r.run.Shutdown(now) // Run returns the same
	})
}

func (r *runner) snapshot() snapshot {
	return snapshot{Ledger: r.run.Stats().Ledger, read: r.feed.read.Load(), bad: r.feed.bad.Load(), next: r.feed.next.Load(), settled: r.track.known()}
}

// sent is the number of bytes that went out, or would have.
func (r *runner) sent() int64 {
	if r.sender == nil {
		return r.show.dry.Load()
	}
	return r.sender.Stats().Bytes
}
