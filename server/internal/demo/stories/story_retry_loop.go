package stories

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// retryLoop is a run that calls a tool four times with the same arguments, though each answer says what is wrong with
// them: the tool wants a date, and the model says "tomorrow". It ends when it may take no further step. The cause is the
// first failed "tool: 'book-train'"; the same name with the same input four times in a row shows the loop.
//
// Messages are OpenAI's own: arguments are JSON in a string.
var retryLoop = Story{
	Name:  "retry-loop",
	Title: "A tool that fails in a loop",
	Cause: "tool: 'book-train'",
	Hint:  "Four calls with the same arguments and the same answer: \"when\" must be a date. The model never changes it.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		t := tell(random, now.Add(-4*time.Minute), about{
			Service: "travel-api", Environment: "production", User: "user-77", Thread: "thread-geneva", Release: "2026.11.3", Prompt: "v4",
		}, "sample", "story:retry-loop", "production")
		const (
			instructions = "You book trains. Use the tool book-train. If it fails, try again."
			question     = "Book the first train from Zurich to Geneva tomorrow, one seat, second class."
			arguments    = `{"from":"Zurich HB","to":"Genève","when":"tomorrow, first train","seats":1,"class":2}`
			complaint    = `"when" must be a date such as 2026-11-24T05:00, got "tomorrow, first train"`
		)
		var api openAI
		root := t.begin(nil, "agent run: 'travel-agent'", span.AgentRun{AgentID: "travel-agent", Instructions: instructions, AvailableTools: []string{"book-train", "find-trains"}, MaxSteps: new(4)}, []span.Value{said("user", question)})
		messages := []span.Value{said("system", instructions), said("user", question)}
		input := object{"from": "Zurich HB", "to": "Genève", "when": "tomorrow, first train", "seats": 1, "class": 2}
		tokens := 412
		for n := range 4 {
			id := fmt.Sprintf("call_book_%d", n+1)
			t.ask(root, call{
				model: gpt41Mini, input: prompt(messages...), calls: true,
				output: calls("", sdk4{}.call(id, "book-train", input)),
				usage:  usage{in: tokens, out: 38, old: true}, first: 300 * time.Millisecond, took: t.millis(700, 1200),
			})
			tool := t.begin(root, "tool: 'book-train'", toolCall("book-train", "Books seats on a train", id, false), input)
			t.fail(tool, t.millis(280, 420), span.Error{
				Message: complaint, ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "USER", Name: "ValidationError",
				Details: span.Of(object{"toolName": "book-train", "field": "when", "statusCode": 422}),
				Stack:   "ValidationError: " + complaint + "\n    at parse (/app/src/tools/book-train.ts:31:13)\n    at async execute (/app/src/tools/book-train.ts:54:19)",
			})
			t.wait(t.millis(250, 600))
			messages = append(messages, api.call(id, "book-train", arguments), api.result(id, "Error: "+complaint))
			tokens += 96
		}
		t.fail(root, 3*time.Millisecond, span.Error{
			Message: "no answer after 4 steps, which is the most: the last 4 calls of book-train failed", ID: "AGENT_MAX_STEPS", Domain: "AGENT", Category: "USER", Name: "MastraError",
		})
		return t.told()
	},
}
