package ingest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/ingest"
)

func TestQuotaPause(t *testing.T) {
	now := time.Date(2026, 11, 22, 23, 59, 0, 500_000_000, time.UTC)
	g := newRig(t, ingest.Config{Now: func() time.Time { return now }})
	if err := g.db.SetQuota(t.Context(), "support", 10); err != nil {
		t.Fatal(err)
	}
	announced := header("X-Mastra-Observability-Capabilities", "other, Quota-Pause-v1")
	if a := g.send("/ai/spans/publish", spans(7, 0)); a.status != 200 {
		t.Fatalf("below the quota: %d %s", a.status, a.body)
	}
	if a := g.send("/ai/spans/publish", spans(7, 0)); a.status != 200 || !strings.Contains(string(a.body), `"repeated":7`) {
		t.Fatalf("what is known does not count: %d %s", a.status, a.body)
	}
	if a := g.send("/ai/spans/publish", spans(7, 1)); a.status != 200 || !strings.Contains(string(a.body), `"stored":7`) {
		t.Fatalf("the body that crosses the quota is taken whole: %d %s", a.status, a.body)
	}
	for name, b := range map[string][]byte{"a body": spans(3, 2), "a probe": []byte(`{"spans":[]}`)} {
		a := g.send("/ai/spans/publish", b, announced)
		if a.status != 402 || a.header.Get("X-Mastra-Observability") != "disabled" || a.header.Get("X-Mastra-Observability-Retry-After") != "60" ||
			!strings.Contains(string(a.body), `"code":"quota"`) {
			t.Errorf("%s of a client that pauses: %d %v %s", name, a.status, a.header, a.body)
		}
		a = g.send("/ai/spans/publish", b)
		if a.status != 204 || a.header.Get("X-Mastra-Observability") != "disabled" || a.header.Get("X-Mastra-Observability-Retry-After") != "60" || len(a.body) > 0 {
			t.Errorf("%s of a client that does not: %d %v %s", name, a.status, a.header, a.body)
		}
	}
	if a := g.send("/ai/logs/publish", capturedRecords(t, ingest.Logs), announced); a.status != 402 {
		t.Errorf("another signal: %d", a.status)
	}
	if a := g.send("/v1/traces", []byte(`{}`)); a.status != 429 || a.header.Get("Retry-After") != "60" {
		t.Errorf("OTLP: %d %v %s", a.status, a.header, a.body)
	}
	if a := g.send("/ai/spans/publish", spans(3, 2), g.as("sales"), announced); a.status != 200 {
		t.Errorf("another project: %d %s", a.status, a.body)
	}
	stats := g.server.Stats()
	if a := stats.Projects["support"][ingest.Spans]; a.Stored != 14 || a.Repeated != 7 || a.Rejected[ingest.ReasonQuota] != 6 {
		t.Errorf("account %+v", a)
	}
	if q := stats.Quotas["support"]; q.Used != 14 || q.Limit != 10 || !q.Until.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("quota %+v", q)
	}
	if stats.Requests[402] != 3 || stats.Requests[204] != 2 || stats.Requests[429] != 1 {
		t.Errorf("requests %v", stats.Requests)
	}

	now = now.Add(time.Minute) // the next day
	if a := g.send("/ai/spans/publish", spans(3, 2), announced); a.status != 200 || a.header.Get("X-Mastra-Observability") != "" {
		t.Errorf("the next day: %d %v %s", a.status, a.header, a.body)
	}
}

// A server that starts again knows from its store what the day has had.
func TestQuotaSurvivesARestart(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, ingest.Config{Store: s})
			g.send("/ai/spans/publish", spans(12, 0)) // with no quota yet, so nobody has counted
			if err := g.db.SetQuota(t.Context(), "support", 10); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the quota is known", func() bool { return g.send("/ai/spans/publish", spans(1, 1)).status == http.StatusNoContent })
		})
	}
}
