package observability

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// CloudExporter sends spans to Mastra Cloud, or to any endpoint of that kind, in compressed batches.
// Its methods are safe for concurrent use.
//
// It is a pipeline that anybody could write: an emitter, stages.Batch, stages.Encode,
// stages.CompressWith and sink.HTTP, which run from New to Shutdown. Whatever is accepted is delivered
// or is in a column of the ledger, with a reason.
//
// While the endpoint is away, or refuses the token, or a quota is used up, spans are kept within
// CloudExporterConfig.MaxBytes and sent later. What that does not hold is dropped by
// CloudExporterConfig.Overflow, and counted. With CloudExporterConfig.Spool they are on disk
// instead, and outlive the process.
type CloudExporter struct {
	cfg      cloudSetup
	log      *cloudLog
	made     time.Time
	refused  atomic.Int64 // spans that came no further than Export
	filtered atomic.Int64 // spans that a disabled exporter took

	// All of these are nil if it is disabled.
	run     *pipeline.Pipeline
	emitter *source.Emitter[*span.Span]
	sender  *sink.HTTPSender
	tokens  *tokens
	coding  *negotiation
	spool   *spool.Dir    // nil without one
	renew   chan struct{} // holds a value when the token was refused
	done    chan struct{} // closed when the run is over

	ended  time.Time // of the run; to be read after done
	runErr error     // what the run returned, likewise
	closed atomic.Bool

	lastReport sync.Once
}

// NewCloudExporter starts an exporter, which runs until Shutdown. An error names the field, or the
// variable, that is wrong; it matches pipeline.ErrConfig, or is [ErrNoToken].
func NewCloudExporter(cfg CloudExporterConfig) (*CloudExporter, error) {
	setup, err := cfg.withDefaults()
	e := &CloudExporter{cfg: setup, made: time.Now()}
	e.log = newCloudLog(setup.logger, setup.LogLevel)
	switch {
	case errors.Is(err, ErrNoToken) && cfg.Optional:
		e.log.disabled()
		return e, nil
	case err != nil:
		return nil, err
	}
	if err := e.openSpool(); err != nil {
		return nil, err
	}
	e.build()
	if err := e.start(); err != nil {
		return nil, err
	}
	e.log.started(&setup)
	return e, nil
}

// build describes the pipeline. Nothing of it is out of a user's reach.
func (e *CloudExporter) build() {
	cfg := &e.cfg
	e.done, e.renew = make(chan struct{}), make(chan struct{}, 1)
	e.coding = newNegotiation(cfg.Compression)
	e.tokens = newTokens(cfg.ask, func() bool { return tokenRefused(e.sender.State()) })
	e.emitter = source.NewEmitter[*span.Span](source.EmitterConfig{Queue: cfg.Queue, Overflow: cfg.overflow})
	e.sender = sink.NewHTTP(sink.HTTPConfig{
		Endpoint:      cfg.target.String(),
		Header:        http.Header{quotaCapabilities: {quotaPauseV1}},
		Authorize:     e.tokens.authorize,
		AllowInsecure: cfg.AllowInsecure,
		Senders:       cfg.Senders,
		MaxSenders:    cfg.MaxSenders,
		Timeout:       cfg.Timeout,
		Retry:         sink.RetryConfig{MaxRetries: cfg.MaxRetries, MaxElapsed: cfg.MaxElapsed},
		Probe:         cfg.Wire.AppendClose(cfg.Wire.AppendOpen(nil)),
		ProbeType:     cfg.Wire.ContentType(),
		Recompress:    recompress,
		Decompress:    decompress,
		Spool:         e.spoolConfig(),
		DialContext:   cfg.DialContext,
		TLS:           cfg.TLS,
		Transport:     cfg.Transport,
		Pause:         readQuota,
		OnEncodings:   e.hear,
		OnResult:      e.log.result,
		OnState:       e.turn,
		Report:        func() pipeline.Ledger { return e.run.Ledger() },
		Instance:      cfg.Instance,
		Rand:          cfg.Rand,
	})

	e.run = pipeline.New(pipeline.Config{
		Name: "cloud", DrainTimeout: cfg.DrainTimeout,
		MaxBytes: cfg.MaxBytes, MaxItemBytes: cfg.MaxSpanBytes, OnLoss: e.lose,
	})
}

// start runs the pipeline and returns when it takes spans.
func (e *CloudExporter) start() error {
	cfg, began := &e.cfg, make(chan struct{})
	spans := pipeline.From(e.run, feed{e.emitter, sync.OnceFunc(func() { close(began) })}, pipeline.Name("queue"))
	// Short links from here on: what waits, waits in the queue, where the overflow policy reaches it.
	batches := pipeline.Via(spans, stages.Batch[*span.Span](stages.BatchConfig{
		MaxItems: cfg.MaxBatchSize, MaxBytes: cfg.MaxBatchBytes, MaxWait: cfg.MaxBatchWait,
	}), pipeline.Queue(min(cfg.Queue, 256)))
	encode := stages.Encode(cfg.Wire, stages.EncodeConfig{MaxBytes: cfg.MaxBatchBytes})
	var bodies pipeline.Flow[*pipeline.Body]
	if cfg.Compression == CompressNone {
		bodies = pipeline.Via(batches, encode)
	} else { // what is compressed was just written, on the same processor, into a buffer that is then the next body's
		bodies = pipeline.Via(batches, encode, pipeline.Workers(cfg.packers()), pipeline.Queue(1))
		compress := stages.CompressWith(stages.CompressConfig{Choose: e.coding.compression, DropPlain: true})
		bodies = pipeline.Via(bodies, compress, pipeline.Inline())
	}
	pipeline.To(bodies, e.sender.Sink(), pipeline.Queue(1), pipeline.Reserve(cfg.reserved()))

	go e.live(began)
	select {
	case <-began:
		return nil
	case <-e.done: // the graph was not built
		return e.runErr
	}
}

// feed is the emitter, and says when the run has begun.
type feed struct {
	*source.Emitter[*span.Span]
	began func()
}

// Feed implements [pipeline.Source].
func (f feed) Feed(ctx context.Context, out *pipeline.Outlet[*span.Span]) error {
	f.began()
	return f.Emitter.Feed(ctx, out)
}

// live is the exporter's goroutine: the run, and beside it what renews tokens.
func (e *CloudExporter) live(began <-chan struct{}) {
	defer close(e.done)
	ctx, cancel := context.WithCancel(context.Background())
	var helpers sync.WaitGroup
	helpers.Go(func() { e.renewTokens(ctx) })
	e.runErr = e.run.Run(context.Background()) // Shutdown ends it
	cancel()
	helpers.Wait()
	e.closeSpool()
	e.ended = time.Now()
	select {
	case <-began:
		e.log.ended(e.Stats(), e.runErr)
	default: // there was nothing to end
	}
}

// renewTokens asks for another token as soon as one was refused. Without, the next probe would.
func (e *CloudExporter) renewTokens(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.renew:
			if e.tokens.another(ctx) {
				e.sender.Wake()
			}
		}
	}
}

// turn is told of each change of the sender's state.
func (e *CloudExporter) turn(s sink.HTTPState) {
	e.log.state(s)
	if tokenRefused(s) {
		select {
		case e.renew <- struct{}{}:
		default:
		}
	}
}

// tokenRefused reports whether the sending is paused for want of another token.
func tokenRefused(s sink.HTTPState) bool {
	if s.Mode != sink.Paused { // as nearly always, and what follows allocates
		return false
	}
	var source *tokenError
	var status *sink.StatusError
	return errors.As(s.Err, &source) ||
		errors.As(s.Err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden)
}

func (e *CloudExporter) hear(encodings []string) {
	before := e.coding.compression()
	e.coding.hear(encodings)
	if now := e.coding.compression(); now != before {
		e.log.line(slog.LevelInfo, "cloud exporter: the endpoint wishes another compression", slog.String("compression", now.String()))
	}
}

// lose is told of each loss.
func (e *CloudExporter) lose(stage, reason string, item any) {
	items := int64(1)
	switch item := item.(type) {
	case interface{ Items() int }:
		items = int64(item.Items())
	case pipeline.Unknown:
		items = item.Items
	}
	e.log.losses.Add(reason, items)
	if e.cfg.OnLoss != nil {
		if body, ok := item.(*pipeline.Body); ok {
			showPlain(body)
		}
		e.cfg.OnLoss(stage, reason, item)
	}
}

// showPlain gives a lost body its plain bytes, which were given up when it was compressed.
func showPlain(body *pipeline.Body) {
	if body.Plain != nil || len(body.Parts) == 0 {
		return
	}
	// What we have compressed can be decompressed; what a spool had may be damaged, and has none.
	body.Plain, _ = decompress(body.ContentEncoding, body.Data, body.Parts[len(body.Parts)-1].To+plainSlack)
}

// plainSlack is more than what closes a body.
const plainSlack = 1 << 10

// Export hands s to the exporter. nil means that it was accepted and is now shared: nobody may
// change it any more. A span that [span.Span.Freeze] has not frozen is copied first, since the
// exporter does not write to a span and must not see it change.
//
// Export does not wait, unless Overflow is OverflowBlock; then it does until ctx ends. The errors:
// pipeline.ErrClosed after Shutdown, pipeline.ErrTooLarge for a span of more than MaxSpanBytes,
// ctx's own, and one for a nil span. With an error the span stays with the caller.
func (e *CloudExporter) Export(ctx context.Context, s *span.Span) error {
	s, err := e.admit(s)
	if err != nil || e.emitter == nil {
		return err
	}
	return e.emitter.Emit(ctx, s)
}

// TryExport is Export that never waits: where Export would, it returns pipeline.ErrFull. For a span
// that is frozen it allocates nothing.
func (e *CloudExporter) TryExport(s *span.Span) error {
	s, err := e.admit(s)
	if err != nil || e.emitter == nil {
		return err
	}
	return e.emitter.TryEmit(s)
}

// errNilSpan is what a caller without a span gets.
var errNilSpan = errors.New("observability: the span is nil")

// admit checks a span and returns what is to be queued.
func (e *CloudExporter) admit(s *span.Span) (*span.Span, error) {
	if s == nil {
		e.refused.Add(1)
		return nil, errNilSpan
	}
	if e.emitter == nil {
		if e.closed.Load() {
			e.refused.Add(1)
			return nil, pipeline.ErrClosed
		}
		e.filtered.Add(1)
		return s, nil
	}
	if err := e.fits(s); err != nil {
		return nil, err
	}
	if s.Frozen() {
		return s, nil
	}
	s = s.Clone()
	s.Freeze()
	return s, e.fits(s) // it may have become larger: what is no text takes three bytes in its place
}

// fits refuses a span that is too large, before anything of it is copied.
func (e *CloudExporter) fits(s *span.Span) error {
	if size := s.Size(); size > e.cfg.MaxSpanBytes {
		e.refused.Add(1)
		return &spanSizeError{size, e.cfg.MaxSpanBytes}
	}
	return nil
}

// spanSizeError says that a span is too large, without showing it.
type spanSizeError struct{ size, limit int }

func (e *spanSizeError) Error() string {
	return fmt.Sprintf("observability: the span has %d bytes, CloudExporterConfig.MaxSpanBytes is %d", e.size, e.limit)
}

// Is makes it match [pipeline.ErrTooLarge].
func (e *spanSizeError) Is(target error) bool { return target == pipeline.ErrTooLarge }

// Flush sends what was accepted before the call, full batch or not, and returns when all of it was
// delivered, spooled or accounted for, or when ctx ends, with an error that says what it waits for. Spans go
// on to be accepted meanwhile. After Shutdown it returns nil.
func (e *CloudExporter) Flush(ctx context.Context) error {
	if e.run == nil {
		return nil
	}
	return e.run.Flush(ctx)
}

// Shutdown ends the exporter: no more spans are accepted, and those that are there are sent, with
// one try at once for each request that waits for a retry. When ctx ends, or DrainTimeout has
// passed, the rest is abandoned: all of it, if ctx has ended before the call. With a spool it goes there
// instead, within 80 ms more, and what the disk has begun by then; an endpoint that is away by then is not
// waited for. Shutdown returns nil if every span got through or is spooled, else errors joined, of which one
// is a *pipeline.LossError with exact numbers; and the same to each of its callers. No goroutine of the
// exporter is left then, unless one is a *pipeline.StuckError: a disk, or a function of yours, has not
// answered for 10 s more.
func (e *CloudExporter) Shutdown(ctx context.Context) error {
	e.closed.Store(true)
	if e.run == nil {
		return nil
	}
	if e.spool != nil { // once the time is up there is none for compression
		defer context.AfterFunc(ctx, e.coding.end)()
		if limit := e.cfg.DrainTimeout; limit > 0 {
			defer time.AfterFunc(limit, e.coding.end).Stop()
		}
	}
	_ = e.run.Shutdown(ctx) // what the run returns
	<-e.done
	e.lastReport.Do(func() { e.report(ctx) })
	return e.runErr
}

// lastReportWithin bounds the last report.
const lastReportWithin = time.Second

// report tells an endpoint that wants to know how the run ended. What comes of that changes nothing.
func (e *CloudExporter) report(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastReportWithin)
	defer cancel()
	if ctx.Err() == nil {
		_ = e.sender.Report(ctx)
	}
}

// Verify asks the endpoint, with a request without spans, whether it would take some: a nil error
// means that address, certificate, token and quota are in order. It may be called at any time;
// spans that wait are then tried at once.
func (e *CloudExporter) Verify(ctx context.Context) error {
	if e.run == nil {
		return ErrNoToken
	}
	if err := e.sender.Verify(ctx); err != nil {
		return fmt.Errorf("observability: verify %s: %w", shown(e.cfg.target), err)
	}
	return nil
}

// Wake has what waits tried at once: there is a new token, or the endpoint is known to be back.
func (e *CloudExporter) Wake() {
	if e.run != nil {
		e.sender.Wake()
	}
}

// State returns how it goes.
func (e *CloudExporter) State() CloudState {
	if e.run == nil {
		return CloudState{Mode: CloudDisabled, Since: e.made, Err: ErrNoToken}
	}
	select {
	case <-e.done:
		state := CloudState{Mode: CloudClosed, Since: e.ended}
		if !e.closed.Load() {
			state.Err = e.runErr
		}
		return state
	default:
	}
	s := e.sender.State()
	if s.Since.IsZero() {
		s.Since = e.made
	}
	return CloudState{Mode: modeOf(s.Mode), Since: s.Since, Err: s.Err}
}

// Stats returns the counts as they are now.
func (e *CloudExporter) Stats() CloudStats {
	stats := CloudStats{State: e.State(), Replaced: span.Replaced()}
	if e.run == nil {
		n := e.filtered.Load()
		stats.Ledger = pipeline.Ledger{Accepted: n, Filtered: n, Refused: e.refused.Load()}
		return stats
	}
	stats.Pipeline = e.run.Stats()
	stats.HTTP = e.sender.Stats()
	stats.Spool = stats.HTTP.Spool
	stats.Ledger = stats.Pipeline.Ledger
	stats.Ledger.Refused += e.refused.Load()
	stats.Losses = stats.Pipeline.Losses
	stats.Bytes = stats.Pipeline.Bytes
	stats.Compression = e.coding.compression().String()
	return stats
}

// Format writes where spans go and how that goes, and no secret, whatever the verb.
func (e *CloudExporter) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "observability.CloudExporter(%s, %v)", shown(e.cfg.target), e.State().Mode)
}

// shown is what of a URL may be shown: not its query.
func shown(u *url.URL) string {
	if u == nil {
		return "no endpoint"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}
