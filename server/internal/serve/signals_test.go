package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// asker asks a server with a token.
type asker struct {
	t          *testing.T
	url, token string
}

func (a asker) ask(method, path, body string) map[string]any {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read whole
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s: %d %s, %v", method, path, resp.StatusCode, text, err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

func (a asker) send(signal, body string) { a.ask(http.MethodPost, "/ai/"+signal+"/publish", body) }

// trace is the summary of a trace.
func (a asker) trace(id string) map[string]any {
	a.t.Helper()
	trace, ok := a.ask(http.MethodGet, "/api/projects/support/traces/"+id, "")["trace"].(map[string]any)
	if !ok {
		a.t.Fatalf("trace %s has no summary", id)
	}
	return trace
}

// want compares the named members of an answer.
func want(t *testing.T, what string, got map[string]any, members map[string]any) {
	t.Helper()
	for key, w := range members {
		if g := fmt.Sprint(got[key]); g != fmt.Sprint(w) {
			t.Errorf("%s: %s is %v, want %v", what, key, g, w)
		}
	}
}

// TestSignalsThroughTheWholeServer posts what clients send, in the orders in which it comes, and reads it back.
func TestSignalsThroughTheWholeServer(t *testing.T) {
	dir := t.TempDir()
	token := project(t, dir)
	url, stop := start(t, Config{Data: dir})
	defer func() {
		http.DefaultClient.CloseIdleConnections()
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	a := asker{t, url, token}
	now := time.Now().UTC().Truncate(time.Millisecond)
	record := func(trace, id, parent string, at time.Time, more string) string {
		if parent != "" {
			parent = `"parentSpanId":"` + parent + `",`
		}
		return fmt.Sprintf(`{"spans":[{"traceId":%q,"spanId":%q,%s"name":"n%s","spanType":"generic","startedAt":%q,"endedAt":%q%s}]}`,
			trace, id, parent, id, at.Format(time.RFC3339Nano), at.Add(time.Second).Format(time.RFC3339Nano), more)
	}
	metric := func(trace, id string) string {
		return fmt.Sprintf(`{"metrics":[{"metricId":%q,"timestamp":%q,"traceId":%q,"spanId":"1","name":"mastra_agent_duration_ms","value":8.25e-05,"labels":{"status":"ok"},"correlationContext":{"serviceName":"by-metric"}}]}`,
			id, now.Format(time.RFC3339Nano), trace)
	}

	// A service name that only a metric has, before its spans and after; without one, the label of the token.
	a.send("metrics", metric("a1", "m1"))
	a.send("spans", record("a1", "1", "", now, ""))
	a.send("spans", record("a2", "1", "", now, ""))
	want(t, "before its metric", a.trace("a2"), map[string]any{"service": "the-token"})
	a.send("metrics", metric("a2", "m2"))
	for _, id := range []string{"a1", "a2"} {
		want(t, "of a metric", a.trace(id), map[string]any{"service": "by-metric", "status": "success", "spans": 1})
	}
	if list := a.ask(http.MethodGet, "/api/projects/support/traces?service=by-metric", "")["traces"].([]any); len(list) != 2 {
		t.Errorf("%d traces of the service, want 2", len(list))
	}
	if list := a.ask(http.MethodGet, "/api/projects/support/traces?service=the-token", "")["traces"].([]any); len(list) != 0 {
		t.Errorf("%d traces of the label, want none", len(list))
	}

	// Clocks that are wrong: the server's stands in.
	for id, at := range map[string]time.Time{"b1": now.AddDate(30, 0, 0), "b2": time.Unix(0, 0).UTC()} {
		a.send("spans", record(id, "1", "", at, ""))
		start, err := time.Parse(time.RFC3339Nano, fmt.Sprint(a.trace(id)["start"]))
		if err != nil || start.Sub(now).Abs() > time.Minute {
			t.Errorf("a clock at %v: the trace starts at %v, %v", at, start, err)
		}
		want(t, "a wrong clock", a.ask(http.MethodGet, "/api/projects/support/traces/"+id+"/spans/1", ""), map[string]any{"clock": true})
	}

	// A trace over midnight, in two bodies, and its root in a third, later.
	midnight := now.Truncate(24 * time.Hour)
	a.send("spans", record("c1", "3", "1", midnight.Add(time.Minute), ""))
	a.send("spans", record("c1", "2", "1", midnight.Add(-time.Minute), `,"error":{"message":"no"}`))
	want(t, "without its root", a.trace("c1"), map[string]any{"status": "running", "spans": 2, "span_errors": 1})
	a.send("spans", record("c1", "1", "", midnight.Add(-2*time.Minute), `,"metadata":{"userId":"ann","threadId":"th"},"tags":["x"]`))
	want(t, "over midnight", a.trace("c1"), map[string]any{
		"status": "success", "spans": 3, "span_errors": 1, "name": "n1", "duration_ns": float64(181 * time.Second),
		"user": "ann", "thread": "th", "tags": "[x]", "start": midnight.Add(-2 * time.Minute).Format(time.RFC3339Nano),
	})

	// Logs, scores and feedback, of a trace and of none.
	at := now.Format(time.RFC3339Nano)
	a.send("logs", `{"logs":[{"logId":"l1","timestamp":"`+at+`","traceId":"a1","spanId":"1","level":"warn","message":"declined","data":{"n":0}},{"logId":"l2","timestamp":"`+at+`","level":"info","message":"of no trace"}]}`)
	a.send("scores", `{"scores":[{"scoreId":"s1","timestamp":"`+at+`","traceId":"a1","scorerId":"relevancy","scorerName":"Relevancy","scoreSource":"live","score":0.87,"reason":"on topic"}]}`)
	a.send("feedback", `{"feedback":[{"feedbackId":"f1","timestamp":"`+at+`","traceId":"a1","feedbackSource":"user","feedbackType":"thumbs","value":"up","comment":"nice"}]}`)
	byID := map[string]map[string]any{}
	for _, r := range a.ask(http.MethodGet, "/api/projects/support/traces/a1/records", "")["records"].([]any) {
		r := r.(map[string]any)
		byID[fmt.Sprint(r["id"])] = r
	}
	if len(byID) != 4 {
		t.Errorf("the trace has %d records, want 4", len(byID))
	}
	part := func(id, kind string) map[string]any {
		p, _ := byID[id][kind].(map[string]any)
		return p
	}
	want(t, "log", part("l1", "log"), map[string]any{"level": "warn", "message": "declined", "data": map[string]any{"n": 0}})
	want(t, "log", byID["l1"], map[string]any{"time": at, "span_id": "0000000000000001", "kind": "log"})
	want(t, "metric", part("m1", "metric"), map[string]any{"name": "mastra_agent_duration_ms", "value": 8.25e-05, "labels": map[string]any{"status": "ok"}})
	want(t, "score", part("s1", "score"), map[string]any{"scorer_id": "relevancy", "scorer_name": "Relevancy", "source": "live", "score": 0.87, "reason": "on topic"})
	want(t, "feedback", part("f1", "feedback"), map[string]any{"source": "user", "type": "thumbs", "value": "up", "comment": "nice"})
	if all := a.ask(http.MethodGet, "/api/projects/support/records?kind=log", "")["records"].([]any); len(all) != 2 {
		t.Errorf("%d logs, want 2", len(all))
	}

	// The captured bodies: what each span says is what comes back.
	for _, name := range captured.Names() {
		a.send("spans", string(captured.Body(name)))
		var body struct{ Spans []map[string]any }
		if err := json.Unmarshal(captured.Body(name), &body); err != nil {
			t.Fatal(err)
		}
		for _, s := range body.Spans {
			path := fmt.Sprintf("/api/projects/support/traces/%v/spans/%v", s["traceId"], s["spanId"])
			want(t, name, a.ask(http.MethodGet, path, ""), map[string]any{
				"name": s["name"], "input": s["input"], "output": s["output"], "metadata": s["metadata"], "is_event": s["isEvent"],
			})
		}
	}
}
