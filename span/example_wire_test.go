package span_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// An error has a message, and may have more to say. The older record has no place for its name and
// stack.
func ExampleError() {
	s := &span.Span{TraceID: "a1", ID: "01", Name: "tool: 'weather'", Type: span.TypeToolCall}
	s.Error = &span.Error{
		Message: "no such city", ID: "TOOL_EXECUTION_FAILED", Domain: "TOOL", Category: "USER",
		Details: `{"city":"Pariss"}`, Name: "NotFound",
	}
	for _, format := range []span.Format{span.V1, span.V0} {
		record, err := format.AppendItem(nil, s, true)
		if err != nil {
			fmt.Println(err)
		}
		received, err := span.DecodeRecord(record)
		fmt.Printf("%v: %+v %v\n", format, *received.Error, err)
	}
	// Output:
	// V1: {Message:no such city ID:TOOL_EXECUTION_FAILED Domain:TOOL Category:USER Details:{"city":"Pariss"} Name:NotFound Stack: Extra:[]} <nil>
	// V0: {Message:no such city ID:TOOL_EXECUTION_FAILED Domain:TOOL Category:USER Details:{"city":"Pariss"} Name: Stack: Extra:[]} <nil>
}

// A span that cannot be written, or a record that cannot be read, says which key is to blame.
func ExampleFieldError() {
	s := &span.Span{TraceID: "a1", ID: "01", Name: "late", Start: time.Date(12026, 11, 22, 0, 0, 0, 0, time.UTC)}
	_, err := span.V1.AppendItem(nil, s, true)
	var field *span.FieldError
	fmt.Println(errors.As(err, &field), field.Field, errors.Is(err, span.ErrDate))

	_, err = span.DecodeRecord([]byte(`{"traceId":"a1","spanId":"01","name":7}`))
	fmt.Println(err, errors.Is(err, span.ErrFieldType))
	// Output:
	// true startedAt true
	// span: name: value of a wrong type true
}

// A record that cannot be read is reported with its place, and costs no neighbour.
func ExampleRecordError() {
	spans, bad, err := span.DecodeBody([]byte(`{"spans":[{"traceId":"a1"},{"traceId":"a1","spanId":"02"},{"spanId":true}]}`))
	fmt.Println(len(spans), "read;", err)
	for _, b := range bad {
		fmt.Println(b.Index, b.Field, b.Err)
	}
	// Output:
	// 1 read; <nil>
	// 0 spanId missing
	// 2 spanId value of a wrong type
}

// A body that is broken itself gives ErrBody, with what was read before the fault.
func ExampleErrBody() {
	spans, _, err := span.DecodeBody([]byte(`{"spans":[{"traceId":"a1","spanId":"01"},{"traceId":"a1","spa`))
	fmt.Println(len(spans), err, errors.Is(err, span.ErrBody))

	_, _, err = span.DecodeBody([]byte(`[{"traceId":"a1","spanId":"01"}]`))
	fmt.Println(err, errors.Is(err, span.ErrBody))
	// Output:
	// 1 span: body is not {"spans":[…]}: not valid JSON: record without an end at byte 61 true
	// span: body is not {"spans":[…]}: not valid JSON: want an object at byte 0 true
}

// A server that reads what strangers send sets limits of its own.
func ExampleDecoder() {
	decoder := span.Decoder{MaxRecordBytes: 100, MaxDepth: 3, MaxSpans: 3}
	spans, bad, err := decoder.Body([]byte(`{"spans":[
		{"traceId":"a1","spanId":"01"},
		{"traceId":"a1","spanId":"02","input":[[[[]]]]},
		{"traceId":"a1","spanId":"03","input":"a prompt that goes on and on and on and on and on and on and on"},
		{"traceId":"a1","spanId":"04"}
	]}`))
	fmt.Println(len(spans), "read")
	for _, b := range bad {
		fmt.Println(b, errors.Is(b, span.ErrTooDeep), errors.Is(b, span.ErrTooLarge))
	}
	fmt.Println(err, errors.Is(err, span.ErrTooLarge))
	// Output:
	// 1 read
	// span: record 1: input: nested too deep at byte 88 true false
	// span: record 2: record: too large: 104 bytes, the limit is 100 false true
	// span: spans: too large: more than 3 records true
}

// New ids are W3C ids. What others send is kept as it is, and padded where a W3C id is needed.
func ExampleNewTraceID() {
	s := span.Span{TraceID: span.NewTraceID(), ID: span.NewID()}
	fmt.Println(s.TraceID.Valid(), len(s.TraceID), s.ID.Valid(), len(s.ID))

	_, ok := span.NoOpTraceID.Bytes()
	fmt.Println(span.NoOpTraceID.Valid(), ok)

	b, ok := span.ID("ABC").Bytes()
	fmt.Printf("%x %v\n", b, ok)
	// Output:
	// true 32 true 16
	// false false
	// 0000000000000abc true
}

// Tokens adds up what the spans of a trace used. Each span knows what of its usage counts.
func ExampleTokens() {
	var run, generation span.Span
	generation.SetAttributes(span.ModelGeneration{Usage: &span.Usage{
		InputTokens:   new(1200),
		OutputTokens:  new(340),
		OutputDetails: &span.OutputDetails{Text: new(240), Reasoning: new(100)},
	}})
	run.SetAttributes(span.AgentRun{})
	hidden := span.Usage{InputTokens: new(50), OutputTokens: new(10)} // calls that have no spans
	run.Attributes = run.Attributes.Set("internalUsage", hidden.JSON())

	var total span.Tokens
	for _, s := range []*span.Span{&run, &generation} {
		total = total.Add(s.CountedTokens(false))
	}
	fmt.Printf("%+v\n", total)
	// Output:
	// {Input:1250 Output:350 Total:1600 Reasoning:100 Cached:0}
}

// OpenTelemetry wants to know which end of a call a span is.
func ExampleKind() {
	names := map[span.Kind]string{span.KindInternal: "internal", span.KindServer: "server", span.KindClient: "client"}
	for _, s := range []*span.Span{
		{Type: span.TypeAgentRun, Root: true},
		{Type: span.TypeModelGeneration},
		{Type: span.TypeMCPToolCall},
		{Type: span.TypeWorkflowStep},
	} {
		fmt.Println(s.Type, names[span.ToGenAI(s).Kind])
	}
	// Output:
	// agent_run server
	// model_generation client
	// mcp_tool_call client
	// workflow_step internal
}

// Text makes a JSON value of a Go string, and AppendText appends one to JSON that is being written.
func ExampleText() {
	s := span.Span{Input: span.Text("say \"hi\"\n")}
	text, ok := s.Input.Text()
	fmt.Printf("%s %q %v\n", s.Input, text, ok)

	buf := []byte(`{"prompt":`)
	buf = append(span.AppendText(buf, "2 < 3 is ✓"), '}')
	fmt.Println(span.ParseValue(string(buf)))
	// Output:
	// "say \"hi\"\n" "say \"hi\"\n" true
	// {"prompt":"2 < 3 is ✓"} <nil>
}
