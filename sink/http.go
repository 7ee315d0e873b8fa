package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/pipeline"
)

// HTTP posts each body to endpoint, with the defaults of [HTTPConfig]. [NewHTTP] takes settings
// and shows how the sending goes.
func HTTP(endpoint string) pipeline.Sink[*pipeline.Body] {
	return NewHTTP(HTTPConfig{Endpoint: endpoint}).Sink()
}

// HTTPSender posts bodies to one endpoint. Its methods are safe for concurrent use.
//
// It tries a body again until the endpoint accepts it, refuses it for good, or the limits of
// [RetryConfig] are reached; the table is in the package's documentation. Each try of a body has
// the same Idempotency-Key, 128 random bits in hex, so that a server can tell a repetition from
// new data: a body whose answer was lost is sent again, and only there can a server that ignores
// the key see something twice.
//
// Redirects are never followed. What is read of an answer is bounded, in bytes and in time.
type HTTPSender struct {
	cfg       HTTPConfig
	err       error // what is wrong with cfg
	transport http.RoundTripper
	own       *http.Transport // the same, if the sender made it

	gate   gate
	limit  sizeLimit
	coding coding
	count  counters
	runs   atomic.Int32 // that use it now
}

// NewHTTP makes a sender. An error in cfg is reported by the Run of the pipeline that uses it; it
// names the field, and never shows a header's value.
func NewHTTP(cfg HTTPConfig) *HTTPSender {
	cfg, err := cfg.withDefaults()
	s := &HTTPSender{cfg: cfg, err: err, transport: cfg.Transport}
	if s.transport == nil {
		s.own = cfg.newTransport()
		s.transport = s.own
	}
	s.gate.init(cfg)
	s.coding.onChange = cfg.OnEncodings
	return s
}

// Sink is where the bodies go in. Items of a body count as delivered when the endpoint has
// answered 2xx, without those that its answer calls rejected; these have failed. The sink takes no
// more bodies than it has senders: the others stay queued in its link.
//
// A body that the endpoint refuses for good is counted as failed, and the sink goes on with the
// others: its default policy is pipeline.Skip. The option [pipeline.OnError] can say otherwise.
//
// A Flush waits for every request and retry that began before it. When the run is told to end,
// whatever waits for its next try is tried at once, and then again with the usual pauses until the
// stages' context ends; what is then left is abandoned.
func (s *HTTPSender) Sink() pipeline.Sink[*pipeline.Body] {
	if s.err != nil {
		return pipeline.BadSink[*pipeline.Body]("http", s.err)
	}
	return pipeline.SinkActor(s.run).Named("http").WithPolicy(pipeline.Skip)
}

// run takes bodies and has each delivered by a helper of its own, at most Senders at once.
func (s *HTTPSender) run(ctx context.Context, in *pipeline.Inlet[*pipeline.Body]) (err error) {
	s.runs.Add(1)
	defer s.runs.Add(-1)
	ctx, cancel := context.WithCancel(ctx)
	r := &sending{HTTPSender: s, in: in, drain: in.Draining(), slots: make(chan int, s.cfg.Senders), cancel: cancel}
	for n := range s.cfg.Senders {
		r.slots <- n + 1
	}
	defer func() {
		if err != nil {
			cancel() // else a sender could sleep on beside a run that has failed
		}
		r.await(s.cfg.Senders)
		cancel()
		if s.own != nil {
			s.own.CloseIdleConnections()
		}
	}()
	in.OnMark(func() error {
		r.release(r.await(s.cfg.Senders - 1)) // the actor itself has the one that is left
		return nil
	})
	for {
		slot := <-r.slots // first, so that a body waits in the link, where others can judge it
		if r.panicked.Load() {
			r.slots <- slot
			return nil // the engine knows the panic and makes it the error
		}
		body, err := in.Recv()
		if err != nil {
			r.slots <- slot
			return in.Err()
		}
		if err := r.start(ctx, slot, body); err != nil {
			r.slots <- slot
			in.Failed(body, err)
			return err
		}
	}
}

// sending is one run of the sink.
type sending struct {
	*HTTPSender
	in     *pipeline.Inlet[*pipeline.Body]
	drain  <-chan struct{} // closed when the run is to end
	slots  chan int        // numbers of the senders that are free
	cancel context.CancelFunc

	panicked atomic.Bool // in a sender: a function that the user gave did
}

// start has body delivered by a goroutine of the run.
func (r *sending) start(ctx context.Context, slot int, body *pipeline.Body) error {
	return pipeline.Go(ctx, fmt.Sprintf("sender %d", slot), func(ctx context.Context) error {
		clean := false
		r.count.sending.Add(1)
		defer func() {
			if !clean {
				r.panicked.Store(true)
				r.cancel() // the others must not keep a run that has failed
			}
			r.count.sending.Add(-1)
			r.slots <- slot
		}()
		r.deliver(ctx, body, newKey())
		clean = true
		return nil
	})
}

// await waits until n senders are free and takes them.
func (r *sending) await(n int) []int {
	taken := make([]int, n)
	for i := range taken {
		taken[i] = <-r.slots
	}
	return taken
}

func (r *sending) release(taken []int) {
	for _, slot := range taken {
		r.slots <- slot
	}
}

// errNoAnswer is the cause of the end of a request's context by HTTPConfig.Timeout.
var errNoAnswer = errors.New("no whole answer in time")
