package pipeline_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
)

// A lane or a clone that panics fails the item that it was asked about, by every policy, whether somebody hears of losses
// or not. The Fork's first branch has had its own by then, the two others have not.
func TestASplitterThatPanics(t *testing.T) {
	const bad = 3
	for _, heard := range []bool{false, true} {
		for _, policy := range []string{"skip", "dead letters", "retry"} {
			for _, fork := range []bool{false, true} {
				t.Run(fmt.Sprintf("heard %v, %s, fork %v", heard, policy, fork), func(t *testing.T) {
					var lost []any
					cfg := pipeline.Config{Name: "split"}
					if heard {
						cfg.OnLoss = func(_, _ string, item any) { lost = append(lost, item) }
					}
					p := pipeline.New(cfg)
					on := pipeline.OnError(pipeline.Skip)
					var dead pipelinetest.Fake[pipeline.DeadLetter[int]]
					if policy != "skip" {
						letters := pipeline.NewDeadLetters[int](p)
						on = pipeline.OnError(pipeline.ToDeadLetters(letters))
						if policy == "retry" {
							on = pipeline.OnError(pipeline.Retry(pipeline.RetryConfig{Attempts: 2, Then: pipeline.ToDeadLetters(letters)}))
						}
						pipeline.To(letters.Flow(), dead.Sink())
					}
					numbers := pipeline.From(p, source.Slice(1, 2, bad, 4))
					var flows []pipeline.Flow[int]
					if fork {
						flows = pipeline.Fork(numbers, 3, on, pipeline.Clone(func(n int) int {
							if n == bad {
								panic("no copy")
							}
							return n
						}))
					} else {
						flows = pipeline.Partition(numbers, 2, func(n int) int {
							if n == bad {
								panic("no lane")
							}
							return n
						}, on)
					}
					for _, f := range flows {
						pipeline.To(f, sink.Discard[int]())
					}
					if err := p.Run(t.Context()); err == nil {
						t.Error("Run returned nil")
					}
					pipelinetest.CheckLedger(t, p)
					failed, want := int64(1), []any{bad}
					if fork {
						failed, want = 2, []any{bad, pipeline.Unknown{Items: 1}}
					}
					if l := p.Ledger(); l.Failed != failed {
						t.Errorf("the ledger is %+v", l)
					}
					if heard && !slices.Equal(lost, want) {
						t.Errorf("lost is %v", lost)
					}
					if policy != "skip" {
						if got := dead.Items(); len(got) != 1 || got[0].Item != bad {
							t.Errorf("dead letters are %v", got)
						}
					}
				})
			}
		}
	}
}
