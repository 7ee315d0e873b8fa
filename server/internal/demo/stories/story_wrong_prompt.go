package stories

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// wrongPrompt is two runs on the same mail of the same user: with version 12 of a prompt, which went well, and with
// version 13, which did not. Version 13 lacks the sentence that asks for JSON alone; its answer begins with "Sure!", and
// "output processor: structured-output" cannot parse it. That span failed; why is seen by comparing the two runs, whose
// system messages differ in one sentence. Tags and metadata have the version.
//
// Messages are plain text, and the model was asked for an object by a schema.
var wrongPrompt = Story{
	Name:  "wrong-prompt",
	Title: "A wrong version of a prompt",
	Cause: "output processor: structured-output",
	Hint:  "Version 13 of the prompt lacks \"Answer with JSON only\". Compare it with the run of version 12 before it.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		good := readMail(tell(random, now.Add(-21*time.Minute), mailOf("v12"), "sample", "story:wrong-prompt", "prompt:v12"), jsonOnly,
			`{"intent":"cancel","product":"Team plan","effective":"2026-12-31","sentiment":"neutral"}`)
		bad := readMail(tell(random, now.Add(-17*time.Minute), mailOf("v13"), "sample", "story:wrong-prompt", "prompt:v13"), "",
			"Sure! The customer wants to cancel. Here is what I found:\n\n- **Intent:** cancel\n- **Product:** Team plan\n- **Effective:** end of the year\n\nShall I draft an answer?")
		return append(good, bad...)
	},
}

const jsonOnly = " Answer with JSON only, without any other text."

func mailOf(version string) about {
	return about{Service: "mail-triage", Environment: "production", User: "user-1204", Thread: "thread-cancel-team-plan", Release: "2026.11.3", Prompt: version}
}

// readMail is one of the two runs: they differ by a sentence of the prompt and by the answer.
func readMail(t *teller, sentence, text string) []*span.Span {
	instructions := "You read mail from customers of a software company. Find the intent (buy, cancel, complain, ask), the product, the date from which it holds, and the sentiment." + sentence
	const mail = "Hello, we no longer need the Team plan after this year. Please make sure that it ends on 31 December and is not renewed. Kind regards, Ines Moreau"
	schema := object{"type": "object", "required": []string{"intent", "product", "effective"}, "properties": object{
		"intent": object{"enum": []string{"buy", "cancel", "complain", "ask"}}, "product": object{"type": "string"}, "effective": object{"type": "string", "format": "date"}, "sentiment": object{"type": "string"},
	}}
	root := t.begin(nil, "agent run: 'mail-reader'", agentRun("mail-reader", instructions), []span.Value{said("user", mail)})
	t.do(root, "input processor: language", span.ProcessorRun{ProcessorName: "language", ProcessorType: "input"}, prompt(said("user", mail)), t.millis(8, 20), object{"language": "en"})
	t.ask(root, call{
		model: gpt41Mini, input: object{"messages": []span.Value{said("system", instructions), said("user", mail)}, "schema": schema}, output: answer(text),
		usage: usage{in: 212 + len(sentence)/4, out: len(text) / 4, old: true}, first: 280 * time.Millisecond, took: t.millis(600, 1100),
	})
	parse := t.begin(root, "output processor: structured-output", span.ProcessorRun{ProcessorName: "structured-output", ProcessorType: "output"}, object{"text": text, "schema": schema})
	var found json.RawMessage
	if json.Unmarshal([]byte(text), &found) == nil {
		t.end(parse, t.millis(1, 4), object{"object": span.Value(text)})
		t.end(root, time.Millisecond, object{"text": text, "object": span.Value(text)})
		return t.told()
	}
	wrong := span.Error{
		Message: "the answer is not JSON: unexpected token 'S', \"" + strings.SplitAfter(text, " ")[0] + "…\"", ID: "STRUCTURED_OUTPUT_PARSE_FAILED", Domain: "AGENT", Category: "USER", Name: "SyntaxError",
		Details: span.Of(object{"promptVersion": "v13", "position": 0}),
		Stack:   "SyntaxError: Unexpected token 'S', \"Sure! The \"... is not valid JSON\n    at JSON.parse (<anonymous>)\n    at StructuredOutputProcessor.processOutputResult (/app/node_modules/@mastra/core/dist/processors.js:214:20)",
	}
	t.fail(parse, t.millis(1, 4), wrong)
	t.fail(root, time.Millisecond, wrong)
	return t.told()
}
