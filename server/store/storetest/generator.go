package storetest

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// spanText is about what input and output have each, so that a span is 2.2 KB of JSON.
const spanText = 850

// Generator makes traces of ten spans for measurements: 8 services, 12 names, 2 % failed, 2.2 KB of JSON a span.
// Equal seeds make equal traces. It is for one goroutine.
type Generator struct {
	// Step is the time between the starts of two traces. 0 means 10 ms, which is 1,000 spans a second.
	Step time.Duration

	random *rand.Rand
	texts  []string
	next   time.Time
}

// NewGenerator makes a generator whose first trace begins at start.
func NewGenerator(seed uint64, start time.Time) *Generator {
	g := &Generator{random: rand.New(rand.NewPCG(seed, 1)), next: start.UTC()}
	words := make([]string, 4000)
	for i := range words {
		word := make([]byte, 3+g.random.IntN(7))
		for j := range word {
			word[j] = byte('a' + g.random.IntN(26))
		}
		words[i] = string(word)
	}
	zipf := rand.NewZipf(g.random, 1.2, 4, uint64(len(words)-1)) // as often as words are in prose, about
	for range 8192 {                                             // made in advance: a measurement is not of random numbers
		var text strings.Builder
		for text.Len() < 150 {
			text.WriteString(words[zipf.Uint64()])
			text.WriteByte(' ')
		}
		g.texts = append(g.texts, text.String())
	}
	return g
}

var generatedTypes = [...]span.Type{
	span.TypeAgentRun, span.TypeProcessorRun, span.TypeModelGeneration, span.TypeModelStep, span.TypeToolCall, span.TypeToolCall,
	span.TypeMCPToolCall, span.TypeModelGeneration, span.TypeModelStep, span.TypeToolCall,
}

// Trace makes one trace, children before parents, as senders do. The spans are the caller's.
func (g *Generator) Trace() []store.Item {
	step := g.Step
	if step == 0 {
		step = 10 * time.Millisecond
	}
	start := g.next
	g.next = start.Add(step)
	trace := span.TraceID(g.hex(16))
	service, user := g.random.IntN(8), g.random.IntN(1000)
	metadata := span.Value(fmt.Sprintf(`{"serviceName":"service-%d","userId":"user-%d","environment":"production","region":"eu-%d"}`, service, user, service%3))
	failed := g.random.IntN(50) == 0
	ids := make([]span.ID, len(generatedTypes))
	for i := range ids {
		ids[i] = span.ID(g.hex(8))
	}
	total := time.Duration(1+g.random.IntN(20_000)) * time.Millisecond
	items := make([]store.Item, len(ids))
	for i := range ids {
		s := &span.Span{
			TraceID: trace, ID: ids[i], Name: fmt.Sprintf("step %d", (i+service)%12), Type: generatedTypes[i], Metadata: metadata,
			Start: start.Add(total * time.Duration(i) / 12), Input: g.text(spanText), Output: g.text(spanText),
			EntityType: span.EntityAgent, EntityID: fmt.Sprintf("agent-%d", service),
		}
		s.End = s.Start.Add(total / 12)
		switch s.Type {
		case span.TypeModelGeneration:
			s.Attributes = span.Value(fmt.Sprintf(
				`{"model":"model-%d","provider":"openai","streaming":true,"usage":{"inputTokens":%d,"outputTokens":%d},"costContext":{"estimatedCost":%.6f}}`,
				g.random.IntN(3), g.random.IntN(4000), g.random.IntN(900), g.random.Float64()/50))
		case span.TypeAgentRun:
			s.Root, s.End, s.Tags = true, start.Add(total), []string{"production"}
			s.Input = span.Value(fmt.Sprintf(`[{"role":"system","content":%s},{"role":"user","content":%s}]`, g.text(spanText-200), g.text(150)))
		default:
			s.Attributes = `{"toolType":"function","success":true}`
		}
		if i > 0 {
			s.ParentID = ids[(i-1)/2]
		}
		if failed && (i == 0 || i == 4) {
			s.Error = &span.Error{Message: "the tool did not answer", ID: "TOOL_EXECUTION_FAILED"}
		}
		s.Freeze()
		items[len(ids)-1-i] = store.Item{Span: s}
	}
	return items
}

// Big makes one trace of n spans, in batches: each span has up to eight children, which come after it.
func (g *Generator) Big(n, batch int) iter.Seq[[]store.Item] {
	return func(yield func([]store.Item) bool) {
		trace, start := span.TraceID(g.hex(16)), g.next
		var items []store.Item
		for i := range n {
			s := &span.Span{
				TraceID: trace, ID: bigID(i), Name: fmt.Sprintf("step %d", i%12), Type: generatedTypes[i%len(generatedTypes)], Root: i == 0,
				Metadata: `{"serviceName":"service-0"}`, Start: start.Add(time.Duration(i) * time.Millisecond), Input: g.text(spanText), Output: g.text(spanText),
			}
			s.End = s.Start.Add(time.Second)
			if i > 0 {
				s.ParentID = bigID((i - 1) / 8)
			}
			s.Freeze()
			if items = append(items, store.Item{Span: s}); len(items) == batch || i == n-1 {
				if !yield(items) {
					return
				}
				items = nil
			}
		}
	}
}

func bigID(i int) span.ID { return span.ID(fmt.Sprintf("%016x", (uint64(i)+1)*0x9e3779b97f4a7c15)) }

// text makes words of about n bytes, as JSON.
func (g *Generator) text(n int) span.Value {
	b := append(make([]byte, 0, n+170), '"')
	for len(b) < n {
		b = append(b, g.texts[g.random.IntN(len(g.texts))]...)
	}
	return span.Value(append(b[:n], '"'))
}

func (g *Generator) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.random.Uint32())
	}
	return hex.EncodeToString(b)
}
