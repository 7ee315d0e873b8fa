package observability_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// scene is an Observability with one instance that exports to memory.
type scene struct {
	*observability.Observability
	t      *testing.T
	tracer *observability.Tracer
	memory *observability.Memory
	log    *buffer
}

// observe starts one, and ends it with the test. change, if there is one, changes its configuration.
func observe(t *testing.T, change func(i *observability.Instance)) *scene {
	t.Helper()
	s := &scene{t: t, memory: new(observability.Memory), log: new(buffer)}
	i := observability.Instance{Name: "test", ServiceName: "shop", Exporters: []observability.Exporter{s.memory}}
	if change != nil {
		change(&i)
	}
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{i}, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Observability, s.tracer = o, o.Tracer()
	t.Cleanup(func() { _ = o.Shutdown(context.Background()) })
	return s
}

// spans ends the scene and returns what was exported, by name.
func (s *scene) spans() map[string]*span.Span {
	s.t.Helper()
	if err := s.Shutdown(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	byName := map[string]*span.Span{}
	for _, one := range s.memory.Spans() {
		byName[one.Name] = one
	}
	return byName
}

func TestSpansNestThroughContext(t *testing.T) {
	s := observe(t, nil)
	ctx, run := s.tracer.Start(t.Context(), "support", span.AgentRun{AgentID: "support-agent", MaxSteps: new(5)},
		observability.WithInput("hello"), observability.WithTags("beta"), observability.WithMetadata(map[string]any{"user": "u1"}))
	under, call := observability.Start(ctx, "llm", span.ModelGeneration{Model: "gpt-4o-mini"})
	_, tool := s.tracer.Start(under, "weather", span.ToolCall{ToolID: "weather"}, observability.WithTags("lost: no root"))
	tool.Error(errors.New("no such city"))
	tool.End()
	call.Event("chunk", span.ModelChunk{ChunkType: "text"}, "Sun")
	call.Update(span.ModelGeneration{FinishReason: "stop", Usage: &span.Usage{InputTokens: new(12)}})
	call.SetOutput(map[string]any{"text": "Sunny."})
	call.SetMetadata("region", "eu")
	call.End()
	run.SetOutput("Sunny.")
	run.End()

	all := s.spans()
	if len(all) != 4 {
		t.Fatalf("%d spans: %v", len(all), slices.Collect(maps.Keys(all)))
	}
	root, llm, weather, chunk := all["support"], all["llm"], all["weather"], all["chunk"]
	if !root.TraceID.Valid() || !root.ID.Valid() || root.ParentID != "" || !root.Root || root.Event || llm.Root {
		t.Errorf("root: %+v", root)
	}
	for name, one := range all {
		if one.TraceID != root.TraceID || name != "support" && len(one.Tags) > 0 || !one.Frozen() {
			t.Errorf("%s: trace %s, tags %v", name, one.TraceID, one.Tags)
		}
		if one.EntityID != "support-agent" && name != "weather" {
			t.Errorf("%s belongs to %s %s", name, one.EntityType, one.EntityID)
		}
	}
	if llm.ParentID != root.ID || weather.ParentID != llm.ID || chunk.ParentID != llm.ID || weather.EntityID != "weather" {
		t.Errorf("parents: %s %s %s", llm.ParentID, weather.ParentID, chunk.ParentID)
	}
	for _, c := range []struct{ what, got, want string }{
		{"types", fmt.Sprint(root.Type, llm.Type, weather.Type, chunk.Type), "agent_runmodel_generationtool_callmodel_chunk"},
		{"root attributes", string(root.Attributes), `{"agentId":"support-agent","maxSteps":5}`},
		{"root metadata", string(root.Metadata), `{"serviceName":"shop","user":"u1"}`},
		{"tags", fmt.Sprint(root.Tags), "[beta]"},
		{"input", string(root.Input), `"hello"`},
		{"attributes", string(llm.Attributes), `{"model":"gpt-4o-mini","usage":{"inputTokens":12},"finishReason":"stop"}`},
		{"output", string(llm.Output), `{"text":"Sunny."}`},
		{"metadata, not that of the root again", string(llm.Metadata), `{"region":"eu"}`},
		{"error", fmt.Sprintf("%+v", *weather.Error), `{Message:no such city ID: Domain: Category: Details: Name:*errors.errorString Stack: Extra:[]}`},
		{"event", fmt.Sprint(chunk.Event, chunk.Output, chunk.End.IsZero(), chunk.Attributes), `true"Sun"true{"chunkType":"text"}`},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
}

func TestEveryAttributeTypeGivesItsSpanType(t *testing.T) {
	s := observe(t, nil)
	kinds := []span.Attributes{
		span.AgentRun{}, span.ModelGeneration{}, span.ModelStep{}, span.ModelChunk{}, span.ModelInference{}, span.ToolCall{},
		span.MCPToolCall{}, span.ClientToolCall{}, span.ProviderToolCall{}, span.MCPServerRequest{}, span.ProcessorRun{},
		span.WorkflowRun{}, span.WorkflowStep{}, span.WorkflowConditional{}, span.WorkflowConditionalEval{}, span.WorkflowParallel{},
		span.WorkflowLoop{}, span.WorkflowSleep{}, span.WorkflowWaitEvent{}, span.Generic{}, span.ScorerRun{}, span.ScorerStep{},
		span.ClassifierEvaluation{}, span.MemoryOperation{}, span.WorkspaceAction{}, span.RAGIngestion{}, span.RAGEmbedding{},
		span.RAGVectorOperation{}, span.RAGAction{}, span.GraphAction{}, span.Mapping{}, span.AgentSignal{}, span.SkillAction{},
		span.SkillResolution{}, span.Custom{Type: "my_type", Values: `{"mine":1}`},
	}
	for _, a := range kinds {
		_, one := s.tracer.Start(t.Context(), string(a.SpanType()), a)
		one.End()
	}
	_, none := s.tracer.Start(t.Context(), "none", nil)
	none.End()
	all := s.spans()
	for _, a := range kinds {
		if one := all[string(a.SpanType())]; one == nil || one.Type != a.SpanType() {
			t.Errorf("%T: %+v", a, one)
		}
	}
	if len(all) != len(kinds)+1 || all["none"].Type != span.TypeGeneric {
		t.Errorf("%d spans, nil attributes give %s", len(all), all["none"].Type)
	}
}

// oddAttributes panic in both methods.
type oddAttributes struct{}

func (oddAttributes) SpanType() span.Type      { panic("a secret") }
func (oddAttributes) AppendJSON([]byte) []byte { panic("a secret") }

// mine extends attributes of package span.
type mine struct {
	span.ToolCall
	Cost int
}

func (m mine) AppendJSON(buf []byte) []byte {
	return append(buf, span.Value(m.ToolCall.AppendJSON(nil)).Set("cost", span.Of(m.Cost))...)
}

func TestAttributesOfOthers(t *testing.T) {
	s := observe(t, nil)
	_, odd := s.tracer.Start(t.Context(), "odd", oddAttributes{})
	odd.Update(oddAttributes{})
	odd.End()
	for n := range 100 {
		_, own := s.tracer.Start(t.Context(), fmt.Sprint("own ", n), mine{span.ToolCall{ToolID: fmt.Sprint("t", n)}, n})
		own.End()
	}
	all := s.spans()
	if got := all["odd"]; got.Type != span.TypeGeneric || got.Attributes != `{"error":"[Panic]"}` {
		t.Errorf("odd: %s %s", got.Type, got.Attributes)
	}
	for n := range 100 {
		got := all[fmt.Sprint("own ", n)]
		if want := fmt.Sprintf(`{"toolId":"t%d","cost":%d}`, n, n); string(got.Attributes) != want || got.Type != span.TypeToolCall {
			t.Errorf("got %s, want %s", got.Attributes, want)
		}
	}
}

func TestNothingPanicsWithoutATracer(t *testing.T) {
	var tracer *observability.Tracer
	var o *observability.Observability
	for _, start := range []func(context.Context, string, span.Attributes, ...observability.Option) (context.Context, *observability.Span){
		tracer.Start, o.Tracer().Start, observability.Start, new(observability.Tracer).Start,
	} {
		ctx, s := start(t.Context(), "nothing", span.ToolCall{}, observability.WithInput(1))
		if s != nil || ctx != t.Context() {
			t.Errorf("got %v in %v", s, ctx)
		}
		s.Update(span.ToolCall{})
		s.SetInput(1)
		s.SetOutput(1)
		s.SetMetadata("a", 1)
		s.Error(errors.New("e"))
		s.Event("e", nil, nil)
		s.End()
		if s.Recording() || s.ID() != "" || s.TraceID() != "" || s.Traceparent() != "" {
			t.Error("a nil span says something")
		}
	}
	if err := errors.Join(o.Flush(t.Context()), o.Shutdown(t.Context())); err != nil || len(o.Stats().Instances) != 0 {
		t.Error(err)
	}
	var noContext context.Context
	if observability.FromContext(noContext) != nil {
		t.Error("a nil context has a span")
	}
	s := observe(t, nil)
	_, one := s.tracer.Start(noContext, "no context", nil)
	one.End()
	if len(s.spans()) != 1 {
		t.Error("without a context nothing was recorded")
	}
}

func TestOptionsOfARun(t *testing.T) {
	s := observe(t, func(i *observability.Instance) {
		i.RequestContextKeys = []string{"user.id", "tenant", "not.there", "dotted.key"}
	})
	ctx := observability.ContextWithRequest(t.Context(), map[string]any{
		"user": map[string]any{"id": "u1", "name": "not wanted"}, "tenant": "t1", "dotted.key": 1, "plan": "gold",
	})
	ctx = observability.ContextWithRequest(ctx, map[string]any{"tenant": "t2"})
	ctx = observability.ContextWithRun(ctx,
		observability.WithRootName("renamed"), observability.WithTags("a"), observability.WithTraceID("ABC123"),
		observability.WithRequestContextKeys("plan"), observability.WithHiddenInput(), observability.WithMetadata(map[string]any{"run": 1, "tenant": "explicit"}))
	ctx = observability.ContextWithRun(ctx, observability.WithHiddenOutput(), observability.WithTags("b"))
	ctx, root := s.tracer.Start(ctx, "made by a library", span.AgentRun{},
		observability.WithParentID("F1"), observability.WithMetadata(map[string]any{"run": 2}), observability.WithInput("hidden"))
	root.SetOutput("hidden")
	_, child := s.tracer.Start(ctx, "child", span.ToolCall{}, observability.WithInput("hidden"), observability.WithRootName("no"))
	child.SetInput("hidden")
	child.SetOutput("hidden")
	child.Event("event", nil, "hidden")
	child.End()
	root.End()

	all := s.spans()
	got := all["renamed"]
	if got == nil {
		t.Fatalf("no root of that name: %v", slices.Collect(maps.Keys(all)))
	}
	for _, c := range []struct{ what, got, want string }{
		{"trace id, padded", string(got.TraceID), "00000000000000000000000000abc123"},
		{"parent in another system", fmt.Sprint(got.ExternalParentID, got.ParentID, got.Root), "00000000000000f1true"},
		{"tags", fmt.Sprint(got.Tags), "[a b]"},
		{"metadata", string(got.Metadata), `{"dotted.key":1,"plan":"gold","run":2,"serviceName":"shop","tenant":"explicit","user":{"id":"u1"}}`},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
	for name, one := range all {
		if one.Input != "" || one.Output != "" {
			t.Errorf("%s shows %s, %s", name, one.Input, one.Output)
		}
	}
}

func TestIDsThatAreNoneAreNotUsed(t *testing.T) {
	s := observe(t, nil)
	for range 2 {
		_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithTraceID("not-an-id"), observability.WithParentID("0"))
		one.End()
	}
	got := s.spans()["one"]
	if !got.TraceID.Valid() || got.ExternalParentID != "" {
		t.Errorf("got %s below %s", got.TraceID, got.ExternalParentID)
	}
	if lines := s.log.lines("With"); len(lines) != 2 || strings.Contains(s.log.String(), "not-an-id") {
		t.Errorf("want each said once, without the id:\n%s", s.log)
	}
}

func TestExcludedTypesHandOnWhatTheySay(t *testing.T) {
	s := observe(t, func(i *observability.Instance) {
		i.ExcludeTypes = []span.Type{span.TypeWorkflowRun, span.TypeWorkflowStep, span.TypeLLMChunk}
	})
	ctx, run := s.tracer.Start(t.Context(), "run", span.WorkflowRun{WorkflowID: "w"}, observability.WithTags("t"), observability.WithMetadata(map[string]any{"a": 1, "b": 1}))
	run.SetMetadata("late", true)
	stepCtx, step := s.tracer.Start(ctx, "step", span.WorkflowStep{}, observability.WithMetadata(map[string]any{"b": 2}))
	agentCtx, agent := s.tracer.Start(stepCtx, "agent", span.AgentRun{})
	inner, innerStep := s.tracer.Start(agentCtx, "inner step", span.WorkflowStep{}, observability.WithMetadata(map[string]any{"inner": 1}))
	innerStep.SetOutput("nowhere")
	_, tool := s.tracer.Start(inner, "tool", span.ToolCall{})
	tool.Event("chunk", span.ModelChunk{}, 1)
	if innerStep.Recording() || innerStep.ID() != agent.ID() {
		t.Error("an excluded span records, or has an id of its own")
	}
	for _, one := range []*observability.Span{tool, innerStep, agent, step, run} {
		one.End()
	}
	all := s.spans()
	got := all["agent"]
	if len(all) != 2 || !got.Root || got.ParentID != "" || fmt.Sprint(got.Tags) != "[t]" ||
		got.Metadata != `{"a":1,"b":2,"late":true,"serviceName":"shop"}` {
		t.Errorf("%d spans, agent: %+v", len(all), got)
	}
	if got := all["tool"]; got.ParentID != all["agent"].ID || got.Root || got.Metadata != `{"inner":1}` {
		t.Errorf("tool: %+v", got)
	}
}

// TestFlaw25SnapshotAtTheCall: what the caller changes later does not change what is sent.
func TestFlaw25SnapshotAtTheCall(t *testing.T) {
	s := observe(t, nil)
	input := map[string]any{"a": []int{1}}
	metadata := map[string]any{"m": input}
	_, one := s.tracer.Start(t.Context(), "one", span.Generic{}, observability.WithInput(input), observability.WithMetadata(metadata))
	one.SetOutput(input)
	input["a"].([]int)[0] = 99
	input["b"] = "later"
	one.End()
	metadata["later"] = true
	got := s.spans()["one"]
	if got.Input != `{"a":[1]}` || got.Output != `{"a":[1]}` || got.Metadata != `{"m":{"a":[1]},"serviceName":"shop"}` {
		t.Errorf("input %s, output %s, metadata %s", got.Input, got.Output, got.Metadata)
	}
}

// TestFlaw17EachValueOnce: the metadata of the root is in the record of the root alone.
func TestFlaw17EachValueOnce(t *testing.T) {
	s := observe(t, nil)
	ctx, root := s.tracer.Start(t.Context(), "root", nil, observability.WithMetadata(map[string]any{"secretOfTheRoot": 1}))
	for n := range 3 {
		_, child := s.tracer.Start(ctx, fmt.Sprint("child ", n), nil)
		child.End()
	}
	root.End()
	var body []byte
	for _, one := range s.spans() {
		body, _ = span.V1.AppendItem(body, one, len(body) == 0)
	}
	if n := strings.Count(string(body), "secretOfTheRoot"); n != 1 {
		t.Errorf("it stands there %d times:\n%s", n, body)
	}
}

func TestNothingChangesASpanAfterItsEnd(t *testing.T) {
	s := observe(t, nil)
	ctx, one := s.tracer.Start(t.Context(), "one", span.Generic{})
	one.End()
	one.End()
	one.SetInput("late")
	one.SetOutput("late")
	one.SetMetadata("late", 1)
	one.Update(span.ToolCall{ToolID: "late"})
	one.Error(errors.New("late"))
	one.Event("late", nil, 1)
	_, child := s.tracer.Start(ctx, "child", nil) // work may go on below
	child.End()
	all := s.spans()
	if len(all) != 2 || all["child"].ParentID != all["one"].ID {
		t.Errorf("%d spans", len(all))
	}
	got := all["one"]
	if got.Input != "" || got.Output != "" || got.Error != nil || got.Attributes != "{}" || got.Metadata != `{"serviceName":"shop"}` {
		t.Errorf("%+v", got)
	}
	if late := s.Stats().Instances[0].Late; late != 6 {
		t.Errorf("%d calls came late, want 6", late)
	}
}

func TestASpanIsSafeForConcurrentUse(t *testing.T) {
	s := observe(t, nil)
	ctx, one := s.tracer.Start(t.Context(), "shared", span.ModelGeneration{})
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			for i := range 50 {
				one.Update(span.ModelGeneration{FinishReason: fmt.Sprint(n)})
				one.SetInput(i)
				one.SetOutput(n)
				one.SetMetadata(fmt.Sprint("key ", n), i)
				one.Error(fmt.Errorf("error %d", n))
				one.Event("event", span.ModelChunk{}, i)
				_, child := s.tracer.Start(ctx, "child", span.ToolCall{})
				child.End()
				_, _ = one.Recording(), one.ID()
				if n == 7 && i == 25 {
					one.End()
				}
			}
		})
	}
	wg.Wait()
	one.End()
	all := s.spans()
	if got := all["shared"]; got == nil || len(s.memory.Spans()) < 16*50 {
		t.Errorf("%d spans", len(s.memory.Spans()))
	}
	for _, of := range s.memory.Spans() {
		if of.Name == "event" && of.ParentID != all["shared"].ID {
			t.Error("an event of another span")
		}
	}
}

// TestDurationsAreSteady: the time within a trace is that of one clock.
func TestDurationsAreSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := observe(t, nil)
		ctx, root := s.tracer.Start(t.Context(), "root", nil)
		time.Sleep(time.Second)
		_, child := s.tracer.Start(ctx, "child", nil)
		time.Sleep(time.Minute)
		child.End()
		time.Sleep(time.Second)
		root.End()
		all := s.spans()
		if d := all["root"].Duration(); d != 62*time.Second {
			t.Errorf("root took %v", d)
		}
		if got := all["child"]; got.Duration() != time.Minute || got.Start.Sub(all["root"].Start) != time.Second {
			t.Errorf("child took %v, from %v", got.Duration(), got.Start)
		}
	})
}

// detailed is an error that knows what a span should say of it.
type detailed struct{ code string }

func (d detailed) Error() string { return "code " + d.code }
func (d detailed) SpanError() span.Error {
	return span.Error{Message: "told", ID: d.code, Domain: "TOOL", Details: `{"retry":true}`}
}

// badError panics.
type badError struct{}

func (badError) Error() string { panic("a secret") }

func TestErrors(t *testing.T) {
	s := observe(t, func(i *observability.Instance) { i.Limits.MaxStringBytes = 20 })
	for name, err := range map[string]error{
		"detailed": fmt.Errorf("wrapped: %w", detailed{"E1"}), "panics": badError{}, "nil": nil, "long": errors.New(strings.Repeat("é", 100)),
	} {
		_, one := s.tracer.Start(t.Context(), name, nil)
		one.Error(err)
		one.End()
	}
	all := s.spans()
	if got := all["detailed"].Error; got == nil || got.ID != "E1" || got.Message != "told" || got.Details != `{"retry":true}` {
		t.Errorf("detailed: %+v", got)
	}
	if got := all["panics"].Error; got == nil || !strings.HasPrefix(got.Message, "[Panic") {
		t.Errorf("panics: %+v", got)
	}
	if all["nil"].Error != nil {
		t.Error("nil is an error")
	}
	if got := all["long"].Error; got.Message != strings.Repeat("é", 10)+"…[truncated]" {
		t.Errorf("long: %+v", got)
	}
}
