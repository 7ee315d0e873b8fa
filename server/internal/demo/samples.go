package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

const (
	sampleTraces = 200
	samplesOver  = 24 * time.Hour // they ended at some time in the last day
	manySteps    = 5000           // spans of the largest sample
	chatTurns    = 30
)

// samples makes what a look at a server should find on its first day: ordinary traces, some of them failed, a run that
// tries the same tool again and again, a long chat, and a trace that no screen can show whole. Oldest first.
func (g *generator) samples(now time.Time) [][]*span.Span {
	traces := [][]*span.Span{
		g.workflow(now.Add(-40*time.Minute), manySteps),
		g.chat(now.Add(-25*time.Minute), chatTurns),
		g.retries(now.Add(-10*time.Minute), 4),
	}
	for n := len(traces); n < sampleTraces; n++ {
		// denser towards now, as the use of something new is
		age := time.Duration(g.random.Float64() * g.random.Float64() * float64(samplesOver))
		spans := g.trace(now.Add(-age))
		if n%12 == 0 {
			fail(spans[len(spans)-1])
		}
		traces = append(traces, spans)
	}
	slices.SortStableFunc(traces, func(a, b []*span.Span) int { return a[len(a)-1].Start.Compare(b[len(b)-1].Start) })
	return traces
}

// fail makes a frozen span one that ended with an error.
func fail(s *span.Span) {
	s.Error = &span.Error{
		Message: "the model provider answered 529: overloaded", ID: "AGENT_GENERATE_FAILED", Domain: "AGENT", Category: "THIRD_PARTY", Name: "APICallError",
	}
	s.Output = ""
	s.Freeze()
}

// A story is one trace, told span by span. Spans are added in the order in which they began.
type story struct {
	g       *generator
	trace   span.TraceID
	service string
	thread  string
	now     time.Time // of the next span's start
	spans   []*span.Span
}

func (g *generator) story(start time.Time) *story {
	return &story{
		g: g, trace: span.TraceID(g.hex(16)), service: pick(g, services), thread: "thread-" + g.hex(3), now: start.UTC().Truncate(time.Millisecond),
	}
}

// begin adds a span that runs until end is called for it. A nil parent makes it the root.
func (st *story) begin(parent *span.Span, name string, attributes span.Attributes, input any) *span.Span {
	s := &span.Span{
		TraceID: st.trace, ID: span.ID(st.g.hex(8)), Name: name, Start: st.now,
		Metadata: span.Of(map[string]string{"serviceName": st.service, "threadId": st.thread, "userId": "user-7", "environment": "demo"}),
	}
	s.SetAttributes(attributes)
	if input != nil {
		s.Input = span.Of(input)
	}
	if parent == nil {
		s.Root, s.Tags = true, []string{"sample"}
	} else {
		s.ParentID = parent.ID
	}
	st.spans = append(st.spans, s)
	return s
}

// end ends a span after it has taken d, which is when the story goes on.
func (st *story) end(s *span.Span, d time.Duration, output any) {
	st.now = st.now.Add(d)
	s.End = st.now
	if output != nil {
		s.Output = span.Of(output)
	}
}

// told returns the story as a sender sends it: children before parents. The spans are frozen.
func (st *story) told() []*span.Span {
	for _, s := range st.spans {
		s.Freeze()
	}
	slices.Reverse(st.spans)
	return st.spans
}

func (g *generator) millis(from, to int) time.Duration {
	return time.Duration(from+g.random.IntN(to-from)) * time.Millisecond
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// workflow is a run over n items, two spans each, as nightly jobs are.
func (g *generator) workflow(start time.Time, n int) []*span.Span {
	st := g.story(start)
	st.service = "batch-jobs"
	root := st.begin(nil, "workflow run: 'reindex-documents'", span.WorkflowRun{WorkflowID: "reindex-documents", Status: "success"}, map[string]int{"documents": n / 2})
	for i := 0; len(st.spans) < n-1; i++ {
		step := st.begin(root, "workflow step: 'embed-document'", span.WorkflowStep{StepID: "embed-document", Status: "success"}, map[string]int{"document": i})
		inner := st.begin(step, "embed", span.RAGEmbedding{
			Model: "text-embedding-3-small", Provider: "openai", Usage: &span.Usage{InputTokens: new(200 + g.random.IntN(600))},
		}, nil)
		st.end(inner, g.millis(5, 60), nil)
		st.end(step, time.Millisecond, map[string]bool{"stored": true})
	}
	for len(st.spans) < n {
		st.end(st.begin(root, "report", span.Generic{}, nil), g.millis(1, 5), nil)
	}
	st.end(root, time.Millisecond, map[string]string{"status": "success"})
	return st.told()
}

var questions = []string{
	"Which of our invoices from last month are still open?", "And which of these are overdue?", "Write a friendly reminder for the oldest one.",
	"Make it shorter.", "Translate it to French, please.", "What did we agree on with this customer in May?",
}

// chat is one conversation of many turns: each call of the model gets all that was said before.
func (g *generator) chat(start time.Time, turns int) []*span.Span {
	st := g.story(start)
	st.service = "chat-api"
	messages := []message{{"system", "You help the people of the billing department. Answer in two sentences at most."}}
	root := st.begin(nil, "agent run: 'billing-agent'", span.AgentRun{AgentID: "billing-agent", Instructions: messages[0].Content}, questions[0])
	said := 40
	for i := range turns {
		question := questions[i%len(questions)]
		answer := fmt.Sprintf("There are %d of them, the oldest from %s. I have put them into the list you are looking at.", 2+g.random.IntN(9), start.AddDate(0, -1, -i).Format("2 January"))
		messages = append(messages, message{"user", question})
		tokens := 20 + g.random.IntN(60)
		s := st.begin(root, "llm: 'gpt-4.1'", span.ModelGeneration{
			Model: "gpt-4.1", Provider: "openai", ResultType: "response_generation", FinishReason: "stop", CompletionStartTime: st.now.Add(g.millis(200, 600)),
			Usage:       &span.Usage{InputTokens: &said, OutputTokens: &tokens},
			CostContext: &span.CostContext{EstimatedCost: new(float64(said)*2e-6 + float64(tokens)*8e-6), CostUnit: "USD"},
		}, map[string]any{"messages": messages})
		st.end(s, g.millis(800, 4000), map[string]string{"text": answer})
		messages = append(messages, message{"assistant", answer})
		said += tokens + 15
	}
	st.end(root, time.Millisecond, map[string]string{"text": messages[len(messages)-1].Content})
	return st.told()
}

// retries is a run that calls a tool with the same arguments until it answers.
func (g *generator) retries(start time.Time, failures int) []*span.Span {
	st := g.story(start)
	root := st.begin(nil, "agent run: 'travel-agent'", span.AgentRun{AgentID: "travel-agent"}, "Book the first train to Geneva tomorrow.")
	arguments := map[string]string{"from": "Zurich", "to": "Geneva", "when": "tomorrow, first"}
	for range failures {
		call := st.begin(root, "tool: 'book-train'", span.ToolCall{ToolID: "book-train", ToolType: "function", Success: new(false)}, arguments)
		call.Error = &span.Error{Message: "no answer from the booking service within 3 s", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "THIRD_PARTY", Name: "TimeoutError"}
		st.end(call, 3*time.Second, nil)
		st.now = st.now.Add(g.millis(300, 900)) // between two tries
	}
	call := st.begin(root, "tool: 'book-train'", span.ToolCall{ToolID: "book-train", ToolType: "function", Success: new(true)}, arguments)
	st.end(call, g.millis(400, 900), map[string]string{"booking": "GVA-0519"})
	st.end(root, g.millis(200, 500), map[string]string{"text": "Done: 05:19 from Zurich, booking GVA-0519."})
	return st.told()
}
