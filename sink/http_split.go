package sink

import (
	"slices"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
)

// cut makes two bodies of one that is divisible and has its plain bytes, at the boundary between items that is
// nearest to its middle in bytes. Both are plain, have bytes of their own and share the charge.
func cut(b *pipeline.Body) (left, right *pipeline.Body) {
	first, last := b.Parts[0].From, b.Parts[len(b.Parts)-1].To
	middle := first + (last-first)/2
	at := 1
	for at < len(b.Parts)-1 && distance(b.Parts[at].To, middle) <= distance(b.Parts[at-1].To, middle) {
		at++
	}
	leftEnd, rightBegin := b.Parts[at-1].To, b.Parts[at].From
	share := 0
	if last > first {
		share = int(int64(b.Charged) * int64(leftEnd-first) / int64(last-first))
	}
	left = &pipeline.Body{
		Plain:       slices.Concat(b.Plain[:leftEnd], b.Plain[last:]),
		Parts:       slices.Clone(b.Parts[:at]),
		ContentType: b.ContentType,
		Charged:     share,
	}
	right = &pipeline.Body{
		Plain:       slices.Concat(b.Plain[:first], b.Plain[rightBegin:]),
		Parts:       slices.Clone(b.Parts[at:]),
		ContentType: b.ContentType,
		Charged:     b.Charged - share,
	}
	for i := range right.Parts {
		right.Parts[i].From -= rightBegin - first
		right.Parts[i].To -= rightBegin - first
	}
	left.Data, right.Data = left.Plain, right.Plain
	return left, right
}

func distance(a, b int) int { return max(a-b, b-a) }

// sizeLimit is what 413 answers have taught. An endpoint may limit what it reads from the wire,
// or what that unpacks to, or both, and does not say which. What it accepted tells them apart;
// until then the limit is taken for one of plain bytes.
type sizeLimit struct {
	mu       sync.Mutex
	wire     int // as sent: the smallest body refused for that; 0 means none
	plain    int // the same in plain bytes
	accepted int // the largest body accepted, in plain bytes
}

// refused notes a 413.
func (l *sizeLimit) refused(wire, plain int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if plain > l.accepted {
		l.plain = lowest(l.plain, plain)
		return
	}
	l.wire = lowest(l.wire, wire) // as much was accepted that was packed tighter
}

// passed notes an acceptance, which a limit that was learned may have to yield to.
func (l *sizeLimit) passed(wire, plain int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted = max(l.accepted, plain)
	if l.wire <= wire {
		l.wire = 0
	}
	if l.plain <= plain {
		l.plain = 0
	}
}

// exceeded reports whether the endpoint would answer 413.
func (l *sizeLimit) exceeded(wire, plain int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wire > 0 && wire >= l.wire || l.plain > 0 && plain >= l.plain
}

// learned is the limit in plain bytes, 0 if there is none.
func (l *sizeLimit) learned() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.plain
}

func lowest(known, found int) int {
	if known == 0 {
		return found
	}
	return min(known, found)
}
