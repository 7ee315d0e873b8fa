package sink_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// A server that repeats what it was sent does not bring it into an error, which ends up in a log.
func TestAnswersThatRepeatTheRequestAreNotShown(t *testing.T) {
	const prompt = "my account number is 4242 4242"
	for name, c := range map[string]struct {
		answer sinktest.Fault
		shown  string // what the error says of the answer
	}{
		"all of it":          {sinktest.Respond(400, `{"error":"cannot take {\"input\":\"`+prompt+`\"}"}`), "repeats what was sent"},
		"a part of it":       {sinktest.Respond(400, "at: account number is 4242 42", "Content-Type", "text/plain"), "repeats what was sent"},
		"a partial success":  {sinktest.Respond(200, `{"partialSuccess":{"rejectedSpans":1,"errorMessage":"bad: `+prompt+`"}}`), "repeats what was sent"},
		"words of its own":   {sinktest.Respond(400, "span 1: startedAt is no date", "Content-Type", "text/plain"), "span 1: startedAt is no date"},
		"names of the wire":  {sinktest.Respond(400, "neither traceId, nor spanId", "Content-Type", "text/plain"), "neither traceId, nor spanId"},
		"the prompt far off": {sinktest.Respond(400, strings.Repeat("no ", 1000)+prompt, "Content-Type", "text/plain"), "no no no"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, collector *sinktest.Collector) {
				collector.Set(c.answer)
				r := start(t, collector, sink.HTTPConfig{}, pipeline.Config{})
				body := spans(1, 1, 1)
				body.Plain = []byte(strings.Replace(string(body.Plain), "x", prompt, 1))
				body.Data = body.Plain
				body.Parts[0].To += len(prompt) - 1
				r.push(body)
				time.Sleep(time.Second)
				err := r.stop()
				if err == nil || !strings.Contains(err.Error(), c.shown) || strings.Contains(err.Error(), "4242") {
					t.Errorf("%v, want %q", err, c.shown)
				}
			})
		})
	}
}
