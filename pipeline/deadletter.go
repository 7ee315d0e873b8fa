package pipeline

import (
	"fmt"
	"reflect"
)

// DeadLetter is an item that failed, with the reason.
type DeadLetter[T any] struct {
	Item  T
	Stage string
	Err   error
}

// DeadLetters collects the items that fail at the stages whose policy is [ToDeadLetters] of it.
// They are counted as failed where that happened; what becomes of them in the flow of dead
// letters is counted in a ledger of its own, [Stats.DeadLetters].
type DeadLetters[T any] struct {
	flow Flow[DeadLetter[T]]
	link *link[DeadLetter[T]]
	seen map[*segment]func(*DeadLetter[T])
}

// NewDeadLetters makes a place for dead letters. Its flow must be taken by a stage or a sink; a
// full one makes the stages wait that send to it.
func NewDeadLetters[T any](p *Pipeline, opts ...Option) *DeadLetters[T] {
	s := p.newStage("dead letters", "dead letters", opts)
	s.dead = true
	d := &DeadLetters[T]{seen: map[*segment]func(*DeadLetter[T]){}}
	out := &tap[DeadLetter[T]]{stage: s}
	b := &builder[DeadLetter[T], DeadLetter[T]]{stage: s, recipe: pass[DeadLetter[T]](), out: out}
	b.check(&tap[DeadLetter[T]]{stage: s})
	b.linked(&tap[DeadLetter[T]]{linked: true})
	d.link, d.flow = b.link, open(out)
	d.link.many = true // helpers send too
	p.heads = append(p.heads, b.start)
	return d
}

// Flow is the flow of dead letters.
func (d *DeadLetters[T]) Flow() Flow[DeadLetter[T]] { return d.flow }

// fits reports whether items behind pointer can be dead letters of d.
func (d *DeadLetters[T]) fits(s *stage, pointer any) error {
	if _, ok := pointer.(*T); !ok {
		return fmt.Errorf("its dead letters are of %v, not of the items that may fail, %v", reflect.TypeFor[T](), reflect.TypeOf(pointer).Elem())
	}
	if d.link.stage.p != s.p {
		return errForeign
	}
	if s.dead {
		return fmt.Errorf("it is itself below the dead letters")
	}
	return nil
}

func (d *DeadLetters[T]) place() *stage { return d.link.stage }

// join makes a segment one of those that send to d.
func (d *DeadLetters[T]) join(seg *segment) {
	if d.seen[seg] != nil {
		return
	}
	w := &producer[DeadLetter[T]]{ring: d.link.ring, link: d.link, seg: seg, index: d.link.ring.marks.join()}
	seg.sides = append(seg.sides, w)
	d.seen[seg] = w.putAside
}

// take sends an item that failed. It may be called by helpers too.
func (d *DeadLetters[T]) take(seg *segment, stage string, item any, err error) {
	v, ok := item.(T)
	if !ok {
		return // an item that only an actor knew
	}
	d.link.stage.accepts.Add(int64(weightOf(weigherOf[DeadLetter[T]](), nil)))
	d.seen[seg](&DeadLetter[T]{Item: v, Stage: stage, Err: err})
}
