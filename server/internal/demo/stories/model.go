package stories

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// model is a model and what it costs, in dollars for a million tokens.
type model struct {
	id, provider    string
	in, cached, out float64
}

var (
	gpt41       = model{"gpt-4.1", "openai", 2, 0.5, 8}
	gpt41Mini   = model{"gpt-4.1-mini", "openai", 0.4, 0.1, 1.6}
	gpt4o       = model{"gpt-4o", "openai", 2.5, 1.25, 10}
	sonnet      = model{"claude-sonnet-4-5", "anthropic", 3, 0.3, 15}
	haiku       = model{"claude-haiku-4-5", "anthropic", 1, 0.1, 5}
	geminiPro   = model{"gemini-2.5-pro", "google", 1.25, 0.31, 10}
	geminiFlash = model{"gemini-2.5-flash", "google", 0.3, 0.075, 2.5}
	embedder    = model{"text-embedding-3-small", "openai", 0.02, 0.02, 0}
)

// usage is what one call of a model used, and how its package counts.
type usage struct {
	in, cached, out, reasoning int
	old                        bool // as 0.x counts: totals, without details
}

func (u usage) span() *span.Usage {
	if u.old {
		s := &span.Usage{InputTokens: &u.in, OutputTokens: &u.out, TotalTokens: new(u.in + u.out)}
		if u.cached > 0 {
			s.CachedInputTokens = &u.cached
		}
		if u.reasoning > 0 {
			s.ReasoningTokens = &u.reasoning
		}
		return s
	}
	return &span.Usage{
		InputTokens: &u.in, OutputTokens: &u.out,
		InputDetails:  &span.InputDetails{Text: new(u.in - u.cached), CacheRead: &u.cached},
		OutputDetails: &span.OutputDetails{Text: new(u.out - u.reasoning), Reasoning: &u.reasoning},
	}
}

func (m model) cost(u usage) *span.CostContext {
	usd := (float64(u.in-u.cached)*m.in + float64(u.cached)*m.cached + float64(u.out)*m.out) / 1e6
	return &span.CostContext{Provider: m.provider, Model: m.id, EstimatedCost: &usd, CostUnit: "USD"}
}

// call is one call of a model.
type call struct {
	model  model
	input  any
	output any
	usage  usage
	first  time.Duration // to the first token
	took   time.Duration
	calls  bool // it ends with calls of tools
}

// ask adds a call of a model.
func (t *teller) ask(parent *span.Span, c call) *span.Span {
	s := t.asking(parent, c)
	t.answered(s, c)
	return s
}

// asking adds a call of a model that has no answer yet.
func (t *teller) asking(parent *span.Span, c call) *span.Span {
	return t.begin(parent, "llm: '"+c.model.id+"'", span.ModelGeneration{
		Model: c.model.id, Provider: c.model.provider, Streaming: new(true),
		Parameters: &span.ModelParameters{Temperature: new(0.2), MaxOutputTokens: new(4096)},
	}, c.input)
}

// answered ends such a call.
func (t *teller) answered(s *span.Span, c call) {
	kind, finish := "response_generation", "stop"
	if c.calls {
		kind, finish = "tool_selection", "tool-calls"
	}
	s.SetAttributes(span.ModelGeneration{
		Model: c.model.id, Provider: c.model.provider, Streaming: new(true),
		Parameters: &span.ModelParameters{Temperature: new(0.2), MaxOutputTokens: new(4096)},
		ResultType: kind, FinishReason: finish, Usage: c.usage.span(), CostContext: c.model.cost(c.usage),
		CompletionStartTime: s.Start.Add(c.first), ResponseModel: c.model.id, ResponseID: "resp_" + string(s.ID),
	})
	t.end(s, c.took, c.output)
}

// refused ends a call with the provider's answer in place of the model's. A call that was refused used nothing.
func (t *teller) refused(parent *span.Span, c call, status int, code, message string, more object) *span.Span {
	s := t.asking(parent, c)
	details := object{"statusCode": status, "code": code, "model": c.model.id, "isRetryable": status == 429 || status >= 500}
	for key, value := range more {
		details[key] = value
	}
	t.fail(s, c.took, span.Error{
		Message: message, ID: "LLM_CALL_FAILED", Domain: "LLM", Category: "THIRD_PARTY", Name: "AI_APICallError", Details: span.Of(details),
		Stack: "AI_APICallError: " + message + "\n    at handleResponse (/app/node_modules/@ai-sdk/provider-utils/dist/index.mjs:412:11)\n    at async doGenerate (/app/src/agents/run.ts:88:22)",
	})
	return s
}
