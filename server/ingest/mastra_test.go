package ingest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/ingest/decode"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/span"
)

// stores are the two that ingest is tested on.
func stores(t *testing.T) map[string]store.Store {
	s, err := sqlite.Open(sqlite.Config{Dir: t.TempDir(), RetainEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]store.Store{"memory": memory.New(memory.Config{}), "sqlite": s}
}

// bodies are captured bodies of spans, how they are written, and where their clients send them.
var bodies = []struct {
	file  string
	wire  span.Format
	paths []string
}{
	{"mastra-cloud-0.20-llm.json", span.V0, []string{"/", "/ai/spans/publish"}},
	{"mastra-cloud-0.x.json", span.V0, []string{"/", "/ai/spans/publish"}},
	{"mastra-cloud-1.x.json", span.V1, []string{"/ai/spans/publish", "/projects/proj_1/ai/spans/publish"}},
	{"mastra-platform-1.x.json", span.V1, []string{"/projects/proj_1/ai/spans/publish", "/ai/spans/publish"}},
}

func TestCapturedSpansAreStoredFieldByField(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, ingest.Config{Store: s})
			for _, b := range bodies {
				text := captured.Body(b.file)
				var body struct{ Spans []json.RawMessage }
				if err := json.Unmarshal(text, &body); err != nil {
					t.Fatal(err)
				}
				for i, path := range b.paths { // the second time, nothing is new
					var reply struct{ Accepted, Stored, Repeated int }
					a := g.send(path, text)
					if err := json.Unmarshal(a.body, &reply); err != nil || a.status != 200 || reply.Accepted != len(body.Spans) ||
						reply.Stored != len(body.Spans)*(1-i) || reply.Repeated != len(body.Spans)*i {
						t.Fatalf("%s to %s: %d %s", b.file, path, a.status, a.body)
					}
				}
				for _, record := range body.Spans {
					compareSpan(t, g.store, b.wire, record)
				}
			}
		})
	}
}

// compareSpan compares a record that was sent with what is stored of it.
func compareSpan(t *testing.T, s store.Store, wire span.Format, record []byte) {
	t.Helper()
	sent, err := span.DecodeRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	full, err := s.Span(t.Context(), "support", sent.TraceID, sent.ID)
	if err != nil {
		t.Fatalf("span %s: %v", sent.ID, err)
	}
	text, err := wire.AppendItem(nil, full.Span, true)
	if err != nil {
		t.Fatal(err)
	}
	got, want := object(t, text), object(t, record)
	for key, value := range want {
		if !reflect.DeepEqual(got[key], value) {
			t.Errorf("span %s: %s is %v, want %v", sent.ID, key, got[key], value)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("span %s has %s, which was not sent", sent.ID, key)
		}
	}
}

// object reads a record with numbers as text. What 1.x says twice it has once, and null is no key.
func object(t *testing.T, text []byte) (o map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	for first, second := range map[string]string{"spanId": "id", "spanType": "type", "startedAt": "startTime", "endedAt": "endTime", "error": "errorInfo"} {
		if _, ok := o[first]; ok {
			delete(o, second)
		}
	}
	for key, value := range o {
		if value == nil {
			delete(o, key)
		}
	}
	return o
}

func capturedRecords(t testing.TB, signal ingest.Signal) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("decode", "testdata", "mastra-cloud-1.x-"+signal.String()+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

var kinds = map[ingest.Signal]store.Kind{
	ingest.Logs: store.KindLog, ingest.Metrics: store.KindMetric, ingest.Scores: store.KindScore, ingest.Feedback: store.KindFeedback,
}

func TestCapturedRecordsAreStoredFieldByField(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, ingest.Config{Store: s})
			for signal, kind := range kinds {
				body := capturedRecords(t, signal)
				for _, path := range []string{"/ai/" + signal.String() + "/publish", "/projects/any/ai/" + signal.String() + "/publish"} {
					if a := g.send(path, body); a.status != 200 {
						t.Fatalf("%s: %d %s", path, a.status, a.body)
					}
				}
				want, err := decode.Records(kind, body, intake.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				page, err := g.store.Records(t.Context(), "support", store.RecordQuery{Kind: kind})
				if err != nil || len(page.Records) != len(want.Items) {
					t.Fatalf("%v: %d records, %v, want %d", signal, len(page.Records), err, len(want.Items))
				}
				byID := map[string]store.Record{}
				for _, r := range page.Records {
					byID[r.ID] = r
				}
				for _, r := range want.Items {
					got, _ := json.Marshal(byID[r.ID])
					sent, _ := json.Marshal(r)
					if !bytes.Equal(got, sent) {
						t.Errorf("%v %s:\n%s, want\n%s", signal, r.ID, got, sent)
					}
				}
				a := g.server.Stats().Signals[signal]
				if n := int64(len(want.Items)); a.Received != 2*n || a.Stored != n || a.Repeated != n {
					t.Errorf("%v: account %+v", signal, a)
				}
			}
		})
	}
}

func TestEveryAnswerListsTheEncodings(t *testing.T) {
	g := newRig(t, ingest.Config{})
	for name, a := range map[string]answer{
		"200":      g.send("/", spans(1, 0)),
		"400":      g.send("/", []byte("{")),
		"401":      g.send("/", nil, header("Authorization", "Bearer trt_none")),
		"415":      g.send("/", nil, header("Content-Encoding", "br")),
		"OTLP 400": g.send("/v1/traces", []byte("{")),
	} {
		if a.header.Get("Accept-Encoding") != "gzip, zstd" {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
}

func TestTheTokenDecidesOnTheProject(t *testing.T) {
	g := newRig(t, ingest.Config{})
	g.send("/projects/sales/ai/spans/publish", spans(1, 0))
	g.send("/projects/no-such-project/ai/spans/publish", spans(1, 1))
	g.send("/ai/spans/publish", spans(1, 0), g.as("sales")) // the same trace id
	if own, other := g.traces("support"), g.traces("sales"); len(own) != 2 || len(other) != 1 {
		t.Errorf("support has %d traces, sales %d; want 2 and 1", len(own), len(other))
	}
}

// No path with more or less of a slash exists, and nothing redirects: a client that follows one loses its body.
func TestPathsAreExact(t *testing.T) {
	g := newRig(t, ingest.Config{})
	for _, path := range []string{"/ai/spans/publish/", "//ai/spans/publish", "/ai//spans/publish", "/ai/spans", "/ai/traces/publish", "/projects//ai/spans/publish", "/v1/traces/", "/v1/logs", "/x"} {
		if a := g.send(path, spans(1, 0)); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	r, err := g.http.Client().Get(g.http.URL + "/ai/spans/publish") //nolint:noctx // it ends with the server
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != 405 || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
}
