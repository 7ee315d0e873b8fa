package otlp_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tailrace-go/tailrace/connectors/otlp"
	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

func decoded(tb testing.TB, body []byte, f otlp.Format, l intake.Limits) otlp.Batch {
	tb.Helper()
	batch, err := otlp.Decode(body, f, l)
	if err != nil {
		tb.Fatal(err)
	}
	return batch
}

// one decodes a single span, in both formats, and holds that they agree.
func one(t *testing.T, s *tracepb.Span) *span.Span {
	t.Helper()
	request := of(s)
	batch := decoded(t, marshal(t, request), otlp.Protobuf, intake.Limits{})
	if len(batch.Items) != 1 {
		t.Fatalf("rejected: %+v", batch.Rejected)
	}
	again := decoded(t, marshalJSON(t, request, protojson.MarshalOptions{}), otlp.JSON, intake.Limits{})
	if a, b := written(t, again), written(t, batch); a != b {
		t.Errorf("the formats differ\njson     %s\nprotobuf %s", a, b)
	}
	return batch.Items[0].Span
}

func TestDecode(t *testing.T) {
	s := named("execute_tool search")
	s.ParentSpanId = []byte("76543210")
	s.TraceState = "vendor=1"
	s.Kind = tracepb.Span_SPAN_KIND_INTERNAL
	s.Attributes = []*commonpb.KeyValue{
		kv("gen_ai.operation.name", text("execute_tool")), kv("gen_ai.tool.name", text("search")),
		kv("gen_ai.tool.call.arguments", text(`{"query":"shoes"}`)), kv("gen_ai.conversation.id", text("t-1")),
		kv("user.id", text("u-1")), kv("list", array(whole(1), &commonpb.AnyValue{}, text("x"))),
		kv("object", object(kv("a", object(kv("b", whole(-1)))))), kv("none", nil),
	}
	s.DroppedAttributesCount, s.DroppedEventsCount, s.DroppedLinksCount = 3, 4, 5
	s.Events = []*tracepb.Span_Event{
		{TimeUnixNano: 1_790_000_000_500_000_001, Name: "cache miss", Attributes: []*commonpb.KeyValue{kv("shard", whole(4))}},
		{Name: "exception", Attributes: []*commonpb.KeyValue{
			kv("exception.type", text("TimeoutError")), kv("exception.message", text("no answer")), kv("exception.stacktrace", text("at search\nat run")),
		}},
	}
	s.Links = []*tracepb.Span_Link{{TraceId: []byte("fedcba9876543210"), SpanId: []byte("abcdefgh"), Attributes: []*commonpb.KeyValue{kv("why", text("batch"))}}}
	s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	got := one(t, s)
	text, err := span.V1.AppendItem(nil, got, true)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"traceId":"30313233343536373839616263646566","spanId":"3031323334353637","parentSpanId":"3736353433323130",` +
		`"name":"execute_tool search","spanType":"tool_call","entityType":"tool","entityId":"search","entityName":"search","attributes":{},` +
		`"metadata":{"threadId":"t-1","user.id":"u-1","list":[1,null,"x"],"object":{"a":{"b":-1}},"userId":"u-1"},` +
		`"startedAt":"2026-09-21T14:13:20.000Z","endedAt":"2026-09-21T14:13:21.500000001Z","input":{"query":"shoes"},` +
		`"error":{"message":"no answer","name":"TimeoutError","stack":"at search\nat run"},"isEvent":false,"isRootSpan":false,` +
		`"kind":"internal","resource":{"service.name":"support"},"scope":{"name":"agent","version":"1.2"},` +
		`"events":[{"time":"2026-09-21T14:13:20.500000001Z","name":"cache miss","attributes":{"shard":4}},{"name":"exception","attributes":{"exception.type":"TimeoutError","exception.message":"no answer","exception.stacktrace":"at search\nat run"}}],` +
		`"links":[{"traceId":"66656463626139383736353433323130","spanId":"6162636465666768","attributes":{"why":"batch"}}],` +
		`"traceState":"vendor=1","droppedAttributes":3,"droppedEvents":4,"droppedLinks":5}`
	if string(text) != want {
		t.Errorf("\ngot  %s\nwant %s", text, want)
	}
	if d := got.Duration(); d != 1_500_000_001 {
		t.Errorf("duration %d ns", d)
	}
}

func TestWhenASpanFailed(t *testing.T) {
	exception := func(escaped *commonpb.AnyValue) []*tracepb.Span_Event {
		return []*tracepb.Span_Event{{Name: "exception", Attributes: []*commonpb.KeyValue{kv("exception.message", text("boom")), kv("exception.escaped", escaped)}}}
	}
	yes := &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: true}}
	for _, tt := range []struct {
		name   string
		status *tracepb.Status
		events []*tracepb.Span_Event
		want   string // the error's message; none for no error
	}{
		{"an error without a word", &tracepb.Status{Code: 2}, nil, ""},
		{"an error with a message", &tracepb.Status{Code: 2, Message: "declined"}, exception(nil), "declined"},
		{"an error that an exception tells", &tracepb.Status{Code: 2}, exception(nil), "boom"},
		{"an exception that was handled", nil, exception(nil), "-"},
		{"an exception that escaped", nil, exception(yes), "boom"},
		{"an exception that escaped, as text", nil, exception(text("True")), "boom"},
		{"an exception that escaped from what is fine", &tracepb.Status{Code: 1}, exception(yes), "-"},
		{"fine", &tracepb.Status{Code: 1, Message: "said for nothing"}, nil, "-"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := named("work")
			s.Status, s.Events = tt.status, tt.events
			got := one(t, s)
			switch {
			case (got.Error == nil) != (tt.want == "-"):
				t.Errorf("error %+v", got.Error)
			case got.Error != nil && got.Error.Message != tt.want:
				t.Errorf("message %q, want %q", got.Error.Message, tt.want)
			}
			if kept := extra(got, "events") != ""; kept != (len(tt.events) > 0) {
				t.Errorf("events %s", extra(got, "events"))
			}
			if ok := extra(got, "status") == `"ok"`; ok != (tt.status.GetCode() == 1) {
				t.Errorf("status %s", extra(got, "status"))
			}
		})
	}
}

func TestTimes(t *testing.T) {
	s := named("work")
	s.EndTimeUnixNano = 0
	if got := one(t, s); !got.End.IsZero() || got.Start.IsZero() {
		t.Errorf("no end: %v to %v", got.Start, got.End)
	}
	s.StartTimeUnixNano, s.EndTimeUnixNano = 0, 5
	if got := one(t, s); !got.Start.IsZero() || got.End.UnixNano() != 5 {
		t.Errorf("no start: %v to %v", got.Start, got.End)
	}
	s.StartTimeUnixNano = 7
	if got := one(t, s); got.Start.UnixNano() != 7 || got.End.UnixNano() != 5 || got.Duration() != 0 {
		t.Errorf("an end before the start: %v to %v", got.Start, got.End)
	}
	s.EndTimeUnixNano = 1<<64 - 1
	if got := one(t, s); got.End.Year() != 2554 {
		t.Errorf("the last moment: %v", got.End)
	}
}

func TestWhatTheResourceAdds(t *testing.T) {
	s := named("work")
	request := of(s)
	resource := request.ResourceSpans[0].Resource
	resource.Attributes = append(resource.Attributes, kv("deployment.environment", text("old")), kv("deployment.environment.name", text("staging")))
	batch := decoded(t, marshal(t, request), otlp.Protobuf, intake.Limits{})
	if item := batch.Items[0]; item.Service != "support" || item.Span.Metadata != `{"environment":"staging"}` {
		t.Errorf("service %q, metadata %s", item.Service, item.Span.Metadata)
	}
	s.Attributes = []*commonpb.KeyValue{kv("environment", text("own"))}
	batch = decoded(t, marshal(t, request), otlp.Protobuf, intake.Limits{})
	if item := batch.Items[0]; item.Span.Metadata != `{"environment":"own"}` {
		t.Errorf("metadata %s", item.Span.Metadata)
	}
}

func TestMessagesInEvents(t *testing.T) {
	s := named("chat")
	s.Attributes = []*commonpb.KeyValue{kv("gen_ai.operation.name", text("text_completion")), kv("gen_ai.completion", text("own"))}
	s.Events = []*tracepb.Span_Event{
		{Name: "gen_ai.content.prompt", Attributes: []*commonpb.KeyValue{kv("gen_ai.prompt", text("Where is it?"))}},
		{Name: "gen_ai.content.completion", Attributes: []*commonpb.KeyValue{kv("gen_ai.completion", text("of the event"))}},
	}
	if got := one(t, s); got.Type != span.TypeModelGeneration || got.Input != `"Where is it?"` || got.Output != `"own"` {
		t.Errorf("%s: %s to %s", got.Type, got.Input, got.Output)
	}
}

// nested is an array inside arrays, depth of them in all.
func nested(depth int) *commonpb.AnyValue {
	v := array()
	for range depth - 1 {
		v = array(v)
	}
	return v
}

func TestOneBadSpanIsRefusedAlone(t *testing.T) {
	change := func(f func(*tracepb.Span)) *tracepb.Span {
		s := named("bad")
		f(s)
		return s
	}
	small := intake.Limits{MaxRecordBytes: 4096}
	for _, tt := range []struct {
		name   string
		bad    *tracepb.Span
		field  string
		reason intake.Reason
		limits intake.Limits
	}{
		{"no trace id", change(func(s *tracepb.Span) { s.TraceId = nil }), "traceId", intake.ReasonTraceID, small},
		{"a trace id of zeros", change(func(s *tracepb.Span) { s.TraceId = make([]byte, 16) }), "traceId", intake.ReasonTraceID, small},
		{"no span id", change(func(s *tracepb.Span) { s.SpanId = nil }), "spanId", intake.ReasonSpanID, small},
		{"a span id of zeros", change(func(s *tracepb.Span) { s.SpanId = make([]byte, 8) }), "spanId", intake.ReasonSpanID, small},
		{"no name", change(func(s *tracepb.Span) { s.Name = "" }), "name", intake.ReasonMissing, small},
		{"a long parent", change(func(s *tracepb.Span) { s.ParentSpanId = []byte("123456789") }), "parentSpanId", intake.ReasonType, small},
		{"too large", change(func(s *tracepb.Span) { s.Name = strings.Repeat("x", 5000) }), "record", intake.ReasonTooLarge, small},
		{"too large as JSON", change(func(s *tracepb.Span) {
			s.Attributes = []*commonpb.KeyValue{kv("k", text(strings.Repeat("\x01", 1000)))}
		}), "record", intake.ReasonTooLarge, small},
		{"too deep", change(func(s *tracepb.Span) { s.Attributes = []*commonpb.KeyValue{kv("k", nested(64))} }), "attributes", intake.ReasonDepth, small},
		{"too deep in an event", change(func(s *tracepb.Span) {
			s.Events = []*tracepb.Span_Event{{Attributes: []*commonpb.KeyValue{kv("k", nested(62))}}}
		}), "events", intake.ReasonDepth, small},
		{"too deep inside a text", change(func(s *tracepb.Span) {
			s.Attributes = []*commonpb.KeyValue{kv("input", text(strings.Repeat("[", 65)+strings.Repeat("]", 65)))}
		}), "attributes", intake.ReasonDepth, small},
	} {
		request := of(named("first"), tt.bad, named("last"))
		for _, f := range []otlp.Format{otlp.Protobuf, otlp.JSON} {
			t.Run(fmt.Sprintf("%s/%s", tt.name, f), func(t *testing.T) {
				body := marshal(t, request)
				if f == otlp.JSON {
					body = marshalJSON(t, request, protojson.MarshalOptions{})
				}
				batch := decoded(t, body, f, tt.limits)
				if want := (intake.Rejection{Index: 1, Field: tt.field, Reason: tt.reason}); len(batch.Rejected) != 1 || batch.Rejected[0] != want {
					t.Errorf("rejected %+v, want %+v", batch.Rejected, want)
				}
				if len(batch.Items) != 2 || batch.Items[0].Span.Name != "first" || batch.Items[1].Span.Name != "last" {
					t.Errorf("kept %+v", batch.Items)
				}
			})
		}
	}
	t.Run("as deep as can be", func(t *testing.T) {
		s := named("deep")
		s.Attributes = []*commonpb.KeyValue{kv("k", nested(63))}
		s.Events = []*tracepb.Span_Event{{Attributes: []*commonpb.KeyValue{kv("k", nested(61))}}}
		one(t, s)
	})
}

// spanOf puts raw bytes where a span is, between two good ones.
func spanOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	var scope []byte
	for _, s := range [][]byte{marshal(t, named("first")), raw, marshal(t, named("last"))} {
		scope = protowire.AppendBytes(protowire.AppendTag(scope, 2, protowire.BytesType), s)
	}
	resource := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), scope)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), resource)
}

func TestBrokenSpans(t *testing.T) {
	good := string(marshal(t, named("x")))
	for name, raw := range map[string]string{
		"cut off": good[:len(good)-1], "not a message": "\xff\xff\xff", "an end of a group": good + "\x0c",
		"a group without an end": good + "\x0b", "a broken attribute": good + "\x4a\x01\xff",
		"a broken value": good + "\x4a\x03\x12\x01\xff", "a broken event": good + "\x5a\x01\xff", "a broken link": good + "\x6a\x01\xff",
		"a broken status": good + "\x7a\x01\xff", "a field without a number": good + "\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			batch := decoded(t, spanOf(t, []byte(raw)), otlp.Protobuf, intake.Limits{})
			if len(batch.Items) != 2 || len(batch.Rejected) != 1 || batch.Rejected[0].Reason != intake.ReasonSyntax || batch.Rejected[0].Index != 1 {
				t.Errorf("got %d, rejected %+v", len(batch.Items), batch.Rejected)
			}
		})
	}
	t.Run("unknown fields and groups are passed over", func(t *testing.T) {
		deep := strings.Repeat("\xfb\x3e", 100_000) + strings.Repeat("\xfc\x3e", 100_000)
		batch := decoded(t, spanOf(t, []byte(good+"\xa0\x3e\x01"+deep+"\x0b\x12\x01\x31\x08\x01\x11\x31\x32\x33\x34\x35\x36\x37\x38\x15\x31\x32\x33\x34\x0c")), otlp.Protobuf, intake.Limits{})
		if len(batch.Items) != 3 {
			t.Errorf("rejected %+v", batch.Rejected)
		}
	})
	for name, raw := range map[string]string{
		"a number": `7`, "null": `null`, "a list": `[]`, "no colon": `{"name" "x"}`, "no comma": `{"name":"x" "kind":1}`, "a word": `nonsense`,
		"a time of text":     `{"startTimeUnixNano":"soon"}`,
		"a time below zero":  `{"startTimeUnixNano":-1}`,
		"a half time":        `{"startTimeUnixNano":1.5}`,
		"a name of a number": `{"name":1}`, "a name in a list": `{"name":["x"]}`, "attributes of an object": `{"attributes":{}}`,
		"a broken escape": `{"name":"\x"}`, "an event of a number": `{"events":[1]}`, "links of text": `{"links":"x"}`, "a status of text": `{"status":"x"}`,
		"a key of a number":      `{"attributes":[{"key":1,"value":{"intValue":1}}]}`,
		"an int of text":         `{"attributes":[{"key":"k","value":{"intValue":"x"}}]}`,
		"an int too large":       `{"attributes":[{"key":"k","value":{"intValue":"9223372036854775808"}}]}`,
		"a bool of a number":     `{"attributes":[{"key":"k","value":{"boolValue":1}}]}`,
		"a double of a word":     `{"attributes":[{"key":"k","value":{"doubleValue":"inf"}}]}`,
		"a text of a number":     `{"attributes":[{"key":"k","value":{"stringValue":1}}]}`,
		"bytes that are none":    `{"attributes":[{"key":"k","value":{"bytesValue":"?"}}]}`,
		"an array that is none":  `{"attributes":[{"key":"k","value":{"arrayValue":[1]}}]}`,
		"values that are none":   `{"attributes":[{"key":"k","value":{"arrayValue":{"values":1}}}]}`,
		"an object that is none": `{"attributes":[{"key":"k","value":{"kvlistValue":{"values":[1]}}}]}`,
		"a value that is none":   `{"attributes":[{"key":"k","value":7}]}`,
		"a count below zero":     `{"droppedAttributesCount":-1}`,
		"a count too large":      `{"droppedAttributesCount":4294967296}`,
	} {
		t.Run(name, func(t *testing.T) {
			const good = `{"traceId":"1","spanId":"1","name":"x"}`
			raw := strings.Replace(raw, "{", `{"traceId":"1","spanId":"1","name":"x",`, 1)
			batch := decoded(t, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[`+good+`,`+raw+`,`+good+`]}]}]}`), otlp.JSON, intake.Limits{})
			if len(batch.Items) != 2 || len(batch.Rejected) != 1 || batch.Rejected[0].Index != 1 {
				t.Errorf("got %d, rejected %+v", len(batch.Items), batch.Rejected)
			}
		})
	}
}

func TestBodiesThatAreNone(t *testing.T) {
	for _, body := range []string{"\xff", "\x0a\x05", "\x0a\x01\xff", "\x0a\x03\x12\x01\xff", "\x0a\x03\x0a\x01\xff", "\x0a\x05\x12\x03\x0a\x01\xff", `{"resourceSpans":[]}`} {
		if _, err := otlp.Decode([]byte(body), otlp.Protobuf, intake.Limits{}); !errors.Is(err, intake.ErrBody) {
			t.Errorf("protobuf %q: %v", body, err)
		}
	}
	for _, body := range []string{
		``, `null`, `[]`, `7`, `{`, `{"resourceSpans"}`, `{"resourceSpans":7}`, `{"resourceSpans":[7]}`, `{"resourceSpans":[null]}`, `{} {}`, `{"resourceSpans":[]`,
		`{"resourceSpans":[{"scopeSpans":7}]}`, `{"resourceSpans":[{"scopeSpans":[7]}]}`, `{"resourceSpans":[{"scopeSpans":[{"spans":7}]}]}`,
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"}]}]}]}`, `{"resourceSpans":[{"resource":7,"scopeSpans":[{"spans":[{}]}]}]}`,
		`{"resourceSpans":[{"scopeSpans":[{"scope":7,"spans":[{}]}]}]}`,
	} {
		if _, err := otlp.Decode([]byte(body), otlp.JSON, intake.Limits{}); !errors.Is(err, intake.ErrBody) {
			t.Errorf("json %s: %v", body, err)
		}
	}
	for _, body := range []string{`{}`, ` {"resourceSpans":null} `, `{"resourceSpans":[]}`, `{"resource_spans":[{}]}`, `{"resourceSpans":[{"scopeSpans":[{"spans":null},{"spans":[]}]}],"x":[[]]}`} {
		if batch := decoded(t, []byte(body), otlp.JSON, intake.Limits{}); len(batch.Items)+len(batch.Rejected) != 0 {
			t.Errorf("json %s: %+v", body, batch)
		}
	}
	decoded(t, nil, otlp.Protobuf, intake.Limits{})
	for _, f := range []otlp.Format{otlp.Protobuf, otlp.JSON} {
		if _, err := otlp.Decode([]byte("{}"), f, intake.Limits{MaxKeys: -1}); !errors.Is(err, intake.ErrConfig) {
			t.Errorf("limits: %v", err)
		}
	}
}

func TestTooManySpansAreKnownBeforeAnyIsRead(t *testing.T) {
	request := of(named("1"), named("2"))
	request.ResourceSpans = append(request.ResourceSpans, of(named("3")).ResourceSpans...)
	for f, body := range map[otlp.Format][]byte{otlp.Protobuf: marshal(t, request), otlp.JSON: marshalJSON(t, request, protojson.MarshalOptions{})} {
		if batch := decoded(t, body, f, intake.Limits{MaxRecords: 3}); len(batch.Items) != 3 {
			t.Errorf("%s: %d of 3", f, len(batch.Items))
		}
		for most := 1; most < 3; most++ {
			if batch, err := otlp.Decode(body, f, intake.Limits{MaxRecords: most}); !errors.Is(err, intake.ErrTooLarge) || batch.Items != nil {
				t.Errorf("%s: %d of %d, %v", f, len(batch.Items), most, err)
			}
		}
	}
}

func TestListsHaveAnEnd(t *testing.T) {
	s := named("work")
	for i := range 5 {
		a := kv(fmt.Sprint("k", i), whole(int64(i)))
		s.Attributes = append(s.Attributes, a)
		s.Events = append(s.Events, &tracepb.Span_Event{Name: fmt.Sprint("e", i)})
		s.Links = append(s.Links, &tracepb.Span_Link{})
	}
	s.Events[0].Attributes = s.Attributes
	request := of(s)
	request.ResourceSpans[0].Resource.Attributes = s.Attributes
	for f, body := range map[otlp.Format][]byte{otlp.Protobuf: marshal(t, request), otlp.JSON: marshalJSON(t, request, protojson.MarshalOptions{})} {
		batch := decoded(t, body, f, intake.Limits{MaxKeys: 3})
		got := batch.Items[0].Span
		const kept = `"k0":0,"k1":1,"k2":2,"__truncated":"2 more keys omitted"`
		if got.Metadata != "{"+kept+"}" || extra(got, "resource") != "{"+kept+"}" || batch.Cut != 1 {
			t.Errorf("%s: metadata %s, resource %s, cut %d", f, got.Metadata, extra(got, "resource"), batch.Cut)
		}
		if want := span.Value(`[{"name":"e0","attributes":{` + kept + `}},{"name":"e1"},{"name":"e2"},"[…2 more items]"]`); extra(got, "events") != want {
			t.Errorf("%s: events\ngot  %s\nwant %s", f, extra(got, "events"), want)
		}
		if links := string(extra(got, "links")); !strings.HasSuffix(links, `"[…2 more items]"]`) || strings.Count(links, "traceId") != 3 {
			t.Errorf("%s: links %s", f, links)
		}
	}
}

func TestALongResourceDoesNotGrowWithItsSpans(t *testing.T) {
	var list []*tracepb.Span
	for range 1000 {
		list = append(list, named("x"))
	}
	request := of(list...)
	request.ResourceSpans[0].Resource.Attributes = []*commonpb.KeyValue{kv("command", text(strings.Repeat("y", 1<<20))), kv("deep", nested(100))}
	body := marshal(t, request)
	batch := decoded(t, body, otlp.Protobuf, intake.Limits{MaxBodyBytes: 1 << 20})
	sum := 0
	for _, item := range batch.Items {
		sum += len(extra(item.Span, "resource"))
	}
	if len(batch.Items) != 1000 || sum > 1<<20+100*1000 {
		t.Errorf("%d spans have %d bytes of resource", len(batch.Items), sum)
	}
	if first := extra(batch.Items[0].Span, "resource"); len(first) > 8<<10 || !strings.Contains(string(first), "…[truncated]") || first.Get("deep") != `"[MaxDepth]"` {
		t.Errorf("the first has %d bytes: %.50s, %s", len(first), first, first.Get("deep"))
	}
}

func TestABatchSharesNothingWithItsBody(t *testing.T) {
	for f, body := range map[otlp.Format][]byte{
		otlp.Protobuf: marshal(t, of(chat(1), plain(2))), otlp.JSON: marshalJSON(t, of(chat(1), plain(2)), protojson.MarshalOptions{}),
	} {
		given := bytes.Clone(body)
		batch := decoded(t, body, f, intake.Limits{})
		if !bytes.Equal(body, given) {
			t.Errorf("%s: decoding changed the body", f)
		}
		before := written(t, batch)
		clear(body)
		if after := written(t, batch); after != before {
			t.Errorf("%s: the batch changed with the body", f)
		}
	}
}

func TestSpellingsOfJSON(t *testing.T) {
	want := written(t, decoded(t, []byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeSpans":[{"spans":[
		{"traceId":"000000000000000000000000000000ab","spanId":"00000000000000ab","parentSpanId":"00000000000000cd","name":"é","kind":3,
		"startTimeUnixNano":"1790000000000000000","endTimeUnixNano":"1790000001000000000","status":{"code":2,"message":"no"},
		"attributes":[{"key":"i","value":{"intValue":"12"}},{"key":"d","value":{"doubleValue":0.5}},{"key":"b","value":{"bytesValue":"+/8="}},{"key":"o","value":{"kvlistValue":{"values":[{"key":"x","value":{"arrayValue":{}}}]}}}]}]}]}]}`), otlp.JSON, intake.Limits{}))
	got := written(t, decoded(t, []byte(` {"z":{"resourceSpans":7},"resource_spans":[{"scope_spans":[{"spans":[
		{"status":{"message":"no","code":"STATUS_CODE_ERROR"},"trace_id":"AAAAAAAAAAAAAAAAAAAAqw==","span_id":"AAAAAAAAAKs=","parent_span_id":"CD","name":"first","name":"\u00e9","kind":"SPAN_KIND_CLIENT",
		"start_time_unix_nano":1790000000000000000,"end_time_unix_nano":1.790000001e18,"colours":[{"\"":"]"}],
		"attributes":[{"value":{"int_value":12.0},"key":"i"},{"key":"d","value":{"stringValue":null,"double_value":"5e-1"}},{"key":"b","value":{"bytesValue":"-_8"}},{"key":"o","value":{"stringValue":"x","kvlist_value":{"values":[{"value":{"array_value":{"values":null}},"key":"x"}]}}}],
		"events":null,"links":[]}]}],"resource":{"attributes":[{"value":{"stringValue":"a"},"key":"service.name"}]}}]}`), otlp.JSON, intake.Limits{}))
	if got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	batch := decoded(t, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"no-op-trace","spanId":"no-op","name":"x"},{"traceId":"xyz","spanId":"1","name":"x"}]}]}]}`), otlp.JSON, intake.Limits{})
	if len(batch.Rejected) != 2 || batch.Rejected[0].Reason != intake.ReasonNoOp || batch.Rejected[1].Reason != intake.ReasonTraceID {
		t.Errorf("rejected %+v", batch.Rejected)
	}
}

// TestDepthCostsNoStack decodes what is nested a million deep, wherever it may stand.
func TestDepthCostsNoStack(t *testing.T) {
	const depth = 1_000_000
	deep := strings.Repeat("[", depth) + strings.Repeat("]", depth)
	for _, at := range []string{
		`{"x":%s}`, `{"resourceSpans":[{"x":%s}]}`, `{"resourceSpans":[{"scopeSpans":[{"spans":[{"x":%s}]}]}]}`,
		`{"resourceSpans":[{"resource":%s}]}`, `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"k","value":{"arrayValue":%s}}]}]}]}]}`,
	} {
		_, err := otlp.Decode([]byte(fmt.Sprintf(at, deep)), otlp.JSON, intake.Limits{})
		if err != nil && !errors.Is(err, intake.ErrBody) {
			t.Error(err)
		}
	}
	values := `{"traceId":"1","spanId":"1","name":"x","attributes":[{"key":"k","value":` + strings.Repeat(`{"arrayValue":{"values":[`, depth) + strings.Repeat(`]}}`, depth) + `}]}`
	batch := decoded(t, []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[`+values+`]}]}]}`), otlp.JSON, intake.Limits{MaxRecordBytes: 1 << 30})
	if len(batch.Rejected) != 1 || batch.Rejected[0].Reason != intake.ReasonDepth {
		t.Errorf("rejected %+v", batch.Rejected)
	}
	// In protobuf each level holds the length of all inside it; written from the inside out, and turned round.
	var raw []byte
	for range 200_000 {
		n := len(raw)
		raw = append(raw, reversed(protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.BytesType), uint64(n)))...)
		n = len(raw)
		raw = append(raw, reversed(protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.BytesType), uint64(n)))...)
	}
	value := reversed(raw)
	attribute := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), value)
	s := protowire.AppendBytes(protowire.AppendTag(marshal(t, named("deep")), 9, protowire.BytesType), attribute)
	batch = decoded(t, spanOf(t, s), otlp.Protobuf, intake.Limits{})
	if len(batch.Rejected) != 1 || batch.Rejected[0].Reason != intake.ReasonDepth {
		t.Errorf("rejected %+v", batch.Rejected)
	}
}

func reversed(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}
