package demo

import (
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// What goes wrong on an ordinary day, in the models and in the tools.
var (
	modelFaults = []span.Error{
		{Message: "the model provider answered 529: overloaded", ID: "LLM_CALL_FAILED", Domain: "LLM", Category: "THIRD_PARTY", Name: "AI_APICallError"},
		{Message: "the model provider answered 500: internal error, request req_011CV9", ID: "LLM_CALL_FAILED", Domain: "LLM", Category: "THIRD_PARTY", Name: "AI_APICallError"},
		{Message: "429: the limit of 500 requests a minute is reached", ID: "LLM_RATE_LIMITED", Domain: "LLM", Category: "THIRD_PARTY", Name: "AI_APICallError"},
		{Message: "no first token within 30 s", ID: "LLM_TIMEOUT", Domain: "LLM", Category: "THIRD_PARTY", Name: "TimeoutError"},
		{Message: "the answer was stopped by the provider's content filter", ID: "LLM_CONTENT_FILTER", Domain: "LLM", Category: "USER", Name: "ContentFilterError"},
	}
	toolFaults = []span.Error{
		{Message: "connect ECONNREFUSED 10.4.0.17:5432", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "SYSTEM", Name: "Error"},
		{Message: "upstream answered 502 Bad Gateway", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "THIRD_PARTY", Name: "FetchError"},
		{Message: "no answer within 10 s", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "THIRD_PARTY", Name: "TimeoutError"},
		{Message: "Cannot read properties of undefined (reading 'items')", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "USER", Name: "TypeError", Stack: "TypeError: Cannot read properties of undefined (reading 'items')\n    at execute (/app/src/tools/orders.ts:77:31)"},
		{Message: "403: the service account may not read this", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "SYSTEM", Name: "PermissionError"},
	}
)

// failed returns a trace like the template that ended early, because a model or a tool in it failed. What would have come
// after is not there, and what waited for it failed as well.
func (g *generator) failed(template []*span.Span) []*span.Span {
	culprit, fault := g.culprit(template, span.TypeModelGeneration, span.TypeToolCall)
	if culprit == nil {
		return template
	}
	waits := map[span.ID]bool{} // the culprit's parent, its parent, and so on
	for id := culprit.ParentID; id != ""; {
		i := slices.IndexFunc(template, func(s *span.Span) bool { return s.ID == id })
		if i < 0 {
			break
		}
		waits[id], id = true, template[i].ParentID
	}
	var spans []*span.Span
	for _, s := range template {
		switch {
		case s == culprit:
			spans = append(spans, broken(s, s.End, fault))
		case waits[s.ID]:
			spans = append(spans, broken(s, culprit.End.Add(2*time.Millisecond), fault))
		case s.Start.Before(culprit.End) && s.ParentID != culprit.ID:
			spans = append(spans, s)
		}
	}
	return spans
}

// stumbled returns a trace like the template in which a tool failed, if it has any, and yet it went on.
func (g *generator) stumbled(template []*span.Span) []*span.Span {
	culprit, fault := g.culprit(template, span.TypeToolCall)
	spans := slices.Clone(template)
	for i, s := range spans {
		if s == culprit {
			spans[i] = broken(s, s.End, fault)
		}
	}
	return spans
}

// culprit chooses a span of one of the types, and what went wrong in it; nil when there is none.
func (g *generator) culprit(template []*span.Span, types ...span.Type) (*span.Span, span.Error) {
	var able []*span.Span
	for _, s := range template {
		if slices.Contains(types, s.Type) {
			able = append(able, s)
		}
	}
	if len(able) == 0 {
		return nil, span.Error{}
	}
	culprit := pick(g, able)
	if culprit.Type == span.TypeToolCall {
		return culprit, pick(g, toolFaults)
	}
	return culprit, pick(g, modelFaults)
}

// broken is a span like s that failed at end.
func broken(s *span.Span, end time.Time, fault span.Error) *span.Span {
	s = s.Clone()
	s.End, s.Output, s.Error = end, "", &fault
	switch s.Type {
	case span.TypeModelGeneration: // it used nothing
		model, _ := s.Attributes.Get("model").Text()
		provider, _ := s.Attributes.Get("provider").Text()
		s.SetAttributes(span.ModelGeneration{Model: model, Provider: provider})
	case span.TypeToolCall:
		s.Attributes = s.Attributes.Set("success", "false")
	case span.TypeWorkflowRun, span.TypeWorkflowStep:
		s.Attributes = s.Attributes.Set("status", span.Text("failed"))
	}
	return s
}
