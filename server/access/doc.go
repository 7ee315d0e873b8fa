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
// A page of another site that has a browser change something: 403. Too many requests with one token, or too many wrong
// tokens from one address: 429 with Retry-After, and a token that works is never refused because others failed. Trouble of
// our own is 503 with Retry-After, never 401: Mastra's clients drop everything for minutes after one. A handler that
// panics: 500. Nothing is ever redirected.
//
// # How soon
//
// Tokens, projects, sessions and roles are kept in memory for a second, since each request asks for them. What is revoked
// through the same meta.DB ends at once, through another process in a second.
//
// # People
//
// [Logins] makes the sessions of those who log in with a password, which is stored as argon2id. At most four are hashed at
// once, so a flood of logins costs a bounded amount of memory.
package access
