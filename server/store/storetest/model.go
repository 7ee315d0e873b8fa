package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Model gives two stores the same random batches, deletions and restarts, and asks both the same questions: one of them
// is meant to be a plain list. Times lie on both sides of a midnight.
func Model(t *testing.T, tested, plain Open) {
	rapid.Check(t, func(t *rapid.T) { model(t, tested, plain) })
}

type pairOf struct {
	t *rapid.T
	*clock
	a, b store.Store
}

func model(t *rapid.T, tested, plain Open) {
	midnight := Noon.Truncate(24 * time.Hour)
	p := &pairOf{t: t, clock: newClock(midnight.Add(time.Hour))}
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	openOne := func(o Open) store.Store {
		s, err := o(Options{Dir: dir, Now: p.now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	p.a, p.b = openOne(tested), openOne(plain)
	defer func() {
		if err := p.a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		_ = p.b.Close() // has nothing to fail on
	}()
	var last *store.Batch
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		case 0:
			if err := p.a.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			p.a = openOne(tested)
		case 1:
			id := traceID(rapid.IntRange(1, 4).Draw(t, "deleted"))
			a, errA := p.a.Delete(context.Background(), project, id)
			b, errB := p.b.Delete(context.Background(), project, id)
			same(p, "delete "+string(id), fmt.Sprint(a, errA), fmt.Sprint(b, errB))
		case 2:
			p.advance(time.Duration(rapid.IntRange(0, 15).Draw(t, "minutes")) * time.Minute)
		default:
			b := last
			if b == nil || rapid.IntRange(0, 3).Draw(t, "again") > 0 {
				b = drawBatch(t, midnight)
			}
			last = b
			a, errA := p.a.Append(context.Background(), project, b)
			c, errC := p.b.Append(context.Background(), project, b)
			a.Commit, c.Commit = 0, 0
			same(p, "append", fmt.Sprint(a, errA), fmt.Sprint(c, errC))
		}
	}
	p.compare(midnight)
}

func same(p *pairOf, what string, got, want any) {
	p.t.Helper()
	if !reflect.DeepEqual(got, want) {
		p.t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// compare asks every question.
func (p *pairOf) compare(midnight time.Time) {
	ctx, t := context.Background(), p.t
	for i := range 6 {
		f := drawFilter(t, midnight, i == 0)
		same(p, fmt.Sprintf("list %+v", f), p.pages(p.a, f), p.pages(p.b, f))
	}
	for n := 1; n <= 4; n++ {
		id := traceID(n)
		for _, most := range []int{0, 3} {
			a, errA := p.a.Trace(ctx, project, id, store.TraceOptions{MaxSpans: most})
			b, errB := p.b.Trace(ctx, project, id, store.TraceOptions{MaxSpans: most})
			same(p, "trace", errA, errB)
			if a != nil {
				same(p, "trace", plainSkeleton(a), plainSkeleton(b))
			}
		}
		for s := 1; s <= 6; s++ {
			a, errA := p.a.Span(ctx, project, id, spanID(s))
			b, errB := p.b.Span(ctx, project, id, spanID(s))
			same(p, "span", errA, errB)
			if a != nil {
				same(p, "span", *a.Span, *b.Span)
				same(p, "span", *a, *b)
			}
		}
		for _, text := range []string{"beta", "SPAN 2", "none of them"} {
			a, errA := p.a.Find(ctx, project, id, text, 0)
			b, errB := p.b.Find(ctx, project, id, text, 0)
			same(p, "find "+text, fmt.Sprint(a, errA), fmt.Sprint(b, errB))
		}
		a, errA := p.a.Records(ctx, project, store.RecordQuery{TraceID: id})
		b, errB := p.b.Records(ctx, project, store.RecordQuery{TraceID: id})
		same(p, "records", errA, errB)
		same(p, "records of "+string(id), a, b)
	}
	for _, by := range []store.Dimension{store.ByNothing, store.ByService, store.ByModel, store.ByName, store.ByType} {
		for _, traces := range []bool{false, true} {
			q := store.SeriesQuery{From: midnight.Add(-3 * time.Hour), To: midnight.Add(3 * time.Hour), By: by, Traces: traces, Latency: true}
			if rapid.Bool().Draw(t, "long") {
				q.To = midnight.Add(24 * time.Hour)
			}
			a, errA := p.a.Series(ctx, project, q)
			b, errB := p.b.Series(ctx, project, q)
			a.Commit, b.Commit = 0, 0
			same(p, "series", errA, errB)
			same(p, fmt.Sprintf("series %+v", q), a, b)
		}
	}
	for _, key := range []string{"service", "name", "type", "model", "user", "thread", "env", "tag", "meta", "meta.k"} {
		a, errA := p.a.Values(ctx, project, key, "", 0)
		b, errB := p.b.Values(ctx, project, key, "", 0)
		same(p, "values of "+key, errA, errB)
		same(p, "values of "+key, a, b)
	}
}

// pages reads a list to its end in small pages.
func (p *pairOf) pages(s store.Store, f store.Filter) []store.Summary {
	var all []store.Summary
	for {
		page, err := s.List(context.Background(), project, f)
		if err != nil {
			p.t.Fatalf("list %+v: %v", f, err)
		}
		for _, t := range page.Traces {
			t.Day = "" // the stores file traces over midnight differently
			all = append(all, t)
		}
		if f.Cursor = page.Next; page.Next == "" {
			break
		}
		if len(all) > 100 {
			p.t.Fatalf("list %+v does not end", f)
		}
	}
	slices.SortStableFunc(all, func(a, b store.Summary) int { // ties are broken by order of arrival within a file
		if key(f.Sort, a) != key(f.Sort, b) {
			return 0
		}
		return slices.Compare([]byte(a.TraceID), []byte(b.TraceID))
	})
	return all
}

func key(by store.Sort, s store.Summary) int64 {
	switch by {
	case store.SortDuration:
		return int64(s.Duration)
	case store.SortTokens:
		return int64(s.Tokens.Total)
	case store.SortCost:
		if s.Cost == nil {
			return -1
		}
		return int64(*s.Cost)
	}
	return s.Start.UnixNano()
}

// plainSkeleton has its strings in place of their numbers.
func plainSkeleton(k *store.Skeleton) any {
	type row struct{ name, typ, service, model string }
	rows := make([]row, k.Len())
	for i := range rows {
		rows[i] = row{k.Strings[k.Name[i]], k.Strings[k.Type[i]], k.Strings[k.Service[i]], k.Strings[k.Model[i]]}
	}
	c := *k
	c.Strings, c.Name, c.Type, c.Service, c.Model, c.Commit, c.Trace.Day = nil, nil, nil, nil, nil, 0, ""
	return []any{c, rows}
}

func pick[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func drawBatch(t *rapid.T, midnight time.Time) *store.Batch {
	b := &store.Batch{Label: pick(t, "label", "", "label-a", "label-b"), Key: pick(t, "key", "", "", "key-1", "key-2")}
	for range rapid.IntRange(0, 8).Draw(t, "spans") {
		item := store.Item{Span: drawSpan(t, midnight), Service: pick(t, "resource", "", "", "", "res-a", "res-b")}
		b.Spans = append(b.Spans, item)
	}
	for range rapid.IntRange(0, 3).Draw(t, "records") {
		b.Records = append(b.Records, drawRecord(t, midnight))
	}
	sum := sha256.New()
	for _, item := range b.Spans {
		sum.Write(fmt.Appendln(nil, item.Service, item.Span))
	}
	sum.Write(fmt.Appendln(nil, b.Label, b.Records))
	sum.Sum(b.Sum[:0])
	return b
}

func drawTime(t *rapid.T, midnight time.Time) time.Time {
	minute := rapid.IntRange(-90, 90).Draw(t, "minute")
	return midnight.Add(time.Duration(minute)*time.Minute + time.Duration(rapid.IntRange(0, 3).Draw(t, "ns"))*time.Millisecond)
}

func drawSpan(t *rapid.T, midnight time.Time) *span.Span {
	id := rapid.IntRange(1, 6).Draw(t, "span")
	parent := rapid.IntRange(0, 6).Draw(t, "parent")
	s := made(rapid.IntRange(1, 4).Draw(t, "trace"), id, parent, drawTime(t, midnight), -1)
	if rapid.IntRange(0, 3).Draw(t, "end") > 0 {
		s.End = s.Start.Add(time.Duration(rapid.IntRange(-1, 40).Draw(t, "dur")) * time.Minute)
	}
	s.Event = rapid.IntRange(0, 9).Draw(t, "event") == 0
	s.Type = pick(t, "type", span.TypeAgentRun, span.TypeLLMGeneration, span.TypeModelGeneration, span.TypeModelStep, span.TypeToolCall)
	s.Attributes = pick[span.Value](t, "attributes", "", "", `{"model":"m1","usage":{"inputTokens":7,"outputTokens":2}}`,
		`{"model":"m2","usage":{"promptTokens":1,"totalTokens":9},"costContext":{"estimatedCost":0.25}}`,
		`{"responseModel":"m3","internalUsage":{"inputTokens":100}}`)
	s.Metadata = pick[span.Value](t, "metadata", "", "", `{"serviceName":"meta-a"}`, `{"userId":"u1","threadId":"t1","environment":"prod","k":1}`,
		`{"k":"v","n":{"not":"flat"},"userId":"u2"}`)
	s.Input = pick[span.Value](t, "input", "", `"alpha"`, `{"messages":[{"role":"user","content":"Beta  100%_x"},{"role":"assistant","content":"c"}]}`)
	s.Tags = pick(t, "tags", nil, nil, []string{"red"}, []string{"red", "blue"})
	if rapid.IntRange(0, 4).Draw(t, "error") == 0 {
		s.Error = &span.Error{Message: "broken"}
	}
	if rapid.Bool().Draw(t, "entity") {
		s.EntityType, s.EntityID = span.EntityAgent, pick(t, "agent", "agent-a", "agent-b")
	}
	if rapid.IntRange(0, 19).Draw(t, "odd") == 0 {
		s.TraceID = pick(t, "odd id", span.NoOpTraceID, span.TraceID("xyz"), span.TraceID("3"))
	}
	return s
}

// drawRecord makes the same record of the same number: one that is sent again is as it was.
func drawRecord(t *rapid.T, midnight time.Time) store.Record {
	n := rapid.IntRange(1, 40).Draw(t, "record")
	r := store.Record{
		ID: fmt.Sprint("r", n), At: midnight.Add(time.Duration(n*17%180-90) * time.Minute),
		Context: []span.Value{"", "", `{"serviceName":"rec-a"}`, `{"serviceName":"rec-b"}`}[n%4],
	}
	if n%5 > 0 {
		r.TraceID, r.SpanID = traceID(1+n%4), spanID(1+n%6)
	}
	if n%3 == 0 {
		r.Kind, r.Log = store.KindLog, &store.Log{Level: "warn", Message: "m"}
		return r
	}
	usd := float64(n%6) / 8
	r.Kind = store.KindMetric
	names := []string{"mastra_model_total_input_tokens", "mastra_model_total_output_tokens", "mastra_model_input_text_tokens"}
	r.Metric = &store.Metric{Name: names[n/3%3], Value: "3", CostUSD: &usd}
	return r
}

func drawFilter(t *rapid.T, midnight time.Time, all bool) store.Filter {
	f := store.Filter{Limit: rapid.IntRange(1, 4).Draw(t, "limit")}
	if all {
		return f
	}
	f.Sort = pick(t, "sort", store.SortStart, store.SortStart, store.SortDuration, store.SortTokens, store.SortCost)
	maybe := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	if maybe("from?") {
		f.From = drawTime(t, midnight)
	}
	if maybe("to?") {
		f.To = f.From.Add(time.Hour)
		if f.From.IsZero() {
			f.To = drawTime(t, midnight)
		}
	}
	if maybe("service?") {
		f.Service = pick(t, "service", "res-a", "meta-a", "rec-a", "agent-a", "label-a", "never")
	}
	if maybe("status?") {
		f.Status = pick(t, "status", store.StatusRunning, store.StatusSuccess, store.StatusError, store.StatusIncomplete)
	}
	if maybe("any?") {
		b := rapid.Bool().Draw(t, "any error")
		f.AnyError = &b
	}
	if maybe("id?") {
		f.TraceID = pick(t, "prefix", "0", "00000000000000000000000000000003", "2", "f", "0000000")
	}
	if maybe("min?") {
		f.MinDuration = time.Duration(rapid.IntRange(1, 60).Draw(t, "min")) * time.Minute
	}
	if maybe("max?") {
		d := f.MinDuration + time.Duration(rapid.IntRange(0, 60).Draw(t, "max"))*time.Minute
		f.MaxDuration = &d
	}
	for maybe("facet?") {
		f.Facets = append(f.Facets, pick(t, "facet", store.Facet{Key: "type", Value: "llm_generation"}, store.Facet{Key: "model", Value: "m1"},
			store.Facet{Key: "user", Value: "u1"}, store.Facet{Key: "tag", Value: "blue"}, store.Facet{Key: "meta.k", Value: "1"},
			store.Facet{Key: "env", Value: "prod"}, store.Facet{Key: "meta.threadId", Value: "t1"}))
	}
	if maybe("text?") {
		f.Text = pick(t, "text", "BETA", "span 3", "RED", "100%_", "0000", "nothing")
		f.Content = f.Sort == store.SortStart && rapid.Bool().Draw(t, "content")
	}
	return f
}
