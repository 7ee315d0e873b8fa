package source_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drained runs a source to its end and returns what it sent.
func drained[T any](t testing.TB, source pipeline.Source[T]) ([]T, *pipeline.Pipeline, error) {
	t.Helper()
	var got []T
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source), sink.Each(func(item T) { got = append(got, item) }))
	err := p.Run(context.Background())
	pipelinetest.CheckLedger(t, p)
	return got, p, err
}

// live is a run in a bubble whose sink takes an item only while the gate is open.
type live[T any] struct {
	t      *testing.T
	p      *pipeline.Pipeline
	got    []T
	gate   chan struct{} // nil: the sink never waits
	cancel context.CancelFunc
	done   chan error
}

func start[T any](t *testing.T, cfg pipeline.Config, source pipeline.Source[T], gated bool) *live[T] {
	l := &live[T]{t: t, p: pipeline.New(cfg), done: make(chan error, 1)}
	if gated {
		l.gate = make(chan struct{})
	}
	pipeline.To(pipeline.From(l.p, source), sink.Each(func(item T) {
		if l.gate != nil {
			<-l.gate
		}
		l.got = append(l.got, item)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	go func() { l.done <- l.p.Run(ctx) }()
	synctest.Wait()
	return l
}

// end cancels the run and returns its error.
func (l *live[T]) end() error {
	l.t.Helper()
	l.cancel()
	synctest.Wait() // the source has heard of it
	if l.gate != nil {
		close(l.gate)
	}
	err := <-l.done
	pipelinetest.CheckLedger(l.t, l.p)
	return err
}

// moving checks the ledger while nothing moves.
func (l *live[T]) moving(want pipeline.Ledger) {
	l.t.Helper()
	synctest.Wait()
	if got := l.p.Ledger(); got != want {
		l.t.Errorf("ledger %+v\nwant   %+v", got, want)
	}
}
