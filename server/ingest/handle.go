package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
)

// handle answers one request, whatever its form.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, g access.Grant, f form) {
	began := time.Now()
	s.reports.note(g.Project().ID, r.Header, s.cfg.Now())
	o, wire := s.take(w, r, g, f, began)
	o.status = f.status(r, o)
	s.ledger.answered(o.counted(), wire, time.Since(began))
	w.Header().Set("Accept-Encoding", intake.AcceptEncoding)
	if o.status == http.StatusOK {
		f.accept(w, r, o)
		return
	}
	f.refuse(w, r, o)
}

// take reads a request, sends it through the pipeline and waits for what becomes of it. wire is how many bytes came.
func (s *Server) take(w http.ResponseWriter, r *http.Request, g access.Grant, f form, began time.Time) (o outcome, wire int) {
	q, o, ok := s.request(r, g, f, began)
	if !ok {
		s.discard(r, http.NewResponseController(w))
		return o, 0
	}
	q.encoding = strings.Join(r.Header.Values("Content-Encoding"), ", ")
	most, limit, err := intake.WireLimit(q.encoding, s.cfg.Limits)
	if err != nil {
		s.discard(r, http.NewResponseController(w))
		return s.refused(err), 0
	}
	a, err := s.read(w, r, most, limit)
	if err != nil {
		return s.unread(err), 0
	}
	defer a.leave() // when the pipeline has taken it
	q.wire, wire = a.bytes, len(a.bytes)
	plain, o, ok := s.size(q)
	if !ok {
		return o, wire
	}
	q.charge = s.chargeOf(cap(a.bytes), plain)
	if o, ok := s.emit(q); !ok {
		return o, wire
	}
	a.leave()
	return s.await(q), wire
}

// size is how long a body will be in plain. One that may be longer than any is measured first: what inflates is refused
// here, and charged nothing, or a few of them would keep all others out.
func (s *Server) size(q *request) (plain int, o outcome, ok bool) {
	plain, err := intake.PlainSize(q.wire, q.encoding, s.cfg.Limits)
	if err != nil {
		return 0, s.refused(err), false
	}
	if l, _ := s.cfg.Limits.WithDefaults(); q.encoding == "" || plain < l.MaxBodyBytes { // New has checked them
		return plain, outcome{}, true
	}
	ctx, cancel := context.WithTimeout(q.ctx, s.cfg.Timeout)
	defer cancel()
	select {
	case u := <-s.measures:
		defer func() { s.measures <- u }()
		if plain, err = u.Measure(q.wire, q.encoding, s.cfg.Limits); err != nil {
			return 0, s.refused(err), false
		}
		return plain, outcome{}, true
	case <-ctx.Done():
		return 0, s.unavailable("busy", "too many bodies are being measured: send this again"), false
	}
}

// request makes the item of what the headers say.
func (s *Server) request(r *http.Request, g access.Grant, f form, began time.Time) (*request, outcome, bool) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > store.MaxKeyBytes {
		return nil, failed(http.StatusBadRequest, "bad_request", fmt.Sprintf("a key has at most %d bytes", store.MaxKeyBytes), "Idempotency-Key"), false
	}
	read, o, ok := f.reader(r)
	if !ok {
		return nil, o, false
	}
	return &request{
		ctx: r.Context(), began: began, signal: f.carries(), project: g.Project(), label: g.Label(), key: key, read: read, done: make(chan outcome, 1),
	}, outcome{}, true
}

// unread is the answer to a body that did not arrive.
func (s *Server) unread(err error) outcome {
	switch {
	case errors.Is(err, errGone):
		return gone(http.StatusBadRequest, "the body broke off")
	case errors.Is(err, errSlow):
		return failed(http.StatusRequestTimeout, "slow", fmt.Sprintf("%v: it has %v, and a second for every %d bytes", err, s.cfg.Patience, s.cfg.MinRate), "body")
	case errors.Is(err, errCrowded):
		return s.unavailable("busy", err.Error())
	}
	return s.refused(err)
}

// chargeOf is what a body may hold until it is stored: itself, itself in plain, and what is made of that. One that
// exceeds the budget alone is charged all of it.
func (s *Server) chargeOf(wire, plain int) int { return min(wire+2*plain, s.cfg.MaxBytes) }

// emit hands a request to the pipeline, if there is room soon.
func (s *Server) emit(q *request) (outcome, bool) {
	q.received, q.deadline = s.cfg.Now(), time.Now().Add(s.cfg.Timeout)
	ctx, cancel := context.WithTimeout(q.ctx, s.cfg.MaxWait)
	defer cancel()
	switch err := s.entry.Emit(ctx, q); {
	case err == nil:
		return outcome{}, true
	case q.gone():
		return gone(http.StatusServiceUnavailable, "the request was given up"), false
	case errors.Is(err, pipeline.ErrClosed):
		return s.unavailable("stopping", "the server is stopping: send this again"), false
	}
	return s.unavailable("busy", "the server has as much as it can hold: send this again"), false
}

// await waits for the end of a request.
func (s *Server) await(q *request) outcome {
	late := time.NewTimer(s.cfg.Timeout + s.cfg.MaxWait) // for a store that does not look at its context
	defer late.Stop()
	select {
	case o := <-q.done:
		return o
	case <-q.ctx.Done():
		return gone(http.StatusServiceUnavailable, "the request was given up") // it may be stored all the same, and is counted as what becomes of it
	case <-late.C:
		return s.unavailable("busy", "the store did not answer in time: send this again")
	}
}

// counted is the status that a request is counted under.
func (o outcome) counted() int {
	if o.gone {
		return statusGone
	}
	return o.status
}

// noteOf says in words what was rejected, for whoever debugs a sender.
func noteOf(a Account, bad []intake.Rejection) string {
	if len(a.Rejected) == 0 {
		return ""
	}
	var b strings.Builder
	for i, reason := range slices.Sorted(maps.Keys(a.Rejected)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d %s", a.Rejected[reason], reason)
	}
	if len(bad) > 0 {
		fmt.Fprintf(&b, "; the first is record %d: %s: %s", bad[0].Index, bad[0].Field, bad[0].Reason)
	}
	return b.String()
}
