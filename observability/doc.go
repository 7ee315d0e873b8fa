// Package observability traces AI agents and gets their spans to Mastra Cloud, or to any endpoint of that kind.
//
// A program makes an [Observability] with [New], starts spans with its [Tracer], and calls Shutdown at its end:
//
//	o, err := observability.New(observability.Config{}) // MASTRA_CLOUD_ACCESS_TOKEN is set
//	if err != nil {
//		return err
//	}
//	defer observability.ShutdownOnSignal(ctx, o)()
//
//	ctx, run := o.Tracer().Start(ctx, "weather agent", span.AgentRun{AgentID: "weather"})
//	defer run.End()
//
// Below that, any code that gets ctx adds to the trace with [Start], and needs no tracer. A [CloudExporter] also works
// alone, for spans that somebody else makes.
//
// # Where spans go
//
// An [Instance] has a service name, a way to sample, processors, and exporters: [CloudExporter], [Console], [Memory], or
// your own. End freezes a span and hands it over; the rest happens on other goroutines:
//
//	End → queue → processors → sensitive data out → limits → SpanFilter → queue of each exporter → Export
//
// No call of a tracer or a span ever waits for any of it. Where there is no room a span is dropped, and counted. One
// exporter that is stuck, or fails, or panics, loses its own spans, and no other's. What was lost, where and why, is in
// [Observability.Stats] at any time, in the error of Shutdown exactly, and in the log now and then.
//
// Whether a trace is recorded is decided once, where it starts, and its spans are all there or none. In a trace that is
// not recorded a span costs a look into its context.
//
// # What is in a span
//
// The type of a span follows from the Go type of its attributes, such as [span.ModelGeneration]. Input, output, metadata
// and errors may be any Go values: they are copied when they are given, at most as large as [Limits] say, and cut
// visibly. Each value is written once: the metadata and tags of a trace are in the record of its first span and not
// repeated below it. Secrets are taken out by default, see [SensitiveData].
//
// Ids are those of W3C Trace Context, so traces go on in other processes, and in those of other tracing systems, by
// [Inject] and [Extract]; and with another tracing system in the same process by a [Bridge], such as the one for
// OpenTelemetry in connectors/otel.
//
// # Coming from Mastra's CloudExporter
//
// What the JavaScript exporter is told, and the same here:
//
//	MASTRA_CLOUD_ACCESS_TOKEN=mst_…            the same variable; CloudExporterConfig.AccessToken beats it
//	new Mastra({observability: …})             observability.New(observability.Config{…})
//	default: {enabled: true}                   Config{Default: true}, or Config{}: sends when a token is set
//	configs: {production: {…}}                 Config.Instances: []Instance{{Name: "production", …}}
//	serviceName: 'my-service'                  Instance.ServiceName: "my-service"
//	exporters: [new CloudExporter()]           Instance.Exporters: []Exporter{cloud}, with NewCloudExporter
//	accessToken: process.env.…                 CloudExporterConfig.AccessToken, or TokenSource where it is renewed
//	endpoint: 'https://cloud.your-domain.com'  CloudExporterConfig.Endpoint, or a variable
//	maxBatchSize: 1000                         CloudExporterConfig.MaxBatchSize, 1000 unless set
//	maxBatchWaitMs: 5000                       CloudExporterConfig.MaxBatchWait, 5 * time.Second unless set
//	logLevel: 'info'                           CloudExporterConfig.LogLevel: slog.LevelInfo, the default
//	sampling: {type: 'ratio', …}               Instance.Sampling: SampleRatio(0.1); SampleAlways, SampleNever, SampleFunc
//	processors, spanOutputProcessors           Instance.Processors
//	new SensitiveDataFilter({…})               Config.SensitiveData, on by default
//	excludeSpanTypes, spanFilter               Instance.ExcludeTypes, Instance.SpanFilter
//	serializationOptions                       Instance.Limits
//	runtimeContextKeys, requestContextKeys     Instance.RequestContextKeys, with ContextWithRequest
//	configSelector                             Config.Selector
//	tracingOptions: {metadata, tags, …}        options of Start, or ContextWithRun
//
// And what it does:
//
//	batches, when full or after a time         the same, and by bytes; filled also under load
//	retries with exponential backoff           the same, with jitter, Retry-After and one breaker for all requests
//	graceful when the cloud is away            MaxBytes bounds memory; CloudExporter.State says how it goes; losses are exact
//	overhead is low                            encoding, compressing and sending are off the program's path
//	dashboard: by service name                 metadata.serviceName of the first span, from Instance.ServiceName
//	dashboard: by time range, by trace id      Start and End of each span; Span.TraceID
//	dashboard: by error status                 Span.Error
//	trace timeline                             children by context, W3C ids; Console draws it in a terminal
//	span details: inputs, outputs, metadata    WithInput, SetOutput, SetMetadata, Update
//	latency, token usage                       durations of a steady clock; span.Usage
//	share a trace                              Span.TraceID is what a link is made of
package observability
