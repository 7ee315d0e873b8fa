// Package store is the contract between what takes traces in and what shows them: the [Store] interface, the batches
// that go into it, the questions it answers. Packages sqlite and memory implement it, package storetest holds both to
// it, and package meta keeps what is not a trace: projects, tokens, users, sessions, shares, settings.
//
// # What is stored
//
// A project holds traces; a trace holds spans and records (logs, metrics, scores, feedback). A span is identified by
// project, trace id and span id. What a store answers about a batch is an account: received = stored + repeated +
// rejected, item by item. A nil error from Append means that what it calls stored has survived a crash.
//
// # The same thing twice
//
// A span may be appended any number of times and counts once. The first finished version wins; a running span (no end,
// no event) may become a finished one, which keeps the start of its first version. A record is identified by kind and
// id, as long as it comes with the same time and trace. A batch may carry a key: the same key with the same sum is
// answered without looking at its items again.
//
// # Meaning
//
// Ids are 1–32 and 1–16 hex digits of any case, kept in lower case and padded. Status comes from the root: error when
// the root has one, running while it has no end or has not arrived, incomplete when it is missing and nothing came for
// [QuietAfter], else success. A trace that is quiet without a root, and in which one span covers all others, has that
// span for its root: Mastra 0.x gives roots a parent that never arrives. Tokens count on leaf usage alone, see
// [span.CountsUsage] with an ancestor that has usage, but for inferences with Item.OwnUsage. Cost counts when a span or a
// metric of total tokens says it.
package store
