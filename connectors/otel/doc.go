// Package otel is the way in for Go services that trace with OpenTelemetry: their spans go to an exporter of this
// library, such as [observability.CloudExporter], with the same ids, times, attributes, status, events, links, resource and
// scope.
//
// # Moving, and leaving again
//
// Where the SDK is set up, one line changes:
//
//	sdktrace.WithBatcher(exporter)                              // before: BatchSpanProcessor, and otlptracehttp behind it
//	sdktrace.WithSpanProcessor(otel.NewSpanProcessor(exporter)) // after
//
// All instrumentation stays as it is, and Shutdown of the provider is still the end of it. The way back is the same line.
// Who wants to keep a processor of OpenTelemetry's has [NewSpanExporter].
//
// OnEnd of [SpanProcessor] puts a pointer into a bounded queue: it allocates nothing, waits for nothing, and costs a
// fraction of BatchSpanProcessor's (go run ./bench/compare -job OnEnd). Conversion, batches, compression and sending are
// on other goroutines. What is lost, where and why, is in [SpanProcessor.Stats] at any time, in the error of Shutdown
// exactly, and in the log now and then.
//
// # What becomes of a span
//
// The rules are those of connectors/otlp, so a span that comes by the SDK is the one that would have come over OTLP:
// conventions for AI (GenAI's, by current and older names, and OpenInference's) become type, model, usage, messages, tools
// and agents; other attributes are metadata; and what a span of ours has no field for (kind, resource, scope, events, links,
// tracestate, flags) is in [span.Span.Extra]. The resource's service.name is in the metadata of each span, as serviceName. Spans
// that are recorded and not sampled are not exported. Where otlptracehttp loses a batch because of a text that is not
// UTF-8, the text gets U+FFFD, and links keep their tracestate.
//
// Nothing is taken out of these spans unless [WithProcessors] says so: the filter of [observability.SensitiveData] is part
// of a Tracer's instance.
//
// # With a Tracer
//
// A program may have both: [NewBridge] joins the traces of OpenTelemetry and of an [observability.Tracer] in one process,
// and [Propagator] over HTTP headers, in both directions. Let both export to the same exporter, and the processor leave it
// to the other by [KeepExporter].
//
// # Metrics
//
// [RegisterMetrics] tells OpenTelemetry's metrics what pipelines do: their ledgers, losses by stage and reason, depth,
// blocked time, latency.
package otel
