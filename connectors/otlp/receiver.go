package otlp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// Path is where OTLP over HTTP takes traces.
const Path = "/v1/traces"

// ReceiverConfig holds the settings of a [Receiver]. Its zero value works.
type ReceiverConfig struct {
	Limits intake.Limits // of one request

	// MaxBytes bounds the requests that are arriving or being decoded, counted as their bytes on the wire and twice those
	// in plain; 0 means 64 MiB. What the pipeline has taken is its own MaxBytes' concern.
	MaxBytes   int
	Queue      int           // requests that may wait for the pipeline; 0 means 64
	Timeout    time.Duration // for a body to arrive, before the answer is 408; 0 means 10 s
	MaxWait    time.Duration // for room, before the answer is 503; 0 means 1 s
	RetryAfter time.Duration // what a 503 says; 0 means 1 s
}

func (c ReceiverConfig) withDefaults() (ReceiverConfig, error) {
	c.MaxBytes, c.Queue = cmp.Or(c.MaxBytes, 64<<20), cmp.Or(c.Queue, 64)
	c.Timeout, c.MaxWait, c.RetryAfter = cmp.Or(c.Timeout, 10*time.Second), cmp.Or(c.MaxWait, time.Second), cmp.Or(c.RetryAfter, time.Second)
	for _, f := range []struct {
		name string
		bad  bool
		is   any
	}{
		{"MaxBytes", c.MaxBytes < 0, c.MaxBytes},
		{"Queue", c.Queue < 0, c.Queue},
		{"Timeout", c.Timeout < 0, c.Timeout},
		{"MaxWait", c.MaxWait < 0, c.MaxWait},
		{"RetryAfter", c.RetryAfter < 0, c.RetryAfter},
	} {
		if f.bad {
			return c, fmt.Errorf("%w: ReceiverConfig.%s is %v", intake.ErrConfig, f.name, f.is)
		}
	}
	l, err := c.Limits.WithDefaults()
	if err != nil {
		return c, fmt.Errorf("ReceiverConfig.Limits: %w", err)
	}
	c.Limits = l
	const around = 16 // bytes of a message of gRPC beyond its content
	if least := max(l.MaxBodyBytes, l.MaxWireBytes) + around; c.MaxBytes < least {
		return c, fmt.Errorf("%w: ReceiverConfig.MaxBytes is %d, and one request may have %d by its Limits", intake.ErrConfig, c.MaxBytes, least)
	}
	return c, nil
}

// Receiver takes OTLP traces over HTTP and gRPC, and is the source of a pipeline, in the place of a Collector.
//
// What one request brings enters the pipeline at once or not at all, so that no answer lies: 200 says that the pipeline
// has every span but the rejected ones, which the answer counts and a sender must not send again. Where there is no room
// within MaxWait, and after the end of the run, the answer is 503 with a Retry-After (over gRPC, Unavailable with a
// RetryInfo), and nothing was taken. A request that is larger than the pipeline's MaxBytes is 413.
//
// Requests that come before the run wait in the queue for it.
type Receiver struct {
	cfg   ReceiverConfig
	entry *pipeline.Entry[pipeline.Batch[*span.Span]]
	room  *intake.Room
	grpc  http.Handler
	ended atomic.Bool
	count receiverCounters
}

// NewReceiver makes a receiver. The error matches [intake.ErrConfig] and names the field.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Receiver{
		cfg: cfg, room: intake.NewRoom(cfg.MaxBytes),
		entry: pipeline.NewEntry[pipeline.Batch[*span.Span]](pipeline.EntryConfig{Queue: cfg.Queue}),
	}
	r.grpc = NewHandler(cfg.Limits.MaxBodyBytes, r.export)
	return r, nil
}

// Spans makes the receiver a source of p, and returns the spans one by one. It may be called once.
func (r *Receiver) Spans(p *pipeline.Pipeline) pipeline.Flow[*span.Span] {
	requests := pipeline.From(p, r, pipeline.Name("otlp"))
	return pipeline.Via(requests, pipeline.Operator(func(batch pipeline.Batch[*span.Span], emit func(*span.Span)) {
		for _, s := range batch {
			emit(s)
		}
	}).Named("spans"))
}

// Entry implements the engine's view of a source that accepts items ahead of sending them.
func (r *Receiver) Entry() *pipeline.Entry[pipeline.Batch[*span.Span]] { return r.entry }

// Feed implements [pipeline.Source], for the spans of a request as one item.
func (r *Receiver) Feed(_ context.Context, out *pipeline.Outlet[pipeline.Batch[*span.Span]]) error {
	r.ended.Store(false)
	defer r.ended.Store(true)
	return out.Forward(r.entry)
}

// Resume implements [pipeline.Resumable]: what waits is kept outside of Feed.
func (r *Receiver) Resume() {}

// ServeHTTP takes traces over HTTP at [Path], in protobuf and JSON, plain, gzip or zstd, and over gRPC at [Procedure], for
// which the server needs HTTP/2, in clear text or not. It is for a server of its own; in a router each path may be given
// to it alone.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.URL.Path == Procedure:
		r.serveGRPC(w, req)
	case req.URL.Path != Path:
		http.NotFound(w, req)
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
	default:
		r.serveHTTP(w, req)
	}
}
