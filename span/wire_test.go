package span

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// captures are request bodies of the real exporters, and the format that writes their generation.
var captures = map[string]Format{
	"mastra-cloud-0.20-llm.json": V0,
	"mastra-cloud-0.x.json":      V0,
	"mastra-cloud-1.x.json":      V1,
	"mastra-platform-1.x.json":   V1,
}

// decodeAll reads a body that has nothing wrong with it.
func decodeAll(t testing.TB, body []byte) []*Span {
	t.Helper()
	spans, bad, err := DecodeBody(body)
	if err != nil || len(bad) > 0 {
		t.Fatalf("DecodeBody: %v, bad records %v", err, bad)
	}
	return spans
}

// encodeAll writes a whole body.
func encodeAll(t testing.TB, f Format, spans []*Span) []byte {
	t.Helper()
	buf := f.AppendOpen(nil)
	for i, s := range spans {
		var err error
		if buf, err = f.AppendItem(buf, s, i == 0); err != nil {
			t.Fatalf("AppendItem %d: %v", i, err)
		}
	}
	return f.AppendClose(buf)
}

// records reads a body the plain way, with numbers as text.
func records(t testing.TB, body []byte) []map[string]any {
	t.Helper()
	var b struct{ Spans []map[string]any }
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&b); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	return b.Spans
}

// once drops what 1.x says twice or says by null, which the two sides may spell differently.
func once(record map[string]any) map[string]any {
	for first, second := range map[string]string{"spanId": "id", "spanType": "type", "startedAt": "startTime", "endedAt": "endTime", "error": "errorInfo"} {
		if _, ok := record[first]; ok {
			delete(record, second)
		}
	}
	for key, value := range record {
		if value == nil {
			delete(record, key)
		}
	}
	return record
}

func TestCapturesComeBackAsTheyWere(t *testing.T) {
	for name, format := range captures {
		t.Run(name, func(t *testing.T) {
			body := captured.Body(name)
			spans := decodeAll(t, body)
			want, got := records(t, body), records(t, encodeAll(t, format, spans))
			if len(want) == 0 || len(want) != len(got) {
				t.Fatalf("%d records became %d", len(want), len(got))
			}
			for i := range want {
				if format == V1 {
					want[i], got[i] = once(want[i]), once(got[i])
				}
				for key := range want[i] {
					if !reflect.DeepEqual(got[i][key], want[i][key]) {
						t.Errorf("record %d: %s = %v, want %v", i, key, got[i][key], want[i][key])
					}
				}
				for key := range got[i] {
					if _, ok := want[i][key]; !ok {
						t.Errorf("record %d: has %s, which the capture has not", i, key)
					}
				}
			}
		})
	}
}

func TestV0WritesNullForNoneAndNoErrorKey(t *testing.T) {
	got, err := V0.AppendItem(nil, &Span{TraceID: "t", ID: "s"}, true)
	want := `{"traceId":"t","spanId":"s","parentSpanId":null,"name":"","spanType":"","attributes":{},"metadata":null,` +
		`"startedAt":null,"endedAt":null,"input":null,"output":null,"isEvent":false,"createdAt":null,"updatedAt":null}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestV1WritesEachValueOnceAndNothingForNone(t *testing.T) {
	s := &Span{
		TraceID: "t", ID: "s", ParentID: "p", ExternalParentID: "x", Name: "n", Type: TypeToolCall,
		EntityType: EntityTool, EntityID: "e", EntityName: "E",
		Attributes: `{"success":false}`, Metadata: `{"a":0}`, RequestContext: `{"k":""}`,
		Start: time.Date(2026, 1, 2, 3, 4, 5, 6_999_999, time.FixedZone("", 3600)), End: time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		Input: "false", Output: `""`,
		Error: &Error{Message: "m", ID: "I", Domain: "D", Category: "C", Details: `{"d":1}`, Name: "N", Stack: "S", Extra: []Field{{"cause", "1"}}},
		Event: true, Root: true, Tags: []string{"a", "b"},
		CreatedAt: time.Date(1, 1, 1, 0, 0, 0, 1_000_000, time.UTC), UpdatedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Extra: []Field{{"z", "1e2"}, {"a\"", `"\u00e9"`}},
	}
	want := `{"traceId":"t","spanId":"s","parentSpanId":"p","externalParentSpanId":"x","name":"n","spanType":"tool_call",` +
		`"entityType":"tool","entityId":"e","entityName":"E","attributes":{"success":false},"metadata":{"a":0},` +
		`"requestContext":{"k":""},"startedAt":"2026-01-02T02:04:05.006Z","endedAt":"9999-12-31T23:59:59.999Z",` +
		`"input":false,"output":"","error":{"message":"m","id":"I","domain":"D","category":"C","details":{"d":1},` +
		`"name":"N","stack":"S","cause":1},"isEvent":true,"isRootSpan":true,"tags":["a","b"],` +
		`"createdAt":"0001-01-01T00:00:00.001Z","updatedAt":"2026-01-01T00:00:00.000Z","z":1e2,"a\"":"\u00e9"}`
	for _, frozen := range []bool{false, true} {
		if frozen {
			s.Freeze()
		}
		got, err := V1.AppendItem([]byte("x"), s, true)
		if err != nil || string(got) != "x"+want {
			t.Errorf("frozen=%v\ngot  %s, %v\nwant x%s", frozen, got, err, want)
		}
	}
	back, err := DecodeRecord([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	s.Start, s.End = s.Start.UTC().Truncate(time.Millisecond), s.End.Truncate(time.Millisecond)
	s.Freeze()
	if !reflect.DeepEqual(back, s) {
		t.Errorf("decoded %+v\nwant    %+v", back, s)
	}
}

func TestNDJSONIsOneLineEach(t *testing.T) {
	spans := decodeAll(t, captured.Body("mastra-cloud-1.x.json"))
	spans[0].Input = "{\n  \"by\": \"hand\"\n}" // not compact: the line must hold all the same
	lines := bytes.Split(bytes.TrimSuffix(encodeAll(t, NDJSON, spans), []byte("\n")), []byte("\n"))
	if len(lines) != len(spans) {
		t.Fatalf("%d lines for %d spans", len(lines), len(spans))
	}
	for i, line := range lines {
		s, err := DecodeRecord(line)
		if err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		if s.ID != spans[i].ID {
			t.Errorf("line %d has span %s, want %s", i, s.ID, spans[i].ID)
		}
	}
}

func TestConversionKeepsWhatTheOtherGenerationCanSay(t *testing.T) {
	t.Run("0.x to 1.x loses nothing", func(t *testing.T) {
		first := decodeAll(t, captured.Body("mastra-cloud-0.x.json"))
		second := decodeAll(t, encodeAll(t, V1, first))
		if !reflect.DeepEqual(first, second) {
			t.Error("spans differ")
		}
		want := map[Type]string{TypeToolCall: "tool/weather", TypeMCPToolCall: "tool/search", TypeWorkflowRun: "workflow_run/billing", TypeAgentRun: "agent/support-agent", TypeWorkflowStep: "workflow_step/fetch"}
		for _, s := range second {
			if w, ok := want[s.Type]; ok {
				if got := fmt.Sprintf("%s/%s", s.EntityType, s.EntityID); got != w {
					t.Errorf("%s: entity %s, want %s", s.Type, got, w)
				}
				delete(want, s.Type)
			}
		}
	})
	t.Run("1.x to 0.x puts the entity into the attributes", func(t *testing.T) {
		spans := decodeAll(t, captured.Body("mastra-cloud-1.x.json"))
		got := map[string]any{}
		for _, r := range records(t, encodeAll(t, V0, spans)) {
			attributes := r["attributes"].(map[string]any)
			for _, key := range []string{"agentId", "toolId", "workflowId", "stepId"} {
				if id, ok := attributes[key]; ok {
					got[key+" of "+r["name"].(string)] = id
				}
			}
		}
		want := map[string]any{
			"toolId of tool: 'weather'": "weather", "toolId of tool: 'refund'": "refund",
			"workflowId of workflow run: 'billing'": "billing", "agentId of agent run: 'support-agent'": "support-agent",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	for _, tt := range []struct{ name, record, want string }{
		{"an external parent becomes the parent", `{"traceId":"t","id":"s","externalParentSpanId":"x"}`, `"parentSpanId":"x"`},
		{"an own parent beats an external one", `{"traceId":"t","id":"s","parentSpanId":"p","externalParentSpanId":"x"}`, `"parentSpanId":"p"`},
		{"empty attributes take the id", `{"traceId":"t","id":"s","type":"tool_call","entityType":"tool","entityId":"w","attributes":{}}`, `"attributes":{"toolId":"w"}`},
		{"no attributes take the id", `{"traceId":"t","id":"s","type":"tool_call","entityType":"tool","entityId":"w"}`, `"attributes":{"toolId":"w"}`},
		{"an id that is there stays", `{"traceId":"t","id":"s","type":"tool_call","entityType":"tool","entityId":"w","attributes":{"toolId":"v"}}`, `"attributes":{"toolId":"v"}`},
		{"attributes that are no object stay", `{"traceId":"t","id":"s","type":"tool_call","entityType":"tool","entityId":"w","attributes":[1]}`, `"attributes":[1]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := DecodeRecord([]byte(tt.record))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := V0.AppendItem(nil, s, true); err != nil || !strings.Contains(string(got), tt.want) {
				t.Errorf("got %s, %v, want %s in it", got, err, tt.want)
			}
		})
	}
}

func TestBadSpanIsRefusedAlone(t *testing.T) {
	good := Span{TraceID: "t", ID: "s"}
	for _, tt := range []struct {
		name  string
		spoil func(*Span)
		field string
		err   error
	}{
		{"no trace id", func(s *Span) { s.TraceID = "" }, "traceId", ErrMissing},
		{"no span id", func(s *Span) { s.ID = "" }, "spanId", ErrMissing},
		{"attributes cut short", func(s *Span) { s.Attributes = `{"a":` }, "attributes", ErrSyntax},
		{"cut attributes that would take an id", func(s *Span) { s.Type, s.EntityType, s.EntityID, s.Attributes = TypeToolCall, EntityTool, "x", `{` }, "attributes", ErrSyntax},
		{"NaN by hand", func(s *Span) { s.Metadata = "NaN" }, "metadata", ErrSyntax},
		{"two values", func(s *Span) { s.Input = "1 2" }, "input", ErrSyntax},
		{"a value too deep", func(s *Span) { s.Output = Value(strings.Repeat("[", 1e6)) }, "output", ErrTooDeep},
		{"error details", func(s *Span) { s.Error = &Error{Details: "'"} }, "error.details", ErrSyntax},
		{"extra key of the record", func(s *Span) { s.Extra = []Field{{"startTime", "1"}} }, "startTime", ErrReserved},
		{"extra key of the error", func(s *Span) { s.Error = &Error{Extra: []Field{{"stack", "1"}}} }, "error.stack", ErrReserved},
		{"extra value", func(s *Span) { s.Extra = []Field{{"x", "tru"}} }, "x", ErrSyntax},
		{"year 10000", func(s *Span) { s.Start = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "startedAt", ErrDate},
		{"year 0", func(s *Span) { s.End = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }, "endedAt", ErrDate},
		{"year 10000 in UTC only", func(s *Span) { s.CreatedAt = time.Date(9999, 12, 31, 23, 30, 0, 0, time.FixedZone("", -3600)) }, "createdAt", ErrDate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, format := range []Format{V0, V1, NDJSON} {
				for _, frozen := range []bool{false, true} {
					s := good
					tt.spoil(&s)
					if frozen {
						s.Freeze()
					}
					buf := []byte("before")
					got, err := format.AppendItem(buf, &s, false)
					if string(got) != "before" {
						t.Errorf("%v: buf became %.80q", format, got)
					}
					var fault *FieldError
					if !errors.As(err, &fault) || fault.Field != tt.field || fault.Err == nil || !errors.Is(err, tt.err) {
						t.Errorf("%v, frozen=%v: error %v, want %v in %s", format, frozen, err, tt.err, tt.field)
					}
				}
			}
		})
	}
	if _, err := V1.AppendItem(nil, nil, true); !errors.Is(err, ErrMissing) {
		t.Errorf("nil span: %v", err)
	}
}

func TestFrozenSpanIsCheckedAgainWhereItChanged(t *testing.T) {
	s := &Span{TraceID: "t", ID: "s", Input: "1", Output: "2"}
	s.Freeze()
	s.Output = "{"
	if _, err := V1.AppendItem(nil, s, true); !errors.Is(err, ErrSyntax) {
		t.Errorf("error %v, want ErrSyntax", err)
	}
}

func TestOddInputIsTaken(t *testing.T) {
	for _, tt := range []struct {
		name, record string
		got          func(*Span) any
		want         any
	}{
		{"no-op trace", `{"traceId":"no-op-trace","spanId":"a","parentSpanId":"no-op"}`, func(s *Span) any { return []any{s.TraceID, s.ParentID} }, []any{NoOpTraceID, NoOpID}},
		{"short, upper-case ids", `{"traceId":"ABC","spanId":"1"}`, func(s *Span) any { return s.TraceID + TraceID(s.ID) }, TraceID("ABC1")},
		{"unknown type", `{"traceId":"t","spanId":"1","spanType":"dance"}`, func(s *Span) any { return s.Type }, Type("dance")},
		{"{} for a date", `{"traceId":"t","spanId":"1","startedAt":{},"endedAt": { } }`, func(s *Span) any { return s.Start.IsZero() && s.End.IsZero() }, true},
		{"{} for one of two dates", `{"traceId":"t","spanId":"1","startedAt":{},"startTime":"2026-01-01T00:00:00Z"}`, func(s *Span) any { return s.Start.Year() }, 2026},
		{"a lone surrogate in a value", `{"traceId":"t","spanId":"1","output":{"a":"\ud83d…","\udc00":1}}`, func(s *Span) any { return s.Output }, Value(`{"a":"` + replacement + `…","` + replacement + `":1}`)},
		{"a lone surrogate in a name", `{"traceId":"t","spanId":"1","name":"\ud83dx\ud83d\ud83d\udd25"}`, func(s *Span) any { return s.Name }, replacement + "x" + replacement + "🔥"},
		{"bytes that are not UTF-8", "{\"traceId\":\"t\",\"spanId\":\"1\",\"name\":\"a\xffb\",\"input\":\"\xed\xa0\x80\"}", func(s *Span) any { return s.Name + string(s.Input) }, "a" + replacement + `b"` + strings.Repeat(replacement, 3) + `"`},
		{"a key given twice", `{"traceId":"t","spanId":"1","name":"a","name":"b","x":1,"y":2,"x":3}`, func(s *Span) any { return fmt.Sprint(s.Name, s.Extra) }, "b[{x 3} {y 2}]"},
		{"an escaped key", `{"tr\u0061ceId":"t","spanId":"1"}`, func(s *Span) any { return s.TraceID }, TraceID("t")},
		{"null and absent are the same", `{"traceId":"t","spanId":"1","input":null,"tags":null,"error":null,"x":null,"isEvent":null}`, func(s *Span) any { return s.Input == "" && s.Tags == nil && s.Error == nil && s.Extra == nil }, true},
		{"false, 0 and empty are values", `{"traceId":"t","spanId":"1","input":0,"output":false,"metadata":""}`, func(s *Span) any { return s.Input + s.Output + s.Metadata }, Value(`0false""`)},
		{"numbers stay text", `{"traceId":"t","spanId":"1","input":[1.0,-0,1E400,9007199254740993]}`, func(s *Span) any { return s.Input }, Value(`[1.0,-0,1E400,9007199254740993]`)},
		{"an error that is a string", `{"traceId":"t","spanId":"1","error":"boom"}`, func(s *Span) any { return *s.Error }, Error{Message: "boom"}},
		{"an error of odd parts", `{"traceId":"t","spanId":"1","error":{"message":{"a":1},"name":null,"details":null,"cause":[]}}`, func(s *Span) any { return *s.Error }, Error{Message: `{"a":1}`, Extra: []Field{{"cause", "[]"}}}},
		{"only the second of two keys", `{"traceId":"t","spanId":null,"id":"1","type":"mapping","endTime":"2026-01-01T00:00:00.5+01:00","errorInfo":{"message":"m"}}`, func(s *Span) any { return fmt.Sprint(s.ID, s.Type, s.End, s.Error.Message) }, "1mapping2025-12-31 23:00:00.5 +0000 UTCm"},
		{"both of two keys", `{"traceId":"t","spanId":"1","id":"2","spanType":"a","type":"b","error":{"message":"x"},"errorInfo":{"message":"y"}}`, func(s *Span) any { return fmt.Sprint(s.ID, s.Type, s.Error.Message) }, "1ax"},
		{"a root that does not say so", `{"traceId":"t","spanId":"1"}`, func(s *Span) any { return s.Root }, true},
		{"a truncation mark for an object", `{"traceId":"t","spanId":"1","metadata":"[MaxDepth]"}`, func(s *Span) any { return s.Metadata }, Value(`"[MaxDepth]"`)},
		{"as many unknown keys as may be", `{"traceId":"t","spanId":"1"` + unknownKeys(256) + `}`, func(s *Span) any { return len(s.Extra) }, 256},
		{"__proto__ is a key like others", `{"traceId":"t","spanId":"1","__proto__":{"a":1}}`, func(s *Span) any { return s.Extra }, []Field{{"__proto__", `{"a":1}`}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spans, bad, err := DecodeBody([]byte(` { "before" : [1], "spans" : [ ` + tt.record + ` ] } `))
			if err != nil || len(bad) != 0 || len(spans) != 1 {
				t.Fatalf("%v, %v, %v", spans, bad, err)
			}
			if got := tt.got(spans[0]); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s\ngot  %v\nwant %v", tt.record, got, tt.want)
			}
			if !spans[0].Frozen() {
				t.Error("not frozen")
			}
		})
	}
}

func unknownKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return b.String()
}

func TestBadRecordCostsNoNeighbour(t *testing.T) {
	for _, tt := range []struct {
		name, record, field string
		err                 error
	}{
		{"no trace id", `{"spanId":"1"}`, "traceId", ErrMissing},
		{"empty trace id", `{"traceId":"","spanId":"1"}`, "traceId", ErrMissing},
		{"no span id", `{"traceId":"1"}`, "spanId", ErrMissing},
		{"empty record", `{}`, "traceId", ErrMissing},
		{"a number for a record", `17`, "record", ErrFieldType},
		{"an array for a record", `[{"a":"]"}]`, "record", ErrFieldType},
		{"null for a record", `null`, "record", ErrFieldType},
		{"a number for an id", `{"traceId":1,"spanId":"1"}`, "traceId", ErrFieldType},
		{"an object for a name", `{"traceId":"t","spanId":"1","name":{}}`, "name", ErrFieldType},
		{"a date that is none", `{"traceId":"t","spanId":"1","startedAt":"yesterday"}`, "startedAt", ErrDate},
		{"a date of another type", `{"traceId":"t","spanId":"1","endedAt":12}`, "endedAt", ErrFieldType},
		{"year 10000", `{"traceId":"t","spanId":"1","createdAt":"+010000-01-01T00:00:00.000Z"}`, "createdAt", ErrDate},
		{"year 0", `{"traceId":"t","spanId":"1","createdAt":"0000-06-01T00:00:00.000Z"}`, "createdAt", ErrDate},
		{"a flag that is none", `{"traceId":"t","spanId":"1","isEvent":"yes"}`, "isEvent", ErrFieldType},
		{"tags that are none", `{"traceId":"t","spanId":"1","tags":"a"}`, "tags", ErrFieldType},
		{"a tag that is none", `{"traceId":"t","spanId":"1","tags":["a",1]}`, "tags", ErrFieldType},
		{"a bad word", `{"traceId":"t","spanId":"1","input":{"a":undefined}}`, "input", ErrSyntax},
		{"a bad number", `{"traceId":"t","spanId":"1","x":01}`, "record", ErrSyntax},
		{"a bad escape", `{"traceId":"t","spanId":"1","output":"\x"}`, "output", ErrSyntax},
		{"a control character", "{\"traceId\":\"t\",\"spanId\":\"1\",\"metadata\":\"\n\"}", "metadata", ErrSyntax},
		{"a comma too many", `{"traceId":"t","spanId":"1",}`, "record", ErrSyntax},
		{"too many unknown keys", `{"traceId":"t","spanId":"1"` + unknownKeys(257) + `}`, "record", ErrTooLarge},
		{"a bad value under an empty key", `{"traceId":"t","spanId":"1","":x}`, `""`, ErrSyntax},
		{"a bad value under a long key", `{"traceId":"t","spanId":"1","` + strings.Repeat("é", 100) + `":x}`, strings.Repeat("é", 32) + "…", ErrSyntax},
		{"too deep", `{"traceId":"t","spanId":"1","input":` + strings.Repeat("[", 129) + strings.Repeat("]", 129) + `}`, "input", ErrTooDeep},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := `{"spans":[{"traceId":"t","spanId":"a"},` + tt.record + `,{"traceId":"t","spanId":"b"}]}`
			spans, bad, err := DecodeBody([]byte(body))
			if err != nil || len(spans) != 2 || spans[0].ID != "a" || spans[1].ID != "b" {
				t.Fatalf("spans %v, error %v", spans, err)
			}
			if len(bad) != 1 || bad[0].Index != 1 || bad[0].Field != tt.field || !errors.Is(bad[0], tt.err) {
				t.Errorf("bad %v, want record 1: %s: %v", bad, tt.field, tt.err)
			}
			_, err = DecodeRecord([]byte(tt.record))
			var fault *FieldError
			if !errors.As(err, &fault) || fault.Field != tt.field || !errors.Is(err, tt.err) {
				t.Errorf("DecodeRecord: %v, want %s: %v", err, tt.field, tt.err)
			}
		})
	}
}

func TestBrokenBodies(t *testing.T) {
	const one = `{"traceId":"t","spanId":"a"}`
	for _, tt := range []struct {
		body  string
		spans int
		err   error
	}{
		{`{"spans":[]}`, 0, nil},
		{`{"spans":null,"x":{}}`, 0, nil},
		{`{"spans":[` + one + `],"spans":[` + one + `,` + one + `]}`, 2, nil},
		{``, 0, ErrBody},
		{`[]`, 0, ErrBody},
		{`{}`, 0, ErrBody},
		{`{"logs":[]}`, 0, ErrBody},
		{`{"spans":{}}`, 0, ErrBody},
		{`{"spans":[` + one, 1, ErrBody},
		{`{"spans":[` + one + `,`, 1, ErrBody},
		{`{"spans":[` + one + `,{"a":"b`, 1, ErrBody},
		{`{"spans":[` + one + `]`, 1, ErrBody},
		{`{"spans":[` + one + `]}}`, 1, ErrBody},
		{`{"spans":[` + one + `],"x":tru}`, 1, ErrBody},
		{`{"spans":[` + one + ` ` + one + `]}`, 1, ErrBody},
		{`{"spans":` + strings.Repeat("[", 1e6), 0, ErrBody},
		{`{"x":` + strings.Repeat("[", 1e6), 0, ErrTooDeep},
	} {
		spans, _, err := DecodeBody([]byte(tt.body))
		if len(spans) != tt.spans || !errors.Is(err, tt.err) {
			t.Errorf("%.80s: %d spans, %v; want %d, %v", tt.body, len(spans), err, tt.spans, tt.err)
		}
	}
}

func TestDecoderLimits(t *testing.T) {
	d := Decoder{MaxRecordBytes: 60, MaxDepth: 2, MaxSpans: 3}
	body := `{"spans":[{"traceId":"t","spanId":"a","input":[[]]},{"traceId":"t","spanId":"a","input":[[[]]]},` +
		`{"traceId":"t","spanId":"a","input":"` + strings.Repeat("x", 60) + `"}]}`
	spans, bad, err := d.Body([]byte(body))
	if err != nil || len(spans) != 1 || len(bad) != 2 || !errors.Is(bad[0], ErrTooDeep) || !errors.Is(bad[1], ErrTooLarge) {
		t.Errorf("%v, %v, %v", spans, bad, err)
	}
	body = `{"spans":[1,2,3,4]}`
	if _, bad, err := d.Body([]byte(body)); !errors.Is(err, ErrTooLarge) || errors.Is(err, ErrBody) || len(bad) != 3 {
		t.Errorf("four records: %v, %v", bad, err)
	}
}

func TestDecodedSpansDoNotShareTheInput(t *testing.T) {
	line := []byte(`{"traceId":"trace","spanId":"1","name":"n","x":"y","input":{"a":"b"}}`)
	s, err := DecodeRecord(line)
	if err != nil {
		t.Fatal(err)
	}
	clear(line)
	if s.TraceID != "trace" || s.Name != "n" || s.Input != `{"a":"b"}` || s.Extra[0] != (Field{"x", `"y"`}) {
		t.Errorf("changed with the input: %+v", s)
	}
}

func TestSpanIsJSONItself(t *testing.T) {
	s := decodeAll(t, captured.Body("mastra-cloud-1.x.json"))[4]
	text, err := json.Marshal(map[string]*Span{"span": s})
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]*Span
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back["span"], s) {
		t.Errorf("%v: got %+v, want %+v", err, back["span"], s)
	}
	if err := json.Unmarshal([]byte(`{"span":{"traceId":1}}`), &back); err == nil {
		t.Error("no error for a bad span")
	}
}
