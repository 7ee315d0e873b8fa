package decode_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

var captures = map[store.Kind]string{
	store.KindLog:      "mastra-cloud-1.x-logs",
	store.KindMetric:   "mastra-cloud-1.x-metrics",
	store.KindScore:    "mastra-cloud-1.x-scores",
	store.KindFeedback: "mastra-cloud-1.x-feedback",
}

func capture(tb testing.TB, kind store.Kind) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", captures[kind]+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func TestRecordsOfTheCaptures(t *testing.T) {
	for kind, name := range captures {
		batch, err := decode.Records(kind, capture(t, kind), intake.Limits{})
		if err != nil || len(batch.Rejected)+batch.Cut+batch.Unlinked > 0 {
			t.Fatalf("%v: %+v, %v", kind, batch, err)
		}
		var got bytes.Buffer
		e := json.NewEncoder(&got)
		e.SetIndent("", "  ")
		if err := e.Encode(batch.Items); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%v: got\n%s\nwant what is in %s; -update if that is outdated", kind, got.Bytes(), golden)
		}
	}
}

func TestRecordsOfOddInput(t *testing.T) {
	const (
		id     = "000000000000000000000000000000ab"
		log    = `"logId":"l"`
		metric = `"metricId":"m","name":"n"`
		score  = `"scoreId":"s","scorerId":"x"`
		voice  = `"feedbackId":"f","feedbackType":"t"`
	)
	for _, c := range []struct {
		name     string
		kind     store.Kind
		record   string
		want     string // as JSON
		unlinked int
		field    string
		reason   intake.Reason
	}{
		{name: "no trace, no time", kind: store.KindLog, record: log, want: `{"id":"l","log":{"level":"","message":""}}`},
		{name: "short ids in capitals", kind: store.KindLog, record: log + `,"traceId":"AB","spanId":"F"`,
			want: `{"id":"l","traceId":"` + id + `","spanId":"000000000000000f","log":{"level":"","message":""}}`},
		{name: "ids of the context", kind: store.KindLog, record: log + `,"correlationContext":{"traceId":"AB"}`,
			want: `{"id":"l","traceId":"` + id + `","correlationContext":{"traceId":"AB"},"log":{"level":"","message":""}}`},
		{name: "a span id that is none", kind: store.KindLog, record: log + `,"traceId":"ab","spanId":"no-op"`,
			want: `{"id":"l","traceId":"` + id + `","log":{"level":"","message":""}}`},
		{name: "an unsampled trace", kind: store.KindLog, record: log + `,"traceId":"no-op-trace","spanId":"1"`, unlinked: 1,
			want: `{"id":"l","log":{"level":"","message":""}}`},
		{name: "nulls", kind: store.KindLog, record: log + `,"data":null,"timestamp":null,"tags":null,"level":null,"metadata":null,"x":null`,
			want: `{"id":"l","log":{"level":"","message":""}}`},
		{name: "a key twice", kind: store.KindLog, record: log + `,"level":"info","level":"warn","x":1,"x":null`,
			want: `{"id":"l","log":{"level":"warn","message":""}}`},
		{name: "half a surrogate pair", kind: store.KindLog, record: log + `,"message":"\ud83d!"`,
			want: `{"id":"l","log":{"level":"","message":"\ufffd!"}}`},
		{name: "unknown keys", kind: store.KindLog, record: log + `,"x":{"__proto__":1},"y":2,"metadata":{"y":3}`,
			want: `{"id":"l","metadata":{"x":{"__proto__":1},"y":3},"log":{"level":"","message":""}}`},
		{name: "tags", kind: store.KindLog, record: log + `,"tags":["a","b"]`,
			want: `{"id":"l","tags":["a","b"],"log":{"level":"","message":""}}`},
		{name: "a time with an offset", kind: store.KindLog, record: log + `,"timestamp":"2026-11-22T18:08:11.236+02:00"`,
			want: `{"id":"l","timestamp":"2026-11-22T16:08:11.236Z","log":{"level":"","message":""}}`},
		{name: "a number as it is spelt", kind: store.KindMetric, record: metric + `,"value":12345678901234567890.10`,
			want: `{"id":"m","metric":{"name":"n","value":12345678901234567890.10}}`},
		{name: "labels of other types", kind: store.KindMetric, record: metric + `,"value":-1,"labels":{"a":1,"b":true,"c":null,"d":"x"}`,
			want: `{"id":"m","metric":{"name":"n","value":-1,"labels":{"a":"1","b":"true","d":"x"}}}`},
		{name: "a cost without a unit", kind: store.KindMetric, record: metric + `,"value":0,"costContext":{"estimatedCost":0.5}`,
			want: `{"id":"m","metric":{"name":"n","value":0,"costUsd":0.5}}`},
		{name: "a cost that is no dollars", kind: store.KindMetric, record: metric + `,"value":0,"costContext":{"estimatedCost":0.5,"costUnit":"EUR"}`,
			want: `{"id":"m","metric":{"name":"n","value":0,"costMetadata":{"estimatedCost":0.5,"costUnit":"EUR"}}}`},
		{name: "deprecated keys of a score", kind: store.KindScore, record: score + `,"score":1,"source":"live","experimentId":"e","scoreTraceId":"AB"`,
			want: `{"id":"s","score":{"scorerId":"x","scoreSource":"live","score":1,"experimentId":"e","scoreTraceId":"` + id + `"}}`},
		{name: "deprecated keys of a feedback", kind: store.KindFeedback, record: voice + `,"value":-1,"source":"a","feedbackSource":"b","userId":"u","correlationContext":{"experimentId":"e"}`,
			want: `{"id":"f","correlationContext":{"experimentId":"e"},"feedback":{"feedbackSource":"b","feedbackType":"t","value":-1,"feedbackUserId":"u","experimentId":"e"}}`},

		{name: "no id", kind: store.KindLog, record: `"message":"m"`, field: "logId", reason: intake.ReasonRecordID},
		{name: "an id that is too long", kind: store.KindLog, record: `"logId":"` + strings.Repeat("i", 1025) + `"`, field: "logId", reason: intake.ReasonTooLarge},
		{name: "an id of another type", kind: store.KindScore, record: `"scoreId":1`, field: "scoreId", reason: intake.ReasonType},
		{name: "a metric without a name", kind: store.KindMetric, record: `"metricId":"m","value":1`, field: "name", reason: intake.ReasonMissing},
		{name: "NaN", kind: store.KindMetric, record: metric + `,"value":null`, field: "value", reason: intake.ReasonMissing},
		{name: "a value that is text", kind: store.KindMetric, record: metric + `,"value":"1"`, field: "value", reason: intake.ReasonType},
		{name: "a label that is a list", kind: store.KindMetric, record: metric + `,"value":1,"labels":{"a":[]}`, field: "labels", reason: intake.ReasonType},
		{name: "a score without a scorer", kind: store.KindScore, record: `"scoreId":"s","score":1`, field: "scorerId", reason: intake.ReasonMissing},
		{name: "a feedback without a value", kind: store.KindFeedback, record: voice, field: "value", reason: intake.ReasonMissing},
		{name: "a feedback that is a list", kind: store.KindFeedback, record: voice + `,"value":[]`, field: "value", reason: intake.ReasonType},
		{name: "a date that is none", kind: store.KindLog, record: log + `,"timestamp":"now"`, field: "timestamp", reason: intake.ReasonDate},
		{name: "a date that is a number", kind: store.KindLog, record: log + `,"timestamp":1`, field: "timestamp", reason: intake.ReasonType},
		{name: "a context that is text", kind: store.KindLog, record: log + `,"correlationContext":"c"`, field: "correlationContext", reason: intake.ReasonType},
		{name: "no JSON", kind: store.KindLog, record: log + `,"data":{"a":tru}`, field: "record", reason: intake.ReasonSyntax},
		{name: "brackets of two kinds", kind: store.KindLog, record: log + `,"data":[}`, field: "record", reason: intake.ReasonSyntax},
		{name: "too deep", kind: store.KindLog, record: log + `,"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65), field: "record", reason: intake.ReasonDepth},
		{name: "too large", kind: store.KindLog, record: log + `,"data":"` + strings.Repeat("a", 16<<20) + `"`, field: "record", reason: intake.ReasonTooLarge},
		{name: "too many keys", kind: store.KindLog, record: log + manyKeys(256), field: "record", reason: intake.ReasonTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			// its neighbours must come through whatever it is
			good := map[store.Kind]string{
				store.KindLog: "{" + log + "}", store.KindMetric: "{" + metric + `,"value":1}`,
				store.KindScore: "{" + score + `,"score":1}`, store.KindFeedback: "{" + voice + `,"value":""}`,
			}[c.kind]
			segment := map[store.Kind]string{
				store.KindLog: "logs", store.KindMetric: "metrics", store.KindScore: "scores", store.KindFeedback: "feedback",
			}[c.kind]
			body := `{"other":[{"a":"]"}],"` + segment + `":[` + good + `,{` + c.record + `} , ` + good + `]}`
			batch, err := decode.Records(c.kind, []byte(body), intake.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				want := []intake.Rejection{{Index: 1, Field: c.field, Reason: c.reason}}
				if len(batch.Items) != 2 || !reflect.DeepEqual(batch.Rejected, want) {
					t.Errorf("%d items, rejected %v, want %v", len(batch.Items), batch.Rejected, want)
				}
				return
			}
			if len(batch.Items) != 3 || len(batch.Rejected) > 0 || batch.Unlinked != c.unlinked || batch.Items[1].Kind != c.kind {
				t.Fatalf("%+v", batch)
			}
			var got bytes.Buffer
			e := json.NewEncoder(&got)
			e.SetEscapeHTML(false)
			if err := e.Encode(batch.Items[1]); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, `\ufffd`, "\uFFFD")
			if !strings.Contains(want, "timestamp") {
				want = strings.Replace(want, `",`, `","timestamp":"0001-01-01T00:00:00Z",`, 1)
			}
			if strings.TrimSpace(got.String()) != want {
				t.Errorf("got  %swant %s", got.String(), want)
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"k` + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + `":1`)
	}
	return b.String()
}

func TestRecordsRefuseABody(t *testing.T) {
	for _, c := range []struct {
		name, body string
		limits     intake.Limits
		want       int
	}{
		{"nothing", ``, intake.Limits{}, 400},
		{"an empty object", `{}`, intake.Limits{}, 400},
		{"no object", `[]`, intake.Limits{}, 400},
		{"another signal", `{"metrics":[]}`, intake.Limits{}, 400},
		{"no list", `{"logs":{}}`, intake.Limits{}, 400},
		{"no colon", `{"logs"[]}`, intake.Limits{}, 400},
		{"no key", `{[]:1}`, intake.Limits{}, 400},
		{"no value", `{"logs":[,]}`, intake.Limits{}, 400},
		{"a comma too many", `{"logs":[],}`, intake.Limits{}, 400},
		{"cut off", `{"logs":[{"logId":"l"}`, intake.Limits{}, 400},
		{"cut off in a text", `{"logs":[{"logId":"l\"`, intake.Limits{}, 400},
		{"text behind", `{"logs":[]}x`, intake.Limits{}, 400},
		{"no JSON beside", `{"logs":[],"x":tru}`, intake.Limits{}, 400},
		{"a million brackets", `{"logs":[` + strings.Repeat("[", 1e6), intake.Limits{}, 400},
		{"a million brackets beside", `{"logs":[],"x":` + strings.Repeat("[", 1e6) + strings.Repeat("]", 1e6) + `}`, intake.Limits{}, 400},
		{"too many", `{"logs":[0,0]}`, intake.Limits{MaxRecords: 1}, 413},
		{"far too many", `{"logs":[0` + strings.Repeat(",0", 1e6) + `]}`, intake.Limits{}, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			batch, err := decode.Records(store.KindLog, []byte(c.body), c.limits)
			if intake.Status(err) != c.want || batch.Items != nil {
				t.Errorf("got %v: status %d, want %d", err, intake.Status(err), c.want)
			}
		})
	}
	for _, kind := range []store.Kind{0, store.KindFeedback + 1} {
		if _, err := decode.Records(kind, []byte(`{}`), intake.Limits{}); err == nil {
			t.Errorf("kind %d is taken", kind)
		}
	}
}

func TestRecordsOfNothing(t *testing.T) {
	for _, body := range []string{`{"scores":[]}`, ` { "scores" : [ ] } `, `{"scores":null}`, `{"scores":[{}],"sc\u006fres":[]}`} {
		batch, err := decode.Records(store.KindScore, []byte(body), intake.Limits{})
		if err != nil || len(batch.Items)+len(batch.Rejected) != 0 {
			t.Errorf("%s: %v, %v", body, batch, err)
		}
	}
}

func TestRecordsCutWithAMark(t *testing.T) {
	limits := intake.Limits{MaxKeys: 4, MaxStringBytes: 10}
	long := strings.Repeat("x", 20)
	body := `{"logs":[{"logId":"l","message":"` + long + `","data":["` + long + `"],"metadata":{"a":1,"b":2,"c":3,"d":4,"e":5}}]}`
	batch, err := decode.Records(store.KindLog, []byte(body), limits)
	if err != nil || len(batch.Items) != 1 || batch.Cut != 1 {
		t.Fatalf("%+v, %v", batch, err)
	}
	const cut = "xxxxxxxxxx…[truncated]"
	r := batch.Items[0]
	if r.Log.Message != cut || r.Log.Data != `["`+cut+`"]` || r.Metadata != `{"a":1,"b":2,"c":3,"d":4,"__truncated":"1 more keys omitted"}` {
		t.Errorf("got %+v, %+v", r, r.Log)
	}
}
