// Package ingest takes in what clients send, and has a store keep it. A [Server] is a pipeline of this library: each
// request whose body has arrived is an item of it, and the request's handler waits for what becomes of the item.
//
//	requests → decode → check → store
//
// A handler reads a body, bounded in bytes, in time and in what all of them hold together, and emits it. decode unpacks
// bodies and takes them apart, as many at once as there are processors. check holds them against the quota of their
// project. store calls Append for many requests at once, and answers each when its own commit is done: 2xx means that it
// survives a crash.
package ingest
