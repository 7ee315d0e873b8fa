package span

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// oddRecords are seeds that the captures do not have.
var oddRecords = []string{
	`{"traceId":"no-op-trace","spanId":"1","parentSpanId":"no-op","startedAt":{},"name":"\ud83d"}`,
	"{\"traceId\":\"t\",\"spanId\":\"1\",\"name\":\"\xff\",\"x\":null,\"tags\":[\"a\"],\"y\":{\"\\u0000\":1e400}}",
	`{"traceId":"t","id":"1","type":"tool_call","entityType":"tool","entityId":"w","attributes":{"toolId":null}}`,
	`{"traceId":"t","id":"1","errorInfo":{"message":[],"cause":{"a":1},"stack":"s"},"externalParentSpanId":"p","isRootSpan":true}`,
	`{"traceId":"t","id":"1","startTime":"0001-01-01T00:00:00.0001Z","endTime":"9999-12-31T23:59:59.9999Z","requestContext":{}}`,
	`{"traceId":"t","id":"1","error":7,"metadata":[[[[]]]],"attributes":false}`,
}

func FuzzDecodeBody(f *testing.F) {
	for name := range captures {
		f.Add(captured.Body(name))
	}
	f.Add([]byte(`{"spans":[` + strings.Join(oddRecords, ",") + `,{"traceId":1},[],{"a":tru},{}]}`))
	f.Add([]byte(`{"spans":[{"a":`))
	f.Fuzz(func(t *testing.T, body []byte) {
		given := bytes.Clone(body)
		spans, bad, err := DecodeBody(body)
		if !bytes.Equal(body, given) {
			t.Fatal("decoding changed the body")
		}
		if err != nil && !errors.Is(err, ErrBody) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("error %v", err)
		}
		last := -1
		for _, b := range bad {
			if b.Err == nil || b.Field == "" || b.Index <= last {
				t.Errorf("record error %+v after %d", b, last)
			}
			last = b.Index
		}
		again, bad, err := DecodeBody(encodeAll(t, V1, spans))
		if err != nil || len(bad) > 0 || len(again) != len(spans) {
			t.Fatalf("%d spans came back as %d, %v, %v", len(spans), len(again), bad, err)
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	for name := range captures {
		for _, s := range decodeAll(f, captured.Body(name)) {
			record, err := V1.AppendItem(nil, s, true)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(record)
		}
	}
	for _, record := range oddRecords {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		s, err := DecodeRecord(record)
		if err != nil {
			return
		}
		for _, format := range []Format{V0, V1, NDJSON} {
			text, err := format.AppendItem(nil, s, true)
			if err != nil {
				t.Fatalf("%v: %v", format, err)
			}
			if !json.Valid(text) || !utf8.Valid(text) || bytes.IndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') >= 0 {
				t.Fatalf("%v writes %q", format, text)
			}
			unfrozen := s.Clone()
			unfrozen.seal = seal{}
			if same, err := format.AppendItem(nil, unfrozen, true); err != nil || !bytes.Equal(same, text) {
				t.Errorf("%v: unfrozen %s, %v; frozen %s", format, same, err, text)
			}
			back, err := DecodeRecord(text)
			if err != nil {
				t.Fatalf("%v: %v in %s", format, err, text)
			}
			again, err := format.AppendItem(nil, back, true)
			if err != nil || !bytes.Equal(again, text) {
				t.Errorf("%v: wrote %s, then %s, %v", format, text, again, err)
			}
			if format == V0 {
				continue // cannot say all that the span has
			}
			for _, d := range []*time.Time{&s.CreatedAt, &s.UpdatedAt} { // to the millisecond
				*d = d.Truncate(time.Millisecond)
			}
			for _, d := range []*time.Time{&s.Start, &s.End} {
				if !hasDate(*d) {
					*d = time.Time{}
				}
			}
			if !reflect.DeepEqual(back, s) {
				t.Errorf("%v: came back as\n%+v\nwant\n%+v", format, back, s)
			}
		}
		var g Span
		FromGenAI(&g, ToGenAI(s))
		g.TraceID, g.ID = s.TraceID, s.ID
		if _, err := V1.AppendItem(nil, &g, true); err != nil {
			t.Errorf("by way of OpenTelemetry: %v", err)
		}
	})
}

// FuzzValue holds our reading of JSON against that of encoding/json.
func FuzzValue(f *testing.F) {
	for _, seed := range append(oddRecords, ` [1, -0.5e+3 ,"\u00e9\ud83d\ude00\ud83d",true , null]`, `{"a":{"b":[{}]},"a":2}`, `01`, `"\x"`, `{"a" 1}`, `[1,]`, "\"\xed\xa0\x80\"", `nul`, `1 2`, `-`, `"a`) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := Value(text) // the reading methods take anything
		raw.Text()
		raw.Int()
		raw.Set("a", "1")
		raw.Get("a")
		for range raw.Elements() {
		}

		v, err := ParseValue(text)
		if valid := json.Valid([]byte(text)); valid != (err == nil) && !errors.Is(err, ErrTooDeep) {
			t.Fatalf("%q: error %v, encoding/json says valid=%v", text, err, valid)
		}
		if err != nil {
			return
		}
		var want, got any
		if json.Unmarshal([]byte(text), &want) != nil {
			return // a number that is too large
		}
		if err := json.Unmarshal([]byte(orNull(v)), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q became %q", text, v)
		}
		if again, err := ParseValue(string(v)); v != "" && (err != nil || again != v) {
			t.Errorf("%q is not stable: %q, %v", v, again, err)
		}
		switch want := want.(type) {
		case map[string]any:
			keys := map[string]bool{}
			for key := range v.Members() {
				keys[key] = true
			}
			if len(keys) != len(want) {
				t.Errorf("%s: members %v", v, keys)
			}
			for key, value := range want {
				var got any
				if json.Unmarshal([]byte(orNull(v.Get(key))), &got) != nil || !reflect.DeepEqual(got, value) && mapOnce(text) {
					t.Errorf("%s: %q is %s", v, key, v.Get(key))
				}
				if got := v.Set(key, "7").Get(key); got != "7" {
					t.Errorf("%s: %q set to 7 is %s", v, key, got)
				}
			}
		case []any:
			n := 0
			for range v.Elements() {
				n++
			}
			if n != len(want) {
				t.Errorf("%s: %d elements, want %d", v, n, len(want))
			}
		case string:
			if got, ok := v.Text(); !ok || got != want {
				t.Errorf("%s: text %q, want %q", v, got, want)
			}
		}
		if s, ok := Of(text).Text(); !ok || s != string([]rune(text)) {
			t.Errorf("%q became %q", text, s)
		}
	})
}

func orNull(v Value) string {
	if v == "" {
		return "null"
	}
	return string(v)
}

// mapOnce reports whether no object holds another: encoding/json merges objects under one key, we take the last.
func mapOnce(text string) bool { return strings.Count(text, "{") == 1 }
