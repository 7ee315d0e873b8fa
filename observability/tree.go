package observability

import (
	"slices"

	"github.com/tailrace-go/tailrace/span"
)

// branch is a span and those below it.
type branch struct {
	span  *span.Span
	below []*branch
}

// treesOf joins spans of one trace. Those whose parent is not among them are first; all are in the order in which they
// began. Spans that go in a circle by their parents are first too, so that none is missing.
func treesOf(spans []*span.Span) []*branch {
	byID := make(map[span.ID]*branch, len(spans))
	all := make([]*branch, len(spans))
	for i, s := range spans {
		all[i] = &branch{span: s}
		byID[s.ID] = all[i]
	}
	slices.SortStableFunc(all, func(a, b *branch) int { return a.span.Start.Compare(b.span.Start) })
	var first []*branch
	for _, b := range all {
		if up := byID[b.span.ParentID]; up != nil && !circles(byID, b) {
			up.below = append(up.below, b)
		} else {
			first = append(first, b)
		}
	}
	return first
}

// circles reports whether the way up from b comes back to it.
func circles(byID map[span.ID]*branch, b *branch) bool {
	up := byID[b.span.ParentID]
	for range len(byID) {
		if up == nil {
			return false
		}
		if up == b {
			return true
		}
		up = byID[up.span.ParentID]
	}
	return true // into a circle of others, of which each is first
}

// flat lists the spans of trees, each before those below it.
func flat(trees []*branch) []*span.Span {
	var spans []*span.Span
	for _, b := range trees {
		spans = append(append(spans, b.span), flat(b.below)...)
	}
	return spans
}
