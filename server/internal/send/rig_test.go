package send_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/send"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// input is a file in memory.
func input(name, text string) spanfile.Input {
	return spanfile.Input{Name: name, Size: int64(len(text)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

// line is a span of a trace as a line of NDJSON. Number 0 is the root.
func line(t testing.TB, trace, n int) string {
	t.Helper()
	s := &span.Span{
		TraceID: span.TraceID(fmt.Sprintf("%032x", trace+1)), ID: id(n), Name: "a span", Type: span.TypeGeneric,
		Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), End: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}
	if n > 0 {
		s.ParentID = id(0)
	}
	text, err := span.NDJSON.AppendItem(nil, s, true)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text)) + "\n"
}

func id(n int) span.ID { return span.ID(fmt.Sprintf("%016x", n+1)) }

// lines are spans 0 to n-1 of one trace.
func lines(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString(line(t, 0, i))
	}
	return b.String()
}

// missing returns the numbers of the spans 0 to n-1 of the first trace that the collector does not have.
func missing(c *sinktest.Collector, n int) []int {
	has := map[string]bool{}
	for _, r := range c.Records() {
		has[r.SpanID] = true
	}
	var none []int
	for i := range n {
		if !has[string(id(i))] {
			none = append(none, i)
		}
	}
	return none
}

// config sends inputs to a collector.
func config(c *sinktest.Collector, inputs ...spanfile.Input) send.Config {
	return send.Config{Inputs: inputs, Endpoint: c.URL() + "/ai/spans/publish", DialContext: c.DialContext, Problems: new(bytes.Buffer)}
}

func problems(cfg send.Config) string { return cfg.Problems.(*bytes.Buffer).String() }
