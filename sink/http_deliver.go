package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// parcel is a body on its way, or a piece of one.
type parcel struct {
	*pipeline.Body
	key   string // the same for each try
	turn  turn
	sent  bool     // the endpoint may know it
	tries int      // failures that a retry may mend
	naked bool     // its last try was plain because the one before, compressed, got a 400
	held  *holding // of the spool; nil without one
	known bool     // another run may have sent it

	began    time.Time // when a sender took it
	requests int
	last     form // what the last request sent
	status   int  // of the last answer
}

// deliver sends a body until its items are settled.
func (r *sending) deliver(ctx context.Context, p *parcel) {
	p.turn.drain, p.began = r.drain, time.Now()
	waits := ctx
	if p.held != nil {
		p.turn.patient, waits = true, r.spool.waits
	}
	// What comes in the drain is woken by it no more, unless it could as well stay in the spool: then
	// it finds out at once.
	if r.drained() && (p.held == nil || r.gate.current().Mode == Sending) {
		p.turn.drain = nil
	}
	defer r.gate.leave(&p.turn)
	for {
		f := r.formOf(p.Body)
		if p.naked {
			f = form{data: p.Plain}
		}
		// What the endpoint may know already is only sent whole: it would take pieces of it,
		// under keys of their own, for something new.
		if !p.sent && !p.known && r.divisible(p.Body) && r.limit.exceeded(len(f.data), plainSize(p.Body)) {
			r.deliverHalves(ctx, p)
			return
		}
		switch pass, err := r.gate.enter(waits, &p.turn); {
		case err != nil:
			r.abandoned(p, err)
			return
		case pass == passProbe:
			r.sendProbe(ctx, &p.turn)
			continue
		case pass == passExpired:
			r.expired(p, r.gate.current().Err)
			return
		}
		if p.sent {
			r.count.retries.Add(1)
		}
		p.sent = true
		late := r.spool != nil && r.drained()
		o := r.send(ctx, p, f)
		p.requests, p.last, p.status = p.requests+1, f, o.status
		r.report(&p.turn, o)
		if late {
			r.spool.giveIn()
		}
		if done := r.settle(ctx, p, o); done {
			return
		}
	}
}

// send makes one request, and lets the crew learn from it.
func (r *sending) send(ctx context.Context, p *parcel, f form) (o outcome) {
	t := r.crew.begin()
	o.class = unknown // if a function of the user's panics
	defer func() {
		r.crew.end(t, o, r.more())
	}()
	if o = r.post(ctx, p.Body, p.key, f); o.class == accepted {
		r.count.latencies.add(time.Since(t.began))
	}
	return o
}

// settle does what the outcome of a request asks for. It reports whether that was the last one.
func (r *sending) settle(ctx context.Context, p *parcel, o outcome) (done bool) {
	wire, plain := len(o.form.data), plainSize(p.Body)
	switch o.class {
	case accepted:
		r.limit.passed(wire, plain)
		if o.form.encoding == "" && p.naked {
			r.coding.refuse(p.ContentEncoding, nil)
		}
		r.coding.passed(o.form.encoding)
		r.delivered(p, o)
	case unknown:
		r.abandoned(p, o.err)
	case rejected:
		r.failed(p, pipeline.ReasonRejected, o.err)
	case tooLarge:
		r.limit.refused(wire, plain)
		if r.divisible(p.Body) {
			r.deliverHalves(ctx, p)
			return true
		}
		r.failed(p, pipeline.ReasonTooLarge, o.err)
	case plainly:
		if err := r.unpack(p.Body); err != nil {
			r.failed(p, pipeline.ReasonEncode, err)
			return true
		}
		var status *StatusError
		if errors.As(o.err, &status) && status.Code == 400 {
			p.naked = true // if plain fails too, the fault is not the compression's
		} else {
			r.coding.refuse(o.form.encoding, o.header)
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
		r.failed(p, pipeline.ReasonRetriesExhausted, err)
	case p.held == nil && limits.MaxElapsed > 0 && r.gate.elapsed(&p.turn) >= limits.MaxElapsed:
		r.expired(p, o.err)
	default:
		return false
	}
	return true
}

// expired settles a body whose time is used up.
func (r *sending) expired(p *parcel, err error) {
	err = fmt.Errorf("after %v of retries: %w", r.cfg.Retry.MaxElapsed, err)
	r.failed(p, pipeline.ReasonRetriesExpired, err)
}

// report tells the gate what became of a request, and the crew if that ended an outage.
func (r *sending) report(t *turn, o outcome) {
	if back := r.gate.report(t, o); back {
		r.crew.back()
	}
}

// deliverHalves cuts a body that is too large and delivers both halves, which take its place in
// the account.
func (r *sending) deliverHalves(ctx context.Context, p *parcel) {
	r.gate.leave(&p.turn)
	if err := r.unpack(p.Body); err != nil {
		r.failed(p, pipeline.ReasonEncode, err)
		return
	}
	r.count.cut.Add(1)
	encoding := p.ContentEncoding
	left, right := cut(p.Body)
	p.Free() // the halves have bytes of their own
	if p.held != nil {
		p.held.lent = true
	}
	for i, half := range []*pipeline.Body{left, right} {
		if err := r.recompress(half, encoding); err != nil {
			r.failed(&parcel{Body: half, began: p.began, held: p.held}, pipeline.ReasonEncode, err)
			continue
		}
		r.deliver(ctx, &parcel{Body: half, key: fmt.Sprintf("%s.%d", p.key, i), held: p.held, known: p.known})
	}
}

// recompress compresses half as the whole was, if that is of use.
func (r *sending) recompress(half *pipeline.Body, encoding string) error {
	if encoding == "" || r.cfg.Recompress == nil {
		return nil
	}
	if _, plain := r.coding.state(encoding); plain {
		return nil
	}
	data, err := r.cfg.Recompress(encoding, half.Plain)
	if err != nil {
		return fmt.Errorf("HTTPConfig.Recompress: %w", err)
	}
	half.Data, half.ContentEncoding = data, encoding
	return nil
}
