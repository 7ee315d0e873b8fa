package span

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		name   string
		limits ValueLimits
		in     Value
		want   string
	}{
		{"what fits stays the same text", ValueLimits{MaxItems: 2, MaxDepth: 2}, `{"a":[1,"\u00e9"]}`, `{"a":[1,"\u00e9"]}`},
		{"null is none", ValueLimits{}, "null", ""},
		{"a long string", ValueLimits{MaxStringBytes: 3}, `["abcd","abc"]`, `["abc…[truncated]","abc"]`},
		{"between runes", ValueLimits{MaxStringBytes: 4}, `"abcédef"`, `"abc…[truncated]"`},
		{"a string is as long as what it says", ValueLimits{MaxStringBytes: 4}, `"\u0061\u0062\u0063"`, `"\u0061\u0062\u0063"`},
		{"a long key", ValueLimits{MaxStringBytes: 3}, `{"abcd":1}`, `{"abc…[truncated]":1}`},
		{"items", ValueLimits{MaxItems: 2}, `[1,2,3,4]`, `[1,2,"[…2 more items]"]`},
		{"members", ValueLimits{MaxItems: 1}, `{"a":1,"b":2}`, `{"a":1,"__truncated":"1 more keys omitted"}`},
		{"depth", ValueLimits{MaxDepth: 2}, `[[1,[2],{}]]`, `[[1,"[MaxDepth]","[MaxDepth]"]]`},
		{"not JSON", ValueLimits{}, `{"a":oops}}`, `"[Error: not valid JSON: want a value at byte 5]"`},
		{"bytes: the small stay whole", ValueLimits{MaxBytes: 60}, Value(`{"model":"m","prompt":"` + long + `","n":1}`),
			`{"model":"m","prompt":"xxxxxxxxxxxxxxx…[truncated]","n":1}`},
		{"bytes: deep inside", ValueLimits{MaxBytes: 60}, Value(`{"a":[{"b":"` + long + `"}]}`),
			`{"a":[{"b":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…[truncated]"}]}`},
		{"bytes: too many to say something of each", ValueLimits{MaxBytes: 70}, Value(`["` + strings.Repeat(long+`","`, 5) + `"]`),
			`["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…[truncated]","[…5 more items]"]`},
		{"bytes: never inside an escape", ValueLimits{MaxBytes: 29}, Value(`["ab\ud83d\ude00\n\n\n\n\n\n"]`), `["ab…[truncated]"]`},
		{"bytes: a number without end", ValueLimits{MaxBytes: 20}, Value(strings.Repeat("1", 100)), `"…[truncated]"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.limits.Cut(c.in)
			if string(got) != c.want || c.limits.MaxBytes > 0 && len(got) > c.limits.MaxBytes {
				t.Errorf("Cut(%s)\ngot  %s (%d bytes)\nwant %s", c.in, got, len(got), c.want)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add(`{"a":["x",{"b":"\ud83d\ude00\\"},1e99]}`, 40, 5, 2, 3)
	f.Add(`["`+strings.Repeat("é", 99)+`"]`, 17, 0, 0, 0)
	f.Fuzz(func(t *testing.T, text string, bytes, str, items, depth int) {
		v, err := ParseValue(text)
		if err != nil {
			_ = ValueLimits{MaxBytes: bytes}.Cut(Value(text)) // must not panic
			return
		}
		limits := ValueLimits{MaxBytes: bytes % 1000, MaxStringBytes: str % 1000, MaxItems: items % 100, MaxDepth: depth % 200}
		got := limits.Cut(v)
		if got != "" && (!json.Valid([]byte(got)) || !utf8.ValidString(string(got))) {
			t.Fatalf("%+v.Cut(%q) is %q", limits, v, got)
		}
		if most := max(limits.withDefaults().MaxBytes, leastRoom); len(got) > most {
			t.Fatalf("%+v.Cut(%q) has %d bytes, not %d: %q", limits, v, len(got), most, got)
		}
		if again := (ValueLimits{MaxBytes: limits.MaxBytes}).Cut(got); again != got {
			t.Fatalf("cut again, %q becomes %q", got, again)
		}
	})
}

func TestFit(t *testing.T) {
	big := Value(`{"messages":["` + strings.Repeat("m", 100_000) + `"]}`)
	tags := make([]string, 5000)
	for i := range tags {
		tags[i] = fmt.Sprint("tag ", i)
	}
	for name, s := range map[string]*Span{
		"small":      {Name: "small", Input: `"in"`},
		"input":      {Name: "n", Input: big, Output: `"kept"`},
		"everything": {Name: string(big), Input: big, Output: big, Metadata: big, RequestContext: big, Attributes: big},
		"error":      {Error: &Error{Message: string(big), Stack: string(big), Details: big, Extra: []Field{{"x", big}}}},
		"tags":       {Tags: tags, Output: `"kept"`},
		"extra":      {Extra: []Field{{"x", big}, {"y", `"kept"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.Clone()
			s.Freeze()
			want := s.Size() > 8000
			if got := s.Fit(8000); got != want || s.Size() > 8000 || !s.Frozen() {
				t.Errorf("Fit said %v and left %d bytes, frozen: %v", got, s.Size(), s.Frozen())
			}
			s.TraceID, s.ID = "a1", "01"
			record, err := V1.AppendItem(nil, s, true)
			if err != nil || !json.Valid(record) || len(record) > 9000 {
				t.Errorf("%d bytes on the wire: %.300s, %v", len(record), record, err)
			}
			if before.Output == `"kept"` && s.Output != before.Output {
				t.Errorf("the small output became %s", s.Output)
			}
			if before.Error != nil && (before.Error.Message != string(big) || before.Error.Extra[0].Value != big) {
				t.Error("what a clone shares was changed")
			}
			if want && !strings.Contains(string(record), cutMark) && name != "tags" {
				t.Errorf("no mark in %.300s", record)
			}
		})
	}
}

// blocks is a marshaler that never says anything.
type blocks struct{ until chan struct{} }

func (b blocks) MarshalJSON() ([]byte, error) { <-b.until; return []byte("1"), nil }

func TestOfWaitsForMethodsAsLongAsItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		started := time.Now()
		got := ValueLimits{MaxWait: time.Second}.Of([]any{blocks{until}, panicky{}, failing{}, errors.New("e")})
		if want := `["[Timeout]","[Panic: no]","[Error: sorry]",{"name":"*errors.errorString","message":"e"}]`; string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if waited := time.Since(started); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		close(until)
	})
}
