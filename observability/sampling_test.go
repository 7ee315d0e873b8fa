package observability_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
	"pgregory.net/rapid"
)

// TestFlaw20SampledByTrace draws trees of spans and ways to sample: each trace is there whole or not at all.
func TestFlaw20SampledByTrace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ratio := rapid.Float64Range(0, 1).Draw(rt, "ratio")
		sampling := rapid.SampledFrom([]observability.Sampling{
			{}, observability.SampleAlways(), observability.SampleNever(), observability.SampleRatio(ratio),
			observability.SampleFunc(func(_ context.Context, r observability.Root) bool { return len(r.Name)%2 == 0 }),
		}).Draw(rt, "sampling")
		s := observe(t, func(i *observability.Instance) { i.Sampling = sampling })
		made := map[span.TraceID]int{}
		var grow func(ctx context.Context, depth int)
		grow = func(ctx context.Context, depth int) {
			for range rapid.IntRange(0, 3).Draw(rt, "children") {
				below, one := s.tracer.Start(ctx, strings.Repeat("n", rapid.IntRange(0, 5).Draw(rt, "name")), span.ToolCall{})
				made[one.TraceID()]++
				if depth < 3 {
					grow(below, depth+1)
				}
				one.End()
			}
		}
		for range rapid.IntRange(1, 5).Draw(rt, "traces") {
			ctx, root := s.tracer.Start(t.Context(), rapid.StringN(0, 3, 5).Draw(rt, "root"), span.AgentRun{})
			made[root.TraceID()]++
			grow(ctx, 0)
			root.End()
		}
		if err := s.Shutdown(t.Context()); err != nil {
			rt.Fatal(err)
		}
		got := map[span.TraceID]int{}
		known := map[span.ID]bool{"": true}
		for _, one := range s.memory.Spans() {
			got[one.TraceID]++
			known[one.ID] = true
		}
		for id, n := range got {
			if n != made[id] {
				rt.Errorf("%d of the %d spans of a trace", n, made[id])
			}
		}
		for _, one := range s.memory.Spans() {
			if !known[one.ParentID] {
				rt.Error("an orphan")
			}
		}
	})
}

func TestRatioIsThatOfTheStage(t *testing.T) {
	s := observe(t, func(i *observability.Instance) { i.Sampling = observability.SampleRatio(0.25) })
	const n = 4000
	kept := 0
	for range n {
		_, root := s.tracer.Start(t.Context(), "root", nil)
		if want := stages.InSample(0.25, string(root.TraceID())); root.Recording() != want {
			t.Fatalf("%s: recorded %v, the stage says %v", root.TraceID(), root.Recording(), want)
		}
		if root.Recording() {
			kept++
		}
		root.End()
	}
	if deviation := math.Abs(float64(kept) - n/4); deviation > 6*math.Sqrt(n*0.25*0.75) {
		t.Errorf("kept %d of %d", kept, n)
	}
}

func TestSamplingFunctionSeesTheRoot(t *testing.T) {
	type tenant struct{}
	var seen observability.Root
	s := observe(t, func(i *observability.Instance) {
		i.RequestContextKeys = []string{"user"}
		i.Sampling = observability.SampleFunc(func(ctx context.Context, r observability.Root) bool {
			seen = r
			return ctx.Value(tenant{}) == "paying"
		})
	})
	ctx := observability.ContextWithRequest(t.Context(), map[string]any{"user": "u1"})
	_, no := s.tracer.Start(ctx, "no", span.AgentRun{})
	_, yes := s.tracer.Start(context.WithValue(ctx, tenant{}, "paying"), "yes", span.AgentRun{}, observability.WithMetadata(map[string]any{"m": 1}))
	if no.Recording() || !yes.Recording() {
		t.Error("it was not obeyed")
	}
	if seen.Name != "yes" || seen.Type != span.TypeAgentRun || fmt.Sprint(seen.Metadata) != "map[m:1 user:u1]" || seen.TraceID() != yes.TraceID() {
		t.Errorf("it saw %+v", seen)
	}
}

func TestSamplingFunctionThatPanicsRecordsNothing(t *testing.T) {
	s := observe(t, func(i *observability.Instance) {
		i.Sampling = observability.SampleFunc(func(context.Context, observability.Root) bool { panic("canary-of-a-prompt") })
	})
	for range 3 {
		ctx, root := s.tracer.Start(t.Context(), "root", nil)
		_, child := s.tracer.Start(ctx, "child", nil)
		child.End()
		root.End()
	}
	if all := s.spans(); len(all) != 0 {
		t.Errorf("%d spans", len(all))
	}
	if lines := s.log.lines("panics"); len(lines) != 1 || strings.Contains(s.log.String(), "canary") {
		t.Errorf("log:\n%s", s.log)
	}
}

func TestSamplingIsInheritedFromOtherProcesses(t *testing.T) {
	const id = "0af7651916cd43dd8448eb211c80319c"
	for flags, want := range map[string]bool{"00": false, "01": true} {
		for name, sampling := range map[string]observability.Sampling{"always": observability.SampleAlways(), "never": observability.SampleNever()} {
			s := observe(t, func(i *observability.Instance) { i.Sampling = sampling })
			h := http.Header{"Traceparent": {"00-" + id + "-b7ad6b7169203331-" + flags}}
			ctx, one := s.tracer.Start(observability.Extract(t.Context(), h), "one", nil)
			_, child := s.tracer.Start(ctx, "child", nil)
			if one.Recording() != want || child.Recording() != want || one.TraceID() != id {
				t.Errorf("flags %s, sampling %s: recorded %v", flags, name, one.Recording())
			}
		}
	}
}

func TestAnUnsampledTraceCostsNothing(t *testing.T) {
	s := observe(t, func(i *observability.Instance) { i.Sampling = observability.SampleNever() })
	model := strings.Clone("gpt-4o-mini")
	usage := 5
	root := testing.AllocsPerRun(200, func() {
		_, one := s.tracer.Start(t.Context(), model, span.AgentRun{AgentID: model})
		one.End()
	})
	if root != 1 {
		t.Errorf("an unsampled root allocates %v times, want its context alone", root)
	}
	ctx, _ := s.tracer.Start(t.Context(), "root", nil)
	child := testing.AllocsPerRun(200, func() {
		below, one := s.tracer.Start(ctx, model, span.ModelGeneration{
			Model: model, Usage: &span.Usage{InputTokens: &usage}, Parameters: &span.ModelParameters{StopSequences: []string{model}},
		}, observability.WithEntity(span.EntityAgent, model, model))
		one.Update(span.ModelGeneration{FinishReason: model, Usage: &span.Usage{OutputTokens: &usage}})
		_, inner := observability.Start(below, model, mine{span.ToolCall{ToolID: model}, usage})
		inner.Error(errUnsampled)
		inner.End()
		one.End()
	})
	if child != 0 {
		t.Errorf("unsampled children allocate %v times", child)
	}
	ratio := observe(t, func(i *observability.Instance) { i.Sampling = observability.SampleRatio(0) })
	if n := testing.AllocsPerRun(200, func() { _, _ = ratio.tracer.Start(t.Context(), model, span.AgentRun{AgentID: model}) }); n != 1 {
		t.Errorf("a root that the ratio leaves out allocates %v times", n)
	}
	function := observe(t, func(i *observability.Instance) {
		i.Sampling = observability.SampleFunc(func(context.Context, observability.Root) bool { return false })
	})
	if n := testing.AllocsPerRun(200, func() { _, _ = function.tracer.Start(t.Context(), model, span.AgentRun{AgentID: model}) }); n != 1 {
		t.Errorf("a root that the function leaves out allocates %v times", n)
	}
}

var errUnsampled = errors.New("e")

func TestConfigErrorsNameTheField(t *testing.T) {
	memory := []observability.Exporter{new(observability.Memory)}
	good := observability.Instance{Name: "a", ServiceName: "shop", Exporters: memory}
	with := func(change func(i *observability.Instance)) observability.Config {
		i := good
		change(&i)
		return observability.Config{Instances: []observability.Instance{i}}
	}
	for want, cfg := range map[string]observability.Config{
		"Config.Instances[0].Name":                       with(func(i *observability.Instance) { i.Name = "" }),
		"Config.Instances[0].ServiceName":                with(func(i *observability.Instance) { i.ServiceName = "" }),
		"Config.Instances[0].Exporters is empty":         with(func(i *observability.Instance) { i.Exporters = nil }),
		"Config.Instances[0].Exporters[0]":               with(func(i *observability.Instance) { i.Exporters = make([]observability.Exporter, 1) }),
		"Config.Instances[0].Processors[0]":              with(func(i *observability.Instance) { i.Processors = make([]observability.Processor, 1) }),
		"Config.Instances[0].ExcludeTypes[1]":            with(func(i *observability.Instance) { i.ExcludeTypes = []span.Type{span.TypeLLMStep, "nope"} }),
		"Config.Instances[0].RequestContextKeys[0]":      with(func(i *observability.Instance) { i.RequestContextKeys = []string{"a..b"} }),
		"Config.Instances[0].Sampling: the ratio is 1.5": with(func(i *observability.Instance) { i.Sampling = observability.SampleRatio(1.5) }),
		"Config.Instances[0].Sampling: the ratio is NaN": with(func(i *observability.Instance) { i.Sampling = observability.SampleRatio(math.NaN()) }),
		"Config.Instances[0].Sampling: the function":     with(func(i *observability.Instance) { i.Sampling = observability.SampleFunc(nil) }),
		"Config.Instances[0].Queue":                      with(func(i *observability.Instance) { i.Queue = -1 }),
		"Config.Instances[0].MaxBytes":                   with(func(i *observability.Instance) { i.MaxBytes = 1 << 19 }),
		"Config.Instances[0].Limits.MaxStringBytes":      with(func(i *observability.Instance) { i.Limits.MaxStringBytes = -1 }),
		"Config.Instances[0].Limits.MaxDepth":            with(func(i *observability.Instance) { i.Limits.MaxDepth = 129 }),
		"Config.Instances[0].Limits.MaxItems":            with(func(i *observability.Instance) { i.Limits.MaxItems = -1 }),
		"Config.Instances[0].Limits.MaxSpanBytes":        with(func(i *observability.Instance) { i.Limits.MaxSpanBytes = 100 }),
		"Config.Instances[0].SensitiveData.RedactConfig.Token": with(func(i *observability.Instance) {
			i.SensitiveData = &observability.SensitiveData{RedactConfig: stages.RedactConfig{Token: strings.Repeat("x", 65)}}
		}),
		"Config.SensitiveData.RedactConfig.Style": {SensitiveData: observability.SensitiveData{RedactConfig: stages.RedactConfig{Style: 9}}},
		"Config.Instances[1].Name":                {Instances: []observability.Instance{good, good}},
		"Config.Instances[0].Name is \"default\"": {Default: true, Instances: []observability.Instance{
			{Name: "default", ServiceName: "shop", Exporters: memory}}},
		"Config.Selector": {Instances: []observability.Instance{good, {Name: "b", ServiceName: "shop", Exporters: memory}}},
	} {
		o, err := observability.New(cfg)
		if o != nil || !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an ErrConfig with %q", err, want)
		}
	}
}
