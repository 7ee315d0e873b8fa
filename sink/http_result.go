package sink

import (
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// HTTPResult is what became of one body, for a log.
type HTTPResult struct {
	Items    int
	Bytes    int    // as it was last sent
	Encoding string // Content-Encoding, the last time it was sent; "" is plain
	Status   int    // of the last answer; 0 if there was none
	Tries    int    // requests
	Elapsed  time.Duration
	Err      error // why the body, or a part of it (*RejectedError), was not delivered; else nil
}

// tell hands the result of a body to the user. The body may have been freed.
func (r *sending) tell(p *parcel, items int, err error) {
	if r.cfg.OnResult == nil {
		return
	}
	result := HTTPResult{
		Items: items, Bytes: len(p.last.data), Encoding: p.last.encoding,
		Status: p.status, Tries: p.requests, Elapsed: time.Since(p.began), Err: err,
	}
	if p.held != nil {
		p.held.results = append(p.held.results, result)
		return
	}
	r.cfg.OnResult(result)
}

// failed, abandoned and delivered settle a body and tell what became of it.
func (r *sending) failed(p *parcel, reason string, err error) {
	items := p.Items()
	err = pipeline.WithReason(reason, err)
	if p.held != nil {
		p.held.fail(p.Body, items, err)
	} else {
		r.in.Failed(p.Body, err)
	}
	r.tell(p, items, err)
}

func (r *sending) abandoned(p *parcel, err error) {
	items := p.Items()
	switch {
	case p.held != nil:
		p.held.kept = true
	case r.spool != nil && r.spool.rescue(p):
	default:
		r.in.Abandoned(p.Body)
	}
	r.tell(p, items, err)
}

// delivered settles a body that the endpoint took, perhaps without some of its items.
func (r *sending) delivered(p *parcel, o outcome) {
	body, items := p.Body, p.Items()
	switch {
	case p.held != nil && o.refused < items:
		p.held.delivered += items - o.refused
		if o.refused > 0 {
			p.held.fail(nil, o.refused, pipeline.WithReason(pipeline.ReasonRejected, o.err))
		}
		r.tell(p, items, o.err)
		return
	case o.refused == 0:
		r.in.Delivered(body)
		body.Free()
		r.tell(p, items, nil)
		return
	case o.refused >= items:
		r.failed(p, pipeline.ReasonRejected, o.err)
		return
	}
	// The endpoint says how many, not which.
	r.in.FailedN(o.refused, pipeline.WithReason(pipeline.ReasonRejected, o.err))
	r.in.DeliveredN(items - o.refused)
	r.in.Release(body)
	body.Free()
	r.tell(p, items, o.err)
}
