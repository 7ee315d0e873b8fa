package stories

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// InProgressFor is how long a run of the story in-progress has been going on when it is first seen.
const InProgressFor = 45 * time.Second

// inProgress is a run that has not ended: it watches an error rate until it has been low three times. The root runs, and
// below it the last span, which is what the run waits for: the cause is "llm: 'gemini-2.5-pro'", the one without an end.
//
// Messages are those of AI SDK 5.
var inProgress = Story{
	Name:  "in-progress",
	Title: "A run in progress",
	Cause: "llm: 'gemini-2.5-pro'",
	Hint:  "The run waits for the answer of this call; bars without an end grow.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		var spans []*span.Span
		asking := false // that the run waits for a model, not a tool
		Go(random, now.Add(-InProgressFor), func(at time.Time) bool {
			return !asking || at.Before(now.Add(-5*time.Second)) // a tool takes less
		}, func(s *span.Span) bool {
			asking = s.Type == span.TypeModelGeneration && s.End.IsZero()
			spans = slices.DeleteFunc(spans, func(before *span.Span) bool { return before.ID == s.ID })
			spans = append(spans, s)
			return true
		})
		slices.Reverse(spans)
		return spans
	},
}

// Go tells the story in-progress from start on, as it happens. It calls until before each moment, to wait for it, and emit
// with each span that has begun, and once more when it has ended; what emit gets is frozen and its own. When one of them
// reports false, the run stops there: Go returns the spans that have not ended, the innermost first, none of them frozen. A
// run that ends by itself takes a minute or more.
func Go(random *rand.Rand, start time.Time, until func(time.Time) bool, emit func(*span.Span) bool) (open []*span.Span) {
	w := &watch{until: until, emit: emit, teller: tell(random, start, about{
		Service: "ops-assistant", Environment: "production", User: "user-oncall-1", Thread: "thread-inc-2304", Release: "2026.11.3", Prompt: "v3",
	}, "sample", "story:in-progress", "production")}
	w.run()
	slices.Reverse(w.open)
	return w.open
}

// watch is one run. Once it is broken off, nothing of it has an effect.
type watch struct {
	*teller
	until  func(time.Time) bool
	emit   func(*span.Span) bool
	open   []*span.Span // the outermost first
	broken bool
}

// checks are what the tool answers, in percent: the incident ends as one hopes.
var checks = []float64{4.1, 3.8, 3.9, 2.6, 1.4, 0.6, 0.4, 0.3}

func (w *watch) run() {
	const (
		instructions = "You watch an incident. Read the error rate until it has been below 1 % three times in a row, then say so in the channel."
		question     = "Payments fail since 14:02. Watch it and tell us when it is over."
	)
	var sdk sdk5
	root := w.begins(func() *span.Span {
		return w.begin(nil, "agent run: 'incident-agent'", agentRun("incident-agent", instructions, "error-rate", "post-message"), []span.Value{said("user", question)})
	})
	messages := []span.Value{said("system", instructions), of("user", textPart(question))}
	tokens := 460
	for n, rate := range checks {
		id := fmt.Sprintf("call_rate_%d", n+1)
		look := sdk.call(id, "error-rate", object{"service": "payments", "window": "1m"})
		thought := "I read the rate again."
		if rate < 1 {
			thought = "It was below 1 % now. I wait for three in a row."
		}
		c := call{
			model: geminiPro, input: prompt(messages...), calls: true, output: calls(thought, look),
			usage: usage{in: tokens, cached: tokens / 2, out: 60, reasoning: 24}, first: 700 * time.Millisecond, took: w.millis(5000, 9000),
		}
		w.asks(root, c)
		result := object{"service": "payments", "errorRate": rate, "unit": "percent"}
		tool := w.begins(func() *span.Span {
			return w.begin(root, "tool: 'error-rate'", span.ToolCall{ToolID: "error-rate", ToolType: "tool", ToolCallID: id}, object{"service": "payments", "window": "1m"})
		})
		w.ends(tool, w.millis(1200, 3000), func(d time.Duration) {
			tool.SetAttributes(toolCall("error-rate", "", id, true))
			w.end(tool, d, result)
		})
		messages = append(messages, of("assistant", textPart(thought), look), sdk.result(id, "error-rate", result))
		tokens += 118
	}
	const reply = "Over: the error rate of payments has been below 1 % for three minutes (0.6, 0.4, 0.3)."
	w.asks(root, call{
		model: geminiPro, input: prompt(messages...), output: answer(reply),
		usage: usage{in: tokens, cached: tokens / 2, out: 58, reasoning: 20}, first: 700 * time.Millisecond, took: w.millis(4000, 6000),
	})
	w.ends(root, time.Millisecond, func(d time.Duration) { w.end(root, d, object{"text": reply}) })
}

// asks is a call of the model, begun and ended.
func (w *watch) asks(parent *span.Span, c call) {
	s := w.begins(func() *span.Span { return w.asking(parent, c) })
	w.ends(s, c.took, func(time.Duration) { w.answered(s, c) })
}

// begins emits a span that runs.
func (w *watch) begins(begin func() *span.Span) *span.Span {
	if w.broken || !w.until(w.now) {
		w.broken = true
		return nil
	}
	s := begin()
	w.open = append(w.open, s)
	w.broken = !w.emit(frozen(s))
	return s
}

// ends emits the span of which begins told, when it has ended after d.
func (w *watch) ends(s *span.Span, d time.Duration, end func(time.Duration)) {
	if w.broken || !w.until(w.now.Add(d)) {
		w.broken = true
		return
	}
	end(d)
	if w.broken = !w.emit(frozen(s)); !w.broken {
		w.open = slices.DeleteFunc(w.open, func(o *span.Span) bool { return o == s })
	}
}

// frozen returns a copy of a span that can be handed on, so that the story may go on with its own.
func frozen(s *span.Span) *span.Span {
	s = s.Clone()
	s.Freeze()
	return s
}
