package stages_test

import (
	"context"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loss is one call of OnLoss.
type loss struct {
	stage, reason string
	item          any
}

// outcome is what came of a run.
type outcome[T any] struct {
	got    []T
	losses []loss
	err    error
	ledger pipeline.Ledger
	stats  pipeline.Stats
}

// through sends items through a stage, on one goroutine unless opts say otherwise, and checks that
// the ledger adds up.
func through[A, B any](t testing.TB, stage pipeline.Stage[A, B], items []A, opts ...pipeline.Option) *outcome[B] {
	t.Helper()
	o := new(outcome[B])
	p := pipeline.New(pipeline.Config{OnLoss: func(stage, reason string, item any) {
		o.losses = append(o.losses, loss{stage, reason, item})
	}})
	flow := pipeline.Via(pipeline.From(p, source.Slice(items...)), stage, opts...)
	pipeline.To(flow, sink.Each(func(item B) { o.got = append(o.got, item) }))
	o.err = p.Run(context.Background())
	o.ledger, o.stats = p.Ledger(), p.Stats()
	settled(t, p)
	return o
}

// settled checks the law after a run, and that every stage said what became of its items.
func settled(t testing.TB, p *pipeline.Pipeline) {
	t.Helper()
	l := p.Ledger()
	if l.Balance() != 0 || l.InFlight != 0 {
		t.Errorf("the ledger does not add up: balance %d, %+v", l.Balance(), l)
	}
	for _, loss := range p.Stats().Losses {
		if loss.Reason == pipeline.ReasonUndeclared {
			t.Errorf("undeclared: %v", loss)
		}
	}
}

// upTo returns the numbers from 0 to n-1.
func upTo(n int) []int {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return items
}
