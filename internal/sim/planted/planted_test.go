package main

import (
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
)

// Each bug must fit the source as it is and leave it Go. To compile and to hunt all of them takes
// minutes, which .ci/planted has.
func TestSIM5(t *testing.T) {
	t.Chdir("../../..") // where the files of bugs are named from
	names := map[string]bool{}
	for _, b := range bugs {
		names[b.Name] = true
		if err := b.Fits(t.TempDir()); err != nil {
			t.Errorf("%s: %v", b.Name, err)
		}
		if len(b.modes) == 0 {
			t.Errorf("%s: nobody looks for it", b.Name)
		}
	}
	if len(names) != 12 {
		t.Errorf("there are %d bugs, want 12", len(names))
	}
	faults.Happened(t, "SIM-5", "12 of 12 fit the source; .ci/planted, a step of CI, builds the simulator with each and fails unless it finds that within 10,000 schedules")
}
