package pipeline_test

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
)

// token is what flows through the random graphs.
type token struct {
	Key   int // which producer of which source
	Seq   int // its number there
	Bytes int
}

// Size is what the byte budget charges.
func (k token) Size() int { return k.Bytes }

// hash is a number that depends on the token alone, so that what happens to it does not depend on
// the order of goroutines.
func (k token) hash() int { return int(uint32(k.Key*7919+k.Seq*104729) * 2654435761 >> 8) }

// book is the account by id that a test keeps of its own, to be held against the ledger: how many
// items there came to be of each token, and how many of them have met their end.
type book struct {
	mu       sync.Mutex
	births   map[token]int
	ends     map[token]int
	accepted []token
	unsure   []token // sent by sources whose goroutine did not come back from Send
	filtered int64   // by the test's own functions
	got      int64   // delivered
	unknown  int64   // lost where only an actor knew them
	refused  int64
	letters  int64 // dead letters that were delivered
	lapsed   int64 // dead letters that were lost in their turn
	faults   []string
}

func newBook() *book { return &book{births: map[token]int{}, ends: map[token]int{}} }

func (b *book) fault(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) < 10 {
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
}

// born counts n more items of a token; n may be negative.
func (b *book) born(k token, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.births[k] += n
}

func (b *book) accept(k token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accepted = append(b.accepted, k)
}

func (b *book) lost(k token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unsure = append(b.unsure, k)
}

// decide looks in the statistics whether a token whose Send did not come back was accepted: what
// called Goexit may have been a hook, before it was.
func (b *book) decide(stats pipeline.Stats) {
	for _, k := range b.unsure {
		own := int64(0)
		for _, other := range b.accepted {
			if other.Key/10 == k.Key/10 {
				own++
			}
		}
		if stats.Stage(fmt.Sprintf("source-%d", k.Key/10)).In > own {
			b.accepted = append(b.accepted, k)
		} else {
			b.births[k]--
		}
	}
}

func (b *book) refuse(k token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.births[k]--
	b.refused++
}

func (b *book) filter(k token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends[k]++
	b.filtered++
}

func (b *book) deliver(k token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends[k]++
	b.got++
}

func (b *book) letter(pipeline.DeadLetter[token]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters++
}

// lose is the OnLoss of the pipeline.
func (b *book) lose(_, _ string, item any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch item := item.(type) {
	case token:
		b.ends[item]++
	case pipeline.Batch[token]:
		for _, k := range item {
			b.ends[k]++
		}
	case pipeline.Unknown:
		b.unknown += item.Items
	case pipeline.DeadLetter[token]:
		b.lapsed++
	default:
		b.faults = append(b.faults, fmt.Sprintf("OnLoss got a %T", item))
	}
}

// open returns how many items have not met their end, and an example of one.
func (b *book) open(tokens []token) (n int, example token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range tokens {
		if left := b.births[k] - b.ends[k]; left > 0 {
			n += left
			example = k
		}
	}
	return n, example
}

// hasUnknown reports whether items were lost of which nobody knows the ids.
func (b *book) hasUnknown() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unknown > 0
}

func (b *book) acceptedSoFar() []token {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.accepted)
}

// judge compares the book with the statistics of a run that is over.
func (b *book) judge(stats pipeline.Stats) {
	b.decide(stats)
	var open, stopped int64
	for k, births := range b.births {
		left := births - b.ends[k]
		if left < 0 {
			b.fault("%+v met its end %d times, but there were %d", k, b.ends[k], births)
		}
		open += int64(left)
	}
	if stopped = stats.Ledger.Filtered - b.filtered; stopped < 0 {
		b.fault("%d items were filtered, but %d are counted", b.filtered, stats.Ledger.Filtered)
	}
	if open != stopped+b.unknown {
		b.fault("%d items are in no column: there are %d too many, %d filtered by the engine, %d lost that only an actor knew",
			open-stopped-b.unknown, open, stopped, b.unknown)
	}
	for _, c := range []struct {
		what      string
		got, want int64
	}{
		{"accepted", stats.Ledger.Accepted, int64(len(b.accepted))},
		{"delivered", stats.Ledger.Delivered, b.got},
		{"refused", stats.Ledger.Refused, b.refused},
		{"delivered dead letters", stats.DeadLetters.Delivered, b.letters},
		{"lost dead letters", stats.DeadLetters.Lost(), b.lapsed},
	} {
		if c.got != c.want {
			b.fault("%d items are counted as %s, but the test saw %d", c.got, c.what, c.want)
		}
	}
}

// orders watches that the tokens of each key pass one place in order.
type orders struct {
	mu   sync.Mutex
	last map[int]int
}

func (o *orders) see(k token) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last, ok := o.last[k.Key]; ok && k.Seq < last {
		return fmt.Errorf("%+v came after number %d", k, last)
	}
	o.last[k.Key] = k.Seq
	return nil
}
