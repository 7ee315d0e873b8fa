package span

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// everyType is one value of each attribute type, with the JSON that reads as it.
var everyType = []Attributes{
	AgentRun{}, ModelGeneration{}, ModelStep{}, ModelChunk{}, ModelInference{}, ToolCall{}, MCPToolCall{}, ClientToolCall{},
	ProviderToolCall{}, MCPServerRequest{}, ProcessorRun{}, WorkflowRun{}, WorkflowStep{}, WorkflowConditional{},
	WorkflowConditionalEval{}, WorkflowParallel{}, WorkflowLoop{}, WorkflowSleep{}, WorkflowWaitEvent{}, Generic{},
	ScorerRun{}, ScorerStep{}, ClassifierEvaluation{}, MemoryOperation{}, WorkspaceAction{}, RAGIngestion{}, RAGEmbedding{},
	RAGVectorOperation{}, RAGAction{}, GraphAction{}, Mapping{}, AgentSignal{}, SkillAction{}, SkillResolution{},
}

// fill gives every field a value that says something, zero numbers and false included.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)))
		return
	case Value:
		v.SetString(`{"any":[1,"\u00e9"]}`)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if v.Elem().Kind() == reflect.Struct {
			fill(v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("a \"quoted\" text")
	case reflect.Int:
		v.SetInt(-3)
	default:
		panic("a field of type " + v.Type().String())
	}
}

// TestAttributesWriteWhatTheirTagsSay holds the writing by hand against the struct tags, which As reads by.
func TestAttributesWriteWhatTheirTagsSay(t *testing.T) {
	seen := map[Type]bool{}
	for _, empty := range everyType {
		typ := empty.SpanType()
		if !typ.Known() || seen[typ] {
			t.Errorf("%T has the type %q", empty, typ)
		}
		seen[typ] = true
		if got := string(empty.AppendJSON([]byte("x"))); got != "x{}" {
			t.Errorf("an empty %s writes %s", typ, got)
		}
		full := reflect.New(reflect.TypeOf(empty)).Elem()
		fill(full)
		var got, want any
		text := full.Interface().(Attributes).AppendJSON(nil)
		byTags, err := json.Marshal(full.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(text, &got) != nil || json.Unmarshal(byTags, &want) != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", typ, text, byTags)
		}
		back := reflect.New(full.Type())
		if err := json.Unmarshal(text, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), full.Interface()) {
			t.Errorf("%s: read back %+v, %v", typ, back.Elem(), err)
		}
	}
	if len(seen) != 34 {
		t.Errorf("%d types, Mastra 1.x has 34", len(seen))
	}
}

func TestEveryDeclaredTypeIsKnown(t *testing.T) {
	for _, alias := range []Type{TypeLLMGeneration, TypeLLMStep, TypeLLMChunk} {
		if !alias.Known() || !alias.IsModel() || alias.Canonical() == alias || !strings.HasPrefix(string(alias.Canonical()), "model_") {
			t.Errorf("%s: canonical %s", alias, alias.Canonical())
		}
	}
	if TypeToolCall.Canonical() != TypeToolCall || Type("dance").Known() || Type("dance").Canonical() != "dance" || TypeToolCall.IsModel() {
		t.Error("other types do not stay what they are")
	}
}

func TestAs(t *testing.T) {
	spans := decodeAll(t, captured.Body("mastra-cloud-0.20-llm.json"))
	generation, err := As[ModelGeneration](spans[2])
	if err != nil {
		t.Fatal(err)
	}
	want := ModelGeneration{
		Model: "gpt-4o-mini", Provider: "openai", ResultType: "tool_selection", Streaming: new(true), FinishReason: "tool-calls",
		Parameters: &ModelParameters{Temperature: new(0.2), MaxOutputTokens: new(1024), TopP: new(1.0), StopSequences: []string{"END"}},
		Usage:      &Usage{InputTokens: new(1200), OutputTokens: new(340), TotalTokens: new(1540), ReasoningTokens: new(40), CachedInputTokens: new(100)},
	}
	if !reflect.DeepEqual(generation, want) {
		t.Errorf("got  %+v\nwant %+v", generation, want)
	}
	if _, err := As[ToolCall](spans[2]); !errors.Is(err, ErrType) {
		t.Errorf("another type: %v", err)
	}
	if a, err := As[ToolCall](&Span{Type: TypeToolCall}); err != nil || a != (ToolCall{}) {
		t.Errorf("no attributes: %+v, %v", a, err)
	}
	odd := &Span{Type: TypeToolCall, Attributes: `{"toolId":"t","success":"yes","toolType":"tool"}`}
	if a, err := As[ToolCall](odd); err == nil || !strings.Contains(err.Error(), "success") || a.ToolID != "t" || a.ToolType != "tool" {
		t.Errorf("an attribute of a wrong type: %+v, %v", a, err)
	}
	filtered := &Span{Type: TypeModelGeneration, Attributes: `{"model":"m","completionStartTime":{},"responseModel":"r"}`} // as 0.x makes dates
	if a, err := As[ModelGeneration](filtered); err == nil || !strings.Contains(err.Error(), "completionStartTime") || a.Model != "m" || a.ResponseModel != "r" {
		t.Errorf("a date that is none: %+v, %v", a, err)
	}
	if _, err := As[ToolCall](&Span{Type: TypeToolCall, Attributes: "[]"}); err == nil {
		t.Error("an array was read as the attributes of a tool call")
	}
}

func TestSetAndMergeAttributes(t *testing.T) {
	var s Span
	s.SetAttributes(ToolCall{ToolID: "weather", Success: new(false)})
	if s.Type != TypeToolCall || s.Attributes != `{"toolId":"weather","success":false}` || s.EntityType != EntityTool || s.EntityID != "weather" {
		t.Errorf("set: %+v", s)
	}
	s.Attributes = s.Attributes.Set("mine", "1")
	s.MergeAttributes(ToolCall{Success: new(true), ToolCallID: "c"})
	if want := Value(`{"toolId":"weather","success":true,"mine":1,"toolCallId":"c"}`); s.Attributes != want {
		t.Errorf("merged: %s, want %s", s.Attributes, want)
	}
	s.SetAttributes(Custom{Type: "dance", Values: `{"steps":3}`})
	if s.Type != "dance" || s.Attributes != `{"steps":3}` {
		t.Errorf("custom: %+v", s)
	}
	s.SetAttributes(Custom{Type: "rest"})
	if s.Attributes != "{}" {
		t.Errorf("custom without values: %s", s.Attributes)
	}
}

func TestAttributesThatJSONCannotSay(t *testing.T) {
	a := ModelGeneration{
		Parameters:          &ModelParameters{Temperature: new(math.NaN()), TopP: new(math.Inf(1))},
		CompletionStartTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		Model:               "\xff",
		Usage:               &Usage{},
	}
	if got, want := string(a.AppendJSON(nil)), `{"model":"`+replacement+`","parameters":{"temperature":null,"topP":null}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNamesOfToolsAndSteps(t *testing.T) {
	for _, tt := range []struct {
		s          Span
		tool, step string
	}{
		{Span{Name: "n"}, "n", "n"},
		{Span{Name: "n", Attributes: `{"toolId":"t","stepId":"s"}`}, "t", "s"},
		{Span{Name: "n", EntityType: EntityTool, EntityID: "id"}, "id", "n"},
		{Span{Name: "n", EntityType: EntityTool, EntityID: "id", EntityName: "name"}, "name", "n"},
		{Span{Name: "n", EntityType: EntityTool}, "n", "n"},
		{Span{Name: "n", EntityType: EntityWorkflowStep, EntityID: "id"}, "n", "id"},
		{Span{Name: "n", EntityType: EntityAgent, EntityID: "id"}, "n", "n"},
	} {
		if tool, step := tt.s.ToolName(), tt.s.StepID(); tool != tt.tool || step != tt.step {
			t.Errorf("%+v: tool %s, step %s", tt.s, tool, step)
		}
	}
}
