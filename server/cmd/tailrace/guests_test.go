package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// TestDemoTakesSpansOfYourOwn holds that the address which the demo shows takes spans, and that they are counted apart.
func TestDemoTakesSpansOfYourOwn(t *testing.T) {
	shown, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shown.Close() }()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"demo", "--rate", "100"}, stdout, open(t, "stderr"))
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
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+publishPath, bytes.NewReader(captured.Body("mastra-cloud-1.x.json")))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	stop()
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != 0 || !strings.Contains(string(rest), "of your own: 18 spans received = 18 stored + 0 repeated + 0 rejected") {
		t.Errorf("exit code %d, status %d\n%s", got, answer.StatusCode, rest)
	}
}
