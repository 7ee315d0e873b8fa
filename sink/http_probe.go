package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Verify sends HTTPConfig.Probe once and returns nil if the endpoint accepts it: address,
// certificate, credentials and quota are in order. Else the error is what is wrong with the
// configuration, a [*StatusError], or that of the network or of Authorize. It may be called
// before, during and without a run. A success lets whatever waits try at once.
func (s *HTTPSender) Verify(ctx context.Context) error {
	switch {
	case s.err != nil:
		return fmt.Errorf("%w: %w", pipeline.ErrConfig, s.err)
	case len(s.cfg.Probe) == 0:
		return fmt.Errorf("%w: HTTPConfig.Probe is empty, so that there is nothing to verify with", pipeline.ErrConfig)
	}
	if s.own != nil {
		defer func() {
			if s.runs.Load() == 0 { // else the run closes it
				s.own.CloseIdleConnections()
			}
		}()
	}
	o := s.ping(ctx)
	switch {
	case o.class == unknown:
		return fmt.Errorf("sink: verify: %w", o.err)
	case o.pauseErr != nil:
		return o.pauseErr
	case o.class != accepted:
		return o.err
	}
	s.Wake()
	return nil
}

// Wake has what waits tried at once, because a new token is there or the endpoint is known to be
// back: bodies that wait for their next try, and while the endpoint counts as down, or the sending
// is paused, one request whose success lets all the others go.
func (s *HTTPSender) Wake() { s.gate.hasten() }

// ping sends the body without items.
func (s *HTTPSender) ping(ctx context.Context) outcome {
	body := &pipeline.Body{Data: s.cfg.Probe, Plain: s.cfg.Probe, ContentType: s.cfg.ProbeType}
	s.count.probes.Add(1)
	return s.post(ctx, body, newKey(), form{data: body.Data})
}

// sendProbe has the probe sent that t was let through for, by a goroutine of its own: while an
// endpoint is silent the next one goes out before this one is given up.
func (r *sending) sendProbe(ctx context.Context, t *turn) {
	own := &turn{probe: true, empty: true, epoch: t.epoch, began: t.began}
	r.probes.Add(1)
	err := r.help(ctx, "probe", r.probes.Done, func(ctx context.Context) {
		defer r.gate.leave(own)
		late := r.spool != nil && r.drained()
		r.report(own, r.ping(ctx))
		if late {
			r.spool.giveIn()
		}
	})
	if err != nil { // it never is: ctx is the stage's
		r.probes.Done()
		r.gate.leave(own)
	}
}

// maxPause bounds for how long an endpoint can stop the sending by HTTPConfig.Pause: nobody is
// told when it returns earlier, and a mistake of its must not last for ever.
const maxPause = time.Hour

// obey notes in an outcome what HTTPConfig.Pause reads from its answer.
func (s *HTTPSender) obey(o *outcome, code int, header http.Header) {
	if s.cfg.Pause == nil {
		return
	}
	wait, ok := s.cfg.Pause(code, header)
	if !ok {
		return
	}
	o.pause = min(max(wait, 0), maxPause)
	status := &StatusError{Code: code, Pause: true, RetryAfter: o.pause}
	var told *StatusError
	if errors.As(o.err, &told) {
		status.Message, status.Location = told.Message, told.Location
	}
	o.pauseErr = status
	if o.class != accepted {
		o.class, o.err = held, status
	}
	s.count.lastError.Store(&o.pauseErr)
}
