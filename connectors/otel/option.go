package otel

import (
	"log/slog"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
)

// Option says more about a [SpanProcessor] or a [SpanExporter].
type Option func(*settings)

// settings is what options come to.
type settings struct {
	name     string
	queue    int
	overflow pipeline.Overflow
	logger   *slog.Logger
	keep     bool
	chain    []observability.Processor
}

// maxQueue is the longest queue: what the engine takes.
const maxQueue = 1 << 20

func settingsOf(opts []Option) settings {
	s := settings{name: "otel", queue: 4096, overflow: pipeline.DropNewest}
	for _, o := range opts {
		if o != nil {
			o(&s)
		}
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	return s
}

// WithName names the processor's pipeline in statistics, metrics and profiles. It is "otel" unless set.
func WithName(name string) Option {
	return func(s *settings) {
		if name != "" {
			s.name = name
		}
	}
}

// WithQueue says how many finished spans may wait to be exported, at most 1048576. It is 4096 unless set; n below 1
// changes nothing.
func WithQueue(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.queue = min(n, maxQueue)
		}
	}
}

// WithOverflow says what becomes of a span that ends while the queue is full. By default it is dropped, and counted:
// tracing never stalls the program. pipeline.DropOldest drops the one that waits longest in its place, and
// pipeline.Block has End wait, as BatchSpanProcessor's WithBlocking does.
func WithOverflow(o pipeline.Overflow) Option {
	return func(s *settings) {
		if o <= pipeline.DropOldest {
			s.overflow = o
		}
	}
}

// WithLogger says where losses are told, at most one line in ten seconds; nil means slog.Default(). Nothing of a span
// is ever logged.
func WithLogger(l *slog.Logger) Option { return func(s *settings) { s.logger = l } }

// KeepExporter leaves the exporter to its other users: Shutdown flushes it, and does not shut it down. It is for an
// exporter that a Tracer of package observability has too.
func KeepExporter() Option { return func(s *settings) { s.keep = true } }

// WithProcessors runs processors in order on each span before it is exported, as those of an
// [observability.Instance]: they may change it, or turn it away, which counts as filtered; a span on which one returns an
// error or panics goes nowhere. Nil ones are left out. Given again, it adds.
func WithProcessors(p ...observability.Processor) Option {
	return func(s *settings) {
		for _, one := range p {
			if one != nil {
				s.chain = append(s.chain, one)
			}
		}
	}
}
