package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What was acknowledged survives a kill -9, and what is sent twice counts once. The command does the same at length.
func TestKillsCostNothingThatWasAcknowledged(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-kills", "3"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "0 lost, 0 doubled") {
		t.Error(out.String())
	}
}

func TestTheMeasurementChecksWhatItMeasured(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-spans", "3000", "-batch", "100"}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "3000 spans are stored") != 2 || !strings.Contains(got, "B/span") {
		t.Error(got)
	}
}
