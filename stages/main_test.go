package stages_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
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
	pipelinetest.CheckLedger(t, p)
	return o
}

// wrong checks that Run refuses a stage with an error that has the text want.
func wrong[A, B any](t *testing.T, stage pipeline.Stage[A, B], want string) {
	t.Helper()
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, source.Slice[A]()), stage), sink.Discard[B]())
	if err := p.Run(t.Context()); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) {
		t.Errorf("Run returned %v, want an ErrConfig with %q", err, want)
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
