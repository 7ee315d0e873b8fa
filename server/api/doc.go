// Package api answers questions about traces and keeps the settings of the server: the REST interface that the pages
// use, and nothing else, so whatever they show a program can have too.
//
// JSON with snake_case names; times are RFC 3339 with nanoseconds in UTC, durations whole nanoseconds. Errors are
// access.Problem. A parameter that a route does not know is an error, and so is one that is empty or given twice. What
// each route takes and gives is in /api/openapi.json, which is made from the table of operations.
//
// # Settings
//
// The secret of a token, an invitation or a share is in the answer that made it and never again. Each change is logged
// with who made it and which ids it was about, never with a secret or text that a person wrote. Whoever is admin of a
// project decides on its tokens, members and retention; projects themselves, users and tokens of all projects need an
// admin of everything.
//
// # Shares
//
// A share opens one trace to whoever has its link, and nothing else. Without content it is built of what may be shown,
// names, times and tokens, so what nobody has thought of is not in it. A link that is expired, revoked or made up is
// answered with the same bytes after the same work.
package api
