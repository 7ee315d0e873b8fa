package demo

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/span"
)

// A generator makes traces like its templates: the same trees of the same spans, with ids, times, users and token counts of
// their own, and now and then a failure. Equal seeds make equal traces. It is for one goroutine.
type generator struct {
	templates [][]*span.Span
	random    *rand.Rand
	made      int
}

// newGenerator makes a generator. Two with different seeds never make the same id twice, as far as 64 random bits go.
func newGenerator(templates [][]*span.Span, seed uint64) *generator {
	return &generator{templates: templates, random: rand.New(rand.NewPCG(seed, 0))}
}

// mood is how things go at some time.
type mood struct {
	errors float64 // share of traces that fail
	slow   float64 // how many times as long as usual all takes
}

var usual = mood{errors: 0.05, slow: 1}

// trace makes the spans of one trace whose last span ends at now, in the order in which a sender sends them: children
// before parents. The spans are frozen, and the caller's own.
func (g *generator) trace(now time.Time) []*span.Span { return g.traceIn(usual, now) }

func (g *generator) traceIn(m mood, now time.Time) []*span.Span {
	template := pick(g, g.templates)
	g.made++
	switch luck := g.random.Float64(); {
	case luck < m.errors:
		template = g.failed(template)
	case luck < 1.5*m.errors:
		template = g.stumbled(template)
	}
	v := g.variation(template, m, now)
	spans := make([]*span.Span, len(template))
	for i, original := range template {
		spans[i] = v.of(original)
	}
	return spans
}

// variation is what distinguishes one trace from the template it is made like.
type variation struct {
	traceID span.TraceID
	ids     map[span.ID]span.ID
	text    *strings.Replacer
	told    [2]span.Value // the metadata that was looked at last, and what became of it: children repeat it
	tokens  int           // numerator of the factor for token counts; see scaled

	origin, start time.Time // the template's first moment, and the new trace's
	stretch       float64   // how many times as long it takes
}

func (g *generator) variation(template []*span.Span, m mood, now time.Time) *variation {
	v := &variation{
		traceID: span.TraceID(g.hex(16)),
		ids:     make(map[span.ID]span.ID, len(template)),
		tokens:  min(max(4, int(stories.OrdinaryTokens*g.spread(0.5))), 8*stories.OrdinaryTokens),
		stretch: m.slow * g.spread(0.35),
	}
	if g.random.IntN(33) == 0 { // the tail
		v.stretch *= 3 + 6*g.random.Float64()
	}
	last := template[0].Start
	v.origin = last
	for _, s := range template {
		v.ids[s.ID] = span.ID(g.hex(8))
		v.origin = earlier(v.origin, s.Start)
		last = later(last, later(s.Start, s.End))
	}
	v.start = now.UTC().Truncate(time.Millisecond).Add(-v.stretched(last))

	// Few users do much, and each goes on with a few threads.
	user := strconv.Itoa(100 + int(60*g.random.Float64()*g.random.Float64()))
	place := stories.OrdinaryPlace
	if g.random.IntN(8) == 0 {
		place = "staging"
	}
	v.text = strings.NewReplacer(
		stories.OrdinaryUser, "user-"+user, stories.OrdinaryThread, "thread-"+user+"-"+strconv.Itoa(g.random.IntN(3)),
		stories.OrdinaryRun, "run-"+g.hex(4), stories.OrdinaryPlace, place,
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
	s.Start, s.End, s.CreatedAt = v.moment(s.Start), v.moment(s.End), v.moment(s.CreatedAt)
	if s.Metadata != v.told[0] {
		v.told = [2]span.Value{s.Metadata, span.Value(v.text.Replace(string(s.Metadata)))} // no name needs an escape, so it stays JSON
	}
	s.Metadata = v.told[1]
	if usage := s.Attributes.Get("usage"); usage.IsObject() {
		s.Attributes = s.Attributes.Set("usage", scaled(usage, v.tokens))
	}
	if cost := s.Attributes.Get("costContext"); cost.IsObject() {
		usd, _ := cost.Get("estimatedCost").Float()
		s.Attributes = s.Attributes.Set("costContext", cost.Set("estimatedCost", span.Of(usd*float64(v.tokens)/stories.OrdinaryTokens)))
	}
	if text, ok := s.Attributes.Get("completionStartTime").Text(); ok {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			s.Attributes = s.Attributes.Set("completionStartTime", span.Of(v.moment(t)))
		}
	}
	s.Freeze()
	return s
}

// moment moves a moment of the template to the new trace; none stays none.
func (v *variation) moment(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return v.start.Add(v.stretched(t))
}

// stretched is how far into the new trace a moment of the template is, in whole milliseconds.
func (v *variation) stretched(t time.Time) time.Duration {
	return time.Duration(v.stretch * float64(t.Sub(v.origin))).Truncate(time.Millisecond)
}

// scaled multiplies each count in usage, which may be grouped in objects, by numerator / stories.OrdinaryTokens.
func scaled(usage span.Value, numerator int) span.Value {
	for key, value := range usage.Members() {
		if n, ok := value.Int(); ok {
			usage = usage.Set(key, span.Of(n*numerator/stories.OrdinaryTokens))
		} else if value.IsObject() {
			usage = usage.Set(key, scaled(value, numerator))
		}
	}
	return usage
}

// spread is a factor around 1, as times and sizes are spread: as often a half as it is double.
func (g *generator) spread(sigma float64) float64 { return math.Exp(sigma * g.random.NormFloat64()) }

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
