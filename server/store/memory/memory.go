// Package memory is a store for tests. It keeps every item that came, in order, and works out each answer from the whole
// list: slow, and so plain that the other store can be checked against it. Nothing survives Close.
package memory

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/server/store/internal/hub"
	"github.com/tailrace-go/tailrace/span"
)

// Config says how. Its zero value works.
type Config struct {
	Limits func(project string) store.Limits // nil: the defaults for all; bytes are not limited
	Now    func() time.Time                  // nil: time.Now
}

// Store is a store in memory. It implements [store.Store], but for Backup.
type Store struct {
	config   Config
	mu       sync.Mutex
	projects map[string]*project
	closed   bool
}

var _ store.Store = (*Store)(nil)

type project struct {
	hub     *hub.Hub
	traces  map[facts.TraceID]*trace
	next    int64
	records map[recordKey]*facts.Record
	keys    map[string][32]byte
	stats   store.Stats
}

type recordKey struct {
	kind store.Kind
	id   [16]byte
}

// trace is all that came for a trace, in order.
type trace struct {
	id     facts.TraceID
	number int64
	events []event
	spans  map[facts.SpanID]*entry
	order  []*entry
}

// event is one thing that changed a trace: a span that was new, one that ended, or a record.
type event struct {
	span     *entry
	end      bool
	label    string
	record   *facts.Record
	received int64
}

// entry is a span: its first version, and the finished one when that was running.
type entry struct {
	first facts.Span
	end   *facts.Span
}

// last is the span as it is now, without what metrics say of its cost.
func (e *entry) last() facts.Span {
	if e.end == nil {
		return e.first
	}
	f := facts.EndOf(&e.first, e.end)
	if !f.Priced {
		f.Cost, f.Priced = e.first.Cost, e.first.Priced
	}
	return f
}

// New makes an empty store.
func New(c Config) *Store {
	if c.Limits == nil {
		c.Limits = func(string) store.Limits { return store.Limits{} }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Store{config: c, projects: map[string]*project{}}
}

// open returns a project with the store locked; the caller calls unlock.
func (s *Store) open(id string) (p *project, unlock func(), err error) {
	if err := store.CheckProject(id); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, nil, store.ErrClosed
	}
	p = s.projects[id]
	if p == nil {
		p = &project{
			hub:    hub.New(uint64(time.Now().UnixMicro())),
			traces: map[facts.TraceID]*trace{}, records: map[recordKey]*facts.Record{}, keys: map[string][32]byte{},
		}
		p.stats.Rejected = map[store.Reason]int64{}
		s.projects[id] = p
	}
	return p, s.mu.Unlock, nil
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, id string, b *store.Batch) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	p, unlock, err := s.open(id)
	if err != nil {
		return store.Result{}, err
	}
	defer unlock()
	if len(b.Key) > store.MaxKeyBytes {
		return store.Result{}, &store.FieldError{Field: "Idempotency-Key", Reason: "is longer than 256 bytes"}
	}
	received := b.Received
	if received.IsZero() {
		received = s.config.Now()
	}
	keep := s.config.Limits(id).WithDefaults().KeepFor
	sum, known := p.keys[b.Key]
	in := insertion{p: p, b: b, received: received, again: known && b.Key != "" && sum == b.Sum, changed: map[*trace][]*entry{}}
	for i := range b.Records {
		in.result.Records = append(in.result.Records, in.record(&b.Records[i], keep))
	}
	for _, item := range b.Spans {
		in.result.Spans = append(in.result.Spans, in.span(item, keep))
	}
	if b.Key != "" && !known {
		p.keys[b.Key] = b.Sum
	}
	stored, repeated, rejected := in.result.Count()
	p.stats.Received += int64(len(b.Spans) + len(b.Records))
	p.stats.Stored += int64(stored)
	p.stats.Repeated += int64(repeated)
	for reason, n := range rejected {
		p.stats.Rejected[reason] += int64(n)
	}
	in.result.Commit = p.hub.Last()
	if stored > 0 {
		in.result.Commit = p.hub.Commit(in.changes(s.config.Now().UnixNano()))
	}
	return in.result, nil
}

type insertion struct {
	p        *project
	b        *store.Batch
	received time.Time
	again    bool // a batch with this key was here
	result   store.Result
	changed  map[*trace][]*entry
	order    []*trace
}

func (in *insertion) trace(id facts.TraceID) *trace {
	t := in.p.traces[id]
	if t == nil {
		in.p.next++
		t = &trace{id: id, number: in.p.next, spans: map[facts.SpanID]*entry{}}
		in.p.traces[id] = t
	}
	return t
}

func (in *insertion) note(t *trace, e *entry) {
	if _, ok := in.changed[t]; !ok {
		in.order = append(in.order, t)
		in.changed[t] = nil
	}
	if e != nil {
		in.changed[t] = append(in.changed[t], e)
	}
}

func (in *insertion) span(item store.Item, keep time.Duration) store.Outcome {
	f, reason := facts.OfSpan(item, in.received, keep)
	if reason == "" {
		_, reason = facts.AppendSpan(nil, &f)
	}
	switch {
	case reason != "":
		return store.Outcome{State: store.Rejected, Reason: reason}
	case in.again:
		return store.Outcome{State: store.Repeated}
	}
	f.Source = f.Source.Clone() // the caller's
	t := in.trace(f.Trace)
	e := t.spans[f.ID]
	ev := event{span: e, label: in.b.Label, received: in.received.UnixNano()}
	switch {
	case e == nil:
		e = &entry{first: f}
		ev.span = e
		t.spans[f.ID] = e
		t.order = append(t.order, e)
	case e.end == nil && e.first.Running && !f.Running:
		e.end = &f
		ev.end = true
	default:
		return store.Outcome{State: store.Repeated}
	}
	t.events = append(t.events, ev)
	in.note(t, e)
	return store.Outcome{State: store.Stored}
}

func (in *insertion) record(r *store.Record, keep time.Duration) store.Outcome {
	f, reason := facts.OfRecord(r, in.received, keep)
	if reason == "" {
		_, reason = facts.AppendRecord(nil, &f)
	}
	switch {
	case reason != "":
		return store.Outcome{State: store.Rejected, Reason: reason}
	case in.again:
		return store.Outcome{State: store.Repeated}
	}
	key := recordKey{f.Kind, f.RID}
	if in.p.records[key] != nil {
		return store.Outcome{State: store.Repeated}
	}
	source := *r
	f.Source = &source
	in.p.records[key] = &f
	if f.OfTrace {
		t := in.trace(f.Trace)
		t.events = append(t.events, event{record: &f, received: in.received.UnixNano()})
		in.note(t, nil)
	}
	return store.Outcome{State: store.Stored}
}

func (in *insertion) changes(now int64) []store.Change {
	var changes []store.Change
	for _, t := range in.order {
		sum := in.p.sum(t)
		if sum.Spans == 0 {
			continue
		}
		c := store.Change{Trace: summary(&sum, now)}
		for _, e := range in.changed[t] {
			f := in.p.final(t, e)
			c.Rows = append(c.Rows, rowOf(&f, sum.ServiceOf(&f)))
		}
		changes = append(changes, c)
	}
	return changes
}

// final is a span with its cost, told by itself or else by metrics.
func (p *project) final(t *trace, e *entry) facts.Span {
	f := e.last()
	if f.Priced {
		return f
	}
	for _, r := range p.records {
		if r.OfTrace && r.Trace == t.id && r.Span == f.ID && r.Priced {
			f.Cost, f.Priced = f.Cost+r.Cost, true
		}
	}
	return f
}

// sum goes through everything that came for a trace.
func (p *project) sum(t *trace) facts.Trace {
	sum := facts.Trace{ID: t.id}
	free := func(f facts.Span) *facts.Span { // costs are added last
		f.Cost, f.Priced = 0, false
		return &f
	}
	for _, ev := range t.events {
		switch {
		case ev.record != nil:
			sum.Consider(ev.record.Service, ev.record.At)
		case ev.end:
			f := facts.EndOf(&ev.span.first, ev.span.end)
			sum.End(free(f), ev.span.first.Failed, ev.label)
		default:
			sum.Add(free(ev.span.first), ev.label)
		}
		sum.Seen = max(sum.Seen, ev.received)
	}
	for _, e := range t.order {
		if f := p.final(t, e); f.Priced {
			sum.AddCost(f.Cost)
		}
	}
	sum.Settle()
	return sum
}

func summary(t *facts.Trace, now int64) store.Summary { return t.Summary(facts.Day(t.Start), now) }

func rowOf(f *facts.Span, service string) store.Row {
	full := facts.FullSpan(f.Source, f, service)
	r := store.Row{
		ID: f.ID.Text(), Parent: f.Parent.Text(), Name: f.Name, Type: f.Type, Service: service, Model: f.Model,
		Start: f.Start, Dur: f.Dur, Status: full.Status, Event: f.Event, Clock: f.Clock, Tokens: f.Tokens, Cost: full.Cost,
	}
	if f.Running {
		r.Dur = -1
	}
	return r
}

// find returns a trace that has spans, with the store locked.
func (s *Store) find(id string, traceID span.TraceID) (*project, *trace, func(), error) {
	p, unlock, err := s.open(id)
	if err != nil {
		return nil, nil, nil, err
	}
	key, ok := facts.ParseTraceID(traceID)
	t := p.traces[key]
	if !ok || t == nil || len(t.order) == 0 {
		unlock()
		return nil, nil, nil, store.ErrNotFound
	}
	return p, t, unlock, nil
}

// Span implements store.Store.
func (s *Store) Span(_ context.Context, id string, traceID span.TraceID, spanID span.ID) (*store.FullSpan, error) {
	p, t, unlock, err := s.find(id, traceID)
	if err != nil {
		return nil, err
	}
	defer unlock()
	key, ok := facts.ParseSpanID(spanID)
	e := t.spans[key]
	if !ok || e == nil {
		return nil, store.ErrNotFound
	}
	return p.full(t, e)
}

func (p *project) full(t *trace, e *entry) (*store.FullSpan, error) {
	f := p.final(t, e)
	raw, _ := facts.AppendSpan(nil, &f) // it could be encoded when it came
	frame, _, err := facts.NextFrame(raw)
	if err != nil {
		return nil, err
	}
	sent, err := frame.Decode()
	if err != nil {
		return nil, err
	}
	if !f.Clock {
		sent.Start = time.Unix(0, f.Start).UTC()
	}
	sum := p.sum(t)
	return facts.FullSpan(sent, &f, sum.ServiceOf(&f)), nil
}

// Spans implements store.Store.
func (s *Store) Spans(_ context.Context, id string, traceID span.TraceID) iter.Seq2[*store.FullSpan, error] {
	return func(yield func(*store.FullSpan, error) bool) {
		p, t, unlock, err := s.find(id, traceID)
		if err != nil {
			yield(nil, err)
			return
		}
		var all []*store.FullSpan
		for _, e := range t.order {
			var full *store.FullSpan
			if full, err = p.full(t, e); err != nil {
				break
			}
			all = append(all, full)
		}
		unlock()
		for _, full := range all {
			if !yield(full, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Delete implements store.Store.
func (s *Store) Delete(_ context.Context, id string, traceID span.TraceID) (store.Deleted, error) {
	p, unlock, err := s.open(id)
	if err != nil {
		return store.Deleted{}, err
	}
	defer unlock()
	key, ok := facts.ParseTraceID(traceID)
	t := p.traces[key]
	if !ok || t == nil {
		return store.Deleted{}, store.ErrNotFound
	}
	deleted := store.Deleted{Spans: len(t.order)}
	for k, r := range p.records {
		if r.OfTrace && r.Trace == key {
			delete(p.records, k)
			deleted.Records++
		}
	}
	delete(p.traces, key)
	p.hub.Commit([]store.Change{{Trace: store.Summary{TraceID: key.Text()}, Deleted: true}})
	return deleted, nil
}

// Subscribe implements store.Store.
func (s *Store) Subscribe(id string, after uint64, traceID span.TraceID) (store.Subscription, error) {
	p, unlock, err := s.open(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if traceID != "" {
		long, ok := traceID.W3C()
		if !ok {
			return nil, store.ErrNotFound
		}
		traceID = long
	}
	return p.hub.Subscribe(after, traceID), nil
}

// Projects implements store.Store.
func (s *Store) Projects(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	var ids []string
	for id, p := range s.projects {
		if len(p.traces)+len(p.records) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// DropProject implements store.Store.
func (s *Store) DropProject(_ context.Context, id string) error {
	p, unlock, err := s.open(id)
	if err != nil {
		return err
	}
	defer unlock()
	clear(p.traces)
	clear(p.records)
	clear(p.keys)
	return nil
}

// Stats implements store.Store.
func (s *Store) Stats(_ context.Context, id string) (store.Stats, error) {
	p, unlock, err := s.open(id)
	if err != nil {
		return store.Stats{}, err
	}
	defer unlock()
	stats := p.stats
	stats.Rejected = maps.Clone(stats.Rejected)
	stats.Limits = s.config.Limits(id).WithDefaults()
	stats.Commit = p.hub.Last()
	days := map[int64]*store.Day{}
	day := func(ns int64) *store.Day {
		d := facts.Day(ns)
		if days[d] == nil {
			days[d] = &store.Day{Day: facts.DayText(d)}
		}
		return days[d]
	}
	for _, t := range p.traces {
		if sum := p.sum(t); sum.Spans > 0 {
			day(sum.Start).Traces++
			day(sum.Start).Spans += int64(sum.Spans)
		}
	}
	for _, r := range p.records {
		day(r.At).Record++
	}
	for _, d := range slices.Backward(slices.Sorted(maps.Keys(days))) {
		stats.Days = append(stats.Days, *days[d])
	}
	return stats, nil
}

// Retain implements store.Store: by age.
func (s *Store) Retain(context.Context) (store.Dropped, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var dropped store.Dropped
	if s.closed {
		return dropped, store.ErrClosed
	}
	for id, p := range s.projects {
		keep := s.config.Limits(id).WithDefaults().KeepFor
		if keep <= 0 {
			continue
		}
		limit := s.config.Now().Add(-keep).UnixNano()
		gone := map[int64]bool{}
		old := func(ns int64) bool {
			if d := facts.Day(ns); (d+1)*int64(24*time.Hour) <= limit {
				gone[d] = true
				return true
			}
			return false
		}
		for key, t := range p.traces {
			if sum := p.sum(t); sum.Spans > 0 && old(sum.Start) {
				dropped.Traces++
				dropped.Spans += int64(sum.Spans)
				delete(p.traces, key)
			}
		}
		maps.DeleteFunc(p.records, func(_ recordKey, r *facts.Record) bool { return old(r.At) })
		dropped.Days += int64(len(gone))
	}
	return dropped, nil
}

// Backup is not there: what is in memory has no copy.
func (s *Store) Backup(context.Context, string) error { return store.ErrNotFound }

// Ready implements store.Store.
func (s *Store) Ready(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	return nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, p := range s.projects {
		p.hub.Close()
	}
	return nil
}
