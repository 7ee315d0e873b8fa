package ingest

import (
	"net/http"
	"strconv"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
)

// otlpHTTP is the form of OTLP traces over HTTP: an answer is written as its request was, in protobuf or JSON.
type otlpHTTP struct{}

func (otlpHTTP) carries() Signal { return Spans }

func (otlpHTTP) reader(r *http.Request) (func([]byte, intake.Limits) (content, error), outcome, bool) {
	f, ok := otlp.FormatOf(r.Header.Get("Content-Type"))
	if !ok {
		return nil, failed(http.StatusUnsupportedMediaType, "media_type", "want application/x-protobuf or application/json", "Content-Type"), false
	}
	return readOTLP(f), outcome{}, true
}

func readOTLP(f otlp.Format) func([]byte, intake.Limits) (content, error) {
	return func(body []byte, l intake.Limits) (content, error) {
		b, err := otlp.Decode(body, f, l)
		if err != nil {
			return content{}, err
		}
		spans := make([]store.Item, len(b.Items))
		for i, item := range b.Items {
			spans[i] = store.Item{Span: item.Span, Service: item.Service, OwnUsage: item.OwnUsage}
		}
		return content{spans: spans, rejected: b.Rejected, cut: b.Cut}, nil
	}
}

func (otlpHTTP) accept(w http.ResponseWriter, r *http.Request, o outcome) {
	f, _ := otlp.FormatOf(r.Header.Get("Content-Type"))
	write(w, http.StatusOK, f.ContentType(), otlp.Response(f, int(o.account.rejected()), o.note))
}

// status of a used up quota is one that OTLP senders try again after.
func (otlpHTTP) status(_ *http.Request, o outcome) int {
	if o.quota {
		return http.StatusTooManyRequests
	}
	return o.status
}

func (otlpHTTP) refuse(w http.ResponseWriter, r *http.Request, o outcome) {
	h := w.Header()
	h.Set("Accept-Encoding", intake.AcceptEncoding)
	if o.retry > 0 {
		h.Set("Retry-After", seconds(o.retry))
	}
	f, ok := otlp.FormatOf(r.Header.Get("Content-Type"))
	if !ok {
		access.Fail(w, o.status, o.problem)
		return
	}
	write(w, o.status, f.ContentType(), otlp.Status(f, o.status, o.problem.Message))
}

// write answers with a short body. Who has gone needs no answer.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON or protobuf, and said so: no page
}
