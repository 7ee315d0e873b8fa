package pipelinetest

import (
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

func number(i int) int { return i }

func TestFakesKeepThePromises(t *testing.T) {
	t.Run("stage", func(t *testing.T) {
		TestStage(t, func() pipeline.Stage[int, int] { return NewFake[int]().Stage() }, number)
	})
	t.Run("actor", func(t *testing.T) {
		TestStage(t, func() pipeline.Stage[int, int] { return NewFake[int]().Actor() }, number)
	})
	t.Run("sink", func(t *testing.T) {
		TestSink(t, func(*testing.T) pipeline.Sink[int] { return NewFake[int]().Sink() }, number)
	})
	t.Run("sink actor", func(t *testing.T) {
		TestSink(t, func(*testing.T) pipeline.Sink[int] { return NewFake[int]().SinkActor() }, number)
	})
	t.Run("feed", func(t *testing.T) {
		TestSource(t, func(*testing.T) pipeline.Source[int] { return &Feed[int]{N: 100, Item: number} })
	})
}
