package main

import (
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
	"pgregory.net/rapid"
)

// Steps at random, beside a model. They are drawn before and judged after the bubble, in which rapid
// could not end a test; so that it can still find the fewest that fail.
func TestSIM6(t *testing.T) {
	taken := 0
	step := rapid.Custom(func(t *rapid.T) Step {
		s := Step{Do: rapid.SampledFrom(append([]string{"push", "push", "push", "push"}, steps...)).Draw(t, "do")}
		if s.Do == "push" {
			s.N = rapid.IntRange(1, 12).Draw(t, "n")
		}
		return s
	})
	rapid.Check(t, func(rt *rapid.T) {
		batch := rapid.IntRange(1, 8).Draw(rt, "batch")
		spooled := rapid.Bool().Draw(rt, "spool")
		todo := rapid.SliceOfN(step, 20, 60).Draw(rt, "steps")
		taken += len(todo)
		if err := playSteps(t, batch, spooled, todo); err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("%d steps", taken)
	faults.Happened(t, "SIM-6", "0 differences; go run ./internal/sim -mode sim6 takes steps by the hundred thousand")
}
