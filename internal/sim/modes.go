package main

import (
	"slices"
	"testing"
)

// modes are the simulator's, in the order in which all are run.
var modes = []string{"sim1", "sim2"}

func known(mode string) bool { return slices.Contains(modes, mode) }

// playSeed draws a schedule and plays it.
func playSeed(t *testing.T, mode string, seed uint64) (*Schedule, Result, error) {
	s := draw(mode, seed)
	result, err := Play(t, s)
	return s, result, err
}
