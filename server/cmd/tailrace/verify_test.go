package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/internal/verify"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

func TestVerify(t *testing.T) {
	alone(t)
	collector := sinktest.Start(t, sinktest.Config{Token: secret})
	right, wrong := file(t, "right", secret), file(t, "wrong", secret+"x")
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"in order", []string{"--endpoint", collector.URL(), "--token-file", right}, 0, "ok    token", ""},
		{"a wrong token", []string{"--endpoint", collector.URL(), "--token-file", wrong}, 1, "to do: the endpoint refuses the token", "spans cannot be delivered"},
		{"no token", []string{"--endpoint", collector.URL()}, 1, "to do: give a token", "spans cannot be delivered"},
		{"a wrong endpoint", []string{"--endpoint", "host"}, 1, "fail  configuration --endpoint: its scheme", "spans cannot be delivered"},
		{"a wrong wire", []string{"--wire", "7"}, 1, "fail  configuration --wire must be 0 or 1", "spans cannot be delivered"},
		{"a wrong timeout", []string{"--timeout", "0s"}, 2, "", "--timeout must be more than 0"},
		{"an operand", []string{"host"}, 2, "", "verify takes no argument \"host\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := tailrace(t, append([]string{"verify"}, c.args...)...)
			if code != c.code || !contains(stdout, c.stdout) || !contains(stderr, c.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nwant: %s\nstderr: %s\nwant: %s", code, c.code, stdout, c.stdout, stderr, c.stderr)
			}
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("the token is shown: %s%s", stdout, stderr)
			}
		})
	}
}

func TestVerifyPrintsOneLineOfJSON(t *testing.T) {
	alone(t)
	collector := sinktest.Start(t, sinktest.Config{})
	code, stdout, _ := tailrace(t, "verify", "--json", "--endpoint", collector.URL())
	var report verify.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("%v in\n%s", err, stdout)
	}
	if code != 0 || !report.OK || len(report.Checks) != 8 || report.Checks[4].Name != "token" || report.Checks[4].Status != verify.OK {
		t.Errorf("exit code %d: %+v", code, report)
	}
}
