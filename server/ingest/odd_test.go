package ingest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// record writes one span record: members beside the ids, as JSON without braces.
func record(trace, id, members string) string {
	if members != "" {
		members = "," + members
	}
	return fmt.Sprintf(`{"traceId":%q,"spanId":%q,"name":"step","spanType":"generic","startedAt":"2026-11-22T16:08:08.809Z","endedAt":"2026-11-22T16:08:09.809Z"%s}`, trace, id, members)
}

func body(records ...string) []byte { return []byte(`{"spans":[` + strings.Join(records, ",") + `]}`) }

// reply is the body of a 200.
type reply struct {
	Accepted, Stored, Repeated int
	Rejected                   map[store.Reason]int
	PartialSuccess             struct {
		RejectedSpans int
		ErrorMessage  string
	}
}

// taken sends spans that are to be answered with 200.
func (g *rig) taken(b []byte) (r reply) {
	g.t.Helper()
	a := g.send("/ai/spans/publish", b)
	if err := json.Unmarshal(a.body, &r); err != nil || a.status != 200 {
		g.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return r
}

func (g *rig) full(trace span.TraceID, id span.ID) *store.FullSpan {
	g.t.Helper()
	full, err := g.store.Span(g.t.Context(), "support", trace, id)
	if err != nil {
		g.t.Fatalf("span %s of %s: %v", id, trace, err)
	}
	return full
}

const t1, s1, s2 = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "b7ad6b7169203332"

// The tests below are the list "Odd input a server must take" of the notes on Mastra's wire format, in its order.

func TestOdd1NoOpTrace(t *testing.T) {
	g := newRig(t, ingest.Config{})
	r := g.taken(body(record("no-op-trace", s1, `"parentSpanId":"no-op"`), record("no-op-trace", "no-op", ""), record(t1, s1, "")))
	if r.Accepted != 3 || r.Stored != 1 || r.Rejected[store.ReasonNoOp] != 2 || r.PartialSuccess.RejectedSpans != 2 {
		t.Errorf("reply %+v", r)
	}
	if traces := g.traces("support"); len(traces) != 1 || traces[0].TraceID != t1 {
		t.Errorf("traces %+v", traces)
	}
}

func TestOdd2ShortIdsAndUnknownTypes(t *testing.T) {
	g := newRig(t, ingest.Config{})
	b := body(record("A1", "F", ""), strings.Replace(record("A1", "1f", ""), `"generic"`, `"quantum_leap"`, 1), strings.Replace(record("A1", "2f", ""), `"generic"`, `"llm_generation"`, 1))
	if r := g.taken(b); r.Stored != 3 {
		t.Fatalf("reply %+v", r)
	}
	const long = span.TraceID("000000000000000000000000000000a1")
	if full := g.full(long, "000000000000001f"); full.Span.Type != "quantum_leap" {
		t.Errorf("type %q", full.Span.Type)
	}
	if full := g.full(long, "000000000000002f"); full.Span.Type.Canonical() != "model_generation" {
		t.Errorf("type %q", full.Span.Type)
	}
	for id, reason := range map[string]store.Reason{"0": store.ReasonSpanID, "xyz": store.ReasonSpanID, "00000000000000001": store.ReasonSpanID, "": store.ReasonSpanID} {
		if r := g.taken(body(record(t1, id, ""))); r.Rejected[reason] != 1 || r.Stored != 0 {
			t.Errorf("span id %q: %+v", id, r)
		}
	}
}

func TestOdd3ChildrenFirstRootsLaterParentsNever(t *testing.T) {
	g := newRig(t, ingest.Config{})
	g.taken(body(record(t1, s2, `"parentSpanId":"`+s1+`"`)))
	if tr := g.traces("support")[0]; tr.Status != store.StatusRunning || tr.Spans != 1 {
		t.Errorf("without its root: %+v", tr)
	}
	g.taken(body(record(t1, s1, `"error":{"message":"no"}`)))
	if tr := g.traces("support")[0]; tr.Status != store.StatusError || tr.Spans != 2 || tr.SpanErrors != 1 {
		t.Errorf("with its root: %+v", tr)
	}
	if r := g.taken(body(record(t1, "77", `"parentSpanId":"99"`))); r.Stored != 1 {
		t.Errorf("a parent that never comes: %+v", r)
	}
}

func TestOdd4TheSameSpanTwice(t *testing.T) {
	g := newRig(t, ingest.Config{})
	g.taken(body(record(t1, s1, `"output":"first"`)))
	if r := g.taken(body(record(t1, s1, `"output":"second"`))); r.Repeated != 1 || r.Stored != 0 {
		t.Errorf("again: %+v", r)
	}
	if r := g.taken(body(record(t1, s2, ""), record(t1, s2, ""))); r.Stored != 1 || r.Repeated != 1 {
		t.Errorf("twice in one body: %+v", r)
	}
	if full := g.full(t1, s1); full.Span.Output != `"first"` {
		t.Errorf("output %s: a finished span is never replaced", full.Span.Output)
	}
}

func TestOdd5TheBareHostAndEmptyBodies(t *testing.T) {
	g := newRig(t, ingest.Config{})
	for _, path := range []string{"/", "/ai/spans/publish", "/projects/p/ai/spans/publish"} {
		if a := g.send(path, []byte(`{"spans":[]}`)); a.status != 200 || string(a.body) != `{"accepted":0,"stored":0,"repeated":0,"rejected":{}}` {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for signal := range kinds {
		if a := g.send("/ai/"+signal.String()+"/publish", []byte(`{"`+signal.String()+`":[]}`)); a.status != 200 {
			t.Errorf("%v: %d %s", signal, a.status, a.body)
		}
	}
	for _, b := range []string{`{"logs":[]}`, `{}`, `[]`, ``, `{"spans":{}}`, `{"spans":[]`, `{"spans":[]}{"spans":[]}`} {
		if a := g.send("/", []byte(b)); a.status != 400 || !strings.Contains(string(a.body), "spans") || !strings.Contains(string(a.body), `"field":"body"`) {
			t.Errorf("%s: %d %s", b, a.status, a.body)
		}
	}
}

func TestOdd6LargeBodiesAndFloodsOfTinyOnes(t *testing.T) {
	g := newRig(t, ingest.Config{})
	prompt := `"input":"` + strings.Repeat("prompt ", 100<<10/7) + `"`
	var records []string
	for i := range 50 {
		records = append(records, record(t1, fmt.Sprintf("%x", i+1), prompt))
	}
	if r := g.taken(body(records...)); r.Stored != 50 {
		t.Errorf("50 × 100 KB: %+v", r)
	}
	done := make(chan error)
	const senders, each = 20, 10
	for i := range senders {
		go func() {
			for j := range each {
				if a, err := g.trySend("/ai/spans/publish", spans(5, i*each+j)); err != nil || a.status != 200 {
					done <- fmt.Errorf("%d %s %w", a.status, a.body, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range senders {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if a := g.server.Stats().Signals[ingest.Spans]; a.Stored != 50+senders*each*5 {
		t.Errorf("account %+v", a)
	}
}

func TestOdd7MarksNoDatesLoneSurrogates(t *testing.T) {
	g := newRig(t, ingest.Config{})
	if r := g.taken(body(record(t1, s1, `"output":{"when":{},"text":"cut \ud83d"},"createdAt":{},"input":"…[truncated]"`), "{\"traceId\":\""+t1+"\",\"spanId\":\""+s2+"\",\"name\":\"\\ud83d \xff\",\"startedAt\":{},\"endedAt\":{}}")); r.Stored != 2 {
		t.Fatalf("reply %+v", r)
	}
	full := g.full(t1, s1)
	if text, _ := full.Span.Output.Get("text").Text(); text != "cut \uFFFD" || full.Span.Output.Get("when") != "{}" {
		t.Errorf("output %s", full.Span.Output)
	}
	if text, _ := full.Span.Input.Text(); text != "…[truncated]" {
		t.Errorf("input %s", full.Span.Input)
	}
	if full := g.full(t1, s2); full.Span.Name != "\uFFFD \uFFFD" || !full.Span.End.IsZero() {
		t.Errorf("name %q, end %v", full.Span.Name, full.Span.End)
	}
}

func TestOdd8ClocksThatAreWrong(t *testing.T) {
	now := time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC)
	g := newRig(t, ingest.Config{Now: func() time.Time { return now }})
	early := strings.Replace(record(t1, s1, `"attributes":{"completionStartTime":"2026-11-22T16:08:08.763Z"}`), "16:08:09", "16:08:07", 1)
	if r := g.taken(body(early)); r.Stored != 1 {
		t.Fatalf("reply %+v", r)
	}
	if full := g.full(t1, s1); !full.Received.Equal(now) {
		t.Errorf("received %v, want the server's clock", full.Received)
	}
	if tr := g.traces("support")[0]; tr.Duration != 0 {
		t.Errorf("duration %v of a span that ends before it starts", tr.Duration)
	}
}

func TestOdd9RecordsWithoutTracesAndBeforeTheirSpans(t *testing.T) {
	g := newRig(t, ingest.Config{})
	for path, b := range map[string]string{
		"/ai/logs/publish":    `{"logs":[{"logId":"l1","timestamp":"2026-11-22T16:08:08.809Z","level":"info","message":"started"}]}`,
		"/ai/metrics/publish": `{"metrics":[{"metricId":"m1","timestamp":"2026-11-22T16:08:08.809Z","name":"mastra_agent_duration_ms","value":7,"labels":{},"traceId":"` + t1 + `","correlationContext":{"serviceName":"only-the-metrics-know"}}]}`,
	} {
		if a := g.send(path, []byte(b)); a.status != 200 || !bytes.Contains(a.body, []byte(`"stored":1`)) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	g.taken(body(record(t1, s1, "")))
	if tr := g.traces("support"); len(tr) != 1 || tr[0].Service != "only-the-metrics-know" {
		t.Errorf("traces %+v", tr)
	}
}

func TestABadSpanFailsAlone(t *testing.T) {
	g := newRig(t, ingest.Config{})
	r := g.taken(body(record(t1, s1, ""), `{"traceId":7}`, `null`, record(t1, s2, `"startedAt":"yesterday"`), record(t1, "3", "")))
	if r.Accepted != 5 || r.Stored != 2 || r.PartialSuccess.RejectedSpans != 3 || !strings.Contains(r.PartialSuccess.ErrorMessage, "the first is record 1: traceId: type") {
		t.Errorf("reply %+v", r)
	}
}
