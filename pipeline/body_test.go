package pipeline_test

import (
	"context"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// TestForkedBodyIsFreedOnce holds that a body whose branches are done one after the other keeps its
// buffers until the last of them.
func TestForkedBodyIsFreedOnce(t *testing.T) {
	var frees, reads int
	body := &pipeline.Body{Data: []byte("x"), Parts: []pipeline.Part{{From: 0, To: 1}}}
	body.OnFree(func(*pipeline.Body) {
		if frees++; reads != 3 {
			t.Errorf("freed after %d of 3 branches", reads)
		}
	})
	p := pipeline.New(pipeline.Config{})
	source := pipeline.SourceFunc[*pipeline.Body](func(_ context.Context, out *pipeline.Outlet[*pipeline.Body]) error {
		return out.Send(body)
	})
	all := pipeline.Merge(pipeline.Fork(pipeline.From(p, source), 3)...) // so that the reads are in one goroutine
	for b := range pipeline.Collect(t.Context(), all) {
		reads++
		b.Free()
	}
	if p.Err() != nil || frees != 1 || reads != 3 {
		t.Errorf("%d reads, %d frees, %v", reads, frees, p.Err())
	}
}
