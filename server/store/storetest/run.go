package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Run tests the promises of Store, one by one.
func Run(t *testing.T, o Open) {
	for _, test := range []struct {
		name string
		run  func(*fixture)
	}{
		{"each item gets an answer and the account balances", testOutcomes},
		{"a running span ends once and a finished one stays", testRunning},
		{"children may come before their root", testLateRoot},
		{"status comes from the root and from silence", testStatus},
		{"the surest service name wins in any order", testService},
		{"tokens count on leaf usage alone", testTokens},
		{"an inference with usage of its own counts, whenever it comes", testOwnUsage},
		{"cost comes from the span or else from total metrics", testCost},
		{"an absent filter filters nothing and each filter does", testFilters},
		{"pages are stable while traces arrive", testPages},
		{"a filter that makes no sense names its field", testBadFilters},
		{"a project never sees another one", testProjects},
		{"a key is answered once per body", testKeys},
		{"a skeleton is cut from the bottom", testSkeleton},
		{"ids are lower case and padded", testIDs},
		{"records are joined to their traces", testRecords},
		{"a deleted trace is gone with all its signals", testDelete},
		{"series add up and percentiles are within the bound", testSeries},
		{"a trace over midnight is one trace", testMidnight},
		{"a wild clock makes no days", testClock},
		{"subscribers see commits, resume and are reset", testLive},
		{"old days go", testRetention},
		{"the same batch from many sides counts once", testConcurrent},
		{"nothing works after Close", testClosed},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(open(t, o, Options{})) })
	}
}

func testOutcomes(f *fixture) {
	noop := made(1, 1, 0, Noon, time.Second)
	noop.TraceID, noop.ParentID = span.NoOpTraceID, span.NoOpID
	badTrace, badSpan := made(1, 2, 0, Noon, time.Second), made(1, 3, 0, Noon, time.Second)
	badTrace.TraceID, badSpan.ID = "hello", "12345678901234567"
	badJSON := made(1, 4, 0, Noon, time.Second)
	badJSON.Input = `{"a":`
	good := made(1, 5, 0, Noon, time.Second)
	r := f.batch(&store.Batch{
		Spans: items(noop, badTrace, badSpan, badJSON, good, good),
		Records: []store.Record{
			{Kind: store.KindLog, Log: &store.Log{}},
			{Kind: store.KindScore, ID: "a", Log: &store.Log{}},
			{Kind: store.KindLog, ID: "a", At: Noon, Log: &store.Log{Message: "m"}},
		},
	})
	want := []store.Outcome{
		{State: store.Rejected, Reason: store.ReasonNoOp}, {State: store.Rejected, Reason: store.ReasonTraceID},
		{State: store.Rejected, Reason: store.ReasonSpanID}, {State: store.Rejected, Reason: store.ReasonEncode},
		{State: store.Stored}, {State: store.Repeated},
		{State: store.Rejected, Reason: store.ReasonRecordID}, {State: store.Rejected, Reason: store.ReasonKind}, {State: store.Stored},
	}
	if got := slices.Concat(r.Spans, r.Records); !slices.Equal(got, want) {
		f.Errorf("outcomes %v, want %v", got, want)
	}
	stats, err := f.Stats(context.Background(), project)
	if err != nil {
		f.Fatal(err)
	}
	rejected := int64(0)
	for _, n := range stats.Rejected {
		rejected += n
	}
	if stats.Received != 9 || stats.Received != stats.Stored+stats.Repeated+rejected || stats.Stored != 2 {
		f.Errorf("the account does not balance: %+v", stats)
	}
	if empty := f.batch(&store.Batch{}); len(empty.Spans) != 0 {
		f.Errorf("an empty batch: %+v", empty)
	}
}

func testRunning(f *fixture) {
	f.append(running(1, 1, 0, Noon))
	if s := f.one(); s.Status != store.StatusRunning {
		f.Errorf("status %v before the end", s.Status)
	}
	end := made(1, 1, 0, Noon.Add(time.Second), 4*time.Second)
	end.Name = "ended"
	for i, want := range [][3]int{{1, 0, 0}, {0, 1, 0}} {
		if got := states(f.append(end).Spans); got != want {
			f.Errorf("end %d: stored, repeated, rejected = %v, want %v", i, got, want)
		}
	}
	other := made(1, 1, 0, Noon, time.Hour)
	other.Name = "changed"
	if got := states(f.append(other, running(1, 1, 0, Noon)).Spans); got != [3]int{0, 2, 0} {
		f.Errorf("after the end: %v, want two repeated", got)
	}
	s := f.one()
	if s.Name != "ended" || s.Spans != 1 || s.Duration != 5*time.Second || s.Status != store.StatusSuccess {
		f.Errorf("summary %+v, want the first end, counted once, from the first start", s)
	}
	full, err := f.Span(context.Background(), project, traceID(1), spanID(1))
	if err != nil || full.Span.Name != "ended" || !full.Span.Start.Equal(Noon) || full.Status != store.StatusSuccess {
		f.Errorf("span %+v, %v", full, err)
	}
	set, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon.Add(-time.Hour), To: Noon.Add(time.Hour)})
	if err != nil || len(set.Series) != 1 || set.Series[0].Total.Count != 1 {
		f.Errorf("series %+v, %v; want one span", set.Series, err)
	}
}

func testLateRoot(f *fixture) {
	child := made(1, 2, 1, Noon.Add(time.Second), time.Second)
	f.append(child, made(1, 3, 2, Noon.Add(1200*time.Millisecond), time.Millisecond))
	if s := f.one(); s.Status != store.StatusRunning || s.Name != "span 2" || s.Spans != 2 {
		f.Errorf("without its root: %+v", s)
	}
	root := made(1, 1, 0, Noon, 3*time.Second)
	root.Tags = []string{"b", "a"}
	root.Input = `{"messages":[{"role":"user","content":"first"},{"role":"user","content":[{"type":"text","text":"what  is\nup"}]}]}`
	f.append(root)
	s := f.one()
	if s.Status != store.StatusSuccess || s.Name != "span 1" || s.Spans != 3 || !s.Start.Equal(Noon) || s.Duration != 3*time.Second {
		f.Errorf("with its root: %+v", s)
	}
	if s.Preview != "what is up" || !slices.Equal(s.Tags, []string{"a", "b"}) {
		f.Errorf("preview %q, tags %v", s.Preview, s.Tags)
	}
	if found := f.list(store.Filter{Facets: []store.Facet{{Key: "tag", Value: "a"}, {Key: "type", Value: "generic"}}}); len(found) != 1 {
		f.Errorf("facets did not move with the start: %v", found)
	}
}

func testStatus(f *fixture) {
	failed := made(1, 1, 0, Noon, time.Second)
	failed.Error = &span.Error{Message: "no"}
	f.append(failed)
	inner := made(2, 2, 1, Noon, time.Second)
	inner.Error = &span.Error{Message: "no"}
	f.append(made(2, 1, 0, Noon.Add(-time.Minute), time.Hour), inner)
	stuck := running(3, 1, 0, Noon.Add(-2*time.Minute))
	stuck.Error = &span.Error{Message: "no"}
	f.append(stuck)
	f.append(made(4, 2, 1, Noon.Add(-3*time.Minute), time.Second), made(4, 3, 1, Noon.Add(-2*time.Minute), time.Minute)) // its root is lost
	f.append(made(5, 2, 9, Noon.Add(-4*time.Minute), time.Hour), made(5, 3, 2, Noon, time.Second))                       // its parent is elsewhere
	f.append(running(6, 1, 0, Noon.Add(-5*time.Minute)))
	check := func(want ...store.Status) {
		f.Helper()
		for i, s := range f.list(store.Filter{}) {
			if s.Status != want[i] {
				f.Errorf("trace %s is %v, want %v", s.TraceID[30:], s.Status, want[i])
			}
			if found := f.list(store.Filter{Status: want[i], TraceID: string(s.TraceID)}); len(found) != 1 {
				f.Errorf("trace %s is not found by %v", s.TraceID[30:], want[i])
			}
		}
	}
	e, ok, run, inc := store.StatusError, store.StatusSuccess, store.StatusRunning, store.StatusIncomplete
	check(e, ok, e, run, run, run)
	f.advance(store.QuietAfter + time.Second)
	check(e, ok, e, inc, ok, run)
	yes, no := true, false
	if a, b := f.list(store.Filter{AnyError: &yes}), f.list(store.Filter{AnyError: &no}); len(a) != 3 || len(b) != 3 {
		f.Errorf("%d with any error and %d without, want 3 and 3", len(a), len(b))
	}
}

func testService(f *fixture) {
	root := made(1, 1, 0, Noon, time.Second)
	root.EntityType, root.EntityName = span.EntityAgent, "agent"
	child := made(1, 2, 1, Noon, time.Millisecond)
	child.Metadata = `{"serviceName":"from-metadata"}`
	steps := []struct {
		want  string
		batch store.Batch
	}{
		{"label", store.Batch{Label: "label", Spans: items(made(1, 3, 1, Noon, time.Millisecond))}},
		{"agent", store.Batch{Label: "label", Spans: items(root)}},
		{"from-record", store.Batch{Records: []store.Record{{Kind: store.KindMetric, ID: "m", At: Noon, TraceID: traceID(1),
			Context: `{"serviceName":"from-record"}`, Metric: &store.Metric{Name: "n", Value: "1"}}}}},
		{"from-metadata", store.Batch{Spans: items(child)}},
		{"resource", store.Batch{Spans: []store.Item{{Span: made(1, 4, 1, Noon, time.Millisecond), Service: "resource"}}}},
	}
	for i := range steps {
		f.batch(&steps[i].batch)
		if s := f.one(); s.Service != steps[i].want {
			f.Errorf("service %q, want %q", s.Service, steps[i].want)
		}
		if found := f.list(store.Filter{Service: steps[i].want}); len(found) != 1 {
			f.Errorf("the filter does not find service %q", steps[i].want)
		}
	}
	for _, gone := range []string{"label", "agent", "from-record"} {
		if found := f.list(store.Filter{Service: gone}); len(found) != 0 {
			f.Errorf("the filter finds service %q, which was a guess", gone)
		}
	}
	set, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon, To: Noon.Add(time.Minute), By: store.ByService})
	if err != nil {
		f.Fatal(err)
	}
	got := map[string]int{}
	for _, s := range set.Series {
		got[s.Key] = s.Total.Count
	}
	if want := map[string]int{"resource": 3, "from-metadata": 1}; !reflect.DeepEqual(got, want) {
		f.Errorf("series by service %v, want %v: spans without a name of their own go with their trace", got, want)
	}
}

func testTokens(f *fixture) {
	usage := span.Value(`{"model":"m","usage":{"inputTokens":10,"outputTokens":3,"outputDetails":{"reasoning":2},"inputDetails":{"cacheRead":4}}}`)
	types := []span.Type{span.TypeAgentRun, span.TypeLLMGeneration, span.TypeModelStep, span.TypeModelInference, span.TypeModelChunk, span.TypeRAGEmbedding, span.TypeToolCall}
	var spans []*span.Span
	for i, typ := range types {
		s := made(1, i+1, i, Noon, time.Second)
		s.Type, s.Attributes = typ, usage
		spans = append(spans, s)
	}
	f.append(spans...)
	want := span.Tokens{Input: 20, Output: 6, Total: 26, Reasoning: 4, Cached: 8}
	if s := f.one(); s.Tokens != want || s.Cost != nil {
		f.Errorf("tokens %+v, cost %v; want %+v and no cost", s.Tokens, s.Cost, want)
	}
	set, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon, To: Noon.Add(time.Minute)})
	if err != nil || set.Series[0].Total.Tokens != want {
		f.Errorf("series %+v, %v; want %+v", set.Series, err, want)
	}
}

func testOwnUsage(f *fixture) {
	usage := span.Value(`{"model":"m","usage":{"inputTokens":10,"outputTokens":3}}`)
	types := []span.Type{span.TypeAgentRun, span.TypeModelGeneration, span.TypeModelStep, span.TypeModelInference, span.TypeModelInference}
	items := make([]store.Item, len(types))
	for i, typ := range types {
		s := made(1, i+1, i, Noon, time.Second)
		s.Type = typ
		if typ == span.TypeModelInference {
			s.Attributes = usage
		}
		items[i] = store.Item{Span: s, OwnUsage: true}
	}
	want := span.Tokens{Input: 20, Output: 6, Total: 26}
	for _, i := range []int{3, 0, 4, 1, 3, 2} { // each in a batch of its own, one of them twice
		f.batch(&store.Batch{Spans: items[i : i+1]})
	}
	if s := f.one(); s.Tokens != want {
		f.Errorf("tokens %+v, want %+v", s.Tokens, want)
	}
	set, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon, To: Noon.Add(time.Minute)})
	if err != nil || set.Series[0].Total.Tokens != want {
		f.Errorf("series %+v, %v; want %+v", set.Series, err, want)
	}
}

func metric(id, name string, spanNumber int, usd float64) store.Record {
	return store.Record{Kind: store.KindMetric, ID: id, At: Noon, TraceID: traceID(1), SpanID: spanID(spanNumber),
		Metric: &store.Metric{Name: name, Value: "1", CostUSD: &usd}}
}

func testCost(f *fixture) {
	const in, out, detail = "mastra_model_total_input_tokens", "mastra_model_total_output_tokens", "mastra_model_input_text_tokens"
	f.batch(&store.Batch{Records: []store.Record{metric("1", in, 1, 0.5)}}) // before its span
	if all := f.list(store.Filter{}); len(all) != 0 {
		f.Errorf("a metric alone makes a trace: %+v", all)
	}
	own := made(1, 2, 1, Noon, time.Second)
	own.Attributes = `{"costContext":{"estimatedCost":2}}`
	f.append(made(1, 1, 0, Noon, time.Second), own)
	r := f.batch(&store.Batch{Records: []store.Record{
		metric("2", out, 1, 0.25), metric("3", detail, 1, 8), metric("1", in, 1, 0.5), metric("4", in, 2, 2),
	}})
	if got := states(r.Records); got != [3]int{3, 1, 0} {
		f.Errorf("stored, repeated, rejected = %v", got)
	}
	if s := f.one(); s.Cost == nil || s.Cost.USD() != 2.75 {
		f.Errorf("cost %v, want 0.5 + 0.25 of metrics and 2 of a span", s.Cost)
	}
	set, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon, To: Noon.Add(time.Minute)})
	if err != nil || set.Series[0].Total.Cost.USD() != 2.75 {
		f.Errorf("series %+v, %v", set.Series, err)
	}
}

func testFilters(f *fixture) {
	s := made(1, 1, 0, Noon, time.Second)
	s.Type, s.Attributes = span.TypeAgentRun, `{"model":"m1"}`
	s.Metadata = `{"userId":"u","threadId":"t","environment":"prod","serviceName":"svc","tier":3,"nested":{"no":1}}`
	s.Tags, s.Input, s.Name = []string{"red"}, `"What about the Weather?"`, "Planner"
	f.append(s)
	f.append(made(2, 1, 0, Noon.Add(time.Hour), time.Minute))
	long := 30 * time.Second
	facet := func(key, value string) store.Filter {
		return store.Filter{Facets: []store.Facet{{Key: key, Value: value}}}
	}
	for _, c := range []struct {
		name   string
		filter store.Filter
		want   int // traces of the first; 0 for none, -1 for both
	}{
		{"nothing", store.Filter{}, -1},
		{"service", store.Filter{Service: "svc"}, 1},
		{"service unknown", store.Filter{Service: "other"}, 0},
		{"from", store.Filter{From: Noon.Add(1), To: Noon.Add(time.Hour)}, 0},
		{"to is excluded", store.Filter{From: Noon, To: Noon.Add(time.Hour)}, 1},
		{"max", store.Filter{MaxDuration: &long}, 1},
		{"min", store.Filter{MinDuration: time.Millisecond}, -1},
		{"trace id", store.Filter{TraceID: string(traceID(1))}, 1},
		{"trace id as it was meant", store.Filter{TraceID: "1"}, 1},
		{"trace id prefix", store.Filter{TraceID: "000000"}, -1},
		{"type", facet("type", "agent_run"), 1},
		{"model", facet("model", "m1"), 1},
		{"user", facet("user", "u"), 1},
		{"user as metadata", facet("meta.userId", "u"), 1},
		{"thread", facet("thread", "t"), 1},
		{"env", facet("env", "prod"), 1},
		{"tag", facet("tag", "red"), 1},
		{"metadata", facet("meta.tier", "3"), 1},
		{"nested metadata", facet("meta.nested", `{"no":1}`), 0},
		{"text of the name", store.Filter{Text: "pLaN"}, 1},
		{"text of the preview", store.Filter{Text: "WEATHER"}, 1},
		{"text of a tag", store.Filter{Text: "re"}, 1},
		{"text with a wildcard", store.Filter{Text: "%lanner"}, 0},
		{"text of the content", store.Filter{Text: "nested", Content: true}, 1},
		{"all at once", store.Filter{Service: "svc", Status: store.StatusSuccess, Text: "weather", MaxDuration: &long,
			Facets: []store.Facet{{Key: "user", Value: "u"}, {Key: "tag", Value: "red"}}}, 1},
		{"one does not hold", store.Filter{Service: "svc", Facets: []store.Facet{{Key: "user", Value: "u"}, {Key: "tag", Value: "blue"}}}, 0},
		{"injection", facet("user", "u' OR 1=1 --"), 0},
	} {
		got := f.list(c.filter)
		switch {
		case c.want == -1 && len(got) == 2, c.want == 0 && len(got) == 0, c.want == 1 && len(got) == 1 && got[0].TraceID == traceID(1):
		default:
			f.Errorf("%s: %d traces: %+v", c.name, len(got), got)
		}
	}
	for key, want := range map[string][]string{"service": {"svc"}, "user": {"u"}, "meta": {"tier"}, "name": {"Planner", "span 1"}} {
		if got, err := f.Values(context.Background(), project, key, "", 0); err != nil || !slices.Equal(got, want) {
			f.Errorf("values of %s: %q, %v; want %q", key, got, err, want)
		}
	}
}

func testPages(f *fixture) {
	const n = 25
	for i := range n {
		f.append(made(i+1, 1, 0, Noon.Add(-time.Duration(i*7%n)*time.Hour), time.Duration(i*11%n)*time.Second))
	}
	for _, by := range []store.Sort{store.SortStart, store.SortDuration, store.SortTokens, store.SortCost} {
		seen := map[span.TraceID]bool{}
		filter := store.Filter{Sort: by, Limit: 4}
		last := int64(0)
		for pages := 0; ; pages++ {
			page, err := f.List(context.Background(), project, filter)
			if err != nil {
				f.Fatal(err)
			}
			for i, s := range page.Traces {
				if k := key(by, s); i+pages > 0 && k > last {
					f.Errorf("sorted by %v: %d behind %d", by, k, last)
				}
				last = key(by, s)
				if seen[s.TraceID] {
					f.Errorf("sorted by %v: %s twice", by, s.TraceID)
				}
				seen[s.TraceID] = true
			}
			if filter.Cursor = page.Next; page.Next == "" {
				break
			}
			f.append(made(1000+100*int(by)+pages, 1, 0, Noon.Add(time.Hour), 24*time.Hour)) // in front of what was shown
		}
		for i := range n {
			if !seen[traceID(i+1)] {
				f.Errorf("sorted by %v: trace %d is missing", by, i+1)
			}
		}
	}
}

func testBadFilters(f *fixture) {
	long := -time.Second
	for field, filter := range map[string]store.Filter{
		"limit": {Limit: 201}, "cursor": {Cursor: "x"}, "trace_id": {TraceID: "xyz"}, "in": {Content: true},
		"to": {From: Noon, To: Noon.Add(-1)}, "max_ms": {MaxDuration: &long}, "user": {Facets: []store.Facet{{Key: "user"}}},
		"q": {Text: string(make([]byte, 300))}, "sort": {Sort: 9}, "status": {Status: 9},
	} {
		_, err := f.List(context.Background(), project, filter)
		if e, ok := errors.AsType[*store.FieldError](err); !ok || e.Field != field {
			f.Errorf("%+v: error %v, want one about %s", filter, err, field)
		}
	}
	for _, id := range []string{"", "..", "a/b", "a b", string(make([]byte, 65))} {
		if _, err := f.List(context.Background(), id, store.Filter{}); !errors.Is(err, store.ErrProject) {
			f.Errorf("project %q: %v", id, err)
		}
	}
}

func testProjects(f *fixture) {
	ctx := context.Background()
	f.append(made(1, 1, 0, Noon, time.Second))
	other := made(1, 1, 0, Noon, time.Minute)
	other.Name = "of the other"
	if _, err := f.Append(ctx, "p2", &store.Batch{Spans: items(other)}); err != nil {
		f.Fatal(err)
	}
	full, err := f.Span(ctx, "p2", traceID(1), spanID(1))
	if err != nil || full.Span.Name != "of the other" || f.one().Name != "span 1" {
		f.Errorf("two projects with one id: %+v, %v; %+v", full, err, f.one())
	}
	if _, err := f.Delete(ctx, "p2", traceID(1)); err != nil || len(f.list(store.Filter{})) != 1 {
		f.Errorf("a deletion in another project: %v", err)
	}
	for name, err := range map[string]error{
		"unknown":  errOf(f.Trace(ctx, "p3", traceID(1), store.TraceOptions{})),
		"foreign":  errOf(f.Trace(ctx, "p2", traceID(1), store.TraceOptions{})),
		"no id":    errOf(f.Trace(ctx, project, "zz", store.TraceOptions{})),
		"no span":  errOf(f.Span(ctx, project, traceID(1), spanID(7))),
		"deletion": errOf(f.Delete(ctx, project, traceID(9))),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			f.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	if err := f.DropProject(ctx, project); err != nil || len(f.list(store.Filter{})) != 0 {
		f.Errorf("a dropped project: %v, %v", err, f.list(store.Filter{}))
	}
	f.append(made(1, 1, 0, Noon, time.Second))
	f.one()
}

func errOf[T any](_ T, err error) error { return err }

func testKeys(f *fixture) {
	batch := &store.Batch{Key: "k", Sum: [32]byte{1}, Spans: items(made(1, 1, 0, Noon, time.Second))}
	for i, want := range [][3]int{{1, 0, 0}, {0, 1, 0}} {
		if got := states(f.batch(batch).Spans); got != want {
			f.Errorf("time %d: %v, want %v", i, got, want)
		}
	}
	other := &store.Batch{Key: "k", Sum: [32]byte{2}, Spans: items(made(2, 1, 0, Noon, time.Second))}
	if got := states(f.batch(other).Spans); got != [3]int{1, 0, 0} {
		f.Errorf("another body under the same key: %v, want it stored", got)
	}
	if _, err := f.Append(context.Background(), "p2", batch); err != nil {
		f.Fatal(err)
	}
	if page, err := f.List(context.Background(), "p2", store.Filter{}); err != nil || len(page.Traces) != 1 {
		f.Errorf("the same key in another project: %+v, %v", page, err)
	}
}

func testSkeleton(f *fixture) {
	var spans []*span.Span
	for i := 1; i <= 40; i++ { // a tree of two children each; ids 1, 2 3, 4 5 6 7, …
		spans = append(spans, made(1, i, i/2, Noon.Add(time.Duration(i)*time.Second), time.Second))
	}
	slices.Reverse(spans)
	event := made(1, 41, 1, Noon.Add(time.Minute), -1)
	event.Event = true
	f.append(append(spans, event, running(1, 42, 1, Noon.Add(2*time.Minute)))...)
	k, err := f.Trace(context.Background(), project, traceID(1), store.TraceOptions{})
	if err != nil || k.Len() != 42 || k.Truncated || k.Parent[0] != "" || k.Parent[1] != spanID(1) || k.Dur[41] != -1 || k.Dur[40] != 0 || !k.Event[40] {
		f.Fatalf("skeleton %+v, %v", k, err)
	}
	if k.Strings[k.Name[4]] != "span 5" || k.Strings[k.Type[4]] != "generic" || k.Status[41] != store.StatusRunning {
		f.Errorf("names %v %v", k.Name, k.Strings)
	}
	k, err = f.Trace(context.Background(), project, traceID(1), store.TraceOptions{MaxSpans: 5})
	if err != nil || !k.Truncated || !slices.Equal(k.ID, []span.ID{spanID(1), spanID(2), spanID(3), spanID(41), spanID(42)}) || k.Trace.Spans != 42 {
		f.Errorf("cut to 5: %v %v", k.ID, err)
	}
	found, err := f.Find(context.Background(), project, traceID(1), "SPAN 7", 0)
	if err != nil || !found.Done || !slices.Equal(found.Spans, []span.ID{spanID(7)}) {
		f.Errorf("found %v, %v", found, err)
	}
	n := 0
	for full, err := range f.Spans(context.Background(), project, traceID(1)) {
		if err != nil || full.Span.TraceID != traceID(1) {
			f.Fatalf("%+v, %v", full, err)
		}
		n++
	}
	if n != 42 {
		f.Errorf("%d spans in an export, want 42", n)
	}
}

func testIDs(f *fixture) {
	s := made(1, 1, 0, Noon.Add(123456789), time.Second+7)
	s.TraceID, s.ID = "ABC", "DEF"
	f.append(s)
	full, err := f.Span(context.Background(), project, "abc", "def")
	if err != nil {
		f.Fatal(err)
	}
	if full.Span.TraceID != "00000000000000000000000000000abc" || full.Span.ID != "0000000000000def" || f.one().TraceID != full.Span.TraceID {
		f.Errorf("ids %s, %s", full.Span.TraceID, full.Span.ID)
	}
	if !full.Span.Start.Equal(s.Start) || !full.Span.End.Equal(s.End) {
		f.Errorf("from %v to %v, want nanoseconds kept: %v to %v", full.Span.Start, full.Span.End, s.Start, s.End)
	}
	if s.TraceID != "ABC" {
		f.Error("the store wrote to a span")
	}
}

func testRecords(f *fixture) {
	usd := 0.5
	all := []store.Record{
		{Kind: store.KindLog, ID: "a", At: Noon, TraceID: traceID(1), SpanID: spanID(1), Tags: []string{"x"}, Context: `{"a":1}`, Metadata: `{"b":"<"}`,
			Log: &store.Log{Level: "warn", Message: "m", Data: `{"c":[1.50]}`}},
		{Kind: store.KindMetric, ID: "a", At: Noon.Add(1), TraceID: traceID(1),
			Metric: &store.Metric{Name: "n", Value: "8.25e-05", Labels: map[string]string{"l": "v"}, Provider: "p", Model: "m", CostUSD: &usd, CostExtra: `{"d":1}`}},
		{Kind: store.KindScore, ID: "s", At: Noon.Add(2), TraceID: traceID(1), Score: &store.Score{ScorerID: "q", Score: "0.5", Reason: "r"}},
		{Kind: store.KindFeedback, ID: "f", At: Noon.Add(3), TraceID: traceID(2), Feedback: &store.Feedback{Type: "thumbs", Value: `"up"`}},
		{Kind: store.KindLog, ID: "none", At: Noon.Add(4), Log: &store.Log{Level: "info", Message: "of no trace"}},
	}
	f.batch(&store.Batch{Records: all, Spans: items(made(1, 1, 0, Noon, time.Second))})
	page, err := f.Records(context.Background(), project, store.RecordQuery{TraceID: traceID(1)})
	if want := []store.Record{all[2], all[1], all[0]}; err != nil || !reflect.DeepEqual(page.Records, want) {
		f.Errorf("records of a trace:\n got %+v, %v\nwant %+v", page.Records, err, want)
	}
	var ids []string
	for q := (store.RecordQuery{Limit: 2}); ; {
		page, err := f.Records(context.Background(), project, q)
		if err != nil {
			f.Fatal(err)
		}
		for _, r := range page.Records {
			ids = append(ids, r.Kind.String()+" "+r.ID)
		}
		if q.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if want := []string{"log none", "feedback f", "score s", "metric a", "log a"}; !slices.Equal(ids, want) {
		f.Errorf("records %q, want %q", ids, want)
	}
	page, err = f.Records(context.Background(), project, store.RecordQuery{Kind: store.KindLog, From: Noon, To: Noon.Add(4)})
	if err != nil || len(page.Records) != 1 || page.Records[0].ID != "a" {
		f.Errorf("logs of a range: %+v, %v", page, err)
	}
}

func testDelete(f *fixture) {
	ctx := context.Background()
	s := made(1, 1, 0, Noon, time.Second)
	s.Tags, s.Metadata = []string{"red"}, `{"serviceName":"svc"}`
	f.batch(&store.Batch{Spans: items(s, made(1, 2, 1, Noon, time.Second)), Records: []store.Record{metric("1", "n", 1, 1)}})
	f.append(made(2, 1, 0, Noon, time.Second))
	deleted, err := f.Delete(ctx, project, traceID(1))
	if err != nil || deleted != (store.Deleted{Spans: 2, Records: 1}) {
		f.Errorf("deleted %+v, %v", deleted, err)
	}
	if s := f.one(); s.TraceID != traceID(2) {
		f.Errorf("left: %+v", s)
	}
	_, err = f.Span(ctx, project, traceID(1), spanID(1))
	records, errR := f.Records(ctx, project, store.RecordQuery{})
	values, errV := f.Values(ctx, project, "tag", "", 0)
	set, errS := f.Series(ctx, project, store.SeriesQuery{From: Noon, To: Noon.Add(time.Minute), By: store.ByService})
	if !errors.Is(err, store.ErrNotFound) || errR != nil || len(records.Records) != 0 || errV != nil || len(values) != 0 ||
		errS != nil || len(set.Series) != 1 || set.Series[0].Total.Count != 1 {
		f.Errorf("after the deletion: span %v, records %+v %v, tags %v %v, series %+v %v", err, records, errR, values, errV, set.Series, errS)
	}
	if got := states(f.append(s).Spans); got != [3]int{1, 0, 0} {
		f.Errorf("sent again after the deletion: %v, want it stored", got)
	}
}

func testSeries(f *fixture) {
	var spans []*span.Span
	for i := 1; i <= 100; i++ {
		s := made(i, 1, 0, Noon.Add(-time.Duration(i%2)*time.Minute), time.Duration(i)*time.Millisecond)
		s.Name = fmt.Sprint("name ", i%3)
		if i%10 == 0 {
			s.Error = &span.Error{Message: "no"}
		}
		spans = append(spans, s)
	}
	f.append(spans...)
	for _, q := range []store.SeriesQuery{
		{From: Noon.Add(-time.Minute), To: Noon.Add(time.Minute), Latency: true, Step: time.Minute},
		{From: Noon.Add(-24 * time.Hour), To: Noon.Add(time.Minute), Latency: true},
		{From: Noon.Add(-time.Minute), To: Noon.Add(time.Minute), Latency: true, Traces: true},
	} {
		set, err := f.Series(context.Background(), project, q)
		if err != nil || len(set.Series) != 1 || len(set.Series[0].Points) != len(set.Times) {
			f.Fatalf("%+v: %+v, %v", q, set, err)
		}
		total := set.Series[0].Total
		if total.Count != 100 || total.Errors != 10 {
			f.Errorf("%+v: %+v", q, total)
		}
		for got, ms := range map[time.Duration]int{total.P50: 50, total.P95: 95, total.P99: 99} {
			want := time.Duration(ms) * time.Millisecond
			if diff := (got - want).Abs(); float64(diff) > store.ErrorBound*float64(want) {
				f.Errorf("%+v: percentile %v, want %v within the bound", q, got, want)
			}
		}
		sum := 0
		for _, p := range set.Series[0].Points {
			sum += p.Count
		}
		if sum != 100 {
			f.Errorf("%+v: points add up to %d", q, sum)
		}
	}
	set, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon.Add(-time.Hour), To: Noon.Add(time.Hour), By: store.ByName, MaxKeys: 1})
	if err != nil || len(set.Series) != 2 || set.Series[1].Key != store.OtherKey || set.Series[0].Total.Count+set.Series[1].Total.Count != 100 {
		f.Errorf("one key and the others: %+v, %v", set.Series, err)
	}
	if _, err := f.Series(context.Background(), project, store.SeriesQuery{From: Noon, To: Noon.Add(time.Hour), By: "user"}); err == nil {
		f.Error("series by user: no error")
	}
}

func testMidnight(f *fixture) {
	midnight := Noon.Truncate(24 * time.Hour)
	f.append(made(1, 2, 1, midnight.Add(time.Minute), time.Minute))
	f.append(made(1, 1, 0, midnight.Add(-time.Minute), 4*time.Minute), made(1, 3, 1, midnight.Add(-time.Second), time.Second))
	s := f.one()
	if s.Spans != 3 || s.Duration != 4*time.Minute || s.Status != store.StatusSuccess || s.Name != "span 1" {
		f.Errorf("summary %+v", s)
	}
	if got := states(f.append(made(1, 2, 1, midnight.Add(time.Minute), time.Minute)).Spans); got != [3]int{0, 1, 0} {
		f.Errorf("sent again: %v", got)
	}
	for _, filter := range []store.Filter{{From: midnight.Add(-time.Hour), To: midnight}, {To: midnight}, {Status: store.StatusSuccess}} {
		if got := f.list(filter); len(got) != 1 {
			f.Errorf("%+v: %v", filter, got)
		}
	}
	k, err := f.Trace(context.Background(), project, traceID(1), store.TraceOptions{Day: s.Day})
	if err != nil || k.Len() != 3 {
		f.Errorf("skeleton %+v, %v", k, err)
	}
}

func testClock(f *fixture) {
	for i, start := range []time.Time{Noon.AddDate(30, 0, 0), Noon.AddDate(-30, 0, 0), {}, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(-5, 0)} {
		f.append(made(i+1, 1, 0, start, time.Second))
	}
	all := f.list(store.Filter{From: Noon.Add(-time.Hour), To: Noon.Add(time.Hour)})
	if len(all) != 5 {
		f.Fatalf("%d of 5 traces at the time of receipt", len(all))
	}
	full, err := f.Span(context.Background(), project, traceID(1), spanID(1))
	if err != nil || !full.Clock || !full.Span.Start.Equal(Noon.AddDate(30, 0, 0)) {
		f.Errorf("what was sent is not kept: %+v, %v", full, err)
	}
	f.advance(time.Minute)
	if got := states(f.append(made(1, 1, 0, Noon.AddDate(30, 0, 0), time.Second)).Spans); got != [3]int{0, 1, 0} {
		f.Errorf("sent again a minute later: %v, want it known", got)
	}
	far := made(6, 1, 0, Noon, time.Second)
	far.End = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	f.append(far)
	full, err = f.Span(context.Background(), project, traceID(6), spanID(1))
	if s := f.list(store.Filter{TraceID: string(traceID(6))}); err != nil || !full.Span.End.Equal(far.End) || len(s) != 1 || s[0].Duration <= 0 {
		f.Errorf("an end in 9999: %+v, %+v, %v", full, s, err)
	}
	stats, err := f.Stats(context.Background(), project)
	if err != nil || len(stats.Days) != 1 {
		f.Errorf("days %+v, %v", stats.Days, err)
	}
}

func testLive(f *fixture) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	all, err := f.Subscribe(project, 0, "")
	if err != nil {
		f.Fatal(err)
	}
	one, err := f.Subscribe(project, 0, traceID(2))
	if err != nil {
		f.Fatal(err)
	}
	first := f.append(made(1, 1, 0, Noon, time.Second))
	again := f.append(made(1, 1, 0, Noon, time.Second))
	if again.Commit != first.Commit {
		f.Errorf("a repeat is commit %d, want still %d", again.Commit, first.Commit)
	}
	second := f.append(running(2, 1, 0, Noon))
	if second.Commit <= first.Commit {
		f.Errorf("commit %d behind %d", second.Commit, first.Commit)
	}
	e, err := all.Next(ctx)
	if err != nil || e.Commit != first.Commit || len(e.Traces) != 1 || e.Traces[0].Trace.TraceID != traceID(1) || e.Traces[0].Rows != nil {
		f.Errorf("event %+v, %v", e, err)
	}
	e, err = one.Next(ctx)
	if err != nil || e.Commit != second.Commit || len(e.Traces) != 1 || len(e.Traces[0].Rows) != 1 || e.Traces[0].Rows[0].Dur != -1 {
		f.Errorf("event of one trace %+v, %v", e, err)
	}
	resumed, err := f.Subscribe(project, first.Commit, "")
	if err != nil {
		f.Fatal(err)
	}
	if e, err := resumed.Next(ctx); err != nil || e.Commit != second.Commit || e.Reset {
		f.Errorf("resumed %+v, %v", e, err)
	}
	stale, err := f.Subscribe(project, 1, "")
	if err != nil {
		f.Fatal(err)
	}
	if e, err := stale.Next(ctx); err != nil || !e.Reset || e.Commit != second.Commit {
		f.Errorf("from long ago %+v, %v; want a reset", e, err)
	}
	page, err := f.List(ctx, project, store.Filter{})
	if err != nil || page.Commit != second.Commit {
		f.Errorf("list of commit %d, %v; want %d", page.Commit, err, second.Commit)
	}
	if _, err := f.Delete(ctx, project, traceID(2)); err != nil {
		f.Fatal(err)
	}
	if e, err := one.Next(ctx); err != nil || len(e.Traces) != 1 || !e.Traces[0].Deleted {
		f.Errorf("deletion %+v, %v", e, err)
	}
	done, stop := context.WithCancel(ctx)
	stop()
	if _, err := one.Next(done); !errors.Is(err, context.Canceled) {
		f.Errorf("after the end of ctx: %v", err)
	}
}

func testRetention(f *fixture) {
	f.append(made(1, 1, 0, Noon, time.Second), made(2, 1, 0, Noon.AddDate(0, 0, -20), time.Second))
	f.advance(15 * 24 * time.Hour)
	dropped, err := f.Retain(context.Background())
	if err != nil || dropped.Days != 1 || dropped.Spans != 1 || dropped.Traces != 1 {
		f.Errorf("dropped %+v, %v", dropped, err)
	}
	if s := f.one(); s.TraceID != traceID(1) {
		f.Errorf("left %+v", s)
	}
	f.append(made(3, 1, 0, f.now(), time.Second))
}

func testConcurrent(f *fixture) {
	const n = 8
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := 0
	for range n {
		wg.Go(func() {
			for i := 1; i <= 20; i++ {
				r, err := f.Append(context.Background(), project, &store.Batch{Spans: items(made(i, 1, 0, Noon, time.Second), made(i, 2, 1, Noon, time.Second))})
				if err != nil {
					f.Errorf("append: %v", err)
					return
				}
				mu.Lock()
				stored += states(r.Spans)[store.Stored]
				mu.Unlock()
				if _, err := f.List(context.Background(), project, store.Filter{}); err != nil {
					f.Errorf("list: %v", err)
				}
			}
		})
	}
	wg.Wait()
	all := f.list(store.Filter{})
	if stored != 40 || len(all) != 20 {
		f.Errorf("%d spans stored, %d traces; want 40 and 20", stored, len(all))
	}
}

func testClosed(f *fixture) {
	f.append(made(1, 1, 0, Noon, time.Second))
	sub, err := f.Subscribe(project, 0, "")
	if err != nil {
		f.Fatal(err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			f.Fatalf("close: %v", err)
		}
	}
	ctx := context.Background()
	for name, err := range map[string]error{
		"append": errOf(f.Append(ctx, project, &store.Batch{Spans: items(made(2, 1, 0, Noon, 1))})),
		"list":   errOf(f.List(ctx, project, store.Filter{})),
		"span":   errOf(f.Span(ctx, project, traceID(1), spanID(1))),
		"delete": errOf(f.Delete(ctx, project, traceID(1))),
		"next":   errOf(sub.Next(ctx)),
		"ready":  f.Ready(ctx),
	} {
		if !errors.Is(err, store.ErrClosed) {
			f.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}
