// Package span is what flows through a tailrace: the span of an AI agent, the typed attributes of its work, the two
// JSON wire formats it travels in, what its token usage means, and its translation to and from OpenTelemetry's GenAI
// attributes. It imports the standard library only.
//
// # The model
//
// A [Span] is one timed piece of work: an agent run, a model call, a tool call, a workflow step. Its fixed parts are
// Go fields. Whatever a program may choose freely (attributes, metadata, input, output) is a [Value]: compact JSON
// text, kept byte for byte, so that decoding and encoding again changes nothing. Record keys that this package does
// not know are kept in [Span.Extra], in order.
//
// Absent and null are one thing: the zero Value. false, 0, "" and {} are values and are kept.
//
// Attributes have Go types too, one for each span type: [ModelGeneration], [ToolCall], [AgentRun] and the others.
// [Span.SetAttributes] writes one, [As] reads one.
//
// # The wire
//
// [V0] and [V1] write the request bodies of the two generations, {"spans":[…]}, and [NDJSON] writes one record of the
// newer form a line. All three append to a buffer, allocate nothing, and refuse a bad span alone. [DecodeBody] and
// [DecodeRecord] read both generations, record by record, and a record that cannot be read costs no neighbour.
//
// # Lifetime
//
// A span belongs to whoever made it until it is handed on. [Span.Freeze], called at its end, checks its values and
// fixes its size; a frozen span may be read by many goroutines at once, and whoever changes one must own it alone.
package span
