package main

import (
	"os"
	"strconv"
	"testing"
)

// amount is how many schedules a test plays: few, or TAILRACE_SIM.
func amount(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("TAILRACE_SIM")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("TAILRACE_SIM: %v", err)
	}
	return n
}

func play(t *testing.T, mode string, few int) {
	for seed := range uint64(amount(t, few)) {
		s := draw(mode, seed)
		if _, err := Play(t, s); err != nil {
			t.Fatalf("%v%v", s, err)
		}
	}
}

func TestSIM1(t *testing.T) { play(t, "sim1", 200) }
func TestSIM2(t *testing.T) { play(t, "sim2", 200) }
