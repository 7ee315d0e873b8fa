package stories

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// rateLimit is a run whose model was asked too often: three answers 429, each with the time to wait, and gaps of 2, 4 and
// 8 s in the waterfall where nothing ran; then another model answered. The run went well and took 19 s in place of 4. The
// cause is the first "llm: 'claude-sonnet-4-5'": its error has retry-after and the limit.
//
// Messages are Anthropic's own: results of tools are the user's, and thinking has a part. The model's spans have the
// older type llm_generation, as exporters up to 0.20 write it, and count promptTokens and completionTokens.
var rateLimit = Story{
	Name:  "rate-limit",
	Title: "A rate-limited model",
	Cause: "llm: 'claude-sonnet-4-5'",
	Hint:  "429 three times, with 2, 4 and 8 s of waiting between; then the fall-back answered.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		t := tell(random, now.Add(-6*time.Minute), about{
			Service: "research-agent", Environment: "production", User: "user-318", Thread: "thread-heat-pumps", Release: "2026.10.9", Prompt: "v9",
		}, "sample", "story:rate-limit", "production", "fallback")
		const (
			instructions = "You answer questions about energy with figures and their sources."
			question     = "How many heat pumps were sold in Europe in 2023, and how does that compare with 2022?"
			reply        = "About **2.77 million** in 2023 after 2.98 million in 2022: a fall of roughly 7 %.\n\n| year | sold | change |\n|---|---:|---:|\n| 2022 | 2.98 M | +38 % |\n| 2023 | 2.77 M | −7 % |"
		)
		var api anthropic
		search := api.call("toolu_01", "search", object{"q": "heat pump sales Europe 2022 2023"})
		hits := []object{{"title": "Market report 2024", "text": "2.77 million units in 14 countries in 2023, 2.98 million in 2022"}}
		messages := []span.Value{
			said("system", instructions), said("user", question),
			of("assistant", api.thinking("I need figures for two years from one source, or they cannot be compared."), search),
			api.result("toolu_01", []span.Value{textPart(hits[0]["text"].(string))}),
		}
		root := t.begin(nil, "agent run: 'research-agent'", agentRun("research-agent", instructions, "search"), question)
		t.do(root, "mcp tool: 'search' on 'web'", span.MCPToolCall{ToolID: "search", MCPServer: "web", ServerVersion: "1.9.2", Success: new(true)},
			object{"q": "heat pump sales Europe 2022 2023"}, t.millis(600, 900), object{"hits": hits})
		for n, wait := range []int{2, 4, 8} {
			s := t.refused(root, call{model: sonnet, input: prompt(messages...), took: t.millis(90, 240)}, 429, "rate_limit_error",
				fmt.Sprintf("429: this organization may use 80,000 input tokens a minute with claude-sonnet-4-5; try again in %d s", wait),
				object{"attempt": n + 1, "responseHeaders": object{"retry-after": fmt.Sprint(wait), "anthropic-ratelimit-input-tokens-limit": "80000", "anthropic-ratelimit-input-tokens-remaining": "0"}})
			s.Type = span.TypeLLMGeneration
			t.wait(time.Duration(wait)*time.Second + t.millis(5, 60))
		}
		used := usage{in: 1896, out: 121}
		s := t.ask(root, call{model: haiku, input: prompt(messages...), output: answer(reply), usage: used, first: 600 * time.Millisecond, took: t.millis(2400, 3100)})
		s.Type = span.TypeLLMGeneration
		s.Attributes = s.Attributes.Set("usage", span.Of(object{"promptTokens": used.in, "completionTokens": used.out, "totalTokens": used.in + used.out}))
		t.end(root, 2*time.Millisecond, object{"text": reply})
		return t.told()
	},
}
