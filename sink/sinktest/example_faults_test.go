package sinktest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// twoSpans is a body.
const twoSpans = `{"spans":[{"traceId":"t1","spanId":"s1","name":"plan"},{"traceId":"t1","spanId":"s2","name":"answer"}]}`

// collector starts one in memory.
func collector() *sinktest.Collector {
	c, err := sinktest.New(sinktest.Config{})
	if err != nil {
		panic(err)
	}
	return c
}

// publish posts body as a careful client does, which follows no redirect and reads no more than 64 KiB,
// and says in a few words what came back.
func publish(ctx context.Context, c *sinktest.Collector, body string, header ...string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL()+"/ai/spans/publish", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.GetBody = nil // no replays
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	client := c.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return inWords(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10+1))
	switch {
	case err != nil:
		return fmt.Sprint(response.StatusCode, ", then ", inWords(err))
	case len(answer) > 64<<10:
		return fmt.Sprint(response.StatusCode, ", answer too large")
	}
	words := fmt.Sprint(response.StatusCode)
	for _, name := range []string{"Retry-After", "Location", "Accept-Encoding", "X-Mastra-Observability-Retry-After"} {
		if value := response.Header.Get(name); value != "" {
			words += " " + name + ": " + value
		}
	}
	line, _, _ := strings.Cut(string(answer), "\n")
	return strings.TrimSpace(words + " " + line)
}

func inWords(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "gave up"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case strings.Contains(err.Error(), "headers exceeded"):
		return "header too large"
	}
	return err.Error()
}

// In a test, Start gives a collector on a loopback port and StartPipe one for a bubble of
// testing/synctest. Both are closed when the test ends.
func ExampleStart() {
	test := func(t *testing.T) {
		c := sinktest.Start(t, sinktest.Config{Token: "secret"})
		publish(t.Context(), c, twoSpans, "Authorization", "Bearer secret")
		if err := c.WaitFor(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
	}
	bubble := func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := sinktest.StartPipe(t, sinktest.Config{})
			c.Set(sinktest.Delay(time.Hour)) // of the fake clock
			publish(t.Context(), c, twoSpans)
			if c.Len() != 2 {
				t.Errorf("%d spans are stored, want 2", c.Len())
			}
		})
	}
	_, _ = test, bubble // a test file has them at its top level
	// Output:
}

// Outside of a test, Listen starts a collector on a loopback port that any program can send to.
func ExampleListen() {
	c, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	response, err := http.Post(c.URL()+"/ai/spans/publish", "application/json", strings.NewReader(twoSpans))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode, c.Len())
	// Output:
	// 200 2
}

// A wait for records that do not come ends with the collector.
func ExampleErrClosed() {
	c := collector()
	c.Close()
	err := c.WaitFor(context.Background(), 1)
	fmt.Println(errors.Is(err, sinktest.ErrClosed))
	// Output:
	// true
}

// Everything that arrived can be looked at: the records stored, and the requests that brought them.
func ExampleRecord() {
	c := collector()
	defer c.Close()
	publish(context.Background(), c, twoSpans, "Idempotency-Key", "batch-1")

	for _, record := range c.Records() {
		fmt.Println(record.SpanID, record.Key, record.Request, string(record.JSON))
	}
	for _, r := range c.Requests() {
		fmt.Println(r.Method, r.Path, r.Records, r.Status)
	}
	// Output:
	// s1 batch-1 1 {"traceId":"t1","spanId":"s1","name":"plan"}
	// s2 batch-1 1 {"traceId":"t1","spanId":"s2","name":"answer"}
	// POST /ai/spans/publish 2 200
}

// The ledger is compared whole: a test that only counts what was stored misses what was sent twice.
func ExampleLedger() {
	c := collector()
	for range 2 {
		publish(context.Background(), c, twoSpans)
	}
	c.Close() // now nothing is being served any more
	want := sinktest.Ledger{Requests: 2, Received: 4, Stored: 2, Repeated: 2}
	fmt.Println(c.Ledger() == want, c.Ledger().Check())
	// Output:
	// true <nil>
}

// Faults that are answers: the code, its fields and its body are the test's to choose.
func ExampleStatus() {
	c := collector()
	defer c.Close()
	c.Script(
		sinktest.Status(http.StatusTooManyRequests, "Retry-After", "2"),
		sinktest.RetryAfter("soon"),
		sinktest.Respond(http.StatusInternalServerError, `{"error":"disk full"}`),
		sinktest.Redirect(http.StatusTemporaryRedirect, "http://elsewhere.example/"),
		sinktest.PartialSuccess(1, "no room"), // stores one of the two
	)
	for range 5 {
		fmt.Println(publish(context.Background(), c, twoSpans))
	}
	fmt.Println(c.Len(), "stored")
	// Output:
	// 429 Retry-After: 2
	// 503 Retry-After: soon
	// 500 {"error":"disk full"}
	// 307 Location: http://elsewhere.example/
	// 200 {"partialSuccess":{"rejectedSpans":1,"errorMessage":"no room"}}
	// 1 stored
}

// A 2xx that stored nothing: the page of a captive portal, and a quota that is used up. The quota's
// has a better answer for clients that announce that they can pause.
func ExampleHTMLPage() {
	c := collector()
	defer c.Close()
	c.Script(sinktest.HTMLPage())
	fmt.Println(publish(context.Background(), c, twoSpans))

	c.Set(sinktest.Quota(time.Minute))
	fmt.Println(publish(context.Background(), c, twoSpans))
	fmt.Println(publish(context.Background(), c, twoSpans, "X-Mastra-Observability-Capabilities", "quota-pause-v1"))
	fmt.Println(c.Len(), "stored")
	// Output:
	// 200 <!doctype html>
	// 204
	// 402 X-Mastra-Observability-Retry-After: 60
	// 0 stored
}

// Connections break at any point of a request. Only after the last of these are the spans stored.
func ExampleResetAfterBody() {
	c := collector()
	c.Script(
		sinktest.ResetBeforeBody(),
		sinktest.ResetMidBody(),
		sinktest.CloseMidBody(),
		sinktest.ResetAfterBody(),
		sinktest.AnswerLost(),
	)
	for range 5 {
		fmt.Println(publish(context.Background(), c, twoSpans))
	}
	c.Close()
	fmt.Printf("%+v\n", c.Ledger())
	// Output:
	// reset
	// reset
	// closed
	// reset
	// reset
	// {Requests:5 Unread:3 Received:4 Stored:2 Repeated:0 Rejected:2}
}

// Answers that HTTP does not allow: one that ends too early, and any bytes at all.
func ExampleRaw() {
	c := collector()
	defer c.Close()
	c.Script(
		sinktest.WrongContentLength(http.StatusOK, 100, 10),
		sinktest.Raw(http.StatusOK, "Transfer-Encoding: chunked\r\n\r\nno chunk"),
	)
	for range 2 {
		fmt.Println(publish(context.Background(), c, twoSpans))
	}
	// Output:
	// 200, then closed
	// 200, then closed
}

// A client that reads whatever it gets is at the mercy of its server. One that has bounds gets away.
func ExampleHugeBody() {
	c := collector()
	defer c.Close()
	c.Transport().MaxResponseHeaderBytes = 16 << 10
	c.Transport().DisableCompression = false // the transport is to unpack answers
	c.Script(
		sinktest.HugeBody(http.StatusServiceUnavailable, 1<<30),
		sinktest.EndlessBody(http.StatusServiceUnavailable),
		sinktest.GzipBomb(http.StatusServiceUnavailable, 1<<20),
		sinktest.HugeHeader(http.StatusServiceUnavailable, 1<<20),
		sinktest.EndlessHeader(http.StatusServiceUnavailable),
	)
	for range 5 {
		fmt.Println(publish(context.Background(), c, twoSpans))
	}
	// Output:
	// 503, answer too large
	// 503, answer too large
	// 503, answer too large
	// header too large
	// header too large
}

// Slow collectors: those that only take their time are waited for.
func ExampleDelay() {
	c := collector()
	defer c.Close()
	release := make(chan struct{})
	c.Script(
		sinktest.Delay(time.Millisecond),
		sinktest.SlowRead(50, time.Microsecond), // bytes at a time
		sinktest.Hold(release),
	)
	fmt.Println(publish(context.Background(), c, twoSpans))
	fmt.Println(publish(context.Background(), c, twoSpans))
	close(release)
	fmt.Println(publish(context.Background(), c, twoSpans))
	// Output:
	// 200 {}
	// 200 {}
	// 200 {}
}

// Collectors that never come to an end are what a client has its timeout for.
func ExampleStall() {
	c := collector()
	defer c.Close()
	for _, fault := range []sinktest.Fault{
		sinktest.Stall(), sinktest.SlowHeader(http.StatusOK, time.Hour), sinktest.SlowBody(http.StatusOK, time.Hour),
	} {
		c.Set(fault)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		fmt.Println(strings.HasSuffix(publish(ctx, c, twoSpans), "timeout"))
		cancel()
	}
	// Output:
	// true
	// true
	// true
}

// A client that has given up cannot know what became of its spans. Here they are stored, so it has to
// send them again under the same Idempotency-Key.
func ExampleAnswerLate() {
	c := collector()
	defer c.Close()
	c.Script(sinktest.AnswerLate(time.Hour))

	ctx, giveUp := context.WithCancel(context.Background())
	go func() {
		defer giveUp()
		if err := c.WaitFor(ctx, 2); err != nil {
			fmt.Println(err)
		}
	}()
	fmt.Println(publish(ctx, c, twoSpans, "Idempotency-Key", "batch-1"))
	fmt.Println(publish(context.Background(), c, twoSpans, "Idempotency-Key", "batch-1"))
	fmt.Println(c.Len(), "stored")
	// Output:
	// gave up
	// 200 {}
	// 2 stored
}

// Faults combine. This collector takes no compressed bodies, none of more than 200 bytes, and nothing
// at all from a client that does not say who it is.
func ExampleWhen() {
	c := collector()
	defer c.Close()
	anonymous := func(r sinktest.Request) bool { return r.Header.Get("User-Agent") != "tailrace" }
	c.Set(sinktest.Chain(
		sinktest.When(anonymous, sinktest.Status(http.StatusForbidden)),
		sinktest.Unsupported(),
		sinktest.TooLarge(200),
	))

	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, twoSpans); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	ctx := context.Background()
	fmt.Println(publish(ctx, c, twoSpans))
	fmt.Println(publish(ctx, c, packed.String(), "User-Agent", "tailrace", "Content-Encoding", "gzip"))
	fmt.Println(publish(ctx, c, twoSpans+strings.Repeat(" ", 200), "User-Agent", "tailrace"))
	fmt.Println(publish(ctx, c, twoSpans, "User-Agent", "tailrace"))
	// Output:
	// 403
	// 415 Accept-Encoding: identity
	// 413 {"error":"body is over 200 bytes"}
	// 200 {}
}

// Handler is for the fault that is not here: this one answers before it has read the body.
func ExampleHandler() {
	c := collector()
	defer c.Close()
	c.Script(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, err := bufio.NewReader(r.Body).Peek(8)
		if err != nil {
			fmt.Println(err)
		}
		http.Error(w, fmt.Sprintf("%s… is not welcome", begin), http.StatusTeapot)
	})))
	fmt.Println(publish(context.Background(), c, twoSpans))
	// Output:
	// 418 {"spans"… is not welcome
}
