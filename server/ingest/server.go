package ingest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
)

// Server takes requests in and has a store keep what they bring. Its routes may be called before Run, and wait for it;
// after it they answer 503.
type Server struct {
	cfg       Config
	entry     *source.Emitter[*request]
	pipe      *pipeline.Pipeline
	reading   *intake.Room
	slow      atomic.Int64 // bytes of the bodies that take long to arrive
	grpc      http.Handler
	unpacks   chan struct{}         // has one for each message of gRPC that is being unpacked
	measures  chan *intake.Unpacker // has one for each body that may be measured at once
	quotas    quotas
	forgotten forgotten
	reports   reports
	ledger    ledger
	log       quiet
}

// New makes a server. The error matches [ErrConfig] and names the field.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, reading: intake.NewRoom(cfg.MaxReading), unpacks: make(chan struct{}, cfg.Decoders),
		measures: make(chan *intake.Unpacker, cfg.Decoders),
		quotas:   quotas{store: cfg.Store, now: cfg.Now}, log: quiet{log: cfg.Log},
		entry: source.NewEmitter[*request](source.EmitterConfig{}),
	}
	for range cap(s.measures) {
		s.measures <- new(intake.Unpacker)
	}
	s.pipe = pipeline.New(pipeline.Config{
		Name: "ingest", MaxBytes: cfg.MaxBytes, DrainTimeout: cfg.DrainTimeout, OnLoss: s.lost,
	})
	most, _, err := intake.WireLimit("", cfg.Limits)
	if err != nil {
		return nil, err
	}
	s.grpc = otlp.NewHandler(most, s.export)
	requests := pipeline.From(s.pipe, s.entry, pipeline.Name("requests"))
	decoded := pipeline.Via(requests, s.decode(), pipeline.Workers(cfg.Decoders))
	checked := pipeline.Via(decoded, s.check())
	pipeline.To(checked, sink.Func(s.append).Named("store"), pipeline.Workers(cfg.Appenders), pipeline.OnError(pipeline.Skip))
	return s, nil
}

// Run takes in until ctx ends, and then finishes what has arrived; what is not done after DrainTimeout is answered with
// 503. End the HTTP server first, or have it refuse: requests that come later get 503. Every request that Run leaves
// behind was answered, so one that could not be stored is no error of Run's. Run may be called once.
func (s *Server) Run(ctx context.Context) error { return withoutLosses(s.pipe.Run(ctx)) }

// withoutLosses takes the account of lost items out of what Pipeline.Run returns: whoever sent them was told.
func withoutLosses(err error) error {
	var loss *pipeline.LossError
	joined, several := err.(interface{ Unwrap() []error })
	if !several || !errors.As(err, &loss) {
		return err
	}
	var rest []error
	for _, e := range joined.Unwrap() {
		if e != error(loss) { //nolint:errorlint // itself
			rest = append(rest, e)
		}
	}
	return errors.Join(rest...)
}

// Stats says what the server did since it was made.
func (s *Server) Stats() Stats {
	stats := s.ledger.stats()
	stats.Pipeline = s.pipe.Stats()
	stats.Bytes, stats.MaxBytes = stats.Pipeline.Bytes, int64(s.cfg.MaxBytes)
	stats.Reading, stats.MaxRead = s.reading.InUse(), int64(s.cfg.MaxReading)
	stats.Waiting = s.entry.Waiting()
	stats.Quotas = s.quotas.stats()
	return stats
}
