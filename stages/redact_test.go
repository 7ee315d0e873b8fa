package stages_test

import (
	"testing"

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
