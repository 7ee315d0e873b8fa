package main

import "testing"

// kept are schedules that found something, by what that was.
var kept = map[string]struct {
	mode string
	seed uint64
}{
	"Flush returned nil while a stage still held what the run had given up": {"sim2", 2},
	"what a sink recovers from its spool was counted as an arrival":         {"sim3", 3},
}

func TestKeptSchedules(t *testing.T) {
	for name, k := range kept {
		t.Run(name, func(t *testing.T) {
			for range 5 { // interleavings are not replayed
				if s, _, err := playSeed(t, k.mode, k.seed); err != nil {
					t.Fatalf("%v%v", s, err)
				}
			}
		})
	}
}
