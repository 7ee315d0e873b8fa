package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/tailrace-go/tailrace/pipeline"
)

// parcel is a body on its way, or a piece of one.
type parcel struct {
	*pipeline.Body
	key   string // the same for each try
	turn  turn
	sent  bool // the endpoint may know it
	tries int  // failures that a retry may mend
	naked bool // its last try was plain because the one before, compressed, got a 400
}

// deliver sends a body until its items are settled.
func (r *sending) deliver(ctx context.Context, body *pipeline.Body, key string) {
	p := &parcel{Body: body, key: key, turn: turn{drain: r.drain}}
	select {
	case <-r.drain:
		p.turn.drain = nil // it comes in the drain, so that wakes it no more
	default:
	}
	defer r.gate.leave(&p.turn)
	for {
		f := r.formOf(body)
		if p.naked {
			f = form{data: body.Plain}
		}
		// What the endpoint may know already is only sent whole: it would take pieces of it,
		// under keys of their own, for something new.
		if !p.sent && divisible(body) && r.limit.exceeded(len(f.data), len(body.Plain)) {
			r.deliverHalves(ctx, p)
			return
		}
		if err := r.gate.enter(ctx, &p.turn); err != nil {
			r.in.Abandoned(body)
			return
		}
		if p.sent {
			r.count.retries.Add(1)
		}
		p.sent = true
		o := r.post(ctx, body, key, f)
		r.gate.report(&p.turn, o.class, o.after, o.err)
		if done := r.settle(ctx, p, o); done {
			return
		}
	}
}

// settle does what the outcome of a request asks for. It reports whether that was the last one.
func (r *sending) settle(ctx context.Context, p *parcel, o outcome) (done bool) {
	wire, plain := len(o.form.data), len(p.Plain)
	switch o.class {
	case accepted:
		r.limit.passed(wire, plain)
		if o.form.encoding != "" {
			r.coding.proven.Store(true)
		} else if p.naked {
			r.coding.plain.Store(true)
		}
		r.accepted(p.Body, o)
	case unknown:
		r.in.Abandoned(p.Body)
	case rejected:
		r.in.Failed(p.Body, pipeline.WithReason(pipeline.ReasonRejected, o.err))
	case tooLarge:
		r.limit.refused(wire, plain)
		if divisible(p.Body) {
			r.deliverHalves(ctx, p)
			return true
		}
		r.in.Failed(p.Body, pipeline.WithReason(pipeline.ReasonTooLarge, o.err))
	case plainly:
		var status *StatusError
		if errors.As(o.err, &status) && status.Code == 400 {
			p.naked = true // if plain fails too, the fault is not the compression's
		} else {
			r.coding.plain.Store(true)
		}
		return false
	case retry, throttled:
		return r.gaveUp(p, o)
	case held:
		return false
	}
	return true
}

// gaveUp settles a body that has used up its tries or its time.
func (r *sending) gaveUp(p *parcel, o outcome) bool {
	p.tries++
	limits := r.cfg.Retry
	switch {
	case limits.MaxRetries > 0 && p.tries > limits.MaxRetries:
		err := fmt.Errorf("after %d retries: %w", limits.MaxRetries, o.err)
		r.in.Failed(p.Body, pipeline.WithReason(pipeline.ReasonRetriesExhausted, err))
	case limits.MaxElapsed > 0 && r.gate.elapsed(&p.turn) >= limits.MaxElapsed:
		err := fmt.Errorf("after %v of retries: %w", limits.MaxElapsed, o.err)
		r.in.Failed(p.Body, pipeline.WithReason(pipeline.ReasonRetriesExpired, err))
	default:
		return false
	}
	return true
}

// accepted settles a body that the endpoint took, perhaps without some of its items.
func (r *sending) accepted(body *pipeline.Body, o outcome) {
	items := body.Items()
	switch {
	case o.refused == 0:
		r.in.Delivered(body)
		body.Free()
		return
	case o.refused >= items:
		r.in.Failed(body, pipeline.WithReason(pipeline.ReasonRejected, o.err))
		return
	}
	// The endpoint says how many, not which.
	r.in.FailedN(o.refused, pipeline.WithReason(pipeline.ReasonRejected, o.err))
	r.in.DeliveredN(items - o.refused)
	r.in.Release(body)
	body.Free()
}

// deliverHalves cuts a body that is too large and delivers both halves, which take its place in
// the account.
func (r *sending) deliverHalves(ctx context.Context, p *parcel) {
	r.gate.leave(&p.turn)
	r.count.cut.Add(1)
	encoding := p.ContentEncoding
	left, right := cut(p.Body)
	p.Free() // the halves have bytes of their own
	for i, half := range []*pipeline.Body{left, right} {
		if err := r.recompress(half, encoding); err != nil {
			r.in.Failed(half, pipeline.WithReason(pipeline.ReasonEncode, err))
			continue
		}
		r.deliver(ctx, half, fmt.Sprintf("%s.%d", p.key, i))
	}
}

// recompress compresses half as the whole was, if that is of use.
func (r *sending) recompress(half *pipeline.Body, encoding string) error {
	if encoding == "" || r.cfg.Recompress == nil || r.coding.plain.Load() {
		return nil
	}
	data, err := r.cfg.Recompress(encoding, half.Plain)
	if err != nil {
		return fmt.Errorf("HTTPConfig.Recompress: %w", err)
	}
	half.Data, half.ContentEncoding = data, encoding
	return nil
}
