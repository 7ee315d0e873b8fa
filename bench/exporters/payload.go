package exporters

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tailrace-go/tailrace/span"
)

// poolSpans is how many different spans there are. A run uses them again and again, in order, so that no batch of 1000 has
// a text twice.
const poolSpans = 2500

// A call is one answer of a model, as all implementations have to report it: ids, a name, two times, twelve attributes, and
// the two texts.
type call struct {
	traceID  [16]byte
	id       [8]byte
	parentID [8]byte
	start    time.Time
	end      time.Time

	model, responseID        string
	temperature              float64
	inputTokens, outTokens   int64
	finish                   string
	agent, session, user     string
	conversation             string
	prompt, completion       string
	promptSum, completionSum uint32
}

// What all calls have in common.
const (
	serviceName = "support-agents"
	scopeName   = "agents"
	provider    = "openai"
	operation   = "chat"
)

var (
	models   = []string{"gpt-5-mini", "gpt-5", "gpt-4.1", "o4-mini"}
	agents   = []string{"support-triage", "order-lookup", "refund-planner", "answer-writer", "quality-reviewer"}
	finishes = []string{"stop", "stop", "stop", "length", "tool_calls"}
)

// newCalls makes n calls, the same in each process.
func newCalls(n int) ([]call, error) {
	rng := rand.New(rand.NewPCG(7, 0))
	text, err := english(n * 2 * (maxTextBytes + 1))
	if err != nil {
		return nil, err
	}
	calls := make([]call, n)
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for i := range calls {
		c := &calls[i]
		if i%10 == 0 { // ten calls to a trace
			binary.BigEndian.PutUint64(c.traceID[:8], rng.Uint64()|1)
			binary.BigEndian.PutUint64(c.traceID[8:], rng.Uint64())
			binary.BigEndian.PutUint64(c.parentID[:], rng.Uint64()|1)
			c.conversation = fmt.Sprintf("conv_%016x", rng.Uint64())
			c.session = fmt.Sprintf("session-%012x", rng.Uint64()>>16)
			c.user = fmt.Sprintf("user-%06d", rng.IntN(1e6))
		} else {
			first := &calls[i-i%10]
			c.traceID, c.parentID, c.conversation, c.session, c.user = first.traceID, first.parentID, first.conversation, first.session, first.user
		}
		binary.BigEndian.PutUint64(c.id[:], rng.Uint64()|1)
		c.start = began.Add(time.Duration(i)*37*time.Millisecond + time.Duration(rng.IntN(1e6))*time.Microsecond)
		c.end = c.start.Add(200*time.Millisecond + time.Duration(rng.IntN(4e6))*time.Microsecond)
		c.model, c.agent, c.finish = models[rng.IntN(len(models))], agents[rng.IntN(len(agents))], finishes[rng.IntN(len(finishes))]
		c.responseID = fmt.Sprintf("resp_%016x", rng.Uint64())
		c.temperature = float64(rng.IntN(11)) / 10
		c.prompt, text = cutText(text, rng)
		c.completion, text = cutText(text, rng)
		c.inputTokens, c.outTokens = int64(len(c.prompt)/4), int64(len(c.completion)/4)
		c.promptSum, c.completionSum = textSum(c.prompt), textSum(c.completion)
	}
	return calls, nil
}

// Bytes in a prompt or a completion.
const minTextBytes, maxTextBytes = 900, 1150

// cutText takes 900 to 1150 bytes off text, whole words. Each gets memory of its own, as a program's texts do.
func cutText(text string, rng *rand.Rand) (cut, rest string) {
	n := minTextBytes + 20 + rng.IntN(maxTextBytes-minTextBytes-20+1)
	for text[n] != ' ' && text[n] != '\n' && n > minTextBytes {
		n--
	}
	return strings.Clone(text[:n]), text[n+1:]
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func textSum(text string) uint32 { return crc32.Checksum([]byte(text), castagnoli) }

// sum is what a collector adds up for a call: it differs when another span, or another text, arrives.
func (c *call) sum() uint64 { return mix(c.id, c.promptSum, c.completionSum) }

func mix(id [8]byte, prompt, completion uint32) uint64 {
	x := binary.BigEndian.Uint64(id[:]) ^ (uint64(prompt)<<32 | uint64(completion))
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}

// record is the span as a user of package observability has it after End.
func (c *call) record() *span.Span {
	n := func(v int64) *int { i := int(v); return &i }
	s := &span.Span{
		TraceID:    span.TraceID(fmt.Sprintf("%x", c.traceID)),
		ID:         span.ID(fmt.Sprintf("%x", c.id)),
		ParentID:   span.ID(fmt.Sprintf("%x", c.parentID)),
		Name:       operation + " " + c.model,
		EntityType: span.EntityAgent,
		EntityID:   c.agent,
		Start:      c.start,
		End:        c.end,
		Input:      span.Text(c.prompt),
		Output:     span.Text(c.completion),
		Metadata: span.Of(map[string]any{
			"conversationId": c.conversation, "sessionId": c.session, "userId": c.user,
		}),
	}
	s.SetAttributes(span.ModelGeneration{
		Model: c.model, Provider: provider, ResponseID: c.responseID, FinishReason: c.finish,
		Usage:      &span.Usage{InputTokens: n(c.inputTokens), OutputTokens: n(c.outTokens)},
		Parameters: &span.ModelParameters{Temperature: &c.temperature},
	})
	s.Freeze()
	return s
}

// snapshot is the span as OpenTelemetry's SDK gives it to a span processor after End.
func (c *call) snapshot(res *resource.Resource) sdktrace.ReadOnlySpan {
	context := func(id [8]byte) trace.SpanContext {
		return trace.NewSpanContext(trace.SpanContextConfig{TraceID: c.traceID, SpanID: id, TraceFlags: trace.FlagsSampled})
	}
	return tracetest.SpanStub{
		Name:                 operation + " " + c.model,
		SpanContext:          context(c.id),
		Parent:               context(c.parentID),
		SpanKind:             trace.SpanKindClient,
		StartTime:            c.start,
		EndTime:              c.end,
		Resource:             res,
		InstrumentationScope: instrumentation.Scope{Name: scopeName},
		Attributes: []attribute.KeyValue{
			attribute.String("gen_ai.operation.name", operation),
			attribute.String("gen_ai.provider.name", provider),
			attribute.String("gen_ai.request.model", c.model),
			attribute.String("gen_ai.response.id", c.responseID),
			attribute.Float64("gen_ai.request.temperature", c.temperature),
			attribute.Int64("gen_ai.usage.input_tokens", c.inputTokens),
			attribute.Int64("gen_ai.usage.output_tokens", c.outTokens),
			attribute.String("gen_ai.response.finish_reasons", c.finish),
			attribute.String("gen_ai.agent.name", c.agent),
			attribute.String("gen_ai.conversation.id", c.conversation),
			attribute.String("session.id", c.session),
			attribute.String("user.id", c.user),
			attribute.String(promptKey, c.prompt),
			attribute.String(completionKey, c.completion),
		},
	}.Snapshot()
}

// Where an OpenTelemetry span has its texts.
const promptKey, completionKey = "gen_ai.prompt", "gen_ai.completion"

// traces is the span alone, as a receiver in OpenTelemetry's Collector hands it on. Whoever consumes it owns it.
func (c *call) traces() ptrace.Traces {
	all := ptrace.NewTraces()
	rs := all.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", serviceName)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(scopeName)
	s := ss.Spans().AppendEmpty()
	s.SetTraceID(c.traceID)
	s.SetSpanID(c.id)
	s.SetParentSpanID(c.parentID)
	s.SetName(operation + " " + c.model)
	s.SetKind(ptrace.SpanKindClient)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(c.start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(c.end))
	s.SetFlags(uint32(trace.FlagsSampled))
	a := s.Attributes()
	a.EnsureCapacity(14)
	a.PutStr("gen_ai.operation.name", operation)
	a.PutStr("gen_ai.provider.name", provider)
	a.PutStr("gen_ai.request.model", c.model)
	a.PutStr("gen_ai.response.id", c.responseID)
	a.PutDouble("gen_ai.request.temperature", c.temperature)
	a.PutInt("gen_ai.usage.input_tokens", c.inputTokens)
	a.PutInt("gen_ai.usage.output_tokens", c.outTokens)
	a.PutStr("gen_ai.response.finish_reasons", c.finish)
	a.PutStr("gen_ai.agent.name", c.agent)
	a.PutStr("gen_ai.conversation.id", c.conversation)
	a.PutStr("session.id", c.session)
	a.PutStr("user.id", c.user)
	a.PutStr(promptKey, c.prompt)
	a.PutStr(completionKey, c.completion)
	return all
}
