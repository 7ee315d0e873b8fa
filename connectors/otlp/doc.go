// Package otlp is OTLP traces for pipelines: in, out, and both ways between OpenTelemetry's spans and ours. A program that
// stands where a Collector stands is made of a [Receiver], stages, a [Codec] and what [NewHTTP] makes; see the Example of
// Receiver.
//
//   - [Receiver] takes OTLP over HTTP and gRPC, and is the source of a pipeline.
//   - [Codec] writes spans in protobuf or JSON for stages.Encode, and [NewHTTP] sends them as OTLP asks.
//   - [Assembler] makes spans of ours from OpenTelemetry spans that are in memory.
//   - [Decode] reads a body, within limits and span by span. [Response] and [Status] are the bodies of the answers over
//     HTTP; [NewHandler] serves the same export over gRPC, and [Deny] answers a call that a router refuses: for servers of
//     their own.
//   - [File] writes a document of OTLP/JSON.
//
// # What becomes of a span
//
// Ids, name, parent and times keep their place; [span.FromGenAI] finds type, attributes, input, output and usage among
// the OpenTelemetry attributes, and what no rule knows is metadata. The resource's service.name is the item's service,
// and its deployment.environment.name the metadata's environment, where the span has none of its own. What a span of
// ours has no field for stays in [span.Span.Extra], under the keys kind, resource, schemaUrl, scope, events, links, traceState,
// flags, droppedAttributes, droppedEvents, droppedLinks and status (of one that is OK), so that it never hides what the span
// itself says; from there a [Codec] takes it again. A double that is whole keeps a point (1.0), and so comes out as one.
// JSON has no numbers NaN and Infinity, and no bytes: they become texts, the latter in base64.
//
// OTLP: https://opentelemetry.io/docs/specs/otlp/
package otlp
