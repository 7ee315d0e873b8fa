package ingest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
)

// call is what a gRPC call brings to its export.
type call struct {
	*http.Request
	grant   access.Grant
	began   time.Time
	arrival *arrival
	unpack  func() // gives the right to unpack to another one
	status  int    // of the same request over HTTP
}

type callKey struct{}

// handleGRPC answers an OTLP export over gRPC. The call's body is read as every other is, before the handler of gRPC
// sees it; the message that it unpacks then becomes an item.
func (s *Server) handleGRPC(w http.ResponseWriter, r *http.Request, g access.Grant) {
	began := time.Now()
	c := &call{grant: g, began: began, status: http.StatusBadRequest} // unless export is called
	wire, o, ok := s.serveGRPC(w, r, c)
	if !ok {
		c.status = o.counted()
		if o.retry > 0 {
			w.Header().Set("Retry-After", seconds(o.retry))
		}
		otlp.Deny(w, o.status, o.problem.Message)
	}
	s.ledger.answered(c.status, wire, time.Since(began))
}

func (s *Server) serveGRPC(w http.ResponseWriter, r *http.Request, c *call) (wire int, o outcome, ok bool) {
	const prefix = 5 // of a message: a flag and its length
	most, limit, err := intake.WireLimit(r.Header.Get("Grpc-Encoding"), s.cfg.Limits)
	if err != nil { // the handler says so in its own way, whatever the size
		most, limit, err = intake.WireLimit("", s.cfg.Limits)
	}
	if err != nil {
		return 0, s.refused(err), false
	}
	if c.arrival, err = s.read(w, r, most+prefix, limit); err != nil {
		return 0, s.unread(err), false
	}
	defer c.arrival.leave() // when the pipeline has taken it
	wire = len(c.arrival.bytes)
	wait, cancel := context.WithTimeout(r.Context(), s.cfg.MaxWait)
	defer cancel()
	select {
	case s.unpacks <- struct{}{}:
	case <-wait.Done():
		return wire, s.unavailable("busy", "too many messages are being unpacked: send this again"), false
	}
	c.unpack = sync.OnceFunc(func() { <-s.unpacks })
	defer c.unpack()
	inner := r.WithContext(context.WithValue(r.Context(), callKey{}, c))
	inner.Body = io.NopCloser(bytes.NewReader(c.arrival.bytes))
	c.Request = inner
	s.grpc.ServeHTTP(w, inner)
	return wire, outcome{}, true
}

// export is what the handler of gRPC calls with a message.
func (s *Server) export(ctx context.Context, message []byte, _ http.Header) (rejected int, note string, err error) {
	c := ctx.Value(callKey{}).(*call) //nolint:forcetypeassert // handleGRPC put it there
	o := s.takeMessage(ctx, c, message)
	c.status = otlpHTTP{}.status(c.Request, o)
	if o.status == http.StatusOK {
		return int(o.account.rejected()), o.note, nil
	}
	if o.gone {
		c.status = statusGone
		return 0, "", context.Cause(ctx)
	}
	return 0, "", &otlp.GRPCError{Code: otlp.CodeOf(c.status), Message: o.problem.Message, RetryAfter: o.retry}
}

func (s *Server) takeMessage(ctx context.Context, c *call, message []byte) outcome {
	q, o, ok := s.request(c.Request, c.grant, grpcForm{}, c.began)
	if !ok {
		return o
	}
	q.ctx, q.wire = ctx, message // ctx ends at the sender's deadline
	q.charge = s.chargeOf(0, len(message))
	if o, ok := s.emit(q); !ok {
		return o
	}
	c.arrival.leave()
	c.unpack()
	return s.await(q)
}

// grpcForm reads messages of gRPC. Their answers are the business of the handler.
type grpcForm struct{ otlpHTTP }

func (grpcForm) reader(*http.Request) (func([]byte, intake.Limits) (content, error), outcome, bool) {
	return readOTLP(otlp.Protobuf), outcome{}, true
}
