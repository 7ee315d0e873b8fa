// Package api answers questions about traces and keeps the settings of the server: the REST interface that the pages
// use, and nothing else, so whatever they show a program can have too.
//
// JSON with snake_case names; times are RFC 3339 with nanoseconds in UTC, durations whole nanoseconds. Errors are
// access.Problem. A parameter that a route does not know is an error, and so is one that is empty or given twice. What
// each route takes and gives is in /api/openapi.json, which is made from the table of operations.
package api
