package otel_test

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/connectors/otel"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// process is one that has both tracers, whose spans go to one place.
type process struct {
	t      *testing.T
	theirs trace.Tracer
	ours   *observability.Tracer
	end    func()
	into   *observability.Memory
}

func start(t *testing.T, into *observability.Memory, sampling observability.Sampling, sampler sdktrace.Sampler) *process {
	t.Helper()
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "shop", ServiceName: "shop", Sampling: sampling, Exporters: []observability.Exporter{into}}},
		Bridge:    otel.NewBridge(),
	})
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otel.NewSpanProcessor(into, otel.KeepExporter())), sdktrace.WithSampler(sampler))
	p := &process{t: t, theirs: provider.Tracer("test"), ours: o.Tracer(), into: into}
	p.end = func() {
		t.Helper()
		if err := provider.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := o.Flush(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		_ = provider.Shutdown(context.Background())
		_ = o.Shutdown(context.Background())
	})
	return p
}

// spans are those that came into memory, by name.
func (p *process) spans() map[string]*span.Span {
	p.t.Helper()
	p.end()
	byName := map[string]*span.Span{}
	for _, s := range p.into.Spans() {
		byName[s.Name] = s
	}
	return byName
}

// chain checks that each span is the child of the one before it, the first a root.
func chain(t *testing.T, all map[string]*span.Span, names ...string) {
	t.Helper()
	for i, name := range names {
		s := all[name]
		if s == nil {
			t.Errorf("there is no %s", name)
			return
		}
		var parent span.ID
		if i > 0 {
			parent = all[names[i-1]].ID
		}
		if s.ParentID != parent || s.ExternalParentID != "" || s.TraceID != all[names[0]].TraceID || s.Root != (i == 0) {
			t.Errorf("%s is below %q, external %q, in %s, root: %t; want below %q in %s", name, s.ParentID, s.ExternalParentID, s.TraceID, s.Root, parent, all[names[0]].TraceID)
		}
	}
}

func TestTracesJoinInOneProcess(t *testing.T) {
	p := start(t, new(observability.Memory), observability.SampleAlways(), sdktrace.ParentBased(sdktrace.AlwaysSample()))
	ctx, a := p.theirs.Start(t.Context(), "a")
	ctx, b := p.ours.Start(ctx, "b", span.AgentRun{})
	ctx, c := p.ours.Start(ctx, "c", span.ModelGeneration{})
	ctx, d := p.theirs.Start(ctx, "d")
	ctx, e := observability.Start(ctx, "e", span.ToolCall{})
	_, f := p.theirs.Start(ctx, "f")
	if d.SpanContext().TraceID() != a.SpanContext().TraceID() || !d.SpanContext().IsSampled() {
		t.Errorf("d is %v", d.SpanContext())
	}
	for _, s := range []interface{ End() }{ended(f), e, ended(d), c, b, ended(a)} {
		s.End()
	}
	root, first := p.ours.Start(t.Context(), "ours first", nil)
	_, second := p.theirs.Start(root, "theirs second")
	_, apart := p.theirs.Start(root, "apart", trace.WithNewRoot())
	second.End()
	apart.End()
	first.End()
	all := p.spans()
	chain(t, all, "a", "b", "c", "d", "e", "f")
	chain(t, all, "ours first", "theirs second")
	chain(t, all, "apart")
}

// ended lets spans of both kinds stand in one list.
func ended(s trace.Span) interface{ End() } { return endless{s} }

type endless struct{ trace.Span }

func (e endless) End() { e.Span.End() }

func TestWhetherATraceIsRecordedIsInheritedBothWays(t *testing.T) {
	into := new(observability.Memory)
	never := start(t, into, observability.SampleAlways(), sdktrace.ParentBased(sdktrace.NeverSample()))
	ctx, theirs := never.theirs.Start(t.Context(), "not recorded")
	ctx, ours := never.ours.Start(ctx, "ours below", nil)
	_, below := never.theirs.Start(ctx, "theirs below")
	if ours.Recording() || below.SpanContext().IsSampled() || string(ours.TraceID()) != theirs.SpanContext().TraceID().String() {
		t.Errorf("recorded: %t, %v", ours.Recording(), below.SpanContext())
	}
	below.End()
	ours.End()
	theirs.End()

	always := start(t, into, observability.SampleNever(), sdktrace.ParentBased(sdktrace.AlwaysSample()))
	ctx, first := always.ours.Start(t.Context(), "not recorded either", nil)
	_, second := always.theirs.Start(ctx, "theirs below that")
	if first.Recording() || second.SpanContext().IsSampled() {
		t.Errorf("recorded: %t, %v", first.Recording(), second.SpanContext())
	}
	second.End()
	first.End()
	never.end()
	if got := always.spans(); len(got) != 0 {
		t.Errorf("recorded: %v", got)
	}
}

// TestTracesJoinAcrossProcesses goes from each tracer to each, over HTTP headers.
func TestTracesJoinAcrossProcesses(t *testing.T) {
	type step struct {
		name  string
		start func(p *process, ctx context.Context, name string) (context.Context, interface{ End() })
	}
	ours := step{"ours", func(p *process, ctx context.Context, name string) (context.Context, interface{ End() }) {
		ctx, s := p.ours.Start(ctx, name, nil)
		return ctx, s
	}}
	theirs := step{"theirs", func(p *process, ctx context.Context, name string) (context.Context, interface{ End() }) {
		ctx, s := p.theirs.Start(ctx, name)
		return ctx, ended(s)
	}}
	for _, from := range []step{ours, theirs} {
		for _, to := range []step{ours, theirs} {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				into := new(observability.Memory) // where both processes export to
				sampler := sdktrace.ParentBased(sdktrace.AlwaysSample())
				caller, called := start(t, into, observability.SampleAlways(), sampler), start(t, into, observability.SampleNever(), sdktrace.ParentBased(sdktrace.NeverSample()))
				state, _ := trace.ParseTraceState("congo=t61rcWkgMzE")
				ctx, root := theirs.start(caller, trace.ContextWithSpanContext(t.Context(), trace.SpanContext{}.WithTraceState(state)), "root")
				ctx, one := from.start(caller, ctx, "caller")
				h := propagation.HeaderCarrier(http.Header{})
				otel.Propagator{}.Inject(ctx, h)
				next, two := to.start(called, otel.Propagator{}.Extract(t.Context(), h), "called")
				_, three := ours.start(called, next, "below")
				three.End()
				two.End()
				one.End()
				root.End()
				caller.end()
				chain(t, called.spans(), "root", "caller", "called", "below")
			})
		}
	}
}

func TestThePropagatorPassesOnWhatIsNotItsOwn(t *testing.T) {
	propagator := otel.Propagator{}
	h := propagation.HeaderCarrier(http.Header{})
	propagator.Inject(t.Context(), h)
	if len(h) != 0 {
		t.Errorf("without a span: %v", h)
	}
	if ctx := propagator.Extract(t.Context(), h); trace.SpanContextFromContext(ctx).IsValid() || ctx != t.Context() {
		t.Error("there is a span in nothing")
	}

	// A span that goes through without one of ours.
	came := http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "Tracestate": {"tailrace=b7ad6b7169203331,congo=t61rcWkgMzE"}}
	ctx := propagator.Extract(t.Context(), propagation.HeaderCarrier(came))
	propagator.Inject(ctx, h)
	if h.Get("Traceparent") != came.Get("Traceparent") || h.Get("Tracestate") != came.Get("Tracestate") {
		t.Errorf("%v went on as %v", came, h)
	}

	// Below a service that exports elsewhere, ours are not its children.
	into := new(observability.Memory)
	p := start(t, into, observability.SampleAlways(), sdktrace.AlwaysSample())
	foreign := http.Header{"Traceparent": came["Traceparent"], "Tracestate": {"tailrace=00f067aa0ba902b7,congo=t61rcWkgMzE"}}
	ctx, s := p.ours.Start(propagator.Extract(t.Context(), propagation.HeaderCarrier(foreign)), "ours", nil)
	propagator.Inject(ctx, h)
	if want := "tailrace=" + string(s.ID()) + ",congo=t61rcWkgMzE"; h.Get("Tracestate") != want {
		t.Errorf("tracestate is %q, want %q", h.Get("Tracestate"), want)
	}
	s.End()
	if got := p.spans()["ours"]; got.ParentID != "" || got.ExternalParentID != "b7ad6b7169203331" || got.TraceID != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("ours: %+v", got)
	}

	// One that is not recorded is nobody's child.
	unsampled := trace.ContextWithSpanContext(t.Context(), snapshot(1, 0).SpanContext())
	h = propagation.HeaderCarrier(http.Header{})
	propagator.Inject(unsampled, h)
	if h.Get("Tracestate") != "" || h.Get("Traceparent") == "" {
		t.Errorf("headers %v", h)
	}
	if got := propagator.Fields(); len(got) != 2 {
		t.Errorf("fields %v", got)
	}
}
