package stages_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

func redactor(t testing.TB, cfg stages.RedactConfig) *stages.Redactor {
	t.Helper()
	r, err := stages.NewRedactor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRedactByKey(t *testing.T) {
	r := redactor(t, stages.RedactConfig{Fields: []string{"Card PIN"}})
	for _, c := range []struct{ name, value, want string }{
		{"an object without secrets", `{"model":"gpt","n":1.50,"s":"\u00e9\/"}`, ``},
		{"each spelling of a key", `{"api_key":"a","Api Key":"b","API-KEY":"c","apiKey":"d","a.p.i.k.e.y":"e"}`,
			`{"api_key":"[REDACTED]","Api Key":"[REDACTED]","API-KEY":"[REDACTED]","apiKey":"[REDACTED]","a.p.i.k.e.y":"[REDACTED]"}`},
		{"a key that only contains a field", `{"promptTokens":12,"totalTokens":0,"keys":["a"],"monkey":1,"author":"x"}`, ``},
		{"every kind of scalar", `{"token":null,"secret":0,"key":false,"auth":true,"jwt":"","ssn":-1.5e3}`,
			`{"token":"[REDACTED]","secret":"[REDACTED]","key":"[REDACTED]","auth":"[REDACTED]","jwt":"[REDACTED]","ssn":"[REDACTED]"}`},
		{"objects and arrays are descended into", `{"credential":{"user":"bob","list":[1,{"x":null}],"none":{}},"a":1}`,
			`{"credential":{"user":"[REDACTED]","list":["[REDACTED]",{"x":"[REDACTED]"}],"none":{}},"a":1}`},
		{"a key with escapes", `{"p\u0061ssword":"x","pass\u2011word":"y"}`, `{"p\u0061ssword":"[REDACTED]","pass\u2011word":"[REDACTED]"}`},
		{"a key with letters that fold into ASCII", `{"to` + "\u212a" + `en":"x"}`, `{"to` + "\u212a" + `en":"[REDACTED]"}`},
		{"a field of one's own", `{"card_pin":1234}`, `{"card_pin":"[REDACTED]"}`},
		{"dates stay", `{"at":"2026-11-22T16:08:08.809Z","expires":"2026-11-22"}`, ``},
		{"JSON in a string", `{"body":"{\"apiKey\":\"x\",\"n\":1}"}`, `{"body":"{\"apiKey\":\"[REDACTED]\",\"n\":1}"}`},
		{"JSON in a string in a string", `["[\"{\\\"password\\\":1}\"]"]`, `["[\"{\\\"password\\\":\\\"[REDACTED]\\\"}\"]"]`},
		{"JSON with space around it", `" \n[{\"pwd\" : 1}]\n"`, `" \n[{\"pwd\" : \"[REDACTED]\"}]\n"`},
		{"JSON that was cut short", `"{\"a\":1,\"password\":\"hunter2, and mo…[truncated]"`, `"{\"a\":1,\"password\":\"[REDACTED]\""`},
		{"JSON that was cut short elsewhere", `"{\"password\":\"hunter2\",\"a\":\"b…[truncated]"`, `"{\"password\":\"[REDACTED]\",\"a\":\"b…[truncated]"`},
		{"several values in a string", `"{\"token\":1}\n{\"token\":2}\n"`, `"{\"token\":\"[REDACTED]\"}\n{\"token\":\"[REDACTED]\"}\n"`},
		{"text that only looks like JSON", `"{password: hunter2}"`, ``},
		{"a bare string", `"my password is hunter2"`, ``},
		{"a value with space", "{ \"key\" :\t0 , \"a\" : [ 1 , 2 ] }", "{ \"key\" :\t\"[REDACTED]\" , \"a\" : [ 1 , 2 ] }"},
		{"what was redacted", `{"key":"[REDACTED]"}`, ``},
	} {
		want := c.want
		if want == "" {
			want = c.value
		}
		if got := r.Value(span.Value(c.value), ""); string(got) != want {
			t.Errorf("%s: %s became\n%s, want\n%s", c.name, c.value, got, want)
		}
	}
}

func TestRedactByForm(t *testing.T) {
	key := "sk" + "-" + strings.Repeat("aB3", 8)
	for _, c := range []struct{ name, value, want string }{
		{"in text", `"use ` + key + ` now"`, `"use [REDACTED] now"`},
		{"behind escapes", `"a\n` + key + `\n\\n` + key + `\"` + key + `"`, `"a\n[REDACTED]\n\\n[REDACTED]\"[REDACTED]"`},
		{"behind what a URL escapes", `"q=%22` + key + `%22"`, `"q=%22[REDACTED]%22"`},
		{"in a key", `{"` + key + `":1}`, `{"[REDACTED]":1}`},
		{"letters spelt as escapes", `"x \u0073k-` + key[3:] + ` \u00e9"`, `"x [REDACTED] é"`},
		{"a letter that is an escape's", `"\np` + "m_" + strings.Repeat("aB3", 12) + `"`, ``},
		{"inside a word", `"ris` + key + `"`, ``},
		{"a card", `"4111 1111 1111 1111 or 4111111111111111."`, `"[REDACTED] or [REDACTED]."`},
		{"no card", `"4111 1111 1111 1112, 0.4111111111111111, 41111111111111110"`, ``},
		{"an address is not looked for", `"ada@example.com"`, ``},
		{"a password in a URL", `"https://ada:x%40y@example.com/"`, `"https://ada:[REDACTED]@example.com/"`},
		{"JSON cut in the midst", `"{\"a\":\"` + key + `…[truncated]"`, `"{\"a\":\"[REDACTED]…[truncated]"`},
	} {
		want := c.want
		if want == "" {
			want = c.value
		}
		r := redactor(t, stages.RedactConfig{})
		if got := r.Value(span.Value(c.value), ""); string(got) != want {
			t.Errorf("%s: %s became\n%s, want\n%s", c.name, c.value, got, want)
		}
		off := redactor(t, stages.RedactConfig{Find: stages.FindNothing})
		if got := off.Value(span.Value(c.value), ""); string(got) != c.value {
			t.Errorf("%s: FindNothing made %s of %s", c.name, got, c.value)
		}
	}
}

func TestRedactStyles(t *testing.T) {
	key := "sk" + "-" + strings.Repeat("aB3", 8)
	v := span.Value(`{"token":"abcdef","jwt":"äöüß€xyz","ssn":1234567,"key":true,"again":{"jwt":"äöüß€xyz","key":"other"},"text":"` + key + `"}`)
	for _, c := range []struct {
		style stages.RedactStyle
		want  string
	}{
		{stages.RedactFull, `{"token":"#","jwt":"#","ssn":"#","key":"#","again":{"jwt":"#","key":"#"},"text":"#"}`},
		{stages.RedactPartial, `{"token":"#","jwt":"äöü…xyz","ssn":"123…567","key":"#","again":{"jwt":"äöü…xyz","key":"#"},"text":"sk-…aB3"}`},
		{stages.RedactIndexed, `{"token":"[TOKEN_1]","jwt":"[JWT_1]","ssn":"[SSN_1]","key":"[KEY_1]","again":{"jwt":"[JWT_1]","key":"[KEY_2]"},"text":"[OPENAI_1]"}`},
	} {
		r := redactor(t, stages.RedactConfig{Style: c.style, Token: "#"})
		got := r.Value(v, "trace")
		if string(got) != c.want {
			t.Errorf("style %d: %s, want %s", c.style, got, c.want)
		}
		if again := r.Value(got, "trace"); again != got {
			t.Errorf("style %d: %s became %s", c.style, got, again)
		}
	}
}

func TestRedactIndexedWithinATrace(t *testing.T) {
	r := redactor(t, stages.RedactConfig{Style: stages.RedactIndexed})
	one := func(trace, secret string) string {
		text, _ := r.Value(`{"apiKey":`+span.Text(secret)+`}`, span.TraceID(trace)).Get("apiKey").Text()
		return text
	}
	for _, c := range []struct{ trace, secret, want string }{
		{"a", "x", "[APIKEY_1]"}, {"a", "y", "[APIKEY_2]"}, {"a", "x", "[APIKEY_1]"},
		{"b", "y", "[APIKEY_1]"}, {"a", "y", "[APIKEY_2]"}, {"", "x", "[REDACTED]"},
	} {
		if got := one(c.trace, c.secret); got != c.want {
			t.Errorf("%q in trace %q became %s, want %s", c.secret, c.trace, got, c.want)
		}
	}
	for i := range 1000 {
		one("many", fmt.Sprint("secret ", i))
	}
	if got := one("many", "one more"); got != "[REDACTED]" {
		t.Errorf("the 1001st secret of a trace became %s", got)
	}
	if got := one("many", "secret 999"); got != "[APIKEY_1000]" {
		t.Errorf("the 1000th secret of a trace became %s", got)
	}
	for i := range 999 {
		one(fmt.Sprint("trace ", i), "x")
	}
	if got := one("many", "one more"); got != "[REDACTED]" {
		t.Errorf("one of the last 1000 traces was forgotten: %s", got)
	}
	for i := range 1000 {
		one(fmt.Sprint("trace ", i), "x")
	}
	if got := one("many", "one more"); got != "[APIKEY_1]" {
		t.Errorf("a trace that was not used for longest was kept: %s", got)
	}
}

func TestRedactFailsClosed(t *testing.T) {
	const blank = `{"error":{"processor":"sensitive-data-filter"}}`
	deep := strings.Repeat("[", 129) + strings.Repeat("]", 129)
	r := redactor(t, stages.RedactConfig{})
	for i, v := range []string{`{"a":"hunter2"`, `{"a":hunter2}`, `"hunter2`, `{"a" "b"}`, `[1,]`, `01`, `1.`, `nul`, "\"a\nb\"", `"\x"`, `{"password":hunter2}`,
		`1 2`, deep, `"\ud8"`} {
		if got := r.Value(span.Value(v), ""); got != blank {
			t.Errorf("%s became %s", v, got)
		}
		if got := r.Failed(); got != int64(i+1) {
			t.Errorf("%d values have failed, want %d", got, i+1)
		}
	}
	if got := r.Value(span.Text(deep), ""); got != `"[REDACTED]"` {
		t.Errorf("text that nests too deep became %s", got)
	}
	if got := r.Value(span.Value(deep[1:len(deep)-1]), ""); string(got) != deep[1:len(deep)-1] {
		t.Errorf("a value that nests as deep as can be became %s", got)
	}
	nested := span.Value(`{"password":"hunter2"}`)
	for range 9 {
		nested = `[` + span.Text(string(nested)) + `]`
	}
	if got := r.Value(nested, ""); strings.Contains(string(got), "hunter2") || !strings.Contains(string(got), "REDACTED") {
		t.Errorf("JSON in nine strings became %s", got)
	}
	for name, finder := range map[string]func(string, func(from, to int)){
		"panics":       func(string, func(from, to int)) { panic("hunter2") },
		"goes too far": func(text string, found func(from, to int)) { found(0, len(text)+1) },
		"goes back":    func(_ string, found func(from, to int)) { found(2, 1) },
		"goes below":   func(_ string, found func(from, to int)) { found(-1, 1) },
	} {
		r := redactor(t, stages.RedactConfig{Finder: finder})
		s := &span.Span{Name: "hunter2", Input: `{"a":"hunter2","b":[]}`, Output: `{"n":1}`, Error: &span.Error{Message: "hunter2", Details: `["hunter2"]`}, Tags: []string{"hunter2"}}
		r.Span(s)
		if s.Input != blank || s.Error.Details != blank || s.Output != `{"n":1}` ||
			s.Name != "[REDACTED]" || s.Error.Message != "[REDACTED]" || s.Tags[0] != "[REDACTED]" || r.Failed() != 5 {
			t.Errorf("a finder that %s: %+v, %+v, %d failed", name, s, s.Error, r.Failed())
		}
	}
}

func TestRedactFinder(t *testing.T) {
	r := redactor(t, stages.RedactConfig{Finder: func(text string, found func(from, to int)) {
		if i := strings.Index(text, "é\n"); i >= 0 {
			found(i+1, i+3) // begins inside of é
			found(i, i+1)
		}
	}})
	if got := r.Value(`{"é\n":"a\u00e9\nb","b":"{\"c\":\"é\\n\"}"}`, ""); got != `{"é\n":"a[REDACTED][REDACTED]b","b":"{\"c\":\"[REDACTED][REDACTED]\"}"}` &&
		got != `{"é\n":"a[REDACTED]b","b":"{\"c\":\"[REDACTED]\"}"}` {
		t.Errorf("became %s", got)
	}
}

// TestRedactSpan has a secret in every part of a span.
func TestRedactSpan(t *testing.T) {
	key := "gh" + "p_" + strings.Repeat("aB3", 12)
	text := "a " + key + " b"
	value := span.Value(`{"text":"` + text + `","password":"hunter2"}`)
	tags, extra := []string{"plain", text}, []span.Field{{Key: "x", Value: value}, {Key: "apiKey", Value: `"hunter2"`}, {Key: "n", Value: `1`}}
	fault := &span.Error{Message: text, ID: "E", Name: text, Stack: text, Details: value, Extra: extra}
	given := &span.Span{TraceID: "t", ID: "s", Name: text, Type: span.TypeToolCall, EntityName: text, Attributes: value, Metadata: value, RequestContext: value,
		Input: value, Output: value, Error: fault, Tags: tags, Extra: extra}
	s := given.Clone()
	s.Tags, s.Extra, s.Error = tags, extra, fault
	s.Freeze()
	before := s.Size()
	redactor(t, stages.RedactConfig{}).Span(s)

	const clean, cleanValue = "a [REDACTED] b", `{"text":"a [REDACTED] b","password":"[REDACTED]"}`
	for name, got := range map[string]string{"name": s.Name, "entity": s.EntityName, "message": s.Error.Message, "error's name": s.Error.Name, "stack": s.Error.Stack, "tag": s.Tags[1]} {
		if got != clean {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, got := range map[string]span.Value{"attributes": s.Attributes, "metadata": s.Metadata, "context": s.RequestContext, "input": s.Input, "output": s.Output,
		"details": s.Error.Details, "extra": s.Extra[0].Value, "error's extra": s.Error.Extra[0].Value} {
		if got != cleanValue {
			t.Errorf("%s: %s", name, got)
		}
	}
	if s.Extra[1].Value != `"[REDACTED]"` || s.Extra[2].Value != `1` || s.Tags[0] != "plain" {
		t.Errorf("extra %v, tags %v", s.Extra, s.Tags)
	}
	if tags[1] != text || extra[0].Value != value || fault.Message != text {
		t.Error("what the span shared was written to")
	}
	record, err := span.V1.AppendItem(nil, s, true)
	if err != nil || strings.Contains(string(record), key) || strings.Contains(string(record), "hunter2") {
		t.Errorf("%s, %v", record, err)
	}
	same := s.Clone()
	same.Freeze()
	if !s.Frozen() || s.Size() != same.Size() || s.Size() == before {
		t.Errorf("the size is %d, was %d, and is %d when frozen again", s.Size(), before, same.Size())
	}
	unfrozen := given.Clone()
	redactor(t, stages.RedactConfig{}).Span(unfrozen)
	if unfrozen.Frozen() {
		t.Error("a span that was not frozen is now")
	}
}

// TestFlaw18 to TestFlaw26 are named after the flaws of other exporters that ours must not have.
func TestFlaw18RedactionFailsClosed(t *testing.T) { TestRedactFailsClosed(t) }

func TestFlaw19RedactionKeepsDates(t *testing.T) {
	at := time.Date(2026, 11, 22, 16, 8, 8, 809e6, time.UTC)
	v := span.Of(map[string]any{"when": at, "list": []time.Time{at}})
	s := &span.Span{TraceID: "t", ID: "s", Start: at, End: at, Output: v}
	redactor(t, stages.RedactConfig{}).Span(s)
	if s.Output != v || !s.Start.Equal(at) || !s.End.Equal(at) || !strings.Contains(string(v), "2026-11-22T16:08:08.809Z") {
		t.Errorf("%s became %s", v, s.Output)
	}
}

func TestFlaw21FieldsAreAddedToTheDefaults(t *testing.T) {
	const v = `{"password":1,"pin":2}`
	for _, c := range []struct {
		cfg  stages.RedactConfig
		want span.Value
	}{
		{stages.RedactConfig{}, `{"password":"[REDACTED]","pin":2}`},
		{stages.RedactConfig{Fields: []string{"PIN"}}, `{"password":"[REDACTED]","pin":"[REDACTED]"}`},
		{stages.RedactConfig{Fields: []string{"PIN"}, OnlyFields: true}, `{"password":1,"pin":"[REDACTED]"}`},
		{stages.RedactConfig{OnlyFields: true}, v},
	} {
		if got := redactor(t, c.cfg).Value(v, ""); got != c.want {
			t.Errorf("%+v: %s, want %s", c.cfg, got, c.want)
		}
	}
}

func TestFlaw26OtherSignalsAreRedactedToo(t *testing.T) {
	r := redactor(t, stages.RedactConfig{})
	bearer := "Bear" + "er " + strings.Repeat("aB3", 8)
	if got := r.Text("failed with "+bearer+"\n", ""); got != "failed with Bearer [REDACTED]\n" {
		t.Errorf("a log's message became %q", got)
	}
	if got := r.Text(`{"password":"hunter2"}`, ""); got != `{"password":"[REDACTED]"}` {
		t.Errorf("a comment that is JSON became %q", got)
	}
	if got := r.Value(`{"sessionToken":"hunter2"}`, ""); got != `{"sessionToken":"[REDACTED]"}` {
		t.Errorf("metadata became %s", got)
	}
	if r.Value("", "") != "" || r.Value("null", "") != "null" || r.Text("", "") != "" {
		t.Error("nothing became something")
	}
}

func TestRedactConfigSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		cfg  stages.RedactConfig
		want string
	}{
		{stages.RedactConfig{Style: 7}, "RedactConfig.Style is unknown: 7"},
		{stages.RedactConfig{Find: 1 << 5}, "RedactConfig.Find is unknown: 0x20"},
		{stages.RedactConfig{Find: stages.FindNothing | stages.FindKeys}, "RedactConfig.Find has FindNothing and something else"},
		{stages.RedactConfig{Token: strings.Repeat("x", 65)}, "RedactConfig.Token has 65 bytes, the limit is 64"},
		{stages.RedactConfig{Token: "a\nb"}, "RedactConfig.Token has control characters or is not UTF-8"},
		{stages.RedactConfig{Token: "\xff"}, "RedactConfig.Token has control characters or is not UTF-8"},
		{stages.RedactConfig{Token: `<"gone">`}, "RedactConfig.Token has a quote or a backslash"},
		{stages.RedactConfig{Token: `<\>`}, "RedactConfig.Token has a quote or a backslash"},
		{stages.RedactConfig{Token: "x://a:b@c"}, "RedactConfig.Token looks like a secret itself"},
		{stages.RedactConfig{Fields: []string{"pin", "-_-"}}, `RedactConfig.Fields[1]: "-_-" has no letter a-z and no digit`},
		{stages.RedactConfig{Fields: []string{strings.Repeat("x", 65)}}, `RedactConfig.Fields[0]: "` + strings.Repeat("x", 64) + `" has more than 64 letters and digits`},
	} {
		if _, err := stages.NewRedactor(c.cfg); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	o := through(t, stages.Redact(stages.RedactConfig{Style: 7}), []*span.Span{})
	if o.err == nil || !strings.Contains(o.err.Error(), `"redact": RedactConfig.Style is unknown: 7`) {
		t.Errorf("the run's error is %v", o.err)
	}
}

// TestRedactStageKeepsTheBudget: the spans are charged when they enter, and change their size on the way.
func TestRedactStageKeepsTheBudget(t *testing.T) {
	var spans []*span.Span
	for i := range 200 {
		s := &span.Span{TraceID: "t", ID: span.ID(fmt.Sprint(i)), Name: "n", Input: `{"token":0,"password":` + span.Text(strings.Repeat("x", i)) + `}`}
		s.Freeze()
		spans = append(spans, s)
	}
	p := pipeline.New(pipeline.Config{MaxBytes: 1 << 16})
	emitter := source.NewEmitter[*span.Span](source.EmitterConfig{})
	seen := 0
	flow := pipeline.Via(pipeline.From(p, emitter), stages.Redact(stages.RedactConfig{}), pipeline.Workers(2))
	pipeline.To(pipeline.Via(flow, stages.Batch[*span.Span](stages.BatchConfig{MaxItems: 7})), sink.Each(func(b pipeline.Batch[*span.Span]) {
		for _, s := range b {
			if s.Input != `{"token":"[REDACTED]","password":"[REDACTED]"}` {
				t.Errorf("%s", s.Input)
			}
			seen++
		}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	for _, s := range spans {
		if err := emitter.Emit(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(ctx); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	pipelinetest.CheckLedger(t, p)
	if stats := p.Stats(); stats.Bytes != 0 || seen != len(spans) {
		t.Errorf("%d bytes are still charged, %d spans came out", stats.Bytes, seen)
	}
}

// TestRedactTakesLinearTime counts on the deadline of the tests: done in quadratic time, any of these takes minutes.
func TestRedactTakesLinearTime(t *testing.T) {
	const size = 1 << 18
	r := redactor(t, stages.RedactConfig{Find: stages.FindKeys | stages.FindCards | stages.FindEmails})
	for _, unit := range []string{
		"s" + "k-", "-ey" + "J", "ey" + "Ja", "://", "a://", "a://b:", "-", "-----BEGIN PRIVATE KEY-----", "@", "a@", "a@b.", "=", "api_key=", ";pwd=", "?sig=", "&pwd=(",
		"Bearer ", "Basic YTph", "JQQ" + "J9", "4", "4111 ", ".", "M.", "aaaaaaa.", "1:AA", "12345678:AA", `\`, `\\n`, `\"`, `"`, `{"a":`, "[", `{"key":[`, `["\"`, "{}", "[1]\n", "'", " ", "%22", "gh" + "p_",
	} {
		text := strings.Repeat(unit, size/len(unit))
		r.Text(text, "")
		r.Value(span.Text(text), "")
		r.Value(span.Text(string(span.Text(text))), "")
		r.Value(span.Value("["+strings.Repeat(string(span.Text(unit))+",", size/len(unit))+"0]"), "")
	}
}

func TestRedactIsSafeForConcurrentUse(t *testing.T) {
	r := redactor(t, stages.RedactConfig{Style: stages.RedactIndexed})
	samples := positives()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i, s := range samples {
				got := r.Value(s.value, span.TraceID(fmt.Sprint("t", (i+g)%7)))
				for _, secret := range s.secrets {
					if strings.Contains(string(got), secret) {
						t.Errorf("%s: %s", s.about, got)
					}
				}
			}
		})
	}
	wg.Wait()
}
