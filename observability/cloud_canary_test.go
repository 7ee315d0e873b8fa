package observability_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

const (
	canaryToken  = "mst_canary-token-of-a-test-that-nobody-may-see"
	canaryPrompt = "canary-prompt: my account number is 4242 4242"
)

// echo answers with all that it was sent: header and body.
func echo(code int) sinktest.Fault {
	return sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Location", "https://"+strings.ReplaceAll(canaryPrompt, " ", "")+"/"+canaryToken)
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, "%s\n%s\n%s", r.Header.Get("Authorization"), canaryToken, body)
	}))
}

// TestCanary sends a known token and a known prompt through every fault there is, and finds neither in
// what was logged, at the lowest level, printed, returned, or said by State and Stats.
func TestCanary(t *testing.T) {
	faults := map[string]sinktest.Fault{
		"healthy": nil, "reset": sinktest.ResetMidBody(), "answer lost": sinktest.AnswerLost(), "garbage": sinktest.Raw(200, "garbage\r\n\r\n"),
		"endless header": sinktest.EndlessHeader(200), "stall": sinktest.Stall(), "poison": sinktest.PartialSuccess(1, canaryPrompt+canaryToken),
		"413": sinktest.TooLarge(10), "415": sinktest.Unsupported(), "html": sinktest.HTMLPage(), "quota": sinktest.Quota(time.Minute),
		"retry after": sinktest.RetryAfter(canaryToken),
		"encodings":   sinktest.Header("Accept-Encoding", canaryToken+", "+canaryToken+";q=0.5"),
		"a 2xx that rejects and repeats": sinktest.Respond(200,
			`{"partialSuccess":{"rejectedSpans":2,"errorMessage":"`+canaryPrompt+" "+canaryToken+`"}}`),
	}
	for _, code := range []int{200, 301, 307, 400, 401, 402, 403, 404, 407, 408, 413, 415, 422, 429, 500, 501, 503, 599, 999} {
		faults[fmt.Sprintf("echo %d", code)] = echo(code)
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			seen := canary(t, fault)
			for _, secret := range []string{canaryToken, "canary-token", "canary-prompt", "4242 4242"} {
				if at := strings.Index(seen, secret); at >= 0 {
					t.Errorf("%q is to be seen: …%s…", secret, seen[max(0, at-200):min(len(seen), at+100)])
				}
			}
			if !strings.Contains(seen, "started") || !strings.Contains(seen, "closed") {
				t.Errorf("seen: %s", seen)
			}
		})
	}
}

// canary runs an exporter against a fault and returns everything that anybody could see of it.
func canary(t *testing.T, fault sinktest.Fault) string {
	t.Helper()
	var seen buffer
	printed := captured(t, func() {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			c.Set(fault)
			logger := slog.New(slog.NewJSONHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug - 100, AddSource: true}))
			see := func(v any) {
				_, _ = fmt.Fprintf(&seen, "%v\n%+v\n%#v\n", v, v, v)
				logger.Info("seen", "value", v)
			}
			asked := 0
			cfg := polite(c, observability.CloudExporterConfig{
				LogLevel: slog.LevelDebug - 100, Logger: logger, MaxBatchWait: time.Second, MaxBatchBytes: 64 << 10, MaxSpanBytes: 32 << 10,
				MaxElapsed: time.Minute, Queue: 20,
				TokenSource: func(context.Context) (string, error) {
					if asked++; asked%3 == 2 {
						return canaryToken + "\n", errors.New("no token but " + canaryToken)
					}
					return canaryToken, nil
				},
			}, nil)
			e, err := observability.NewCloudExporter(cfg)
			if err != nil {
				t.Fatal(err)
			}
			see(cfg)
			see(e)
			for i := range 60 {
				s := sized(i, 100)
				s.Name, s.Input = canaryPrompt, span.Value(`"`+canaryPrompt+`"`)
				s.Metadata = `{"canary-prompt":1}`
				if i == 7 {
					s.Output = "{" + canaryPrompt // no JSON
				}
				s.Freeze()
				if err := e.Export(t.Context(), s); err != nil {
					see(err)
				}
			}
			large := sized(99, 1<<20)
			large.Name = canaryPrompt
			large.Freeze()
			see(e.Export(t.Context(), large))
			for range 4 {
				time.Sleep(20 * time.Second)
				see(e.State())
				see(e.State().Err)
				see(e.Stats())
				see(e.Stats().HTTP.LastError)
				see(e.Stats().Pipeline.String())
			}
			see(e.Verify(t.Context()))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			see(e.Flush(ctx))
			see(e.Shutdown(ctx))
			see(e.Stats())
			see(e.Export(t.Context(), sized(0, 1)))
		})
	})
	return seen.String() + printed
}

// captured returns what is written to the standard streams and the standard logs meanwhile.
func captured(t *testing.T, do func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, out, def := os.Stdout, os.Stderr, log.Writer(), slog.Default()
	os.Stdout, os.Stderr = w, w
	log.SetOutput(w)
	slog.SetDefault(slog.New(slog.NewTextHandler(w, nil)))
	defer func() {
		os.Stdout, os.Stderr = stdout, stderr
		slog.SetDefault(def)
		log.SetOutput(out)
	}()
	var text strings.Builder
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&text, r) })
	do()
	_ = w.Close()
	reading.Wait()
	_ = r.Close()
	return text.String()
}
