package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRunPrintsEveryFigure(t *testing.T) {
	var out bytes.Buffer
	dir := t.TempDir()
	err := run(context.Background(), &out, []string{"-spans", "2000", "-batch", "100", "-rounds", "1", "-again", "-big", "300", "-dir", dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"insert ", "the same again", "B/span", "list, meta.region", "series 24 h, latency", "values of user",
		"start ", "skeleton of 300 spans", "came in meanwhile", "retention of a day", "memory "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if err := run(context.Background(), &out, []string{"-ask", "-rounds", "1", "-rate", "0", "-big", "0", "-dir", dir}); err != nil {
		t.Errorf("asked again: %v", err)
	}
	if err := run(context.Background(), &out, []string{"-spans", "5"}); err == nil {
		t.Error("too few spans: no error")
	}
}
