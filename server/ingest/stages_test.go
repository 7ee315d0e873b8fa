package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/sink"
)

// item is request i: every third body is broken, every third holds nothing.
func item(i int) *request {
	r := &request{
		ctx: context.Background(), began: time.Now(), project: meta.Project{ID: "p", Quota: 5}, charge: 100, deadline: time.Now().Add(time.Hour),
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

// panicky is a store that panics at batches with a key.
type panicky struct{ store.Store }

func (s panicky) Append(ctx context.Context, project string, b *store.Batch) (store.Result, error) {
	if b.Key != "" {
		panic("a bug of the store")
	}
	return s.Store.Append(ctx, project, b)
}

// A body that makes something panic costs its request an answer of 500, no other anything, and the run no error:
// whoever can send cannot end the server.
func TestAPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	s, err := New(Config{Store: panicky{memory.New(memory.Config{})}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for i := range 50 { // more than a run keeps errors
		decodes, stores, good := item(0), item(0), item(6*i)
		decodes.read, stores.key = nil, "a"
		good.project.Quota = 0
		for r, want := range map[*request]int{decodes: 500, stores: 500, good: 200} {
			if o, ok := s.emit(r); !ok {
				t.Fatal(o)
			}
			if o := s.await(r); o.status != want {
				t.Fatalf("status %d, want %d: %+v", o.status, want, o)
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run returned %v", err)
	}
	stats := s.Stats()
	if stats.Bytes != 0 || stats.Pipeline.Ledger.Balance() != 0 || stats.Signals[Spans].Returned != 50 {
		t.Errorf("stats %+v", stats)
	}
	if text := log.String(); !strings.Contains(text, "panicked: ") || !strings.Contains(text, "ingest/stages.go") {
		t.Errorf("the log says not where it was:\n%s", text)
	}
}
