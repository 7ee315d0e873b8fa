package main

import (
	"os"
	"strconv"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
)

// amount is how many schedules a test plays: few, or TAILRACE_SIM.
func amount(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("TAILRACE_SIM")
	if text == "" {
		return few / slower
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("TAILRACE_SIM: %v", err)
	}
	return n
}

// play plays the schedules of a mode, and returns what they came to.
func play(t *testing.T, mode string, few int) (total Total) {
	for seed := range uint64(amount(t, few)) {
		s, result, err := playSeed(t, mode, seed+1)
		if err != nil {
			t.Fatalf("seed %d\n%v%v", seed+1, s, err)
		}
		total.add(result)
	}
	if err := total.check(); err != nil {
		t.Error(err)
	}
	return total
}

func TestSIM1(t *testing.T) {
	total := play(t, "sim1", 300)
	if total.Ledger.Delivered == 0 || total.Faults == 0 {
		t.Errorf("nothing happened: %+v", total)
	}
	faults.Happened(t, "SIM-1", "0 lost, and nothing twice that had its answer; go run ./internal/sim -mode sim1 plays 10,000")
	faults.Happened(t, "SIM-4", "nothing was on its way then, in each schedule of SIM-1")
}

func TestSIM2(t *testing.T) {
	total := play(t, "sim2", 300)
	for _, in := range states {
		if total.Reached[in] == 0 {
			t.Errorf("no Close came in the state %q", in)
		}
	}
	faults.Happened(t, "SIM-2", "0 unaccounted, and each Close was in time; go run ./internal/sim -mode sim2 plays 10,000")
}

func TestSIM3(t *testing.T) {
	total := play(t, "sim3", 150)
	if total.Crashes == 0 || total.Acknowledged == 0 || total.Recovered == 0 {
		t.Errorf("nothing happened: %+v", total)
	}
	faults.Happened(t, "SIM-3", "0 acknowledged spans lost; go run ./internal/sim -mode sim3 plays 10,000")
}
