package sink

import (
	"context"
	"errors"
	"net/http"
	"strconv"
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

	crew    crew
	gate    gate
	limit   sizeLimit
	coding  coding
	reports reports
	count   counters
	runs    atomic.Int32            // that use it now
	current atomic.Pointer[spooler] // of the last run, if there is a spool
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
	s.crew.init(cfg)
	s.gate.init(cfg)
	s.coding.onChange = cfg.OnEncodings
	s.reports.init(cfg.Instance)
	return s
}

// Sink is where the bodies go in. Items of a body count as delivered when the endpoint has
// answered 2xx, without those that its answer calls rejected; these have failed. The sink takes no
// more bodies than it has senders, and no second one once they have half of the run's bytes: the
// others stay queued in its link.
//
// A body that the endpoint refuses for good is counted as failed, and the sink goes on with the
// others: its default policy is pipeline.Skip. The option [pipeline.OnError] can say otherwise.
//
// A Flush waits for every body that was taken before it, through all retries, while those that
// come later are sent. When the run is told to end,
// whatever waits for its next try is tried at once, and then again with the usual pauses until the
// stages' context ends; what is then left is abandoned.
func (s *HTTPSender) Sink() pipeline.Sink[*pipeline.Body] {
	if s.err != nil {
		return pipeline.BadSink[*pipeline.Body]("http", s.err)
	}
	sink := pipeline.SinkActor(s.run).Named("http").WithPolicy(pipeline.Skip)
	if s.cfg.Spool.Store != nil {
		sink = sink.WithLastCall()
	}
	return sink
}

// run takes bodies and has each delivered by a helper of its own, as many at once as the crew is.
func (s *HTTPSender) run(ctx context.Context, in *pipeline.Inlet[*pipeline.Body]) (err error) {
	defer s.runs.Add(-1)
	alone := s.runs.Add(1) == 1
	whole := ctx // which the last call does not end
	ctx, cancel := context.WithCancel(ctx)
	r := &sending{HTTPSender: s, in: in, drain: in.Draining(), budget: in.Budget(), cancel: cancel}
	defer func() {
		if err != nil {
			cancel() // else a sender could sleep on beside a run that has failed
		}
		r.await()
		cancel() // of probes too
		r.probes.Wait()
		if r.spool != nil {
			r.spool.closeSpool(whole)
		}
		if s.own != nil {
			s.own.CloseIdleConnections()
		}
	}()
	in.OnMarkPass(r.markPassed)
	if s.cfg.Spool.Store != nil && alone {
		if err := r.openSpool(ctx, whole); err != nil {
			return err
		}
		return r.spoolAll(ctx)
	}
	for {
		slot := r.take() // first, so that a body waits in the link, where others can judge it
		if r.panicked.Load() {
			r.free(slot, 0)
			return nil // the engine knows the panic and makes it the error
		}
		body, err := in.Recv()
		if err != nil {
			r.free(slot, 0)
			return in.Err()
		}
		if err := r.start(ctx, slot, body); err != nil {
			in.Failed(body, err)
			return err
		}
	}
}

// start has body delivered by a goroutine of the run.
func (r *sending) start(ctx context.Context, slot int, body *pipeline.Body) error {
	charge := body.Charge()
	r.hold(slot, charge)
	r.count.sending.Add(1)
	done := func() {
		r.count.sending.Add(-1)
		r.free(slot, charge)
	}
	err := r.help(ctx, "sender "+strconv.Itoa(slot+1), done, func(ctx context.Context) {
		r.deliver(ctx, &parcel{Body: body, key: newKey()})
	})
	if err != nil {
		done()
	}
	return err
}

// help starts a goroutine of the run. However it ends, done is called.
func (r *sending) help(ctx context.Context, name string, done func(), fn func(ctx context.Context)) error {
	return pipeline.Go(ctx, name, func(ctx context.Context) error {
		clean := false
		defer func() {
			if !clean { // a function that the user gave has panicked
				r.panicked.Store(true)
				r.cancel() // the other senders must not keep a run that has failed
			}
			done()
		}()
		fn(ctx)
		clean = true
		return nil
	})
}

// errNoAnswer is the cause of the end of a request's context by HTTPConfig.Timeout.
var errNoAnswer = errors.New("no whole answer in time")
