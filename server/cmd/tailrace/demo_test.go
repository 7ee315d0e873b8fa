package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestDemoPrintsOneLineOfJSON(t *testing.T) {
	code, stdout, stderr := tailrace(t, "demo", "--duration", "200ms", "--rate", "5000", "--json")
	if code != 0 {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	ledger := ledgerIn(t, stdout)
	if ledger.Balance() != 0 || ledger.InFlight != 0 || ledger.Delivered == 0 || ledger.Filtered == 0 || ledger.Lost() != 0 {
		t.Errorf("ledger %+v", ledger)
	}
	if !strings.Contains(stderr, "every span is accounted for") {
		t.Errorf("stderr:\n%s", stderr)
	}
}

func TestDemoShowsItselfOnStdout(t *testing.T) {
	code, stdout, stderr := tailrace(t, "demo", "--duration", "50ms")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, stderr: %s", code, stderr)
	}
	for _, want := range []string{"stage     per second", "emitter", "http", "accepted ", "every span is accounted for", "/p/samples/traces\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

func TestDemoSendsElsewhere(t *testing.T) {
	const token = "t0k3n-of-a-test"
	collector := sinktest.Start(t, sinktest.Config{Token: token})
	code, stdout, stderr := tailrace(t, "demo", "--duration", "50ms", "--json", "--endpoint", collector.URL(), "--token", token)
	if code != 0 || collector.Len() == 0 || ledgerIn(t, stdout).Delivered != int64(collector.Len()) {
		t.Errorf("exit code %d, %d spans stored\n%s\n%s", code, collector.Len(), stdout, stderr)
	}
	if path := collector.Requests()[0].Path; path != publishPath {
		t.Errorf("posted to %s, want %s", path, publishPath)
	}
	if strings.Contains(stdout+stderr, token) {
		t.Error("the token is shown")
	}
}

func TestDemoFailsWhenSpansAreLost(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault sinktest.Fault
	}{
		{"the endpoint never answers", sinktest.Stall()},
		{"the endpoint is always busy", sinktest.Status(503)},
		{"the endpoint refuses the token", sinktest.Status(401)},
	} {
		t.Run(c.name, func(t *testing.T) {
			const token = "t0k3n-of-a-test"
			collector := sinktest.Start(t, sinktest.Config{})
			collector.Set(c.fault)
			code, stdout, stderr := tailrace(t, "demo", "--duration", "50ms", "--drain", "100ms", "--json", "--endpoint", collector.URL(), "--token", token)
			ledger := ledgerIn(t, stdout)
			if code != 1 || ledger.Balance() != 0 || ledger.Lost() == 0 || ledger.Delivered != 0 {
				t.Errorf("exit code %d, ledger %+v", code, ledger)
			}
			if !strings.Contains(stderr, "lost") {
				t.Errorf("stderr does not say what is lost:\n%s", stderr)
			}
			if strings.Contains(stdout+stderr, token) {
				t.Error("the token is shown")
			}
		})
	}
}

// ledgerIn reads what --json printed, which is one line.
func ledgerIn(t *testing.T, stdout string) pipeline.Ledger {
	t.Helper()
	if strings.Count(stdout, "\n") != 1 || !strings.HasSuffix(stdout, "\n") {
		t.Errorf("stdout is not one line:\n%s", stdout)
	}
	var ledger pipeline.Ledger
	if err := json.Unmarshal([]byte(stdout), &ledger); err != nil {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	return ledger
}
