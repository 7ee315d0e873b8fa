package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

const (
	readTimeout = 5 * time.Second
	maxRows     = 200_000 // rows that a list looks at before it says that the rest is for the next page
	maxTextRows = 30_000  // the same when it looks for a text
)

// found is a row of a list before it is turned into a summary.
type found struct {
	key, day, tid int64
	summary       store.Summary
}

func (f found) cursor(by store.Sort) store.Cursor {
	return store.Cursor{Sort: by, Key: f.key, Day: f.day, Row: f.tid}
}

// lister collects one page.
type lister struct {
	p      *project
	f      store.Filter
	cursor *store.Cursor
	now    int64
	rows   []found // the first limit+1 of what was seen, in order
	budget int     // rows left to look at
	bytes  int64   // of content left to unpack
	floor  int64   // no start before this is wanted any more

	searched store.Searched
	stopped  *store.Cursor // where the budget ended the search
}

// List implements store.Store.
func (s *Store) List(ctx context.Context, id string, f store.Filter) (store.Page, error) {
	f, cursor, err := f.Check()
	if err != nil {
		return store.Page{}, err
	}
	p, err := s.project(id, false)
	if p == nil || err != nil {
		return store.Page{Searched: store.Searched{Done: true}}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	l := &lister{p: p, f: f, cursor: cursor, now: s.now().UnixNano()}
	l.refill()
	if !f.From.IsZero() {
		l.floor = f.From.UnixNano()
	}
	commit := p.hub.Last()
	for _, file := range p.files() {
		if l.isEnough(file) {
			continue
		}
		if l.stopped != nil { // what this file has from before the stop belongs to this page all the same
			l.floor = l.stopped.Key
			l.refill()
		}
		if err := file.read(ctx, func(c *conn) error { return l.file(ctx, c, file) }); err != nil {
			return store.Page{}, err
		}
	}
	return l.page(commit), nil
}

func (l *lister) refill() {
	l.budget, l.bytes = maxRows, l.f.Budget
	if l.f.Text != "" && !l.f.Content {
		l.budget = maxTextRows
	}
}

// bounds are the earliest and the latest start that a trace in this file may have: of its day, or of a neighbour, whose
// spans go where the trace is already.
func (f *file) bounds() (lo, hi int64) {
	const day = int64(24 * time.Hour)
	return (f.day - 1) * day, (f.day + 2) * day
}

// isEnough reports whether a file cannot have a row for this page.
func (l *lister) isEnough(f *file) bool {
	lo, hi := f.bounds()
	if hi <= l.floor || !l.f.To.IsZero() && lo >= l.f.To.UnixNano() {
		return true
	}
	if l.f.Sort != store.SortStart {
		return false
	}
	if l.cursor != nil && lo > l.cursor.Key {
		return true
	}
	if newest := f.newest.Load(); newest != nil && newest.known {
		hi = newest.start + 1
	}
	if l.stopped != nil && hi <= l.stopped.Key {
		return true
	}
	return len(l.rows) > l.f.Limit && hi <= l.rows[l.f.Limit].key
}

// page cuts what was collected.
func (l *lister) page(commit uint64) store.Page {
	page := store.Page{Commit: commit, Searched: l.searched}
	rows := l.rows
	switch {
	case len(rows) > l.f.Limit:
		rows = rows[:l.f.Limit]
		page.Next = rows[len(rows)-1].cursor(l.f.Sort).String()
		page.Searched.Done = true
	case l.stopped != nil:
		page.Next = l.stopped.String()
	default:
		page.Searched.Done = true
	}
	for _, r := range rows {
		page.Traces = append(page.Traces, r.summary)
	}
	return page
}

// add takes a row into its place.
func (l *lister) add(r found) {
	i, _ := slices.BinarySearchFunc(l.rows, r, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.key, a.key), cmp.Compare(b.day, a.day), cmp.Compare(b.tid, a.tid))
	})
	if i > l.f.Limit {
		return
	}
	l.rows = slices.Insert(l.rows, i, r)
	if len(l.rows) > l.f.Limit+1 {
		l.rows = l.rows[:l.f.Limit+1]
	}
}

// full reports whether a row with this key, or a later one, could still be on the page.
func (l *lister) full(key int64) bool {
	return len(l.rows) > l.f.Limit && l.rows[l.f.Limit].key > key
}

// file collects the rows of one file.
func (l *lister) file(ctx context.Context, c *conn, f *file) error {
	plan, err := newPlan(ctx, c, l)
	if plan == nil || err != nil {
		return err
	}
	from := l.startIn(f.day)
	switch {
	case plan.bounded:
		return l.piece(ctx, c, f, plan, from, nil)
	case l.f.Text != "" && !l.f.Content && l.f.Sort == store.SortStart && !plan.rare:
		return l.text(ctx, c, f, plan, from)
	case len(plan.posts) > 0:
		return l.posted(ctx, c, f, plan, from)
	}
	_, err = l.scan(ctx, c, f, plan, from, nil)
	return err
}

// scan goes along the plan's index from one place to another, in pieces that grow, so that neither a rare filter takes
// forever nor a common one reads too much. It reports whether the page needs more.
func (l *lister) scan(ctx context.Context, c *conn, f *file, plan *plan, from, until *place) (more bool, err error) {
	for size := firstRows; ; size = min(4*size, 64_000) {
		if l.f.Content {
			size = 200 // each is unpacked
		}
		to, err := plan.boundary(ctx, c, from, size)
		if err != nil {
			return false, err
		}
		if to == nil || until != nil && to.before(*until) {
			to = until
		}
		if err := l.piece(ctx, c, f, plan, from, to); err != nil || l.stopped != nil {
			return false, err
		}
		if to == until {
			return until == nil || !l.full(until.key), nil
		}
		if l.full(to.key) {
			return false, nil
		}
		from = to
		if l.spend(size, f, *to) {
			return false, nil
		}
	}
}

// spend takes rows off the budget and reports whether that ends the search.
func (l *lister) spend(rows int, f *file, at place) bool {
	l.budget -= rows
	if l.budget > 0 || l.f.Sort != store.SortStart {
		return false
	}
	l.stop(store.Cursor{Sort: l.f.Sort, Key: at.key, Day: f.day, Row: at.tid})
	return true
}

// Sizes that a test makes small.
var (
	firstRows = 1000 // of a scan
	manyPosts = 2000 // of a minute, from which on scanning it finds a page sooner than sorting them all
)

// posted looks at the newest rows first, which have a page of whatever is common, and then at what was posted for the
// facets, some minutes at a time.
func (l *lister) posted(ctx context.Context, c *conn, f *file, plan *plan, from *place) error {
	at, err := plan.boundary(ctx, c, from, firstRows)
	if err != nil {
		return err
	}
	if err := l.piece(ctx, c, f, plan, from, at); err != nil || at == nil || l.stopped != nil || l.full(at.key) {
		return err
	}
	from = at
	before := minuteOf(from.key) + 1
	for size := min(200, manyPosts); ; size = min(4*size, manyPosts) {
		found, err := posted(ctx, c, plan.posts, before, size)
		if err != nil {
			return err
		}
		more, err := l.among(ctx, c, f, plan, &found, from)
		if err != nil || !more {
			return err
		}
		from, before = &place{found.oldest * int64(time.Minute), 0}, found.oldest
	}
}

// among collects the rows of some candidates, which are all that there can be from one place to the minute that was
// looked at last. It reports whether the page needs more.
func (l *lister) among(ctx context.Context, c *conn, f *file, plan *plan, found *candidates, from *place) (more bool, err error) {
	to := &place{found.oldest * int64(time.Minute), 0}
	if len(found.tids) > 2*manyPosts {
		if more, err := l.scan(ctx, c, f, plan, from, to); !more || err != nil {
			return false, err
		}
	} else if len(found.tids) > 0 {
		if err := l.piece(ctx, c, f, plan.candidates(found.tids), from, to); err != nil || l.stopped != nil {
			return false, err
		}
	}
	l.searched.From = utc(to.key)
	return found.more && to.key > l.floor && !l.full(to.key) && !l.spend(found.looked, f, *to), nil
}

// stop ends the search. Rows of older starts than where it ends are left for the next page.
func (l *lister) stop(at store.Cursor) {
	l.stopped = &at
	l.rows = slices.DeleteFunc(l.rows, func(r found) bool { return at.Before(r.key, r.day, r.tid) })
}

// place is a row's place in one file.
type place struct{ key, tid int64 }

func (p place) before(o place) bool { return p.key < o.key || p.key == o.key && p.tid < o.tid }

// startIn is where the cursor lies in a file; nil at its beginning. Rows are those strictly behind it.
func (l *lister) startIn(day int64) *place {
	if l.cursor == nil {
		if l.f.Sort == store.SortStart && !l.f.To.IsZero() {
			return &place{l.f.To.UnixNano(), 0}
		}
		return nil
	}
	switch {
	case day < l.cursor.Day: // of equal keys, later days come first
		return &place{l.cursor.Key, int64(1)<<62 - 1}
	case day > l.cursor.Day:
		return &place{l.cursor.Key, 0}
	}
	return &place{l.cursor.Key, l.cursor.Row}
}

// piece collects the rows behind from, up to and with to.
func (l *lister) piece(ctx context.Context, c *conn, f *file, plan *plan, from, to *place) error {
	limit := l.f.Limit + 1
	if l.f.Content {
		limit = maxBounded // more may be looked at than is shown
	}
	query, args := plan.rows(from, to, limit)
	var rows []traceRow
	var keys []int64
	err := c.query(ctx, query, args, func(row []driver.Value) bool {
		rows = append(rows, scanTrace(row[1:]))
		keys = append(keys, integer(row[0]))
		return true
	})
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		if l.f.Content {
			if l.bytes <= 0 {
				l.stop(store.Cursor{Sort: l.f.Sort, Key: keys[i], Day: f.day, Row: r.tid + 1})
				return nil
			}
			has, err := l.contains(ctx, c, r)
			if err != nil {
				return err
			}
			l.searched.From = utc(r.start)
			if !has {
				continue
			}
		}
		summary, err := f.summary(ctx, c, r, l.now)
		if err != nil {
			return err
		}
		l.add(found{keys[i], f.day, r.tid, summary})
	}
	if !l.f.Content && len(rows) > 0 {
		l.searched.From = utc(rows[len(rows)-1].start)
	}
	return nil
}

// contains unpacks a trace and looks into it.
func (l *lister) contains(ctx context.Context, c *conn, r *traceRow) (bool, error) {
	has := false
	err := l.p.store.segments(ctx, c, r.tid, func(raw []byte) (bool, error) {
		l.bytes -= int64(len(raw))
		l.searched.Bytes += int64(len(raw))
		for len(raw) > 0 && !has {
			frame, rest, err := facts.NextFrame(raw)
			if err != nil {
				return false, err
			}
			raw = rest
			has = frame.Kind == 0 && containsText(frame.JSON, l.f.Text)
		}
		return !has, nil
	})
	return has, err
}

// summary resolves the names of a row.
func (f *file) summary(ctx context.Context, c *conn, r *traceRow, now int64) (store.Summary, error) {
	var bad error
	t := r.trace(r.id, func(id int64) string {
		name, err := f.names.get(ctx, c, id)
		bad = errors.Join(bad, err)
		return name
	})
	return t.Summary(f.day, now), bad
}
