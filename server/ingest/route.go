package ingest

import (
	"net/http"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/access"
)

// Routes are the ways in. All of them are POST and need a token that may ingest; it alone decides on the project, also
// where a path names one.
func (s *Server) Routes() []access.Route {
	var routes []access.Route
	add := func(path string, f form) {
		routes = append(routes, access.Route{
			Method: http.MethodPost, Path: path, Need: access.Ingest,
			Handle: func(w http.ResponseWriter, r *http.Request, g access.Grant) { s.handle(w, r, g, f) },
			Deny: func(w http.ResponseWriter, r *http.Request, status int, code, message string) {
				s.ledger.answered(status, 0, 0)
				s.discard(r, http.NewResponseController(w))
				f.refuse(w, r, outcome{status: status, problem: access.Problem{Code: code, Message: message}})
			},
		})
	}
	for signal := range signals {
		add("/ai/"+signal.String()+"/publish", mastra{signal})
		add("/projects/{id}/ai/"+signal.String()+"/publish", mastra{signal})
	}
	add("/{$}", mastra{Spans}) // Mastra 0.x posts there when its endpoint is a bare host, as its documentation has it
	add("/v1/traces", otlpHTTP{})
	return append(routes, access.Route{
		Method: http.MethodPost, Path: otlp.Procedure, Need: access.Ingest, Handle: s.handleGRPC,
		Deny: func(w http.ResponseWriter, _ *http.Request, status int, _, message string) {
			s.ledger.answered(status, 0, 0)
			otlp.Deny(w, status, message)
		},
	})
}

// form is how the requests of a route are written, and their answers.
type form interface {
	carries() Signal
	// reader finds how to read a body by the headers; an outcome instead, if it cannot be read.
	reader(r *http.Request) (read func(body []byte, l intake.Limits) (content, error), o outcome, ok bool)
	// accept answers a request that was taken; o.status is 200.
	accept(w http.ResponseWriter, r *http.Request, o outcome)
	// status is what an outcome is in this form.
	status(r *http.Request, o outcome) int
	// refuse answers any other request with o.status.
	refuse(w http.ResponseWriter, r *http.Request, o outcome)
}
