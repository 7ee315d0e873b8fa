package sinktest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// send posts two spans and says how that went.
func send(c *sinktest.Collector) {
	const body = `{"spans":[{"traceId":"t1","spanId":"s1","name":"plan"},{"traceId":"t1","spanId":"s2","name":"answer"}]}`
	request, err := http.NewRequest(http.MethodPost, c.URL()+"/ai/spans/publish", strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "batch-1")
	request.GetBody = nil // no replays but our own
	response, err := c.Client().Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		fmt.Println("refused")
	case errors.Is(err, syscall.ECONNRESET):
		fmt.Println("reset")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(response.StatusCode)
		_ = response.Body.Close()
	}
}

func Example() {
	c, err := sinktest.New(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	send(c)
	for _, record := range c.Records() {
		fmt.Println(record.TraceID, record.SpanID)
	}
	// Output:
	// 200
	// t1 s1
	// t1 s2
}

// A batch that is refused once, then stored with its answer lost, and at last acknowledged:
// the collector knows it again.
func ExampleCollector_Script() {
	c, err := sinktest.New(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	c.Script(sinktest.RetryAfter("3"), sinktest.AnswerLost(), nil)
	for range 3 {
		send(c)
	}
	fmt.Printf("%+v\n", c.Ledger())
	// Output:
	// 503
	// reset
	// 200
	// {Requests:3 Unread:0 Received:6 Stored:2 Repeated:2 Rejected:2}
}

// The first attempt at every batch fails, whatever the order in which they come.
func ExampleCollector_OnRequest() {
	c, err := sinktest.New(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	c.OnRequest(func(r sinktest.Request) sinktest.Fault {
		if r.Attempt == 1 {
			return sinktest.Chain(sinktest.Header("Retry-After", "1"), sinktest.Status(http.StatusTooManyRequests))
		}
		return nil
	})
	send(c)
	send(c)
	// Output:
	// 429
	// 200
}

func ExampleCollector_Down() {
	c, err := sinktest.New(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	c.Down()
	send(c)
	c.Up()
	send(c)
	// Output:
	// refused
	// 200
}
