package api

import (
	"net/http"

	"github.com/tailrace-go/tailrace/server/access"
)

// operation is one entry of the API's table: a route, how it is answered, and what openapi.json says of it.
type operation struct {
	access.Route        // Handle is made from do
	id           string // operationId: a verb and a noun, such as listTraces
	topic        string // the heading of openapi.json that it stands under
	summary      string
	query        []parameter
	body         any    // a value of the type that the request's JSON body has; nil: it has none
	reply        any    // a value of the type of the answer's JSON body; nil: it has none
	status       int    // of success; 0 means 200
	media        string // of the answer; "" means application/json
	etag         bool   // do returns a tagged answer

	// do works out the answer: a value of the type of reply, a tagged one, nil for no body, or answered when it has
	// written the answer itself. What an error becomes is said at problemOf.
	do func(c *call) (any, error)

	missing string // what is not there when a store says so: "no such trace"
	narrow  string // what a caller whose question takes too long should change
	endless bool   // no limit of time: the answer is streamed
}

// succeeds is the status of an answer that is no error.
func (o *operation) succeeds() int {
	if o.status != 0 {
		return o.status
	}
	return http.StatusOK
}

// parameter is one of the query's.
type parameter struct {
	name    string // one that ends in a dot stands for all that begin so: meta.
	about   string
	kind    string   // string, integer, number, boolean, date-time, duration
	choices []string // the only values; nil: any
	many    bool     // may be given more than once
	must    bool
}
