package pipeline_test

// What the tests of several files are made of. It needs none of the others, so that few are compiled
// where bugs are planted.

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

// errDrawn is what fails on purpose.
var errDrawn = errors.New("drawn")

func countTo(n int) *pipelinetest.Feed[int] {
	return &pipelinetest.Feed[int]{N: n, Item: func(i int) int { return i }}
}

func intSink() pipeline.Sink[int] { return pipelinetest.NewFake[int]().Sink() }

func passInts() pipeline.Stage[int, int] { return stages.Map(func(i int) int { return i }) }

// sized is an item with a size.
type sized int

func (s sized) Size() int { return int(s) }

// runWithin runs a pipeline to its end, and fails the test if that takes longer.
func runWithin(t *testing.T, p *pipeline.Pipeline, limit time.Duration) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Run(t.Context()) }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		t.Fatalf("Run has not returned after %v: %v", limit, p.Stats())
		return nil
	}
}

// rest waits for d, or until ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	if d <= 0 { // Go 1.26 crashes on a timer in a bubble that is due at once, under the race detector
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
