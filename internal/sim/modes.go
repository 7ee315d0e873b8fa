package main

import (
	"fmt"
	"slices"
	"testing"
)

// modes are the simulator's, in the order in which all are run.
var modes = []string{"sim1", "sim2", "sim3", "sim6"}

func known(mode string) bool { return slices.Contains(modes, mode) }

// playSeed draws a schedule and plays it.
func playSeed(t *testing.T, mode string, seed uint64) (*Schedule, Result, error) {
	if mode == "sim6" {
		batch, spooled, todo := drawSteps(seed)
		err := playSteps(t, batch, spooled, todo)
		if err != nil {
			err = fmt.Errorf("%w\nbatches of %d, spool %v, steps %v", err, batch, spooled, todo)
		}
		return &Schedule{Seed: seed, Mode: mode}, Result{Steps: len(todo)}, err
	}
	s := draw(mode, seed)
	result, err := Play(t, s)
	return s, result, err
}
