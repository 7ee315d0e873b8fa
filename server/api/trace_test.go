package api

import (
	"net/http"
	"testing"
	"time"
)

const (
	traceA = "/api/projects/a/traces"
	id1    = "0af7651916cd43dd8448eb211c80319c"
)

func TestListIsWhatWasStored(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		page := want[traceList](r, traceA)
		if len(page.Traces) != 1 || page.Next != nil || !page.Searched.Done {
			r.t.Fatalf("page %+v", page)
		}
		got := page.Traces[0]
		if got.TraceID != id1 || got.Name != "answer" || got.Service != "shop" || got.Type != "agent_run" || got.Status != "success" || got.SpanErrors != 1 ||
			got.Spans != 2 || !got.Start.Equal(noon.Add(-time.Minute)) || got.DurationNS != int64(time.Second) || got.User != "u1" || got.CostUSD != nil {
			r.t.Errorf("trace %+v", got)
		}
		if w := r.get("other", traceA); w.Code != http.StatusNotFound {
			r.t.Errorf("another project's token: %d", w.Code)
		}
	})
}
