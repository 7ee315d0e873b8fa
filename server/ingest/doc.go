// Package ingest takes in what clients send, and has a store keep it. A [Server] is a pipeline of this library: each
// request whose body has arrived is an item of it, and the request's handler waits for what becomes of the item.
//
//	requests → decode → check → store
//
// A handler reads a body, bounded in bytes, in time and in what all of them hold together, and emits it. decode unpacks
// bodies and takes them apart, as many at once as there are processors. check holds them against the quota of their
// project. store calls Append for many requests at once, and answers each when its own commit is done: 2xx means that it
// survives a crash.
//
// # Forms
//
// Mastra's exporters of both generations, and ours, post to /ai/<signal>/publish, to the same below /projects/<id>, or
// to the bare host. OTLP traces come over HTTP, in protobuf and in JSON, and over gRPC. Who sends decides on the form of
// the answer: a problem in JSON, a google.rpc.Status, a status of gRPC. One span that cannot be taken costs only itself:
// it is in the account under its reason, and in the partialSuccess of a 200.
//
// # Room
//
// A body is charged to the pipeline's byte budget before it is unpacked, since its format says how long it will be.
// Bodies that are still arriving are counted apart, by what has arrived, so that a thousand connections which only
// announce something take nothing from those that send. Where there is no room soon, the answer is 503 with
// Retry-After, and never 401: Mastra's exporters drop everything for minutes after one. A body that is refused is read
// to its end all the same, within limits, because many clients look for an answer only then.
//
// # One commit for many bodies
//
// Floods of tiny bodies share commits, but not by a batching stage. A store appends for one project, under one
// idempotency key, and says of each span what became of it; a batch of requests would have to be taken apart again on
// both sides of Append, and would add its MaxWait to every lone request. Instead as many as Appenders requests wait in
// Append at once, and the store's writer takes all that wait into its next transaction: nobody waits for company, and
// the slower the disk, the larger its commits. BenchmarkTinyBodies compares one appender, which is a commit a body,
// with 64, which takes three times as many bodies.
//
// # The account
//
// [Stats] has it by project and signal, and it adds up at any time: received = stored + repeated + rejected. What was
// decoded and could not be stored was given back to its sender by a 503 or 507, and is counted beside it as Returned.
package ingest
