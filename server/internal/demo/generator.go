package demo

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// A generator makes traces like the captured ones: the same trees of the same spans, with ids, times, names and token
// counts of their own. Equal seeds make equal traces. It is for one goroutine.
type generator struct {
	templates [][]*span.Span
	random    *rand.Rand
	made      int
}

// newGenerator makes a generator. Two with different seeds never make the same id twice, as far as 64 random bits go.
func newGenerator(templates [][]*span.Span, seed uint64) *generator {
	return &generator{templates: templates, random: rand.New(rand.NewPCG(seed, 0))}
}

// trace makes the spans of one trace whose last span ends at now, in the order in which a sender sends them: children
// before parents. The spans are frozen, and the caller's own.
func (g *generator) trace(now time.Time) []*span.Span {
	template := g.templates[g.made%len(g.templates)]
	g.made++
	v := g.variation(template, now)
	spans := make([]*span.Span, len(template))
	for i, original := range template {
		spans[i] = v.of(original)
	}
	return spans
}

// The captured traces are all of one agent of one service. These are others; the first is itself.
var (
	agents   = []struct{ id, name string }{{"support-agent", "Support Agent"}, {"research-agent", "Research Agent"}, {"travel-agent", "Travel Agent"}, {"billing-agent", "Billing Agent"}}
	services = []string{"support-api", "chat-api", "batch-jobs"}
	models   = []struct{ id, provider string }{{"gpt-4o-mini", "openai"}, {"gpt-4.1", "openai"}, {"claude-sonnet-4-5", "anthropic"}, {"gemini-2.5-flash", "google"}}
)

// variation is what distinguishes one trace from the captured one it is made like.
type variation struct {
	traceID span.TraceID
	ids     map[span.ID]span.ID
	text    *strings.Replacer
	tokens  int // numerator of the factor for token counts; see scaled

	origin, start time.Time // the template's first moment, and the new trace's
	stretch       int       // how many times as long it takes
}

func (g *generator) variation(template []*span.Span, now time.Time) *variation {
	v := &variation{
		traceID: span.TraceID(g.hex(16)),
		ids:     make(map[span.ID]span.ID, len(template)),
		tokens:  1 + g.random.IntN(10*tokenUnit),
		stretch: 1 + g.random.IntN(500), // the captured traces took some milliseconds: their model was a stub
	}
	last := template[0].Start
	v.origin = last
	for _, s := range template {
		v.ids[s.ID] = span.ID(g.hex(8))
		v.origin = earlier(v.origin, s.Start)
		last = later(last, later(s.Start, s.End))
	}
	v.start = now.UTC().Truncate(time.Millisecond).Add(-v.stretched(last))

	agent, service, model := pick(g, agents), pick(g, services), pick(g, models)
	user, run := strconv.Itoa(g.random.IntN(1000)), strconv.Itoa(g.made)
	v.text = strings.NewReplacer(
		"support-agent", agent.id, "Support Agent", agent.name, "support-api", service,
		"gpt-4o-mini", model.id, `"openai"`, `"`+model.provider+`"`,
		"user-0", "user-"+user, "session-0", "session-"+user, "thread-0", "thread-"+run, "run-0", "run-"+run,
	)
	return v
}

// of makes the new trace's span of the template's.
func (v *variation) of(original *span.Span) *span.Span {
	s := original.Clone()
	s.TraceID, s.ID = v.traceID, v.ids[s.ID]
	if id, ok := v.ids[s.ParentID]; ok {
		s.ParentID = id
	}
	s.Name, s.EntityID, s.EntityName = v.text.Replace(s.Name), v.text.Replace(s.EntityID), v.text.Replace(s.EntityName)
	s.Start, s.End, s.CreatedAt = v.moment(s.Start), v.moment(s.End), v.moment(s.CreatedAt)
	s.Metadata = v.value(s.Metadata)
	s.Attributes = v.value(s.Attributes)
	if usage := s.Attributes.Get("usage"); usage.IsObject() {
		s.Attributes = s.Attributes.Set("usage", scaled(usage, v.tokens))
	}
	if text, ok := s.Attributes.Get("completionStartTime").Text(); ok {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			s.Attributes = s.Attributes.Set("completionStartTime", span.Of(v.moment(t)))
		}
	}
	s.Freeze()
	return s
}

// value replaces names in JSON text: none of them needs an escape there, so it stays JSON.
func (v *variation) value(value span.Value) span.Value {
	return span.Value(v.text.Replace(string(value)))
}

// moment moves a moment of the template to the new trace; none stays none.
func (v *variation) moment(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return v.start.Add(v.stretched(t))
}

// stretched is how far into the new trace a moment of the template is.
func (v *variation) stretched(t time.Time) time.Duration {
	return time.Duration(v.stretch) * t.Sub(v.origin)
}

// tokenUnit divides all token counts of the captured spans, so that scaled ones still add up.
const tokenUnit = 20

// scaled multiplies each count in usage, which may be grouped in objects, by numerator / tokenUnit.
func scaled(usage span.Value, numerator int) span.Value {
	for key, value := range usage.Members() {
		if n, ok := value.Int(); ok {
			usage = usage.Set(key, span.Of(n*numerator/tokenUnit))
		} else if value.IsObject() {
			usage = usage.Set(key, scaled(value, numerator))
		}
	}
	return usage
}

// hex returns n random bytes in hexadecimal.
func (g *generator) hex(n int) string {
	var b [16]byte
	for i := range n {
		b[i] = byte(g.random.Uint32())
	}
	return hex.EncodeToString(b[:n])
}

func pick[T any](g *generator, from []T) T { return from[g.random.IntN(len(from))] }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
