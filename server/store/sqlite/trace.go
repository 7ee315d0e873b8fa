package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"iter"
	"slices"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/span"
)

const defaultMaxSpans = 20_000

func containsText(json []byte, text string) bool { return facts.ContainsFold(string(json), text) }

// holders finds the files that have spans of a trace, and its number in each: the first that has it, newest first but
// for the hint, and its neighbours.
func (p *project) holders(ctx context.Context, id facts.TraceID, hint string) (files []*file, tids []int64, err error) {
	all := p.files()
	if day, ok := facts.ParseDay(hint); ok {
		slices.SortStableFunc(all, func(a, b *file) int { return cmp.Compare(boolean(b.day == day), boolean(a.day == day)) })
	}
	look := func(f *file) (found bool, err error) {
		err = f.read(ctx, func(c *conn) error {
			tid, err := c.number("SELECT tid FROM traces WHERE trace_id = ? AND spans > 0", id[:])
			if found = tid != 0; found {
				files, tids = append(files, f), append(tids, tid)
			}
			return err
		})
		return found, err
	}
	for _, f := range all {
		found, err := look(f)
		if err != nil {
			return nil, nil, err
		}
		if !found {
			continue
		}
		for _, n := range all {
			if abs(n.day-f.day) != 1 {
				continue
			}
			if _, err := look(n); err != nil {
				return nil, nil, err
			}
		}
		return files, tids, nil
	}
	return nil, nil, store.ErrNotFound
}

func abs(n int64) int64 { return max(n, -n) }

// open finds the project of a question about one trace.
func (s *Store) trace(id string, trace span.TraceID) (*project, facts.TraceID, error) {
	p, err := s.project(id, false)
	if err != nil {
		return nil, facts.TraceID{}, err
	}
	t, ok := facts.ParseTraceID(trace)
	if p == nil || !ok {
		return nil, t, store.ErrNotFound
	}
	return p, t, nil
}

// skeletonRow is a span of a skeleton, with names resolved.
type skeletonRow struct {
	spanRow
	name, service, typ, model string
}

// Trace implements store.Store.
func (s *Store) Trace(ctx context.Context, id string, trace span.TraceID, o store.TraceOptions) (*store.Skeleton, error) {
	p, tid, err := s.trace(id, trace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	commit := p.hub.Last()
	files, tids, err := p.holders(ctx, tid, o.Day)
	if err != nil {
		return nil, err
	}
	var sums []facts.Trace
	var rows []skeletonRow
	for i, f := range files {
		err := f.read(ctx, func(c *conn) error {
			sum, more, err := f.skeleton(ctx, c, tids[i])
			if sum != nil && sum.Spans > 0 {
				sums, rows = append(sums, *sum), append(rows, more...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(sums) == 0 {
		return nil, store.ErrNotFound
	}
	sum := sums[0]
	for _, other := range sums[1:] {
		sum.Merge(&other)
	}
	if len(sums) > 1 {
		rows = merged(rows)
		sum.Spans = len(rows)
	}
	slices.SortFunc(rows, func(a, b skeletonRow) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id))
	})
	if o.MaxSpans == 0 {
		o.MaxSpans = defaultMaxSpans
	}
	k := &store.Skeleton{Trace: sum.Summary(files[0].day, s.now().UnixNano()), Commit: commit}
	if o.MaxSpans > 0 && len(rows) > o.MaxSpans {
		nodes := make([]facts.Node, len(rows))
		for i := range rows {
			nodes[i] = facts.Node{ID: rows[i].id, Parent: rows[i].parent}
		}
		keep := facts.Topmost(nodes, o.MaxSpans)
		rows = slices.DeleteFunc(rows, func(r skeletonRow) bool { return !keep[r.id] })
		k.Truncated = true
	}
	fill(k, rows)
	return k, nil
}

// skeleton reads a trace of one file; nil when it is not there any more.
func (f *file) skeleton(ctx context.Context, c *conn, tid int64) (*facts.Trace, []skeletonRow, error) {
	var row traceRow
	err := c.query(ctx, "SELECT "+traceColumns+" FROM traces WHERE tid = ?", []driver.Value{tid}, func(v []driver.Value) bool {
		row = scanTrace(v)
		return false
	})
	if err != nil || row.tid == 0 {
		return nil, nil, err
	}
	rows := make([]skeletonRow, 0, row.spans)
	err = c.query(ctx, "SELECT "+spanColumns+" FROM m WHERE tid = ?", []driver.Value{tid}, func(v []driver.Value) bool {
		rows = append(rows, skeletonRow{spanRow: scanSpan(v)})
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	known := map[int64]string{} // fewer locks than asking the file for each
	name := func(id int64) string {
		if n, ok := known[id]; ok {
			return n
		}
		n, e := f.names.get(ctx, c, id)
		err = errors.Join(err, e)
		known[id] = n
		return n
	}
	for i := range rows {
		r := &rows[i]
		r.name, r.service, r.typ, r.model = name(r.spanRow.name), name(r.spanRow.service), name(r.spanRow.typ), name(r.spanRow.model)
	}
	sum := row.trace(row.id, name)
	return &sum, rows, err
}

// merged leaves of spans that two files have the finished one, or else the first.
func merged(rows []skeletonRow) []skeletonRow {
	at := map[facts.SpanID]int{}
	kept := rows[:0]
	for _, r := range rows {
		i, twice := at[r.id]
		switch {
		case !twice:
			at[r.id] = len(kept)
			kept = append(kept, r)
		case kept[i].dur < 0 && r.dur >= 0:
			kept[i] = r
		}
	}
	return kept
}

// fill writes the columns.
func fill(k *store.Skeleton, rows []skeletonRow) {
	n := len(rows)
	k.ID, k.Parent = make([]span.ID, n), make([]span.ID, n)
	k.Name, k.Type, k.Service, k.Model = make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	k.Start, k.Dur = make([]int64, n), make([]int64, n)
	k.Status, k.Event, k.Clock = make([]store.Status, n), make([]bool, n), make([]bool, n)
	k.Tokens, k.Cost = make([]span.Tokens, n), make([]*store.Cost, n)
	places := map[string]int32{"": 0}
	k.Strings = []string{""}
	place := func(s string) int32 {
		i, ok := places[s]
		if !ok {
			i = int32(len(k.Strings))
			places[s] = i
			k.Strings = append(k.Strings, s)
		}
		return i
	}
	for i := range rows {
		r := &rows[i]
		k.ID[i], k.Parent[i] = r.id.Text(), r.parent.Text()
		k.Name[i], k.Type[i], k.Service[i], k.Model[i] = place(r.name), place(r.typ), place(r.service), place(r.model)
		k.Start[i], k.Dur[i] = r.start, r.dur
		k.Status[i], k.Event[i], k.Clock[i] = r.status(), r.flags&spanEvent != 0, r.flags&spanClock != 0
		k.Tokens[i], k.Cost[i] = r.tokens, facts.CostOf(r.cost, r.cost >= 0)
	}
}

// segments unpacks the segments of a trace, oldest first, until each returns false.
func (s *Store) segments(ctx context.Context, c *conn, tid int64, each func(raw []byte) (bool, error)) error {
	var inner error
	err := c.query(ctx, "SELECT data FROM seg WHERE tid = ? ORDER BY id", []driver.Value{tid}, func(row []driver.Value) bool {
		var raw []byte
		if raw, inner = s.unpack(blob(row[0])); inner != nil {
			return false
		}
		var more bool
		more, inner = each(raw)
		return more && inner == nil
	})
	if inner != nil {
		return inner
	}
	return err
}

// Span implements store.Store.
func (s *Store) Span(ctx context.Context, id string, trace span.TraceID, spanID span.ID) (*store.FullSpan, error) {
	p, tid, err := s.trace(id, trace)
	if err != nil {
		return nil, err
	}
	sid, ok := facts.ParseSpanID(spanID)
	if !ok {
		return nil, store.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	files, tids, err := p.holders(ctx, tid, "")
	if err != nil {
		return nil, err
	}
	var best *store.FullSpan
	for i, f := range files {
		err := f.read(ctx, func(c *conn) error {
			full, err := f.span(ctx, c, tids[i], sid)
			if full != nil && (best == nil || best.Status == store.StatusRunning) {
				best = full
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if best == nil {
		return nil, store.ErrNotFound
	}
	return best, nil
}

// span reads one span of a file; nil when it is not there.
func (f *file) span(ctx context.Context, c *conn, tid int64, id facts.SpanID) (*store.FullSpan, error) {
	var row spanRow
	err := c.query(ctx, "SELECT "+spanColumns+" FROM m WHERE tid = ? AND span = ?", []driver.Value{tid, int64(id)}, func(v []driver.Value) bool {
		row = scanSpan(v)
		return false
	})
	if err != nil || row.id == 0 {
		return nil, err
	}
	var data []byte
	err = c.query(ctx, "SELECT data FROM seg WHERE id = ?", []driver.Value{row.seg}, func(v []driver.Value) bool {
		data = blob(v[0])
		return false
	})
	if err != nil {
		return nil, err
	}
	raw, err := f.project.store.unpack(data)
	if err != nil {
		return nil, err
	}
	for len(raw) > 0 {
		frame, rest, err := facts.NextFrame(raw)
		if err != nil {
			return nil, err
		}
		if raw = rest; frame.Kind == 0 && frame.Span == id {
			return f.full(ctx, c, &row, &frame)
		}
	}
	return nil, facts.ErrFrame
}

// full joins what was sent with what is known.
func (f *file) full(ctx context.Context, c *conn, row *spanRow, frame *facts.Frame) (*store.FullSpan, error) {
	s, err := frame.Decode()
	if err != nil {
		return nil, err
	}
	service, err := f.names.get(ctx, c, row.service)
	if err != nil {
		return nil, err
	}
	full := &store.FullSpan{
		Span: s, Received: utc(frame.Received), Clock: row.flags&spanClock != 0, Service: service, Status: row.status(),
		Tokens: row.tokens, Cost: facts.CostOf(row.cost, row.cost >= 0),
	}
	if !full.Clock {
		s.Start = utc(row.start) // of its first version
	}
	return full, nil
}

// Spans implements store.Store.
func (s *Store) Spans(ctx context.Context, id string, trace span.TraceID) iter.Seq2[*store.FullSpan, error] {
	return func(yield func(*store.FullSpan, error) bool) {
		p, tid, err := s.trace(id, trace)
		var files []*file
		var tids []int64
		if err == nil {
			files, tids, err = p.holders(ctx, tid, "")
		}
		if err != nil {
			yield(nil, err)
			return
		}
		done := map[facts.SpanID]bool{}
		for i, f := range files {
			more, err := f.spans(ctx, tids[i], done, yield)
			if err != nil {
				yield(nil, err)
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// spans yields the spans of one file segment by segment: a reading transaction is as short as one segment, since a
// yield may take its time.
func (f *file) spans(ctx context.Context, tid int64, done map[facts.SpanID]bool, yield func(*store.FullSpan, error) bool) (more bool, err error) {
	for last := int64(-1); ; {
		var part []*store.FullSpan
		err := f.read(ctx, func(c *conn) error {
			part, last, err = f.segment(ctx, c, tid, last, done)
			return err
		})
		if err != nil {
			return false, err
		}
		if last < 0 {
			return true, nil
		}
		for _, full := range part {
			if !yield(full, nil) {
				return false, nil
			}
		}
		part = nil
	}
}

// segment reads the spans of the next segment behind last; next is -1 behind the last one. A version of a span that
// another has replaced is left out.
func (f *file) segment(ctx context.Context, c *conn, tid, last int64, done map[facts.SpanID]bool) (part []*store.FullSpan, next int64, err error) {
	var data []byte
	next = -1
	err = c.query(ctx, "SELECT id, data FROM seg WHERE tid = ? AND id > ? ORDER BY id LIMIT 1", []driver.Value{tid, last}, func(v []driver.Value) bool {
		next, data = integer(v[0]), blob(v[1])
		return false
	})
	if err != nil || next < 0 {
		return nil, next, err
	}
	raw, err := f.project.store.unpack(data)
	if err != nil {
		return nil, next, err
	}
	for len(raw) > 0 {
		frame, rest, err := facts.NextFrame(raw)
		if err != nil {
			return nil, next, err
		}
		raw = rest
		if frame.Kind != 0 || done[frame.Span] {
			continue
		}
		var row spanRow
		err = c.query(ctx, "SELECT "+spanColumns+" FROM m WHERE tid = ? AND span = ?", []driver.Value{tid, int64(frame.Span)}, func(v []driver.Value) bool {
			row = scanSpan(v)
			return false
		})
		if err != nil {
			return nil, next, err
		}
		if row.seg != next {
			continue
		}
		full, err := f.full(ctx, c, &row, &frame)
		if err != nil {
			return nil, next, err
		}
		done[frame.Span] = true
		part = append(part, full)
	}
	return part, next, nil
}

// Find implements store.Store.
func (s *Store) Find(ctx context.Context, id string, trace span.TraceID, text string, budget int64) (store.Found, error) {
	if text == "" || len(text) > store.MaxFilterTexts {
		return store.Found{}, &store.FieldError{Field: "q", Reason: "want 1 to 256 bytes"}
	}
	if budget <= 0 {
		budget = 256 << 20
	}
	p, tid, err := s.trace(id, trace)
	if err != nil {
		return store.Found{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	files, tids, err := p.holders(ctx, tid, "")
	if err != nil {
		return store.Found{}, err
	}
	starts := map[facts.SpanID]int64{}
	done := true
	for i, f := range files {
		err := f.read(ctx, func(c *conn) error {
			seg := map[facts.SpanID]int64{}
			return s.segments(ctx, c, tids[i], func(raw []byte) (bool, error) {
				if budget -= int64(len(raw)); budget < 0 {
					done = false
					return false, nil
				}
				for len(raw) > 0 {
					frame, rest, err := facts.NextFrame(raw)
					if err != nil {
						return false, err
					}
					raw = rest
					if frame.Kind != 0 {
						continue
					}
					if !containsText(frame.JSON, text) {
						delete(starts, frame.Span) // an end that no longer has what the running version had
						continue
					}
					if _, ok := seg[frame.Span]; !ok {
						seg[frame.Span], err = c.number("SELECT start FROM m WHERE tid = ? AND span = ?", tids[i], int64(frame.Span))
						if err != nil {
							return false, err
						}
					}
					starts[frame.Span] = seg[frame.Span]
				}
				return true, nil
			})
		})
		if err != nil {
			return store.Found{}, err
		}
	}
	ids := make([]facts.SpanID, 0, len(starts))
	for id := range starts {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b facts.SpanID) int {
		return cmp.Or(cmp.Compare(starts[a], starts[b]), cmp.Compare(a, b))
	})
	found := store.Found{Done: done}
	for _, id := range ids {
		found.Spans = append(found.Spans, id.Text())
	}
	return found, nil
}
