package observability_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	ctx   = context.Background()
)

// A run of an agent, traced and exported. What it needs is in the environment:
//
//	MASTRA_CLOUD_ACCESS_TOKEN=mst_...
//	MASTRA_CLOUD_TRACES_ENDPOINT=http://localhost:4111   (only to send elsewhere)
func Example() {
	collector := pretendCloud() // sets both, to a collector in this process

	o, err := observability.New(observability.Config{Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	ctx, run := o.Tracer().Start(ctx, "weather agent", span.AgentRun{AgentID: "weather"}, observability.WithInput("Will it rain?"))
	_, call := observability.Start(ctx, "answer", span.ModelGeneration{Model: "gpt-4o-mini", Provider: "openai"})
	call.Update(span.ModelGeneration{Usage: &span.Usage{InputTokens: new(12), OutputTokens: new(3)}})
	call.SetOutput("No.")
	call.End()
	run.SetOutput("It will not rain.")
	run.End()
	if err := o.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}

	for _, record := range collector.Records() {
		s, err := span.DecodeRecord(record.JSON)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Type, s.Metadata, s.Name, s.Output)
	}
	collector.Close()
	// Output:
	// model_generation  answer "No."
	// agent_run {"serviceName":"mastra"} weather agent "It will not rain."
}

// pretendCloud is a collector on loopback, to which the environment then points.
func pretendCloud() *sinktest.Collector {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	for key, value := range map[string]string{
		"MASTRA_CLOUD_ACCESS_TOKEN": "mst_fake-token-of-an-example", "MASTRA_CLOUD_TRACES_ENDPOINT": collector.URL(),
	} {
		if err := os.Setenv(key, value); err != nil {
			log.Fatal(err)
		}
	}
	return collector
}

// Instances of one's own say where spans go, and what of them.
func ExampleNew() {
	var memory observability.Memory
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{
			Name:         "production",
			ServiceName:  "my-service",
			Sampling:     observability.SampleRatio(1),
			Exporters:    []observability.Exporter{&memory},
			ExcludeTypes: []span.Type{span.TypeModelChunk},
			Limits:       observability.Limits{MaxStringBytes: 8},
		}},
		Logger: quiet,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, tool := o.Tracer().Start(ctx, "tool: 'http'", span.ToolCall{ToolID: "http"},
		observability.WithInput(map[string]string{"url": "https://example.com", "api_key": "a-fake-key"}))
	tool.Event("progress", span.ModelChunk{}, 1)
	tool.End()
	if err := o.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	for _, s := range memory.Spans() {
		fmt.Println(s.Name, s.Input)
	}

	_, err = observability.New(observability.Config{Instances: []observability.Instance{{Name: "production"}}})
	fmt.Println(err, errors.Is(err, pipeline.ErrConfig))
	// Output:
	// tool: 'http' {"api_key":"[REDACTED]","url":"https://…[truncated]"}
	// pipeline: configuration: Config.Instances[0].ServiceName is empty true
}

// exampleTracer keeps spans in memory.
func exampleTracer(change func(i *observability.Instance)) (*observability.Tracer, func() []*span.Span) {
	var memory observability.Memory
	i := observability.Instance{Name: "example", ServiceName: "shop", Exporters: []observability.Exporter{&memory}}
	if change != nil {
		change(&i)
	}
	o, err := observability.New(observability.Config{Instances: []observability.Instance{i}, Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	return o.Tracer(), func() []*span.Span {
		if err := o.Shutdown(context.Background()); err != nil {
			fmt.Println(err)
		}
		return memory.Spans()
	}
}

func ExampleTracer_Start() {
	tracer, spans := exampleTracer(nil)

	lookUp := func(ctx context.Context, city string) (answer string, err error) {
		_, s := observability.Start(ctx, "tool: 'weather'", span.ToolCall{ToolID: "weather"}, observability.WithInput(city))
		defer s.End()
		if city != "Paris" {
			err = errors.New("no such city")
			s.Error(err)
			return "", err
		}
		s.Update(span.ToolCall{Success: new(true)})
		s.SetOutput("sunny")
		return "sunny", nil
	}
	ctx, run := tracer.Start(ctx, "agent", span.AgentRun{AgentID: "a1"}, observability.WithTags("beta"),
		observability.WithMetadata(map[string]any{"user": "u1"}))
	fmt.Println(lookUp(ctx, "Paris"))
	fmt.Println(lookUp(ctx, "Atlantis"))
	fmt.Println(observability.FromContext(ctx) == run, run.Recording())
	run.End()
	fmt.Println(lookUp(context.Background(), "Paris")) // not traced

	for _, s := range spans() {
		fmt.Println(s.Type, s.Attributes, s.Metadata, s.Input, s.Output, s.Tags, s.Error != nil)
	}
	// Output:
	// sunny <nil>
	//  no such city
	// true true
	// sunny <nil>
	// tool_call {"toolId":"weather","success":true}  "Paris" "sunny" [] false
	// tool_call {"toolId":"weather"}  "Atlantis"  [] true
	// agent_run {"agentId":"a1"} {"serviceName":"shop","user":"u1"}   [beta] false
}

func ExampleSpan_Event() {
	tracer, spans := exampleTracer(nil)
	_, call := tracer.Start(ctx, "llm", span.ModelGeneration{Model: "gpt-4o-mini"})
	for i, text := range []string{"Sun", "ny."} {
		call.Event("chunk", span.ModelChunk{ChunkType: "text", SequenceNumber: new(i)}, text)
	}
	call.SetMetadata("region", "eu")
	call.End()
	for _, s := range spans() {
		fmt.Println(s.Name, s.Event, s.Attributes, s.Output)
	}
	// Output:
	// chunk true {"chunkType":"text","sequenceNumber":0} "Sun"
	// chunk true {"chunkType":"text","sequenceNumber":1} "ny."
	// llm false {"model":"gpt-4o-mini"}
}

// A run of which the spans are made in somebody else's library.
func ExampleContextWithRun() {
	tracer, spans := exampleTracer(func(i *observability.Instance) { i.RequestContextKeys = []string{"user.id"} })
	library := func(ctx context.Context) {
		_, s := tracer.Start(ctx, "agent run", span.AgentRun{}, observability.WithInput("a secret"))
		s.SetOutput("another")
		s.End()
	}

	ctx := observability.ContextWithRequest(ctx, map[string]any{"user": map[string]any{"id": "u1", "name": "N."}, "plan": "gold"})
	options := []observability.Option{
		observability.WithRootName("nightly report"),
		observability.WithTags("batch"),
		observability.WithTraceID("abc123"),
		observability.WithParentID("f1"),
		observability.WithEntity(span.EntityAgent, "reporter", "The Reporter"),
		observability.WithRequestContextKeys("plan"),
		observability.WithHiddenInput(),
		observability.WithHiddenOutput(),
	}
	library(observability.ContextWithRun(ctx, options...))
	s := spans()[0]
	fmt.Println(s.Name, s.Tags, s.EntityName, s.Metadata, s.Input == "", s.Output == "")
	fmt.Println(s.TraceID, s.ExternalParentID)
	// Output:
	// nightly report [batch] The Reporter {"plan":"gold","serviceName":"shop","user":{"id":"u1"}} true true
	// 00000000000000000000000000abc123 00000000000000f1
}

func ExampleSampleFunc() {
	for _, sampling := range []observability.Sampling{
		observability.SampleAlways(),
		observability.SampleNever(),
		observability.SampleRatio(0),
		observability.SampleFunc(func(_ context.Context, root observability.Root) bool { return root.Metadata["plan"] == "gold" }),
	} {
		tracer, spans := exampleTracer(func(i *observability.Instance) { i.Sampling = sampling })
		for _, plan := range []string{"free", "gold"} {
			ctx, root := tracer.Start(ctx, "run", span.AgentRun{}, observability.WithMetadata(map[string]any{"plan": plan}))
			_, child := tracer.Start(ctx, "child", span.ToolCall{})
			child.End()
			root.End()
		}
		fmt.Println(len(spans()))
	}
	// Output:
	// 4
	// 0
	// 0
	// 2
}

func ExampleProcessorFunc() {
	var anonymous observability.Processor = observability.ProcessorFunc(func(s *span.Span) (keep bool, err error) {
		if s.Name == "health check" {
			return false, nil
		}
		s.Metadata = s.Metadata.Set("user", "")
		return true, nil
	})
	tracer, spans := exampleTracer(func(i *observability.Instance) {
		i.Processors = []observability.Processor{anonymous}
		i.SensitiveData = &observability.SensitiveData{RedactConfig: stages.RedactConfig{Fields: []string{"iban"}}}
	})
	for _, name := range []string{"health check", "payment"} {
		_, s := tracer.Start(ctx, name, span.Generic{}, observability.WithMetadata(map[string]any{"user": "u1", "iban": "DE00"}))
		s.End()
	}
	for _, s := range spans() {
		fmt.Println(s.Name, s.Metadata)
	}
	// Output: payment {"iban":"[REDACTED]","serviceName":"shop"}
}

// Without instances, and without an access token, nothing is recorded, and nothing has to be asked for that.
func ExampleObservability() {
	if err := os.Unsetenv("MASTRA_CLOUD_ACCESS_TOKEN"); err != nil {
		log.Fatal(err)
	}
	var o *observability.Observability
	o, err := observability.New(observability.Config{Logger: quiet})
	if err != nil {
		log.Fatal(err)
	}
	ctx, run := o.Tracer().Start(ctx, "run", span.AgentRun{})
	_, call := observability.Start(ctx, "call", span.ModelGeneration{})
	call.End()
	run.End()
	fmt.Println(run.Recording(), o.Stats().Instances[0].Disabled)
	fmt.Println(o.Flush(ctx), o.Shutdown(ctx))
	// Output:
	// false observability: no access token: set CloudExporterConfig.AccessToken or MASTRA_CLOUD_ACCESS_TOKEN
	// <nil> <nil>
}

// A request to another service carries its trace along.
func ExampleInject() {
	tracer, spans := exampleTracer(nil)
	served := func(h http.Header) {
		ctx := observability.Extract(context.Background(), h)
		_, s := tracer.Start(ctx, "served", span.AgentRun{})
		s.End()
	}
	ctx, caller := tracer.Start(ctx, "caller", span.ToolCall{}, observability.WithTraceID("0af7651916cd43dd8448eb211c80319c"))
	request := http.Header{}
	observability.Inject(ctx, request)
	served(request)
	caller.End()

	all := spans()
	fmt.Println(all[0].Name, "below", all[1].Name, all[0].ParentID == all[1].ID, all[0].TraceID)
	// Output: served below caller true 0af7651916cd43dd8448eb211c80319c
}

func ExampleParseTraceparent() {
	t, err := observability.ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	fmt.Println(t.TraceID, t.ParentID, t.Sampled, err)
	fmt.Println(observability.Traceparent{TraceID: t.TraceID, ParentID: t.ParentID})
	_, err = observability.ParseTraceparent("00-0-0-00")
	fmt.Println(err, errors.Is(err, observability.ErrTraceparent))
	// Output:
	// 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 true <nil>
	// 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00
	// observability: no valid traceparent: not of the form 00-<32 hex digits>-<16>-<2> true
}

func ExampleMemory() {
	var memory observability.Memory
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "test", ServiceName: "test", Exporters: []observability.Exporter{&memory}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	under, root := o.Tracer().Start(ctx, "root", nil)
	_, child := o.Tracer().Start(under, "child", nil)
	child.End()
	root.End()
	if _, err := memory.WaitFor(ctx, 2); err != nil {
		log.Fatal(err)
	}
	for _, s := range memory.Trace(root.TraceID()) {
		fmt.Println(s.Name)
	}
	memory.Reset()
	fmt.Println(len(memory.Spans()), o.Shutdown(ctx))
	// Output:
	// root
	// child
	// 0 <nil>
}

func ExampleConsole() {
	console := observability.NewConsole(observability.ConsoleConfig{Writer: os.Stdout, Color: observability.ColorNever})
	for _, s := range told() {
		if err := console.Export(ctx, s); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// trace 25f7706a3609ac116109660a88baa0aa  mastra  1.24s  4 spans, 1 failed
	// support                agent_run         1.24s  #beta
	// ├─ llm: 'gpt-4o-mini'  model_generation  802ms  1200 → 340 tokens
	// │  └─ chunk            model_chunk       ·
	// └─ tool: 'weather'     tool_call         4ms    failed: no such city
}

func ExampleConsoleConfig() {
	var color observability.Color = observability.ColorAlways
	var out strings.Builder
	console := observability.NewConsole(observability.ConsoleConfig{Writer: &out, Color: color, MaxSpans: 100})
	_ = console.Export(ctx, &span.Span{TraceID: "a1", ID: "01", Name: "root"})
	fmt.Printf("%q\n", out.String()[:10])
	// Output: "\x1b[1mtrace "
}

// lamp is an exporter: it shows that something happens.
type lamp struct{ failed bool }

func (l *lamp) Export(_ context.Context, s *span.Span) error {
	if l.failed {
		return observability.ErrClosed
	}
	fmt.Println("blink", s.Name)
	l.failed = true
	return nil
}
func (*lamp) Flush(context.Context) error    { return nil }
func (*lamp) Shutdown(context.Context) error { return nil }

// What an exporter loses is in the error of Shutdown, and in Stats, and costs no other exporter a span.
func ExampleError() {
	var memory observability.Memory
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "home", ServiceName: "home", Exporters: []observability.Exporter{new(lamp), &memory}}},
		Logger:    quiet,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"one", "two", "three"} {
		_, s := o.Tracer().Start(ctx, name, nil)
		s.End()
		if err := o.Flush(ctx); err != nil {
			log.Fatal(err)
		}
	}
	err = o.Shutdown(ctx)
	var where *observability.Error
	var loss *pipeline.LossError
	if errors.As(err, &where) && errors.As(err, &loss) {
		fmt.Println(where.Instance, where.Exporter, loss.Ledger.Delivered, loss.Ledger.Failed)
	}
	var stats observability.Stats = o.Stats()
	for _, i := range stats.Instances {
		for _, e := range i.Exporters {
			fmt.Println(i.Name, e.Name, e.Spans.Ledger.Delivered)
		}
	}
	// Output:
	// blink one
	// home *observability_test.lamp 1 2
	// home *observability_test.lamp 1
	// home *observability.Memory 3
}

// Several instances, and who chooses.
func ExampleConfig() {
	var europe, elsewhere observability.Memory
	type region struct{}
	cfg := observability.Config{
		Instances: []observability.Instance{
			{Name: "elsewhere", ServiceName: "shop", Exporters: []observability.Exporter{&elsewhere}},
			{Name: "europe", ServiceName: "shop-eu", Exporters: []observability.Exporter{&europe}, HideInput: true},
		},
		Selector: func(ctx context.Context, _ observability.Root) string {
			name, _ := ctx.Value(region{}).(string)
			return name
		},
		SensitiveData: observability.SensitiveData{RedactConfig: stages.RedactConfig{Style: stages.RedactPartial}},
		Logger:        quiet,
	}
	o, err := observability.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"europe", "", "unknown"} {
		_, s := o.Tracer().Start(context.WithValue(ctx, region{}, name), "from "+name, nil)
		s.End()
	}
	if err := o.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(europe.Spans()), len(elsewhere.Spans()))

	// The default instance is there too: with its own name, and one for its service.
	cfg.Default = true
	cfg.Instances[0].Name = observability.DefaultInstance
	_, err = observability.New(cfg)
	fmt.Println(err)
	fmt.Println(observability.DefaultServiceName)
	// Output:
	// 1 2
	// pipeline: configuration: Config.Instances[0].Name is "default", and so is that of Config.Default
	// mastra
}

// What tracing loses, and when calls came too late, is there to be watched.
func ExampleStats() {
	var memory observability.Memory
	o, err := observability.New(observability.Config{Instances: []observability.Instance{
		{Name: "main", ServiceName: "shop", Exporters: []observability.Exporter{&memory}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	_, s := o.Tracer().Start(ctx, "one", nil)
	s.End()
	s.SetOutput("too late")
	if err := o.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	var main observability.InstanceStats = o.Stats().Instances[0]
	var toMemory observability.ExporterStats = main.Exporters[0]
	fmt.Println(main.Name, main.Spans.Ledger.Accepted, main.Late, toMemory.Spans.Ledger.Delivered)
	// Output: main 1 1 1
}

// The methods of a span do nothing on one that is not recorded, and say so.
func ExampleSpan_Recording() {
	tracer, spans := exampleTracer(func(i *observability.Instance) { i.Sampling = observability.SampleNever() })
	_, s := tracer.Start(ctx, "unsampled", nil)
	if s.Recording() {
		s.SetInput(slices.Repeat([]string{"expensive"}, 1e6))
	}
	s.End()
	fmt.Println(len(spans()), s.TraceID().Valid(), s.ID().Valid(), strings.HasSuffix(s.Traceparent(), "-00"))
	var none *observability.Span
	none.End()
	fmt.Println(none.ID() == "")
	// Output:
	// 0 true true true
	// true
}
