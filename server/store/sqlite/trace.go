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
	var spans spanRows
	if err := readSpans(ctx, c, tid, &spans); err != nil {
		return nil, nil, err
	}
	rows := make([]skeletonRow, len(spans.all))
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
		r.spanRow = spans.all[i]
		f := r.figure(row.service)
		r.name, r.service, r.typ, r.model = name(f.name), name(f.service), name(f.typ), name(f.model)
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
	err := c.query(ctx, "SELECT data FROM seg WHERE id >= ? AND id < ? ORDER BY id", []driver.Value{segmentID(tid, 0), segmentID(tid+1, 0)}, func(row []driver.Value) bool {
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
	var spans spanRows
	if err := readSpans(ctx, c, tid, &spans); err != nil {
		return nil, err
	}
	row := spans.find(id)
	if row == nil {
		return nil, nil
	}
	service, err := serviceOf(ctx, c, tid)
	if err != nil {
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
	var last *facts.Frame // its end may be in the same segment
	for len(raw) > 0 {
		frame, rest, err := facts.NextFrame(raw)
		if err != nil {
			return nil, err
		}
		if raw = rest; frame.Kind == 0 && frame.Span == id {
			last = &frame
		}
	}
	if last == nil {
		return nil, facts.ErrFrame
	}
	return f.full(ctx, c, row, service, last)
}

// serviceOf is the service of a trace, which spans without one of their own have.
func serviceOf(ctx context.Context, c *conn, tid int64) (service int64, err error) {
	err = c.query(ctx, "SELECT service FROM traces WHERE tid = ?", []driver.Value{tid}, func(v []driver.Value) bool {
		service = integer(v[0])
		return false
	})
	return service, err
}

// full joins what was sent with what is known. shared is the service of the trace.
func (f *file) full(ctx context.Context, c *conn, row *spanRow, shared int64, frame *facts.Frame) (*store.FullSpan, error) {
	s, err := frame.Decode()
	if err != nil {
		return nil, err
	}
	service, err := f.names.get(ctx, c, row.figure(shared).service)
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

// spans yields the spans of one file segment by segment, as they are known when it begins: a reading transaction is as
// short as one segment, since a yield may take its time.
func (f *file) spans(ctx context.Context, tid int64, done map[facts.SpanID]bool, yield func(*store.FullSpan, error) bool) (more bool, err error) {
	var rows spanRows
	var service int64
	err = f.read(ctx, func(c *conn) error {
		if err := readSpans(ctx, c, tid, &rows); err != nil {
			return err
		}
		service, err = serviceOf(ctx, c, tid)
		return err
	})
	if err != nil {
		return false, err
	}
	for last := segmentID(tid, 0); ; {
		var part []*store.FullSpan
		err := f.read(ctx, func(c *conn) error {
			var data []byte
			if data, last, err = nextSegment(ctx, c, tid, last); err == nil && last != 0 {
				part, err = f.segment(ctx, c, &rows, service, last, data, done)
			}
			return err
		})
		if err != nil {
			return false, err
		}
		if last == 0 || len(part) == 0 && len(rows.all) == 0 {
			return true, nil
		}
		for _, full := range part {
			if !yield(full, nil) {
				return false, nil
			}
		}
	}
}

// nextSegment reads the segment behind last; its id is 0 behind the last one.
func nextSegment(ctx context.Context, c *conn, tid, last int64) (data []byte, id int64, err error) {
	err = c.query(ctx, "SELECT id, data FROM seg WHERE id > ? AND id < ? ORDER BY id LIMIT 1", []driver.Value{last, segmentID(tid+1, 0)},
		func(v []driver.Value) bool {
			id, data = integer(v[0]), blob(v[1])
			return false
		})
	return data, id, err
}

// segment makes the spans of a segment. A version of a span that another has replaced is left out.
func (f *file) segment(ctx context.Context, c *conn, rows *spanRows, service, id int64, data []byte, done map[facts.SpanID]bool) (part []*store.FullSpan, err error) {
	raw, err := f.project.store.unpack(data)
	if err != nil {
		return nil, err
	}
	var frames []facts.Frame
	places := map[facts.SpanID]int{}
	for len(raw) > 0 {
		frame, rest, err := facts.NextFrame(raw)
		if err != nil {
			return nil, err
		}
		raw = rest
		if row := rows.find(frame.Span); frame.Kind != 0 || row == nil || row.seg != id {
			continue
		}
		if i, twice := places[frame.Span]; twice {
			frames[i] = frame // the end of what was running
			continue
		}
		places[frame.Span] = len(frames)
		frames = append(frames, frame)
	}
	for i := range frames {
		frame := &frames[i]
		if done[frame.Span] {
			continue
		}
		full, err := f.full(ctx, c, rows.find(frame.Span), service, frame)
		if err != nil {
			return nil, err
		}
		done[frame.Span] = true
		part = append(part, full)
	}
	return part, nil
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
			var rows spanRows
			if err := readSpans(ctx, c, tids[i], &rows); err != nil {
				return err
			}
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
					if row := rows.find(frame.Span); row != nil {
						starts[frame.Span] = row.start
					}
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
