// Package otlp takes OpenTelemetry traces: the body of an OTLP export, protobuf or JSON, becomes what package decode
// makes of Mastra's bodies, within the same limits, and span by span. It also writes what OTLP wants as an answer, over
// HTTP and over gRPC.
//
// [Decode] reads a body. [Response] and [Status] are the bodies of the answers over HTTP. [NewHandler] serves the same
// export over gRPC, and [Deny] answers a gRPC call that a router refuses.
//
// # What becomes of a span
//
// Ids, name, parent and times keep their place; [span.FromGenAI] finds type, attributes, input, output and usage among
// the OpenTelemetry attributes, and what no rule knows is metadata. The resource's service.name is the item's service,
// and its deployment.environment.name the metadata's environment, where the span has none of its own. What a span of
// ours has no field for stays in [span.Span.Extra], under the keys kind, resource, scope, events, links, traceState and
// droppedAttributes, so that it never hides what the span itself says.
//
// OTLP: https://opentelemetry.io/docs/specs/otlp/
package otlp
