package api

import (
	"github.com/tailrace-go/tailrace/server/access"
)

// operation is one entry of the API's table: a route with what openapi.json says of it.
type operation struct {
	access.Route
	id      string // operationId: a verb and a noun, such as listTraces
	summary string
	query   []parameter
	body    any    // a value of the type that the request's JSON body has; nil: it has none
	reply   any    // a value of the type of the answer's JSON body; nil: it has none
	status  int    // of success; 0 means 200
	media   string // of the answer; "" means application/json
}

// parameter is one of the query's.
type parameter struct {
	name    string
	about   string
	kind    string   // string, integer, number, boolean, date-time, duration
	choices []string // the only values; nil: any
	many    bool     // may be given more than once
	must    bool
}
