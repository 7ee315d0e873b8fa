// Package api answers questions about traces and keeps the settings of the server: the REST interface that the pages
// use, and nothing else, so whatever they show a program can have too.
//
// JSON with snake_case names; times are RFC 3339 with nanoseconds in UTC, durations whole nanoseconds. Errors are
// access.Problem. A parameter that a route does not know is an error, and so is one that is empty or given twice. What
// each route takes and gives is in /api/openapi.json, which is made from the table of operations by go generate.
//
// # Use
//
// [New] makes an API of a store and the settings' database, [API.Routes] is its table for an access.Router, and
// [API.Measure] goes around the router. [API.Drain] comes before the HTTP server's Shutdown: it ends the live views, which
// Shutdown would wait for. An API starts no goroutine and needs no closing.
//
// # Reading what does not change
//
// Lists, traces and series carry a weak ETag that begins with the number of the latest commit they have seen. With
// If-None-Match the answer is 304 as long as it is the same. The number is also where a live view may go on: after=NUMBER
// or, as browsers do by themselves, Last-Event-ID.
//
// # Live views
//
// Server-sent events: trace has a summary as lists do, deleted the id of a trace that is gone, span a row of a skeleton
// (in the view of one trace), and reset says that changes were missed, so that everything has to be asked for again. The
// last event of a commit has its number for an id. A view ends when its client reads nothing for 10 seconds, when its
// token or login stops working, and when the server drains.
//
// # Files
//
// An export as json holds records of Mastra 1.x, which tailrace send takes again; times in it have milliseconds. As otlp
// it is OTLP/JSON, with what OpenTelemetry spans brought beside ours put back in its place. As html it is one page that
// opens offline, runs nothing and loads nothing. One that fails half way is cut off, and never looks whole.
package api
