package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// TestDemoTakesSpansOfYourOwn holds that the server which the demo shows takes spans, shows them, and counts them apart.
func TestDemoTakesSpansOfYourOwn(t *testing.T) {
	shown, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shown.Close() }()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stderr := open(t, "stderr")
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"demo", "--rate", "100"}, stdout, stderr)
		_ = stdout.Close()
	}()

	lines := bufio.NewReader(shown)
	var endpoint string
	for endpoint == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal("the demo shows no address: ", err)
		}
		if m := regexp.MustCompile(`MASTRA_CLOUD_TRACES_ENDPOINT=(\S+)`).FindStringSubmatch(line); m != nil {
			endpoint = m[1]
		}
	}
	t.Setenv("MASTRA_CLOUD_TRACES_ENDPOINT", endpoint)
	t.Setenv("MASTRA_CLOUD_ACCESS_TOKEN", "demo")
	o, err := observability.New(observability.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	traced, run := o.Tracer().Start(ctx, "weather agent", span.AgentRun{AgentID: "weather"})
	_, call := observability.Start(traced, "answer", span.ModelGeneration{Model: "gpt-4o-mini"})
	call.End()
	run.End()
	if err := o.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	answer, err := http.Get(endpoint + "/api/projects/yours/traces") //nolint:noctx // a test's
	if err != nil {
		t.Fatal(err)
	}
	traces, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err != nil || !strings.Contains(string(traces), `"name":"weather agent"`) {
		t.Errorf("%v: the server shows %s", err, traces)
	}
	stop()
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != 0 || !strings.Contains(string(rest), "of your own: 2 spans received = 2 stored + 0 repeated + 0 rejected") {
		t.Errorf("exit code %d\n%s%s", got, rest, written(t, stderr))
	}
}
