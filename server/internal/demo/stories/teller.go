package stories

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// A teller writes one trace, span by span, in the order in which they begin. Its clock goes on when a span ends.
type teller struct {
	random   *rand.Rand
	trace    span.TraceID
	metadata span.Value
	tags     []string
	now      time.Time
	spans    []*span.Span
}

// about is what the metadata of a trace says; children repeat their root's.
type about struct {
	Service     string `json:"serviceName"`
	Environment string `json:"environment"`
	User        string `json:"userId"`
	Thread      string `json:"threadId"`
	Session     string `json:"sessionId,omitempty"`
	Run         string `json:"runId,omitempty"`
	Release     string `json:"release,omitempty"`
	Prompt      string `json:"promptVersion,omitempty"`
	Region      string `json:"region,omitempty"`
}

// tell begins a trace at start, in whole milliseconds because that is what the wire keeps.
func tell(random *rand.Rand, start time.Time, a about, tags ...string) *teller {
	t := &teller{random: random, now: start.UTC().Truncate(time.Millisecond), tags: tags}
	t.trace = span.TraceID(t.hex(16))
	if a.Run == "" {
		a.Run = "run-" + t.hex(4)
	}
	t.metadata = span.Of(a)
	return t
}

// begin adds a span that runs until end or fail is called for it. A nil parent makes it the root.
func (t *teller) begin(parent *span.Span, name string, attributes span.Attributes, input any) *span.Span {
	s := &span.Span{TraceID: t.trace, ID: span.ID(t.hex(8)), Name: name, Start: t.now, Metadata: t.metadata}
	s.SetAttributes(attributes)
	if input != nil {
		s.Input = span.Of(input)
	}
	if parent == nil {
		s.Root, s.Tags = true, t.tags
	} else {
		s.ParentID = parent.ID
	}
	t.spans = append(t.spans, s)
	return s
}

// end ends a span when d more has passed.
func (t *teller) end(s *span.Span, d time.Duration, output any) {
	t.wait(d)
	s.End = t.now
	if output != nil {
		s.Output = span.Of(output)
	}
}

// fail ends a span with an error when d more has passed.
func (t *teller) fail(s *span.Span, d time.Duration, e span.Error) {
	t.end(s, d, nil)
	s.Error = &e
}

// do adds a span without children that takes d.
func (t *teller) do(parent *span.Span, name string, attributes span.Attributes, input any, d time.Duration, output any) *span.Span {
	s := t.begin(parent, name, attributes, input)
	t.end(s, d, output)
	return s
}

// event adds a moment without a duration.
func (t *teller) event(parent *span.Span, name string, attributes span.Attributes, output any) {
	s := t.do(parent, name, attributes, nil, 0, output)
	s.Event, s.End = true, time.Time{}
}

func (t *teller) wait(d time.Duration) { t.now = t.now.Add(d) }

// told returns the trace as a sender sends it: children before parents. The spans are frozen.
func (t *teller) told() []*span.Span {
	for _, s := range t.spans {
		s.Freeze()
	}
	slices.Reverse(t.spans)
	return t.spans
}

// millis is a time between two, in milliseconds.
func (t *teller) millis(from, to int) time.Duration {
	return time.Duration(from+t.random.IntN(to-from)) * time.Millisecond
}

// hex returns n random bytes in hexadecimal.
func (t *teller) hex(n int) string {
	var b [16]byte
	for i := range n {
		b[i] = byte(t.random.Uint32())
	}
	return hex.EncodeToString(b[:n])
}

// agentRun is the attributes of a run of an agent, and toolCall those of a call of a tool.
func agentRun(id, instructions string, tools ...string) span.AgentRun {
	return span.AgentRun{AgentID: id, Instructions: instructions, AvailableTools: tools, MaxSteps: new(10)}
}

func toolCall(id, about, call string, success bool) span.ToolCall {
	return span.ToolCall{ToolID: id, ToolType: "tool", ToolDescription: about, ToolCallID: call, Success: &success}
}
