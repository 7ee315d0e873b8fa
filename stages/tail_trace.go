package stages

import (
	"math"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// tailTrace is a trace that is open: its spans, and what is known of it.
type tailTrace struct {
	key   tailKey
	spans []*span.Span // in the order in which they came
	bytes int

	due        time.Time // when it is decided
	list       *tailList // that it is in, nil if none
	next, prev *tailTrace

	start, end time.Time // of all spans; zero if none has said
	used       int       // tokens that count for certain
	tokens     map[span.ID]int
	steps      bool // some have usage that counts only if no span above them has any
}

// add takes a span, and returns the policy that is sure now, if one is.
func (t *tailTrace) add(s *span.Span, size int, cfg *TailConfig) tailVerdict {
	t.spans = append(t.spans, s)
	t.bytes += size
	switch {
	case s.Error != nil && !cfg.IgnoreErrors:
		return byError
	case cfg.Slow > 0 && t.lasts(s) >= cfg.Slow:
		return bySlow
	case cfg.Tokens > 0 && t.uses(s) >= cfg.Tokens:
		return byTokens
	}
	return undecided
}

// lasts adds a span's times, and returns how long the trace lasts by now.
func (t *tailTrace) lasts(s *span.Span) time.Duration {
	for _, at := range [2]time.Time{s.Start, s.End} {
		if at.IsZero() {
			continue
		}
		if t.start.IsZero() || at.Before(t.start) {
			t.start = at
		}
		if at.After(t.end) {
			t.end = at
		}
	}
	return t.end.Sub(t.start)
}

// uses adds a span's tokens, and returns how many the trace has used for certain. A span that comes again takes the
// place of the one before.
func (t *tailTrace) uses(s *span.Span) int {
	tokens := max(s.CountedTokens(true).Total, 0)
	if isStep(s) {
		if _, has := s.Usage(); has {
			t.steps = true
		}
	}
	before, again := t.tokens[s.ID]
	if tokens == 0 && !again {
		return t.used
	}
	if t.tokens == nil {
		t.tokens = map[span.ID]int{}
	}
	t.tokens[s.ID] = tokens
	t.used = sum(t.used-before, tokens)
	return t.used
}

// sum adds what is not negative, up to the largest number.
func sum(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// isStep reports whether the usage of a span repeats that of the span above it, as a rule.
func isStep(s *span.Span) bool {
	return span.CountsUsage(s.Type, false) && !span.CountsUsage(s.Type, true)
}

// endsTrace reports whether s is the root of its trace, and has ended.
func endsTrace(s *span.Span) bool {
	return (s.Root || s.ParentID == "") && (s.Event || !s.End.IsZero())
}

// usageTree adds up the tokens of a trace whose spans have all come. It is kept to be used again.
type usageTree struct {
	spans map[span.ID]*span.Span // the last of each id
	above map[span.ID]bool       // whether this span, or one above it, is of a model type and has usage
	path  []span.ID
}

// total returns the tokens that a trace has used, by the rule of [span.CountsUsage].
func (u *usageTree) total(t *tailTrace) int {
	if u.spans == nil {
		u.spans, u.above = map[span.ID]*span.Span{}, map[span.ID]bool{}
	}
	defer func() { clear(u.spans); clear(u.above) }()
	for _, s := range t.spans {
		u.spans[s.ID] = s
	}
	total := 0
	for _, s := range u.spans {
		total = sum(total, max(s.CountedTokens(isStep(s) && u.covered(s.ParentID)).Total, 0))
	}
	return total
}

// covered reports whether the span with this id, or one above it, is of a model type and has usage. Each span is looked at
// once for a whole trace.
func (u *usageTree) covered(id span.ID) bool {
	covered := false
	for u.path = u.path[:0]; ; {
		s, is := u.spans[id]
		if !is {
			break
		}
		known, seen := u.above[id]
		if seen {
			covered = known
			break
		}
		u.path = append(u.path, id)
		u.above[id] = false // spans that are above one another, round and round, end here
		if _, has := s.Usage(); has && s.Type.IsModel() {
			covered = true
			break
		}
		id = s.ParentID
	}
	for _, id := range u.path {
		u.above[id] = covered
	}
	return covered
}

// tailList has traces in the order in which they are to be decided.
type tailList struct{ first, last *tailTrace }

func (l *tailList) push(t *tailTrace) {
	t.list, t.prev, t.next = l, l.last, nil
	if l.last == nil {
		l.first = t
	} else {
		l.last.next = t
	}
	l.last = t
}

func (l *tailList) remove(t *tailTrace) {
	if t.prev == nil {
		l.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		l.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.list, t.prev, t.next = nil, nil, nil
}
