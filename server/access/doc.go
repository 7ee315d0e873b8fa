// Package access decides who may do what. Its [Router] is the only way to a handler: every route declares what it needs,
// start-up fails for one that does not, and a request that has it not never reaches the handler. The table of routes is
// the router, so a test that walks [Router.Routes] walks everything that can be reached.
//
// # Who
//
// A request shows a token ("Authorization: Bearer trt_…") or, from a browser, the cookie of a session; a request with an
// Authorization header is judged by it alone. A token belongs to one project or, for administration, to all, and has
// scopes; a user has a role in each project. What came of it is a [Grant], which only a Router makes, and which names the
// project: handlers take it from there and never from the request.
//
// # Answers
//
// No credentials, or ones that are unknown, expired or revoked: 401. Good ones without the scope that the route needs: 403.
// A project that the caller may not see, or that does not exist: 404 with the same bytes. A Host that nobody allowed: 421.
// A request from another site that carries a cookie: 403. Trouble of our own is 503 with Retry-After, never 401: Mastra's
// clients drop everything for minutes after one.
package access
