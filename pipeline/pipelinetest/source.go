package pipelinetest

import (
	"fmt"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// TestSource checks that a source keeps the engine's promises: as [TestStage], but what happens is
// downstream of it. In particular the source must end soon after the run is told to end, let marks
// pass so that a Flush comes to its end, and survive what goes wrong behind it.
//
// newSource is called once for each run, inside its bubble. A source that somebody has to feed is
// given a goroutine for that, which ends when the source is closed or t's context ends.
func TestSource[T any](t *testing.T, newSource func(t *testing.T) pipeline.Source[T], opts ...Option) {
	t.Helper()
	gather(opts).each(t, func(t *testing.T, r *round) error {
		if r.end != nil && !r.cancel {
			return nil // how a source fails is not for us to say
		}
		return playSource(t, r, newSource(t))
	})
}

func playSource[T any](t *testing.T, r *round, source pipeline.Source[T]) error {
	p := pipeline.New(pipeline.Config{Name: t.Name(), DrainTimeout: r.drain})
	sink := downstream(r, pipeline.From(p, source, pipeline.Name(tested)))
	r.cancel = true // it may have no end of its own
	if err := r.run(t, p, nil); err != nil {
		return err
	}
	if got, want := weightOf(sink.Items()), p.Ledger().Delivered; got != want {
		return fmt.Errorf("the sink got %d items, but %d are counted as delivered", got, want)
	}
	return nil
}
