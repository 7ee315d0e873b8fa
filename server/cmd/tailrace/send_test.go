package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

const secret = "t0k3n-of-a-test-that-is-long"

// alone takes away the variables that say where spans go.
func alone(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"MASTRA_CLOUD_AI_TRACES_ENDPOINT", "MASTRA_CLOUD_TRACES_ENDPOINT", "MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT",
		"MASTRA_PROJECT_ID", "MASTRA_PLATFORM_ACCESS_TOKEN", "MASTRA_CLOUD_ACCESS_TOKEN",
	} {
		t.Setenv(name, "")
	}
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// spans are n lines of NDJSON.
func spans(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"traceId":"%032x","spanId":"%016x","name":"a span","spanType":"generic","startedAt":"2026-01-02T03:04:05.678Z"}`+"\n", i/100+1, i+1)
	}
	return b.String()
}

func TestSend(t *testing.T) {
	alone(t)
	collector := sinktest.Start(t, sinktest.Config{Token: secret})
	dir := filepath.Dir(file(t, "x", ""))
	for i, name := range captured.Names() {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.json", i)), captured.Body(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := tailrace(t, "send", file(t, "spans", spans(2000)), "--endpoint", collector.URL(),
		filepath.Join(dir, "*.json"), "--token-file", file(t, "token", secret+"\n"), "--json")
	ledger := ledgerIn(t, stdout)
	if code != 0 || ledger.Balance() != 0 || ledger.Delivered != 2000+18+19+18+18 || ledger.Lost() != 0 {
		t.Errorf("exit code %d, ledger %+v\n%s", code, ledger, stderr)
	}
	if path := collector.Requests()[0].Path; path != publishPath {
		t.Errorf("posted to %s, want %s", path, publishPath)
	}
	for _, want := range []string{"to " + collector.URL() + publishPath + "\n", "accepted 2,073 = delivered 2,073; "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in\n%s", want, stderr)
		}
	}
	if strings.Contains(stdout+stderr, secret) {
		t.Error("the token is shown")
	}
}

func TestSendTakesTheEnvironment(t *testing.T) {
	alone(t)
	collector := sinktest.Start(t, sinktest.Config{Token: secret, Paths: []string{"/projects/p1/ai/spans/publish"}})
	t.Setenv("MASTRA_CLOUD_ACCESS_TOKEN", secret)
	t.Setenv("MASTRA_CLOUD_TRACES_ENDPOINT", collector.URL())
	t.Setenv("MASTRA_PROJECT_ID", "p1")
	code, stdout, stderr := tailrace(t, "send", "--quiet", file(t, "spans", spans(10)))
	if code != 0 || stdout+stderr != "" || collector.Len() != 10 {
		t.Errorf("exit code %d, %d stored\n%s%s", code, collector.Len(), stdout, stderr)
	}
	if path := collector.Requests()[0].Path; path != "/projects/p1/ai/spans/publish" {
		t.Errorf("posted to %s", path)
	}
}

func TestSendExitCodes(t *testing.T) {
	alone(t)
	collector := sinktest.Start(t, sinktest.Config{Token: secret})
	good, bad := file(t, "good", spans(5)), file(t, "bad", spans(2)+"{}\n"+spans(3))
	token := []string{"--endpoint", collector.URL(), "--token-file", file(t, "token", secret)}
	for _, c := range []struct {
		name   string
		args   []string
		fault  sinktest.Fault
		code   int
		stderr string
	}{
		{"all is delivered", append(token, good), nil, 0, "accepted 5 = delivered 5;"},
		{"a bad record", append(token, bad), nil, 3, "tailrace: bad records: 1; files that could not be read to their end: 0"},
		{"a bad record ends it", append(token, bad, "--strict"), nil, 3, "every span before number 2 was delivered; go on with --from 2"},
		{"a bad record was passed over", append(token, bad, "--from", "3"), nil, 0, "accepted 3 = delivered 3;"},
		{"a file that is not there", append(token, good, "not-there"), nil, 3, "not-there"},
		{"a pattern without a match", append(token, "*.not-there"), nil, 3, "no file matches"},
		{"rejected", append(token, good), sinktest.Status(400), 1, "go on with --from 0"},
		{"rejected, behind what was sent before", append(token, good, "--from", "2"), sinktest.Status(404), 1, "go on with --from 2"},
		{"the token is refused", []string{good, "--endpoint", collector.URL(), "--token", secret + "x"}, nil, 1, "try tailrace verify"},
		{"the token is in sight", []string{good, "--endpoint", collector.URL(), "--token", secret}, nil, 0, "--token is in sight of everybody"},
		{"nothing is sent", []string{good, bad, "--dry-run"}, nil, 3, "checked 10 spans"},
		{"with new ids", append(token, good, "--repeat", "3"), nil, 0, "accepted 15 = delivered 15;"},
		{"resumed with new ids", append(token, good, "--repeat", "3", "--seed", "7", "--from", "4"), sinktest.Status(400), 1, "go on with --from 4 --repeat 3 --seed 7"},

		{"no file", token, nil, 2, "send wants a FILE, or - for stdin; see `tailrace help send`"},
		{"no endpoint", []string{good}, nil, 2, "there is no --endpoint, and no token for the default one"},
		{"two tokens", append(token, good, "--token", "t"), nil, 2, "--token and --token-file are both given"},
		{"no such token file", []string{good, "--token-file", "not-there"}, nil, 2, "--token-file"},
		{"an empty token file", []string{good, "--token-file", file(t, "empty", "\n")}, nil, 2, "is empty"},
		{"plain http", []string{good, "--endpoint", "http://collector.example", "--token", secret}, nil, 2, "use https, or --allow-insecure"},
		{"a bad endpoint", append(token, good, "--endpoint", "host"), nil, 2, "--endpoint: its scheme is neither http nor https"},
		{"a bad project", append(token, good, "--project", "a/b"), nil, 2, "--project has a character"},
		{"a bad wire", append(token, good, "--wire", "2"), nil, 2, "--wire must be 0 or 1"},
		{"a bad batch", append(token, good, "--batch", "0"), nil, 2, "--batch must be at least 1"},
		{"a bad body", append(token, good, "--max-body", "1"), nil, 2, "--max-body must be at least 4096"},
		{"a bad rate", append(token, good, "--rate", "-1"), nil, 2, "--rate is negative"},
		{"a bad concurrency", append(token, good, "--concurrency", "1000"), nil, 2, "--concurrency must be 0 to 256"},
		{"a bad from", append(token, good, "--from", "-1"), nil, 2, "--from is negative"},
		{"a bad repeat", append(token, good, "--repeat", "0"), nil, 2, "--repeat must be at least 1"},
		{"a bad compression", append(token, good, "--compression", "lz4"), nil, 2, "--compression must be auto, gzip, zstd or none"},
		{"a bad patience", append(token, good, "--give-up-after", "-1s"), nil, 2, "--give-up-after is negative"},
		{"a flag that there is not", append(token, good, "--colour"), nil, 2, "flag provided but not defined: -colour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			collector.Set(c.fault)
			code, stdout, stderr := tailrace(t, append([]string{"send"}, c.args...)...)
			if code != c.code || stdout != "" || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s\nwant: %s", code, c.code, stdout, stderr, c.stderr)
			}
			if strings.Contains(stderr, secret) {
				t.Errorf("the token is shown: %s", stderr)
			}
		})
	}
}

func TestAFileThatBeginsWithADash(t *testing.T) {
	alone(t)
	t.Chdir(filepath.Dir(file(t, "-odd", spans(3))))
	if err := os.WriteFile("-odd", []byte(spans(3)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := tailrace(t, "send", "--dry-run", "--json", "--", "-odd")
	if code != 0 || ledgerIn(t, stdout).Filtered != 3 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}
