package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

type unready struct{ store.Store }

func (unready) Ready(context.Context) error { return errors.New("the disk is gone") }

func TestReadyIsWritableAndNotDraining(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := r.get("", path); w.Code != http.StatusOK || w.Body.String() != `{"status":"ok","version":"v0"}`+"\n" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	r.api.Drain()
	r.api.Drain()
	if w := r.get("", "/readyz"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"draining"`) {
		t.Errorf("/readyz while draining: %d %s", w.Code, w.Body)
	}
	if w := r.get("", "/healthz"); w.Code != http.StatusOK {
		t.Errorf("/healthz while draining: %d", w.Code)
	}
	if w := r.get("read", traceA); w.Code != http.StatusOK {
		t.Errorf("a question while draining: %d", w.Code)
	}
	r = newRig(t, func(c *Config) { c.Store = unready{c.Store} })
	if w := r.get("", "/readyz"); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("/readyz without a disk: %d %s", w.Code, w.Body)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	r := newRig(t)
	w := r.get("", "/api/openapi.json")
	if w.Code != http.StatusOK || w.Body.String() != string(openAPI) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/openapi+json") {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	if again := r.get("", "/api/openapi.json", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("once more: %d", again.Code)
	}
}

// sent is a rig whose receiving half has counted something in both projects.
func sent(t *testing.T) *rig {
	r := newRig(t, func(c *Config) {
		c.Ingest = func() Ingest {
			return Ingest{
				Projects: map[string]IngestCounts{
					"a": {Received: 5, Stored: 2, Repeated: 1, Rejected: map[store.Reason]int64{"syntax": 2}, LastSeen: noon},
					"b": {Received: 70, Stored: 70},
				},
				Requests: map[int]int64{200: 3, 503: 1}, WireBytes: 1000,
				Latency: Durations{Bounds: []time.Duration{time.Second}, Counts: []int64{3, 1}, Sum: 5 * time.Second},
			}
		}
		c.Exporters = func(project string) []Exporter {
			return []Exporter{{Project: project, Instance: "i-" + project, LastSeen: noon, Accepted: 3, Delivered: 2, Dropped: 1}}
		}
	})
	r.trace("a", id1, "answer", noon.Add(-time.Minute))
	r.trace("a", id1, "answer", noon.Add(-time.Minute))
	r.trace("b", id1, "secret-name", noon.Add(-time.Minute))
	r.trace("b", id2, "secret-name", noon.Add(-time.Minute))
	return r
}

func TestThePipelineIsTheAccountOfWhatACallerMayRead(t *testing.T) {
	r := sent(t)
	mine := want[pipelineReply](r, "/api/pipeline")
	if mine.Store.Received != 4 || mine.Store.Stored != 2 || mine.Store.Repeated != 2 || len(mine.Projects) != 1 || mine.Projects[0].Project.ID != "a" ||
		mine.Ingest.Received != 5 || mine.Ingest.Rejected["syntax"] != 2 || mine.Ingest.Requests["503"] != 1 || len(mine.Exporters) != 1 || mine.Exporters[0].Instance != "i-a" {
		t.Errorf("of a token of one project: %+v", mine)
	}
	all := wantBy[pipelineReply](r, "root", "/api/pipeline")
	if all.Store.Received != 8 || all.Store.Stored != 6 || len(all.Projects) != 2 || all.Ingest.Received != 75 || len(all.Exporters) != 2 {
		t.Errorf("of a token of all: %+v", all)
	}
	stats := want[projectStats](r, "/api/projects/a/stats")
	if len(stats.Days) != 1 || stats.Days[0].Day != "2026-11-22" || stats.Days[0].Spans != 2 || *stats.Oldest != "2026-11-22" ||
		stats.Limits.KeepNS != int64(30*24*time.Hour) {
		t.Errorf("stats %+v", stats)
	}
}

func TestMetricsHaveNoLabelsOfUserData(t *testing.T) {
	r := sent(t)
	measured := r.api.Measure(r.router)
	for _, path := range []string{traceA + "?q=secret-text", "/secret-path", traceA + "/" + id1, "/api/projects/nobody/traces"} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil)
		req.Header.Set("Authorization", "Bearer "+r.tokens["read"])
		measured.ServeHTTP(httptest.NewRecorder(), req)
	}
	text := r.get("read", "/metrics").Body.String()
	for _, line := range []string{
		`tailrace_store_items_total{state="stored"} 2`, `tailrace_store_items_total{state="repeated"} 2`,
		`tailrace_ingest_items_total{state="stored"} 2`, `tailrace_ingest_rejected_items_total{reason="syntax"} 2`,
		`tailrace_ingest_requests_total{status="503"} 1`, `tailrace_ingest_request_duration_seconds_bucket{le="1"} 3`, `tailrace_ingest_request_duration_seconds_count 4`,
		`tailrace_http_requests_total{route="GET /api/projects/{p}/traces",status="200"} 1`, `tailrace_http_requests_total{route="GET /api/projects/{p}/traces",status="404"} 1`,
		`tailrace_http_requests_total{route="none",status="404"} 1`, `tailrace_http_request_duration_seconds_count{route="GET /api/projects/{p}/traces/{id}"} 1`,
		`tailrace_build_info{version="v0"} 1`, `tailrace_live_views 0`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, word := range []string{"secret", "project=", id1, "trt_"} {
		if strings.Contains(text, word) {
			t.Errorf("%q is in the metrics", word)
		}
	}
	for _, name := range []string{"go_goroutines", "process_"} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
	all := r.get("root", "/metrics").Body.String()
	for _, line := range []string{`tailrace_store_items_total{project="a",state="stored"} 2`, `tailrace_store_items_total{project="b",state="stored"} 4`} {
		if !strings.Contains(all, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if w := r.get("ingest", "/metrics"); w.Code != http.StatusForbidden {
		t.Errorf("with the scope ingest: %d", w.Code)
	}
}

func TestMeasureCountsWhatPanics(t *testing.T) {
	r := newRig(t)
	h := r.api.Measure(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }))
	func() {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	}()
	if text := r.get("read", "/metrics").Body.String(); !strings.Contains(text, `tailrace_http_requests_total{route="none",status="500"} 1`) {
		t.Error("a panic is not counted as 500")
	}
}

func TestSeriesHasTheFiguresOfItsMetric(t *testing.T) {
	overBoth(t, func(r *rig) {
		start := noon.Add(-30 * time.Minute)
		r.append("a", &store.Batch{Spans: []store.Item{
			{Span: &span.Span{TraceID: id1, ID: "1", Name: "run", Type: span.TypeAgentRun, Root: true, Start: start, End: start.Add(2 * time.Second)}, Service: "shop"},
			{Span: &span.Span{TraceID: id1, ID: "2", ParentID: "1", Name: "ask", Type: span.TypeModelGeneration, Start: start, End: start.Add(time.Second),
				Attributes: `{"model":"m1","usage":{"inputTokens":10,"outputTokens":4,"inputDetails":{"cacheRead":3}},"costContext":{"estimatedCost":0.5}}`, Error: &span.Error{Message: "no"}}, Service: "shop"},
		}})
		get := func(q string) (seriesReply, map[string]seriesLine) {
			reply := want[seriesReply](r, "/api/projects/a/series?last=1h&"+q)
			lines := map[string]seriesLine{}
			for _, s := range reply.Series {
				if len(s.Values) != len(reply.T) {
					r.t.Errorf("%s: %d values for %d times", q, len(s.Values), len(reply.T))
				}
				lines[s.Key] = s
			}
			return reply, lines
		}
		reply, lines := get("metric=latency&by=type")
		if reply.ErrorBound != store.ErrorBound || reply.StepS != 60 || len(reply.T) != 60 {
			r.t.Errorf("latency: bound %v, step %d, %d times", reply.ErrorBound, reply.StepS, len(reply.T))
		}
		if total := lines["agent_run"].Total; total == nil || *total < 2e9*(1-store.ErrorBound) || *total > 2e9*(1+store.ErrorBound) {
			r.t.Errorf("p50 %v", total)
		}
		if line := lines["agent_run"]; line.Values[0] != nil || line.Values[30] == nil || line.Parts["p99"].Values[30] == nil {
			r.t.Errorf("latency %+v", line)
		}
		for q, want := range map[string]float64{
			"metric=count&by=model": 1, "metric=errors&by=model": 1, "metric=tokens&by=model": 14, "metric=cost&by=model": 0.5,
		} {
			reply, lines := get(q)
			if line := lines["m1"]; line.Total == nil || *line.Total != want || *line.Values[30] != want || *line.Values[0] != 0 || reply.ErrorBound != 0 {
				r.t.Errorf("%s: %+v", q, line)
			}
		}
		if _, lines := get("metric=tokens"); *lines[""].Parts["input"].Total != 10 || *lines[""].Parts["cached"].Values[30] != 3 {
			r.t.Errorf("tokens %+v", lines[""])
		}
		if _, lines := get("metric=count&of=traces&service=shop"); *lines[""].Total != 1 {
			r.t.Errorf("traces %+v", lines[""])
		}
		if w := r.get("read", "/api/projects/a/series?metric=cost&of=traces"); w.Code != http.StatusBadRequest {
			r.t.Errorf("cost of traces: %d", w.Code)
		}
		if v := want[valuesReply](r, "/api/projects/a/values/model?prefix=m"); len(v.Values) != 1 || v.Values[0] != "m1" {
			r.t.Errorf("models %v", v)
		}
		if w := r.get("read", "/api/projects/a/values/nonsense"); w.Code != http.StatusBadRequest {
			r.t.Errorf("values of nonsense: %d", w.Code)
		}
	})
}

func TestRecordsBelongToTraces(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		r.append("a", &store.Batch{Records: []store.Record{
			{Kind: store.KindLog, ID: "l1", At: noon.Add(-4 * time.Second), TraceID: id1, SpanID: "2", Log: &store.Log{Level: "warn", Message: "slow", Data: `{"ms":12345678901234567890}`}, Tags: []string{"t"}, Context: `{"userId":"u"}`},
			{Kind: store.KindMetric, ID: "m1", At: noon.Add(-3 * time.Second), TraceID: id1, Metric: &store.Metric{Name: "tokens", Value: "1.50e3", CostUSD: new(0.25)}},
			{Kind: store.KindScore, ID: "s1", At: noon.Add(-2 * time.Second), TraceID: id2, Score: &store.Score{ScorerID: "judge", Score: "0.9"}},
			{Kind: store.KindFeedback, ID: "f1", At: noon.Add(-time.Second), Feedback: &store.Feedback{Type: "thumbs", Value: `"up"`}},
		}})
		ids := func(path string) string {
			var ids []string
			for _, rec := range want[recordList](r, path).Records {
				ids = append(ids, rec.ID)
			}
			return strings.Join(ids, " ")
		}
		for path, want := range map[string]string{
			"/api/projects/a/records":                                  "f1 s1 m1 l1",
			"/api/projects/a/records?kind=log":                         "l1",
			"/api/projects/a/records?trace_id=" + strings.ToUpper(id1): "m1 l1",
			"/api/projects/a/records?from=2026-11-22T11:59:58Z":        "f1 s1",
			"/api/projects/a/records?to=2026-11-22T11:59:58Z&kind=log": "l1",
			"/api/projects/a/records?last=2s":                          "f1 s1",
			traceA + "/" + id1 + "/records":                            "m1 l1",
			traceA + "/" + id1 + "/records?kind=score":                 "",
			traceA + "/" + id2 + "/records":                            "s1", // its spans have not arrived
			"/api/projects/a/records?trace_id=ff":                      "",
		} {
			if got := ids(path); got != want {
				r.t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		page := want[recordList](r, "/api/projects/a/records?limit=3")
		if len(page.Records) != 3 || page.Next == nil || ids("/api/projects/a/records?limit=3&cursor="+*page.Next) != "l1" {
			r.t.Errorf("page %+v", page)
		}
		l := want[recordList](r, "/api/projects/a/records?kind=log").Records[0]
		if l.Log == nil || l.Metric != nil || l.Log.Data != `{"ms":12345678901234567890}` || *l.SpanID != "0000000000000002" || l.Context != `{"userId":"u"}` || l.Tags[0] != "t" {
			r.t.Errorf("log %+v", l)
		}
		if m := want[recordList](r, "/api/projects/a/records?kind=metric").Records[0].Metric; m.Value != "1.50e3" || *m.CostUSD != 0.25 {
			r.t.Errorf("metric %+v", m)
		}
	})
}
