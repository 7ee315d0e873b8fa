package otlp

import (
	"github.com/tailrace-go/tailrace/span"
)

// maxAbove is how many spans above an inference are looked at. Its generation is two above it.
const maxAbove = 16

// ownUsage marks the inferences whose usage counts. Mastra's OTLP exporters tell the usage of a model call on one span:
// newer ones on the inference, older ones, which know no inferences, on the generation. So that of an inference counts
// whatever else comes, before or after. What says it twice is a trace that was exported from here, or by span.ToGenAI
// from one of Mastra's: there a generation above has it too.
func ownUsage(items []Item) {
	type key struct {
		trace span.TraceID
		id    span.ID
	}
	var all map[key]*span.Span
	for i := range items {
		s := items[i].Span
		if s.Type.Canonical() != span.TypeModelInference || s.Attributes.Get("usage").IsNull() {
			continue
		}
		if all == nil {
			all = make(map[key]*span.Span, len(items))
			for j := range items {
				all[key{items[j].Span.TraceID, items[j].Span.ID}] = items[j].Span
			}
		}
		items[i].OwnUsage = true
		above := all[key{s.TraceID, s.ParentID}]
		for n := 0; above != nil && n < maxAbove; n++ {
			if above.Type.Canonical() == span.TypeModelGeneration && !above.Attributes.Get("usage").IsNull() {
				items[i].OwnUsage = false
				break
			}
			above = all[key{s.TraceID, above.ParentID}]
		}
	}
}
