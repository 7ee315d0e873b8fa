package decode_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

func TestSpansOfTheCaptures(t *testing.T) {
	for name, want := range map[string]int{
		"mastra-cloud-0.20-llm.json": 18,
		"mastra-cloud-0.x.json":      19,
		"mastra-cloud-1.x.json":      18,
		"mastra-platform-1.x.json":   18,
	} {
		body := captured.Body(name)
		batch, err := decode.Spans(body, intake.Limits{})
		if err != nil || len(batch.Items) != want || len(batch.Rejected) > 0 || batch.Cut > 0 {
			t.Fatalf("%s: %d items, rejected %v, cut %d, %v", name, len(batch.Items), batch.Rejected, batch.Cut, err)
		}
		plain, _, err := span.DecodeBody(body)
		if err != nil {
			t.Fatal(err)
		}
		for i, item := range batch.Items {
			if !reflect.DeepEqual(item, store.Item{Span: plain[i]}) {
				t.Errorf("%s: span %d is %+v, want %+v", name, i, item.Span, plain[i])
			}
		}
	}
}

func TestSpansOfOddInput(t *testing.T) {
	const short = `"traceId":"ABC","spanId":"1F"`
	padded := span.Span{TraceID: "00000000000000000000000000000abc", ID: "000000000000001f"}
	for _, c := range []struct {
		name, record string
		want         func(*span.Span)
		field        string
		reason       intake.Reason
	}{
		{name: "short ids in capitals", record: short, want: func(*span.Span) {}},
		{name: "a short parent", record: short + `,"parentSpanId":"E"`, want: func(s *span.Span) { s.ParentID = "000000000000000e" }},
		{name: "a parent that is no id", record: short + `,"parentSpanId":"no-op"`, want: func(s *span.Span) { s.ParentID = "no-op" }},
		{name: "an unknown type", record: short + `,"spanType":"dream"`, want: func(s *span.Span) { s.Type = "dream" }},
		{name: "an old type", record: short + `,"spanType":"llm_step"`, want: func(s *span.Span) { s.Type = "llm_step" }},
		{name: "half a surrogate pair", record: short + `,"name":"\ud83d!"`, want: func(s *span.Span) { s.Name = "\uFFFD!" }},
		{name: "bytes that are not UTF-8", record: short + ",\"input\":\"\xff\"", want: func(s *span.Span) { s.Input = "\"\uFFFD\"" }},
		{name: "{} in place of a date", record: short + `,"startedAt":{}`, want: func(*span.Span) {}},
		{name: "an end before the start", record: short + `,"startedAt":"2026-11-22T16:08:11.000Z","endedAt":"2026-11-22T16:08:10.000Z"`,
			want: func(s *span.Span) {
				s.Start = time.Date(2026, 11, 22, 16, 8, 11, 0, time.UTC)
				s.End = time.Date(2026, 11, 22, 16, 8, 10, 0, time.UTC)
			}},
		{name: "false, 0 and empty text", record: short + `,"input":0,"output":""`, want: func(s *span.Span) { s.Input, s.Output = "0", `""` }},
		{name: "marks of what was cut", record: short + `,"output":["[MaxDepth]","[…3 more items]"]`, want: func(s *span.Span) { s.Output = `["[MaxDepth]","[…3 more items]"]` }},
		{name: "special keys", record: short + `,"attributes":{"__proto__":{"constructor":1}}`, want: func(s *span.Span) { s.Attributes = `{"__proto__":{"constructor":1}}` }},
		{name: "a key twice", record: short + `,"name":"a","name":"b"`, want: func(s *span.Span) { s.Name = "b" }},

		{name: "an unsampled span", record: `"traceId":"no-op-trace","spanId":"1f","parentSpanId":"no-op"`, field: "traceId", reason: intake.ReasonNoOp},
		{name: "no trace id", record: `"spanId":"1f"`, field: "traceId", reason: intake.ReasonTraceID},
		{name: "a trace id that is not hex", record: `"traceId":"xyz","spanId":"1f"`, field: "traceId", reason: intake.ReasonTraceID},
		{name: "a trace id of 33 digits", record: `"traceId":"` + strings.Repeat("a", 33) + `","spanId":"1f"`, field: "traceId", reason: intake.ReasonTraceID},
		{name: "a trace id of zeros", record: `"traceId":"00","spanId":"1f"`, field: "traceId", reason: intake.ReasonTraceID},
		{name: "no span id", record: `"traceId":"abc"`, field: "spanId", reason: intake.ReasonSpanID},
		{name: "a span id of 17 digits", record: `"traceId":"abc","spanId":"` + strings.Repeat("a", 17) + `"`, field: "spanId", reason: intake.ReasonSpanID},
		{name: "a name that is a number", record: short + `,"name":7`, field: "name", reason: intake.ReasonType},
		{name: "a date that is none", record: short + `,"startedAt":"yesterday"`, field: "startedAt", reason: intake.ReasonDate},
		{name: "no JSON", record: short + `,"input":{"a":tru}`, field: "input", reason: intake.ReasonSyntax},
		{name: "too deep", record: short + `,"input":` + strings.Repeat("[", 65) + strings.Repeat("]", 65), field: "input", reason: intake.ReasonDepth},
		{name: "too large", record: short + `,"input":"` + strings.Repeat("a", 16<<20) + `"`, field: "record", reason: intake.ReasonTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			// its neighbours must come through whatever it is
			body := `{"spans":[{"traceId":"a","spanId":"1"},{` + c.record + `},{"traceId":"a","spanId":"2"}],"other":1}`
			batch, err := decode.Spans([]byte(body), intake.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				want := []intake.Rejection{{Index: 1, Field: c.field, Reason: c.reason}}
				if len(batch.Items) != 2 || !reflect.DeepEqual(batch.Rejected, want) {
					t.Errorf("%d items, rejected %v, want %v", len(batch.Items), batch.Rejected, want)
				}
				return
			}
			if len(batch.Items) != 3 || len(batch.Rejected) > 0 {
				t.Fatalf("%d items, rejected %v", len(batch.Items), batch.Rejected)
			}
			got, want := batch.Items[1].Span.Clone(), padded
			c.want(&want)
			want.Root = want.ParentID == ""
			if a, b := text(t, got), text(t, &want); a != b {
				t.Errorf("got  %s\nwant %s", a, b)
			}
		})
	}
}

func text(t *testing.T, s *span.Span) string {
	t.Helper()
	record, err := span.V1.AppendItem(nil, s, true)
	if err != nil {
		t.Fatal(err)
	}
	return string(record)
}

func TestSpansOfNothing(t *testing.T) {
	for _, body := range []string{`{"spans":[]}`, ` { "spans" : [ ] } `, `{"spans":null}`} {
		batch, err := decode.Spans([]byte(body), intake.Limits{})
		if err != nil || len(batch.Items)+len(batch.Rejected) != 0 {
			t.Errorf("%s: %v, %v", body, batch, err)
		}
	}
}

func TestSpansRefuseABody(t *testing.T) {
	record := `{"traceId":"a","spanId":"1"}`
	for _, c := range []struct {
		name, body string
		limits     intake.Limits
		want       int
	}{
		{"nothing", ``, intake.Limits{}, 400},
		{"no object", `[` + record + `]`, intake.Limits{}, 400},
		{"another signal", `{"logs":[]}`, intake.Limits{}, 400},
		{"no list", `{"spans":` + record + `}`, intake.Limits{}, 400},
		{"cut off", `{"spans":[` + record, intake.Limits{}, 400},
		{"text behind", `{"spans":[]}{}`, intake.Limits{}, 400},
		{"a million brackets", strings.Repeat("[", 1e6), intake.Limits{}, 400},
		{"a million brackets for a span", `{"spans":[` + strings.Repeat("[", 1e6), intake.Limits{}, 400},
		{"a million brackets beside the spans", `{"x":` + strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6) + `,"spans":[]}`, intake.Limits{}, 400},
		{"too many", `{"spans":[` + record + `,` + record + `]}`, intake.Limits{MaxRecords: 1}, 413},
		{"far too many", `{"spans":[0` + strings.Repeat(",0", 1e6) + `]}`, intake.Limits{}, 413},
		{"a bad limit", `{"spans":[]}`, intake.Limits{MaxKeys: -1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			batch, err := decode.Spans([]byte(c.body), c.limits)
			if err == nil || intake.Status(err) != c.want || batch.Items != nil {
				t.Errorf("got %v: status %d, want %d", err, intake.Status(err), c.want)
			}
			if c.want == 0 && !errors.Is(err, intake.ErrConfig) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSpansCutWithAMark(t *testing.T) {
	limits := intake.Limits{MaxKeys: 2, MaxStringBytes: 10}
	long := strings.Repeat("é", 20)
	body := fmt.Sprintf(`{"spans":[{"traceId":"a","spanId":"1","name":%q,"attributes":{"a":1,"b":2,"c":3,"d":4},"input":{"x":%[1]q},
		"metadata":{"k":"short"},"tags":["a","b","c"],"error":{"message":%[1]q}},{"traceId":"a","spanId":"2","input":[1,2,3,4,5,6,7]}]}`, long)
	batch, err := decode.Spans([]byte(body), limits)
	if err != nil || len(batch.Items) != 2 || batch.Cut != 1 {
		t.Fatalf("%+v, %v", batch, err)
	}
	const cut = "ééééé…[truncated]"
	s := batch.Items[0].Span
	for what, got := range map[string][2]string{
		"name":       {s.Name, cut},
		"attributes": {string(s.Attributes), `{"a":1,"b":2,"__truncated":"2 more keys omitted"}`},
		"input":      {string(s.Input), `{"x":"` + cut + `"}`},
		"metadata":   {string(s.Metadata), `{"k":"short"}`},
		"tags":       {strings.Join(s.Tags, " "), "a b"},
		"error":      {s.Error.Message, cut},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %s, want %s", what, got[0], got[1])
		}
	}
	if got := batch.Items[1].Span.Input; got != `[1,2,3,4,5,6,7]` {
		t.Errorf("a list of numbers became %s", got)
	}
	text(t, s) // what is left can be encoded
}
