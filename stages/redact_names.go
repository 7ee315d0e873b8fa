package stages

import (
	"container/list"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/span"
)

const (
	maxTraces = 1000 // that a namer remembers
	maxValues = 1000 // of each
)

// placeholder returns what stands in place of a secret. It is good until the next call.
func (w *redaction) placeholder(text, name string) string {
	switch w.r.style {
	case RedactPartial:
		if utf8.RuneCountInString(text) > 6 {
			head, tail := 0, len(text)
			for range 3 {
				_, n := utf8.DecodeRuneInString(text[head:])
				head += n
				_, n = utf8.DecodeLastRuneInString(text[:tail])
				tail -= n
			}
			w.name = append(append(append(w.name[:0], text[:head]...), "…"...), text[tail:]...)
			return view(w.name)
		}
	case RedactIndexed:
		if n := w.r.names.number(w.trace, name, text); n > 0 {
			w.name = append(append(append(w.name[:0], '['), name...), '_')
			w.name = append(strconv.AppendInt(w.name, int64(n), 10), ']')
			return view(w.name)
		}
	}
	return w.r.token
}

// isPlaceholder reports whether a text was put there by a redaction before this one.
func (p *pass) isPlaceholder(text string) bool {
	r := p.w.r
	switch {
	case text == r.token || text == r.escaped || text == "*":
		return true
	case r.style == RedactPartial:
		at := strings.Index(text, "…")
		return at >= 0 && at <= 3*utf8.UTFMax && utf8.RuneCountInString(text[:at]) == 3 &&
			len(text)-at <= 4*utf8.UTFMax && utf8.RuneCountInString(text[at:]) == 4
	case r.style == RedactIndexed:
		return isIndexed(text)
	}
	return false
}

// isIndexed reports whether text looks like [APIKEY_1].
func isIndexed(text string) bool {
	if len(text) > maxField+8 || len(text) < 5 || text[0] != '[' || text[len(text)-1] != ']' {
		return false
	}
	name, number, ok := strings.Cut(text[1:len(text)-1], "_")
	if !ok || name == "" || number == "" || digits(number) != len(number) || number[0] == '0' {
		return false
	}
	for i := range len(name) {
		if name[i]-'0' > 9 && name[i]-'A' > 'Z'-'A' {
			return false
		}
	}
	return true
}

// namer numbers the secrets of a trace, by the names they go under. It remembers their hashes, under a seed of its own,
// and forgets the traces that were not used for longest.
type namer struct {
	seed maphash.Seed

	mu     sync.Mutex
	traces map[span.TraceID]*list.Element // of *traceNames
	used   list.List                      // the last one used is in front
}

type traceNames struct {
	trace  span.TraceID
	values map[uint64]int // hash of name and secret → number
	last   map[string]int // number that was given last, by name
}

func newNamer() *namer {
	return &namer{seed: maphash.MakeSeed(), traces: map[span.TraceID]*list.Element{}}
}

// number returns the number of a secret, from 1; 0 if there is no trace or the trace has too many.
func (n *namer) number(trace span.TraceID, name, secret string) int {
	if trace == "" {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(n.seed)
	_, _ = h.WriteString(name)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(secret)
	sum := h.Sum64()

	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.trace(trace)
	if number, ok := t.values[sum]; ok {
		return number
	}
	if len(t.values) >= maxValues {
		return 0
	}
	t.last[name]++
	t.values[sum] = t.last[name]
	return t.last[name]
}

func (n *namer) trace(id span.TraceID) *traceNames {
	if e := n.traces[id]; e != nil {
		n.used.MoveToFront(e)
		return e.Value.(*traceNames)
	}
	if n.used.Len() >= maxTraces {
		oldest := n.used.Remove(n.used.Back()).(*traceNames)
		delete(n.traces, oldest.trace)
	}
	id = span.TraceID(strings.Clone(string(id))) // it may be a piece of a whole body
	t := &traceNames{trace: id, values: map[uint64]int{}, last: map[string]int{}}
	n.traces[id] = n.used.PushFront(t)
	return t
}
