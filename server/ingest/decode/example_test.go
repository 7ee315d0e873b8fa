package decode_test

import (
	"fmt"
	"strings"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
)

func Example() {
	limits := intake.Limits{MaxBodyBytes: 1 << 20}
	body, err := intake.Body(strings.NewReader(`{"spans":[
		{"traceId":"A1","spanId":"F","name":"support","spanType":"agent_run"},
		{"traceId":"no-op-trace","spanId":"2","parentSpanId":"no-op","name":"unsampled"}]}`), "", limits)
	if err != nil {
		fmt.Println(intake.Status(err), intake.AcceptEncoding)
		return
	}
	batch, err := decode.Spans(body, limits)
	if err != nil {
		fmt.Println(intake.Status(err))
		return
	}
	for _, item := range batch.Items {
		fmt.Println(item.Span.TraceID, item.Span.ID, item.Span.Name)
	}
	for _, r := range batch.Rejected {
		fmt.Println(r.Index, r.Field, r.Reason)
	}
	// Output:
	// 000000000000000000000000000000a1 000000000000000f support
	// 1 traceId no_op
}

func ExampleRecords() {
	batch, err := decode.Records(store.KindLog, []byte(`{"logs":[{"logId":"7","level":"warn","message":"declined"}]}`), intake.Limits{})
	if err != nil {
		fmt.Println(intake.Status(err))
		return
	}
	fmt.Println(batch.Items[0].Log.Level, batch.Items[0].Log.Message)
	// Output: warn declined
}
