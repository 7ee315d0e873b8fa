package stories

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// contextWindow is how many tokens gpt-4o takes.
const contextWindow = 128_000

// contextOverflow is a run that reads one log after the other, keeps them all in its conversation, and asks the model
// again each time. The input grows from 2,100 to more than 128,000 tokens: then the provider refuses. The cause is the last
// "llm: 'gpt-4o'", the one that failed; the axis of tokens shows each call longer than the one before.
//
// Messages are of AI SDK 4; texts end in the mark of an exporter that cuts them.
var contextOverflow = Story{
	Name:  "context-overflow",
	Title: "A context that overflows",
	Cause: "llm: 'gpt-4o'",
	Hint:  "Each call has all logs so far in its input, and the last is refused: context_length_exceeded.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		t := tell(random, now.Add(-13*time.Minute), about{
			Service: "ops-assistant", Environment: "production", User: "user-oncall-3", Thread: "thread-inc-2291", Release: "2026.11.1", Prompt: "v2",
		}, "sample", "story:context-overflow", "production")
		const (
			instructions = "You help the person on call. Read logs with read-log until you know what went wrong."
			question     = "Checkout is slow since 02:10. Find out which service it is."
		)
		var sdk sdk4
		root := t.begin(nil, "agent run: 'ops-agent'", agentRun("ops-agent", instructions, "list-services", "read-log"), []span.Value{said("user", question)})
		messages := []span.Value{said("system", instructions), said("user", question)}
		names := []string{"gateway", "checkout", "inventory", "payments", "postgres-primary", "redis-sessions"}
		t.do(root, "tool: 'list-services'", toolCall("list-services", "Lists what runs", "", true), nil, t.millis(40, 80), names)
		tokens := 2104
		for n, name := range names {
			id, input := fmt.Sprintf("call_log_%d", n+1), object{"service": name, "since": "02:00", "lines": 5000}
			read := sdk.call(id, "read-log", input)
			t.ask(root, call{
				model: gpt4o, input: prompt(messages...), calls: true, output: calls("Nothing clear yet. I read the log of "+name+" too.", read),
				usage: usage{in: tokens, out: 40 + t.random.IntN(20), old: true}, first: time.Duration(300+tokens/60) * time.Millisecond, took: time.Duration(900+tokens/40) * time.Millisecond,
			})
			log := logOf(t, name)
			t.do(root, "tool: 'read-log'", toolCall("read-log", "Reads the log of a service", id, true), input, t.millis(200, 500), object{"lines": 5000, "log": log})
			messages = append(messages, of("assistant", textPart("Nothing clear yet. I read the log of "+name+" too."), read), sdk.result(id, "read-log", object{"lines": 5000, "log": log}))
			tokens += 18_000 + t.random.IntN(3000) + 1400*n
		}
		message := fmt.Sprintf("This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", contextWindow, tokens)
		t.refused(root, call{model: gpt4o, input: prompt(messages...), took: t.millis(600, 900)}, 400, "context_length_exceeded", message,
			object{"type": "invalid_request_error", "param": "messages", "inputTokens": tokens, "maxTokens": contextWindow})
		t.fail(root, 4*time.Millisecond, span.Error{Message: message, ID: "AGENT_STREAM_FAILED", Domain: "AGENT", Category: "USER", Name: "MastraError", Details: span.Of(object{"code": "context_length_exceeded"})})
		return t.told()
	},
}

// logOf is the beginning of a log, as much as an exporter keeps.
func logOf(t *teller, service string) string {
	const kept = 1024
	var b strings.Builder
	for second := 0; b.Len() < kept; second += 1 + t.random.IntN(9) {
		fmt.Fprintf(&b, "02:%02d:%02d INFO %s request=%s status=200 took=%dms\n", second/60, second%60, service, t.hex(4), 20+t.random.IntN(900))
	}
	return b.String()[:kept] + "…[truncated]"
}
