package send

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// tracker finds the number of the first span that was lost. A loss is told by the span, or by the body that it is in:
// so it keeps what tells spans apart, 8 bytes each, of those that may still be lost.
type tracker struct {
	seed maphash.Seed

	mu    sync.Mutex
	base  int64    // every record before it is settled
	marks []uint64 // of the records from base on; 0 for one that was not sent
	first int64    // the first that was lost
}

func newTracker(base int64) *tracker {
	return &tracker{seed: maphash.MakeSeed(), base: base, first: math.MaxInt64}
}

// sent notes that record number n is about to be sent as s. Numbers grow.
func (t *tracker) sent(n int64, s *span.Span) {
	mark := t.mark(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first != math.MaxInt64 {
		return // what comes behind the first loss does not matter
	}
	for int64(len(t.marks)) < n-t.base {
		t.marks = append(t.marks, 0)
	}
	t.marks = append(t.marks, mark)
}

// settled notes that all records before number n are settled, and none is lost.
func (t *tracker) settled(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n > t.base {
		t.marks = slices.Delete(t.marks, 0, int(min(n-t.base, int64(len(t.marks)))))
		t.base = n
	}
}

// lost is for pipeline.Config.OnLoss.
func (t *tracker) lost(_, _ string, item any) {
	var s *span.Span
	switch item := item.(type) {
	case *span.Span:
		s = item
	case pipeline.Batch[*span.Span]:
		if len(item) > 0 {
			s = item[0] // in the order in which they were read
		}
	case *pipeline.Body:
		if len(item.Parts) > 0 && item.Parts[0].To <= len(item.Plain) {
			part := item.Parts[0]
			s, _ = span.Decoder{MaxRecordBytes: math.MaxInt}.Record(item.Plain[part.From:part.To])
		}
	}
	mark := uint64(0)
	if s != nil {
		mark = t.mark(s)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := slices.Index(t.marks, mark)
	switch {
	case s != nil && n >= 0:
		t.first, t.marks = t.base+int64(n), t.marks[:n]
	case s == nil || t.first == math.MaxInt64:
		t.first, t.marks = min(t.first, t.base), nil // it may have been any that is not settled
	}
}

// firstLost is the number of the first record that was lost; ok is false if there is none.
func (t *tracker) firstLost() (n int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.first, t.first != math.MaxInt64
}

// known is the number before which everything is settled, and nothing lost.
func (t *tracker) known() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return min(t.base, t.first)
}

// mark tells a span from others. It is not 0.
func (t *tracker) mark(s *span.Span) uint64 {
	return maphash.Comparable(t.seed, [2]string{string(s.TraceID), string(s.ID)}) | 1
}
