package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/server/store/internal/series"
	"github.com/tailrace-go/tailrace/span"
)

// List implements store.Store. Budgets do not end it.
func (s *Store) List(_ context.Context, id string, f store.Filter) (store.Page, error) {
	f, cursor, err := f.Check()
	if err != nil {
		return store.Page{}, err
	}
	p, unlock, err := s.open(id)
	if err != nil {
		return store.Page{}, err
	}
	defer unlock()
	now := s.config.Now().UnixNano()
	type row struct {
		sum    facts.Trace
		number int64
	}
	var rows []row
	for _, t := range p.traces {
		sum := p.sum(t)
		if sum.Spans == 0 || !matches(f, &sum, now) || f.Content && !p.contains(t, f.Text) {
			continue
		}
		if cursor != nil && !cursor.Before(sum.Key(f.Sort), 0, t.number) {
			continue
		}
		rows = append(rows, row{sum, t.number})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.sum.Key(f.Sort), a.sum.Key(f.Sort)), cmp.Compare(b.number, a.number))
	})
	page := store.Page{Searched: store.Searched{Done: true}, Commit: p.hub.Last()}
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[f.Limit-1]
		page.Next = store.Cursor{Sort: f.Sort, Key: last.sum.Key(f.Sort), Row: last.number}.String()
	}
	for i := range rows {
		page.Traces = append(page.Traces, summary(&rows[i].sum, now))
	}
	return page, nil
}

// matches says what each part of a filter means.
func matches(f store.Filter, t *facts.Trace, now int64) bool {
	s := summary(t, now)
	has := func(key, value string) bool { return slices.Contains(t.Facets, store.Facet{Key: key, Value: value}) }
	for _, facet := range f.Facets {
		if !has(facet.Key, facet.Value) {
			return false
		}
	}
	return (f.From.IsZero() || !s.Start.Before(f.From)) &&
		(f.To.IsZero() || s.Start.Before(f.To)) &&
		(f.Service == "" || t.Service == f.Service || has(facts.KeyService, f.Service)) &&
		(f.Status == store.StatusAny || s.Status == f.Status) &&
		(f.AnyError == nil || *f.AnyError == (t.Errors > 0)) &&
		(f.TraceID == "" || isID(s.TraceID, f.TraceID)) &&
		s.Duration >= f.MinDuration &&
		(f.MaxDuration == nil || s.Duration <= *f.MaxDuration) &&
		(f.Text == "" || f.Content || hasText(&s, f.Text))
}

func isID(id span.TraceID, prefix string) bool {
	return strings.HasPrefix(string(id), prefix) || string(id) == strings.Repeat("0", 32-len(prefix))+prefix
}

func hasText(s *store.Summary, text string) bool {
	id := strings.ToLower(text)
	return facts.ContainsFold(s.Name, text) || facts.ContainsFold(s.Preview, text) ||
		slices.ContainsFunc(s.Tags, func(tag string) bool { return facts.ContainsFold(tag, text) }) ||
		len(id) <= 32 && strings.Trim(id, "0123456789abcdef") == "" && isID(s.TraceID, id)
}

// contains looks into every version of every span.
func (p *project) contains(t *trace, text string) bool {
	for _, e := range t.order {
		if spanContains(&e.first, text) || e.end != nil && spanContains(e.end, text) {
			return true
		}
	}
	return false
}

func spanContains(f *facts.Span, text string) bool {
	raw, _ := facts.AppendSpan(nil, f)
	frame, _, err := facts.NextFrame(raw)
	return err == nil && facts.ContainsFold(string(frame.JSON), text)
}

// Trace implements store.Store.
func (s *Store) Trace(_ context.Context, id string, traceID span.TraceID, o store.TraceOptions) (*store.Skeleton, error) {
	p, t, unlock, err := s.find(id, traceID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	sum := p.sum(t)
	k := &store.Skeleton{Trace: summary(&sum, s.config.Now().UnixNano()), Strings: []string{""}, Commit: p.hub.Last()}
	spans := make([]facts.Span, 0, len(t.order))
	for _, e := range t.order {
		spans = append(spans, p.final(t, e))
	}
	slices.SortFunc(spans, func(a, b facts.Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	if o.MaxSpans == 0 {
		o.MaxSpans = 20_000
	}
	if o.MaxSpans > 0 && len(spans) > o.MaxSpans {
		nodes := make([]facts.Node, len(spans))
		for i := range spans {
			nodes[i] = facts.Node{ID: spans[i].ID, Parent: spans[i].Parent}
		}
		keep := facts.Topmost(nodes, o.MaxSpans)
		spans = slices.DeleteFunc(spans, func(f facts.Span) bool { return !keep[f.ID] })
		k.Truncated = true
	}
	for i := range spans {
		r := rowOf(&spans[i], sum.ServiceOf(&spans[i]))
		k.ID, k.Parent = append(k.ID, r.ID), append(k.Parent, r.Parent)
		k.Name, k.Type = append(k.Name, place(k, r.Name)), append(k.Type, place(k, r.Type))
		k.Service, k.Model = append(k.Service, place(k, r.Service)), append(k.Model, place(k, r.Model))
		k.Start, k.Dur, k.Status = append(k.Start, r.Start), append(k.Dur, r.Dur), append(k.Status, r.Status)
		k.Event, k.Clock = append(k.Event, r.Event), append(k.Clock, r.Clock)
		k.Tokens, k.Cost = append(k.Tokens, r.Tokens), append(k.Cost, r.Cost)
	}
	return k, nil
}

func place(k *store.Skeleton, s string) int32 {
	i := slices.Index(k.Strings, s)
	if i < 0 {
		i = len(k.Strings)
		k.Strings = append(k.Strings, s)
	}
	return int32(i)
}

// Find implements store.Store. The budget does not end it.
func (s *Store) Find(_ context.Context, id string, traceID span.TraceID, text string, _ int64) (store.Found, error) {
	if text == "" || len(text) > store.MaxFilterTexts {
		return store.Found{}, &store.FieldError{Field: "q", Reason: "want 1 to 256 bytes"}
	}
	_, t, unlock, err := s.find(id, traceID)
	if err != nil {
		return store.Found{}, err
	}
	defer unlock()
	var spans []facts.Span
	for _, e := range t.order {
		if f := e.last(); spanContains(&f, text) {
			spans = append(spans, f)
		}
	}
	slices.SortFunc(spans, func(a, b facts.Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	found := store.Found{Done: true}
	for i := range spans {
		found.Spans = append(found.Spans, spans[i].ID.Text())
	}
	return found, nil
}

// Records implements store.Store.
func (s *Store) Records(_ context.Context, id string, q store.RecordQuery) (store.RecordPage, error) {
	q, after, err := q.Check()
	if err != nil {
		return store.RecordPage{}, err
	}
	p, unlock, err := s.open(id)
	if err != nil {
		return store.RecordPage{}, err
	}
	defer unlock()
	trace, _ := facts.ParseTraceID(q.TraceID)
	var found []*facts.Record
	for _, r := range p.records {
		at := time.Unix(0, r.At)
		if q.TraceID != "" && (!r.OfTrace || r.Trace != trace) || q.Kind != 0 && r.Kind != q.Kind ||
			!q.From.IsZero() && at.Before(q.From) || !q.To.IsZero() && !at.Before(q.To) {
			continue
		}
		if after == nil || compareRecords(r, after.At, after.Kind, after.ID) > 0 {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *facts.Record) int { return compareRecords(a, b.At, b.Kind, b.RID) })
	var page store.RecordPage
	if len(found) > q.Limit {
		found = found[:q.Limit]
		last := found[q.Limit-1]
		page.Next = store.RecordCursor{At: last.At, Kind: last.Kind, ID: last.RID}.String()
	}
	for _, r := range found {
		data, err := facts.EncodeRecord(r.Source)
		if err != nil {
			return page, err
		}
		stored, err := facts.DecodeRecord(data)
		if err != nil {
			return page, err
		}
		page.Records = append(page.Records, stored)
	}
	return page, nil
}

// compareRecords orders records newest first, then by kind and hash.
func compareRecords(r *facts.Record, at int64, kind store.Kind, id [16]byte) int {
	return cmp.Or(cmp.Compare(at, r.At), cmp.Compare(r.Kind, kind), slices.Compare(r.RID[:], id[:]))
}

// Series implements store.Store.
func (s *Store) Series(_ context.Context, id string, q store.SeriesQuery) (store.SeriesSet, error) {
	q, resolution, err := q.Check()
	if err != nil {
		return store.SeriesSet{}, err
	}
	p, unlock, err := s.open(id)
	if err != nil {
		return store.SeriesSet{}, err
	}
	defer unlock()
	b := series.New(q)
	for _, t := range p.traces {
		sum := p.sum(t)
		if q.Traces {
			if sum.Spans > 0 && sum.Rooted && !sum.RootRunning {
				f := facts.Span{Start: sum.RootStart, Dur: sum.RootEnd - sum.RootStart, Name: sum.Name, Failed: sum.RootFailed}
				count(b, q, resolution, &f, sum.Service)
			}
			continue
		}
		for _, e := range t.order {
			if f := p.final(t, e); !f.Running {
				count(b, q, resolution, &f, sum.ServiceOf(&f))
			}
		}
	}
	return b.Build(p.hub.Last()), nil
}

func count(b *series.Builder, q store.SeriesQuery, resolution time.Duration, f *facts.Span, service string) {
	for _, only := range [][2]string{{q.Service, service}, {q.Type, f.Type}, {q.Model, f.Model}, {q.Name, f.Name}} {
		if only[0] != "" && only[0] != only[1] {
			return
		}
	}
	figures := series.Figures{Count: 1, Tokens: f.Tokens, Cost: f.Cost}
	if f.Failed {
		figures.Errors = 1
	}
	if q.Latency {
		figures.Hist.Add(f.Dur, 1)
	}
	key := map[store.Dimension]string{store.ByService: service, store.ByType: f.Type, store.ByModel: f.Model, store.ByName: f.Name}[q.By]
	b.Add(facts.Floor(f.Start/1e9, int64(resolution/time.Second)), key, &figures)
}

// Values implements store.Store. Of too many it has any.
func (s *Store) Values(_ context.Context, id, key, prefix string, limit int) ([]string, error) {
	key, limit, err := store.CheckValues(key, limit)
	if err != nil {
		return nil, err
	}
	p, unlock, err := s.open(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && strings.HasPrefix(name, prefix) && len(seen) < limit {
			seen[name] = true
		}
	}
	for _, t := range p.traces {
		sum := p.sum(t)
		if sum.Spans == 0 {
			continue
		}
		if key == facts.KeyService {
			add(sum.Service)
		}
		for _, f := range sum.Facets {
			if meta, ok := strings.CutPrefix(f.Key, "meta."); ok && key == "meta" {
				add(meta)
			}
			if f.Key == key {
				add(f.Value)
			}
		}
		for _, e := range t.order {
			if f := e.last(); key == "name" && !f.Running {
				add(f.Name)
			}
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
