package observability_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// house is another tracing system, as small as one can be: a span is what is in the context.
type house struct{}

type houseKey struct{}

func (house) Current(ctx context.Context) (observability.BridgedSpan, bool) {
	s, ok := ctx.Value(houseKey{}).(observability.BridgedSpan)
	return s, ok
}

func (house) With(ctx context.Context, s observability.BridgedSpan) context.Context {
	return context.WithValue(ctx, houseKey{}, s)
}

// start begins a span of the other system below the one that it finds.
func (h house) start(ctx context.Context, id byte) (context.Context, observability.BridgedSpan) {
	s, ok := h.Current(ctx)
	if !ok {
		s = observability.BridgedSpan{TraceID: [16]byte{15: id}, Sampled: true}
	}
	s.ID = [8]byte{7: id}
	s.Remote = false
	return h.With(ctx, s), s
}

func hexID(s observability.BridgedSpan) span.ID { return span.ID(hex.EncodeToString(s.ID[:])) }

// bridged is a scene with a bridge to another house.
func bridged(t *testing.T, change func(i *observability.Instance)) *scene {
	t.Helper()
	s := &scene{t: t, memory: new(observability.Memory), log: new(buffer)}
	i := observability.Instance{Name: "test", ServiceName: "shop", Exporters: []observability.Exporter{s.memory}}
	if change != nil {
		change(&i)
	}
	o, err := observability.New(observability.Config{Instances: []observability.Instance{i}, Bridge: house{}})
	if err != nil {
		t.Fatal(err)
	}
	s.Observability, s.tracer = o, o.Tracer()
	t.Cleanup(func() { _ = o.Shutdown(context.Background()) })
	return s
}

func TestTheInnermostSpanIsTheParent(t *testing.T) {
	s, theirs := bridged(t, nil), house{}
	ctx, outer := theirs.start(t.Context(), 1)
	ctx, ours := s.tracer.Start(ctx, "ours", span.AgentRun{}, observability.WithTags("tag"), observability.WithEntity(span.EntityAgent, "a", "A"))
	seen, _ := theirs.Current(ctx)
	if hexID(seen) != ours.ID() || seen.TraceID != outer.TraceID || !seen.Sampled {
		t.Errorf("the other system sees %+v, the span is %s", seen, ours.ID())
	}
	below, inner := theirs.start(ctx, 2)
	_, leaf := observability.Start(below, "leaf", span.ToolCall{})
	_, beside := observability.Start(ctx, "beside", nil)
	h := http.Header{"Tracestate": {"left=over"}}
	observability.Inject(below, h)
	if want := "00-" + string(ours.TraceID()) + "-" + string(hexID(inner)) + "-01"; h.Get("Traceparent") != want || h.Get("Tracestate") != "tailrace="+string(hexID(inner)) {
		t.Errorf("headers %v, want %s", h, want)
	}
	leaf.End()
	beside.End()
	ours.End()

	all := s.spans()
	if got := all["ours"]; got.ParentID != hexID(outer) || got.Root || got.ExternalParentID != "" || got.TraceID != span.TraceID(hex.EncodeToString(outer.TraceID[:])) {
		t.Errorf("ours: %+v", got)
	}
	if got := all["leaf"]; got.ParentID != hexID(inner) || got.TraceID != all["ours"].TraceID || got.EntityID != "a" || got.Tags != nil || got.Metadata != "" {
		t.Errorf("leaf: %+v", got)
	}
	if got := all["beside"]; got.ParentID != ours.ID() {
		t.Errorf("beside: %+v", got)
	}
}

func TestWhetherATraceIsRecordedPassesTheBridge(t *testing.T) {
	s, theirs := bridged(t, nil), house{}
	ctx := theirs.With(t.Context(), observability.BridgedSpan{TraceID: [16]byte{1}, ID: [8]byte{2}})
	first, one := s.tracer.Start(ctx, "below one that is not recorded", nil)
	again, two := s.tracer.Start(first, "and again", nil)
	if one.Recording() || one.TraceID() != "01000000000000000000000000000000" || again != first || two != one {
		t.Errorf("%s is recorded: %t", one.TraceID(), one.Recording())
	}
	allocated := testing.AllocsPerRun(20, func() { s.tracer.Start(first, "and again", nil) })
	if allocated != 0 {
		t.Errorf("a span that is not recorded costs %v allocations", allocated)
	}

	never := bridged(t, func(i *observability.Instance) { i.Sampling = observability.SampleNever() })
	ctx, root := never.tracer.Start(t.Context(), "not recorded", nil)
	if seen, ok := theirs.Current(ctx); !ok || seen.Sampled || hexID(seen) != root.ID() {
		t.Errorf("the other system sees %+v", seen)
	}
	below, _ := theirs.start(ctx, 3)
	if got, below := never.tracer.Start(below, "below", nil); below.Recording() || got == nil {
		t.Error("it is recorded below")
	}
	// A sampler that heeds no parent.
	below = theirs.With(ctx, observability.BridgedSpan{TraceID: [16]byte{4}, ID: [8]byte{5}, Sampled: true})
	_, wanted := never.tracer.Start(below, "wanted", nil)
	wanted.End()
	if got := never.spans()["wanted"]; got == nil || got.ParentID != "0500000000000000" {
		t.Errorf("wanted: %+v", got)
	}
	if _, none := observability.Start(below, "no tracer", nil); none != root {
		t.Error("without a tracer the span above stays")
	}
	if len(s.spans()) != 0 {
		t.Error("spans were recorded")
	}
}

func TestABridgedSpanOfAnotherProcess(t *testing.T) {
	theirs := house{}
	for _, tt := range []struct{ name, state, parent, external string }{
		{"exported by this library", "congo=t61rcWkgMzE,tailrace=0000000000000009", "0000000000000009", ""},
		{"by another", "congo=t61rcWkgMzE,tailrace=0000000000000008", "", "0000000000000009"},
	} {
		s := bridged(t, nil)
		ctx := theirs.With(t.Context(), observability.BridgedSpan{TraceID: [16]byte{1}, ID: [8]byte{7: 9}, Sampled: true, Remote: true, State: tt.state})
		ctx, one := s.tracer.Start(ctx, "one", nil)
		if seen, _ := theirs.Current(ctx); seen.State != "congo=t61rcWkgMzE" {
			t.Errorf("%s: tracestate goes on as %q", tt.name, seen.State)
		}
		one.End()
		if got := s.spans()["one"]; string(got.ParentID) != tt.parent || string(got.ExternalParentID) != tt.external || got.Root != (tt.parent == "") {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestAnExcludedSpanPassesTheBridge(t *testing.T) {
	theirs := house{}
	s := bridged(t, func(i *observability.Instance) { i.ExcludeTypes = []span.Type{span.TypeWorkflowRun} })
	ctx, hidden := s.tracer.Start(t.Context(), "hidden", span.WorkflowRun{})
	if seen, ok := theirs.Current(ctx); !ok || hexID(seen) != "0000000000000000" || span.TraceID(hex.EncodeToString(seen.TraceID[:])) != hidden.TraceID() {
		t.Errorf("the other system sees %+v", seen)
	}
	below, inner := theirs.start(ctx, 4)
	_, leaf := s.tracer.Start(below, "leaf", nil)
	_, first := s.tracer.Start(ctx, "first", nil)
	leaf.End()
	first.End()
	hidden.End()
	all := s.spans()
	if got := all["leaf"]; got.ParentID != hexID(inner) || got.TraceID != hidden.TraceID() {
		t.Errorf("leaf: %+v", got)
	}
	if got := all["first"]; got.ParentID != "" || !got.Root {
		t.Errorf("first: %+v", got)
	}
}

func TestADisabledTracerDoesNotSilenceTheOtherSystem(t *testing.T) {
	t.Setenv("MASTRA_CLOUD_ACCESS_TOKEN", "")
	o, err := observability.New(observability.Config{Bridge: house{}, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Shutdown(context.Background()) }()
	ctx, _ := o.Tracer().Start(t.Context(), "to nobody", nil)
	if seen, ok := (house{}).Current(ctx); ok {
		t.Errorf("the other system sees %+v", seen)
	}
}

// A bridge to a tracing system that keeps its span in the context, like most. That of OpenTelemetry is in
// connectors/otel.
func ExampleBridge() {
	memory := new(observability.Memory)
	var between observability.Bridge = house{}
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{{Name: "shop", ServiceName: "shop", Exporters: []observability.Exporter{memory}}},
		Bridge:    between,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	theirs := observability.BridgedSpan{TraceID: [16]byte{0xab}, ID: [8]byte{0xcd}, Sampled: true}
	_, s := o.Tracer().Start(between.With(context.Background(), theirs), "tool: 'weather'", span.ToolCall{ToolID: "weather"})
	s.End()
	if err := o.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range memory.Spans() {
		fmt.Println(s.TraceID, s.ParentID, s.Name)
	}
	// Output: ab000000000000000000000000000000 cd00000000000000 tool: 'weather'
}
