package otlp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
)

func (r *Receiver) serveHTTP(w http.ResponseWriter, req *http.Request) {
	f, ok := FormatOf(req.Header.Get("Content-Type"))
	h := w.Header()
	h.Set("Accept-Encoding", intake.AcceptEncoding)
	if !ok {
		r.count.answered(http.StatusUnsupportedMediaType)
		http.Error(w, "want application/x-protobuf or application/json", http.StatusUnsupportedMediaType)
		return
	}
	v := r.receive(w, req, f)
	r.count.answered(v.status)
	var body []byte
	switch {
	case v.status == http.StatusOK:
		body = Response(f, v.rejected, v.note)
	case v.status == statusGone: // whoever reads it all the same must not take it for a 200
		v.status = http.StatusServiceUnavailable
		fallthrough
	default:
		body = Status(f, v.status, v.note)
	}
	retryHeader(h, v.retry)
	h.Set("Content-Type", f.ContentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(v.status)
	_, _ = w.Write(body)
}

// receive reads, unpacks and takes the body of a request.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request, f Format) verdict {
	encoding := strings.Join(req.Header.Values("Content-Encoding"), ", ")
	most, limit, err := intake.WireLimit(encoding, r.cfg.Limits)
	if err != nil {
		return refused(err)
	}
	a, v, ok := r.read(w, req, most, limit)
	if !ok {
		return v
	}
	defer a.leave()
	size, err := intake.PlainSize(a.wire, encoding, r.cfg.Limits)
	if err != nil {
		return refused(err)
	}
	if !a.holdDecoded(req.Context(), size) {
		return r.busy("too many bodies are being decoded: send this again")
	}
	plain, err := new(intake.Unpacker).Unpack(a.wire, encoding, r.cfg.Limits)
	if err != nil {
		return refused(err)
	}
	return r.take(req.Context(), plain, f)
}

// retryHeader says when to come back, in whole seconds and never 0.
func retryHeader(h http.Header, d time.Duration) {
	if d > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(max(d+time.Second-1, time.Second)/time.Second), 10))
	}
}

type verdictKey struct{}

// serveGRPC reads a call's body as every other is, before the handler of gRPC sees it.
func (r *Receiver) serveGRPC(w http.ResponseWriter, req *http.Request) {
	v := verdict{status: http.StatusBadRequest} // unless export is called
	deny := func() {
		if v.status == statusGone {
			v.status = http.StatusServiceUnavailable
		}
		retryHeader(w.Header(), v.retry)
		Deny(w, v.status, v.note)
	}
	defer func() { r.count.answered(v.status) }()
	const prefix = 5 // of a message: a flag and its length
	encoding := req.Header.Get("Grpc-Encoding")
	most, limit, err := intake.WireLimit(encoding, r.cfg.Limits)
	if err != nil { // the handler says so in its own way, whatever the size
		most, limit, err = intake.WireLimit("", r.cfg.Limits)
	}
	if err != nil {
		v = refused(err)
		deny()
		return
	}
	a, early, ok := r.read(w, req, most+prefix, limit)
	if !ok {
		v = early
		deny()
		return
	}
	defer a.leave()
	size := len(a.wire)
	if size > prefix && a.wire[0]&1 == 1 {
		if size, err = intake.PlainSize(a.wire[prefix:], encoding, r.cfg.Limits); err != nil {
			size = r.cfg.Limits.MaxBodyBytes // as far as the handler unpacks it, to find out
		}
	}
	if !a.holdDecoded(req.Context(), size) {
		v = r.busy("too many messages are being decoded: send this again")
		deny()
		return
	}
	inner := req.WithContext(context.WithValue(req.Context(), verdictKey{}, &v))
	inner.Body = io.NopCloser(bytes.NewReader(a.wire))
	r.grpc.ServeHTTP(w, inner)
}

// export is what the handler of gRPC calls with a message.
func (r *Receiver) export(ctx context.Context, message []byte, _ http.Header) (rejected int, note string, err error) {
	v := r.take(ctx, message, Protobuf)
	if of, ok := ctx.Value(verdictKey{}).(*verdict); ok {
		*of = v
	}
	switch v.status {
	case http.StatusOK:
		return v.rejected, v.note, nil
	case statusGone:
		return 0, "", context.Cause(ctx)
	}
	return 0, "", &GRPCError{Code: CodeOf(v.status), Message: v.note, RetryAfter: v.retry}
}
