package ingest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/sink"
)

// item is request i: every third body is broken, every third holds nothing.
func item(i int) *request {
	r := &request{
		ctx: context.Background(), project: meta.Project{ID: "p", Quota: 5}, charge: 100, deadline: time.Now().Add(time.Hour),
		read: mastra{Spans}.read, done: make(chan outcome, 1),
	}
	switch i % 3 {
	case 0:
		r.wire = fmt.Appendf(nil, `{"spans":[{"traceId":"1","spanId":"%x","name":"step"}]}`, i+1)
	case 1:
		r.wire = []byte(`{"spans":`)
	default:
		r.wire = []byte(`{"spans":[]}`)
	}
	return r
}

// The stages and the sink keep the engine's promises, whatever happens around them.
func TestStagesKeepThePromises(t *testing.T) {
	s, err := New(Config{Store: memory.New(memory.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("decode", func(t *testing.T) { pipelinetest.TestStage(t, s.decode, item) })
	t.Run("check", func(t *testing.T) { pipelinetest.TestStage(t, s.check, item) })
	t.Run("store", func(t *testing.T) {
		pipelinetest.TestSink(t, func(*testing.T) pipeline.Sink[*request] { return sink.Func(s.append) }, item)
	})
}

// A stage that panics costs its request an answer of 500, and no other anything.
func TestAPanicIsAnswered(t *testing.T) {
	s, err := New(Config{Store: memory.New(memory.Config{})})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	bad, good := item(0), item(3)
	bad.read = nil
	for r, want := range map[*request]int{bad: 500, good: 200} {
		if o, ok := s.emit(r); !ok {
			t.Fatal(o)
		}
		if o := s.await(r); o.status != want {
			t.Errorf("status %d, want %d: %+v", o.status, want, o)
		}
	}
	cancel()
	if err := <-done; err == nil { // the panic is an error of the run
		t.Error("Run returned nil")
	}
	if stats := s.Stats(); stats.Bytes != 0 || stats.Pipeline.Ledger.Balance() != 0 {
		t.Errorf("stats %+v", stats)
	}
}
