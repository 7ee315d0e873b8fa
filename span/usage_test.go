package span

import (
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
)

func TestUsageNormalized(t *testing.T) {
	for _, tt := range []struct {
		name  string
		usage Value
		want  Tokens
	}{
		{"nothing", `{}`, Tokens{}},
		{"0.x", `{"inputTokens":10,"outputTokens":5,"totalTokens":16,"reasoningTokens":2,"cachedInputTokens":3}`, Tokens{10, 5, 16, 2, 3}},
		{"the oldest names", `{"promptTokens":10,"completionTokens":5,"promptCacheHitTokens":4,"promptCacheMissTokens":6}`, Tokens{10, 5, 15, 0, 4}},
		{"1.x", `{"inputTokens":10,"outputTokens":5,"inputDetails":{"text":7,"cacheRead":3},"outputDetails":{"reasoning":2}}`, Tokens{10, 5, 15, 2, 3}},
		{"0 is a count", `{"inputTokens":0,"promptTokens":9,"outputTokens":1,"totalTokens":0}`, Tokens{0, 1, 0, 0, 0}},
		{"the first of several", `{"inputTokens":1,"promptTokens":2,"cachedInputTokens":3,"promptCacheHitTokens":4,"inputDetails":{"cacheRead":5},"reasoningTokens":6,"outputDetails":{"reasoning":7}}`, Tokens{1, 0, 1, 6, 3}},
		{"what is no count", `{"inputTokens":"many","promptTokens":2.0,"outputTokens":null,"completionTokens":1.5,"inputDetails":[]}`, Tokens{2, 0, 2, 0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Span{Attributes: Value("").Set("usage", tt.usage)}
			u, ok := s.Usage()
			if got := u.Normalized(); !ok || got != tt.want {
				t.Errorf("%s: got %+v, want %+v", tt.usage, got, tt.want)
			}
		})
	}
	if _, ok := (&Span{Attributes: `{"usage":3}`}).Usage(); ok {
		t.Error("a number is no usage")
	}
}

func TestWhichUsageCounts(t *testing.T) {
	for _, tt := range []struct {
		typ            Type
		alone, covered bool
	}{
		{TypeModelGeneration, true, true},
		{TypeLLMGeneration, true, true},
		{TypeRAGEmbedding, true, true},
		{TypeClassifierEvaluation, true, true},
		{TypeModelStep, true, false},
		{TypeLLMStep, true, false},
		{TypeModelInference, true, false},
		{TypeModelChunk, false, false},
		{TypeAgentRun, false, false},
		{TypeGeneric, false, false},
	} {
		if alone, covered := CountsUsage(tt.typ, false), CountsUsage(tt.typ, true); alone != tt.alone || covered != tt.covered {
			t.Errorf("%s: %v without and %v with usage above it, want %v and %v", tt.typ, alone, covered, tt.alone, tt.covered)
		}
	}
	s := Span{Type: TypeAgentRun, Attributes: `{"usage":{"inputTokens":5},"internalUsage":{"inputTokens":7}}`}
	if got := s.CountedTokens(false); got != (Tokens{Input: 7, Total: 7}) {
		t.Errorf("internal usage alone counts on an agent run, got %+v", got)
	}
	s.Type = TypeModelGeneration
	if got := s.CountedTokens(true); got != (Tokens{Input: 12, Total: 12}) {
		t.Errorf("both count on a generation, got %+v", got)
	}
}

func TestTokensOfTheCaptures(t *testing.T) {
	for name := range captures {
		spans := decodeAll(t, captured.Body(name))
		byID := map[ID]*Span{}
		for _, s := range spans {
			byID[s.ID] = s
		}
		var total Tokens
		for _, s := range spans {
			covered := false
			for p := byID[s.ParentID]; p != nil; p = byID[p.ParentID] {
				_, has := p.Usage()
				covered = covered || has && p.Type.IsModel()
			}
			total = total.Add(s.CountedTokens(covered))
		}
		if want := (Tokens{1200, 340, 1540, 40, 100}); total != want {
			t.Errorf("%s: %+v, want %+v", name, total, want)
		}
	}
}
