package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

const (
	traceA = "/api/projects/a/traces"
	id1    = "0af7651916cd43dd8448eb211c80319c"
	id2    = "1af7651916cd43dd8448eb211c80319c"
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
	})
}

func TestAnEmptyProjectAnswersEverything(t *testing.T) {
	overBoth(t, func(r *rig) {
		if page := want[traceList](r, traceA); len(page.Traces) != 0 || !page.Searched.Done {
			r.t.Errorf("page %+v", page)
		}
		want[recordList](r, "/api/projects/a/records")
		want[seriesReply](r, "/api/projects/a/series?metric=latency&by=service")
		want[valuesReply](r, "/api/projects/a/values/service")
		want[projectStats](r, "/api/projects/a/stats")
		want[pipelineReply](r, "/api/pipeline")
	})
}

// An absent filter lists all; an empty one is an error, and never an empty list.
func TestAbsentIsNotEmpty(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		for _, p := range filterParameters {
			name := p.name
			if name == "meta." {
				name = "meta.userId"
			}
			if w := r.get("read", traceA+"?"+name+"="); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"field":"`+name+`"`) {
				r.t.Errorf("empty %s: %d %s", name, w.Code, w.Body)
			}
		}
	})
}

func TestPagesAreStableWhileTracesArrive(t *testing.T) {
	overBoth(t, func(r *rig) {
		for i := range 25 {
			r.trace("a", span.TraceID(fmt.Sprintf("%032x", i+1)), "old", noon.Add(time.Duration(i-60)*time.Second))
		}
		var seen []span.TraceID
		for cursor, page := "", 0; ; page++ {
			list := want[traceList](r, traceA+"?limit=4"+cursor)
			for _, t := range list.Traces {
				seen = append(seen, t.TraceID)
			}
			r.trace("a", span.TraceID(fmt.Sprintf("%032x", 1000+page)), "new", noon.Add(time.Duration(page)*time.Millisecond))
			if list.Next == nil {
				break
			}
			cursor = "&cursor=" + *list.Next
		}
		sorted := slices.Sorted(slices.Values(seen))
		if len(seen) != 25 || len(slices.Compact(sorted)) != 25 {
			r.t.Errorf("pages have %d traces, %d different ones, of the 25 that were there at first", len(seen), len(slices.Compact(sorted)))
		}
	})
}

// columns must write what encoding/json would write of a skeleton.
func TestSkeletonIsWrittenByHandAsByReflection(t *testing.T) {
	overBoth(t, func(r *rig) {
		start := noon.Add(-time.Hour)
		r.append("a", &store.Batch{Spans: []store.Item{
			{Span: &span.Span{TraceID: id1, ID: "1", Name: "root \"quoted\" <b>\u2028", Type: span.TypeAgentRun, Root: true, Start: start}},
			{Span: &span.Span{TraceID: id1, ID: "2", ParentID: "1", Name: "model", Type: span.TypeModelGeneration, Start: start.Add(1), End: start.Add(5),
				Attributes: `{"model":"m","usage":{"inputTokens":123456789012,"outputTokens":2},"costContext":{"estimatedCost":0.25}}`}},
			{Span: &span.Span{TraceID: id1, ID: "3", ParentID: "not an \"id\"", Name: "event", Type: span.TypeModelChunk, Event: true, Start: start.Add(2)}},
		}})
		w := r.get("read", traceA+"/"+id1)
		var got, again skeleton
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			r.t.Fatal(err)
		}
		text, err := encode(got)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(got, again) {
			r.t.Errorf("%v\n%s\n%s", err, w.Body, text)
		}
		s := got.Spans
		if n := len(s.ID); n != 3 || len(s.Parent) != n || len(s.Name) != n || len(s.Type) != n || len(s.Service) != n || len(s.Model) != n || len(s.StartNS) != n ||
			len(s.DurNS) != n || len(s.Status) != n || len(s.Tokens) != n || len(s.Cost) != n || len(s.Event) != n || len(s.Clock) != n {
			r.t.Fatalf("columns differ in length: %+v", s)
		}
		if s.StartNS[1] != 1 || s.DurNS[0] != -1 || s.DurNS[1] != 4 || !s.Event[2] || s.Tokens[0] != nil || s.Tokens[1].Input != 123456789012 ||
			got.Strings[s.Model[1]] != "m" || got.Strings[s.Name[0]] != "root \"quoted\" <b>\u2028" || s.Status[0] != "running" {
			r.t.Errorf("rows %+v of %q, tokens %+v", s, got.Strings, s.Tokens[1])
		}
		few := want[skeleton](r, traceA+"/"+id1+"?max_spans=1")
		if !few.Truncated || len(few.Spans.ID) != 1 || few.Trace.Spans != 3 {
			r.t.Errorf("max_spans=1: %+v", few)
		}
	})
}

func TestFindLooksEverywhereInATrace(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		for q, n := range map[string]int{"GOOD+day": 1, "look+up": 1, "u1": 1, "nothing": 0} {
			if got := want[foundSpans](r, traceA+"/"+id1+"/find?q="+q); len(got.Spans) != n || !got.Done {
				r.t.Errorf("%s: %+v, want %d spans", q, got, n)
			}
		}
	})
}

func TestDeleteTakesATraceWithItsRecords(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		r.trace("b", id1, "theirs", noon.Add(-time.Minute))
		r.append("a", &store.Batch{Records: []store.Record{{Kind: store.KindLog, ID: "l1", At: noon, TraceID: id1, Log: &store.Log{Level: "info", Message: "m"}}}})
		if w := r.do(http.MethodDelete, "read", traceA+"/"+id1, nil); w.Code != http.StatusForbidden {
			r.t.Errorf("delete with the scope read: %d", w.Code)
		}
		w := r.do(http.MethodDelete, "admin", traceA+"/"+id1, nil)
		if w.Code != http.StatusOK || w.Body.String() != `{"spans":2,"records":1}`+"\n" {
			r.t.Errorf("delete: %d %s", w.Code, w.Body)
		}
		if w := r.get("read", traceA+"/"+id1); w.Code != http.StatusNotFound {
			r.t.Errorf("after: %d", w.Code)
		}
		if w := r.get("other", "/api/projects/b/traces/"+id1); w.Code != http.StatusOK {
			r.t.Errorf("the trace of the other project with the same id: %d", w.Code)
		}
	})
}
