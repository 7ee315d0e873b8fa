package sinktest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/sink/sinktest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http complains there of bytes after an answer, which we send
	goleak.VerifyTestMain(m)
}

// everywhere runs a test on both networks: on loopback, and over net.Pipe in a bubble.
func everywhere(t *testing.T, config sinktest.Config, test func(t *testing.T, c *sinktest.Collector)) {
	t.Helper()
	t.Run("on loopback", func(t *testing.T) {
		test(t, sinktest.Start(t, config))
	})
	t.Run("in a bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			test(t, sinktest.StartPipe(t, config))
		})
	})
}

// spans is a body with the spans first to last of one trace, padded so that it needs several
// reads: a small one would hide what happens in its middle.
func spans(first, last int) string {
	var records []string
	for i := first; i <= last; i++ {
		records = append(records, fmt.Sprintf(`{"traceId":"t","spanId":"%d","input":%q}`, i, strings.Repeat("x", 8<<10)))
	}
	return `{"spans":[` + strings.Join(records, ",") + `]}`
}

// call is one request of a test, a POST of JSON to the usual path unless it says otherwise.
type call struct {
	ctx                             context.Context
	method, path, key, coding, kind string
	authorization, capability       string
	body                            string
}

// reply is what became of a call. Its error covers the reading of the body.
type reply struct {
	code   int
	header http.Header
	body   string
	err    error
}

// post makes one call, as a sink would: no redirect followed, no replay, a bounded answer.
func post(t *testing.T, c *sinktest.Collector, in call) reply {
	t.Helper()
	ctx := in.ctx
	if ctx == nil {
		ctx = t.Context()
	}
	request, err := http.NewRequestWithContext(ctx, or(in.method, http.MethodPost), c.URL()+or(in.path, "/ai/spans/publish"),
		bytes.NewReader([]byte(in.body)))
	if err != nil {
		t.Fatal(err)
	}
	request.GetBody = nil
	for name, value := range map[string]string{
		"Authorization": in.authorization, "Content-Encoding": in.coding, "Content-Type": or(in.kind, "application/json"),
		"Idempotency-Key": in.key, "X-Mastra-Observability-Capabilities": in.capability,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	client := c.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return reply{code: response.StatusCode, header: response.Header, body: string(body), err: err}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// checkLedger compares the account once nothing is being served any more.
func checkLedger(t *testing.T, c *sinktest.Collector, want sinktest.Ledger) {
	t.Helper()
	c.Close()
	got := c.Ledger()
	if got != want {
		t.Errorf("ledger:\n got %+v\nwant %+v", got, want)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	if c.Len() != got.Stored || len(c.Records()) != got.Stored {
		t.Errorf("stored %d by the ledger, %d by Len, %d by Records", got.Stored, c.Len(), len(c.Records()))
	}
}

// within bounds a real test's wait; in a bubble it costs nothing.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
