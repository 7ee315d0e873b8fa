package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// post says that a trace, which starts in a minute, has a facet.
type post struct {
	pair
	minute, tid int64
}

func (p post) compare(o post) int {
	return cmp.Or(cmp.Compare(p.k, o.k), cmp.Compare(p.v, o.v), cmp.Compare(p.minute, o.minute), cmp.Compare(p.tid, o.tid))
}

func minuteOf(ns int64) int64 { return facts.Floor(ns, int64(time.Minute)) / int64(time.Minute) }

// postFacets brings what lists look through up to date: state.pairs to what the trace is now, of which it posts
// those that are new, or all when the trace has moved to another minute, and the texts. Most batches of a trace change none.
func (w *writer) postFacets(st *state) error {
	if st.Spans == 0 {
		return nil
	}
	shape := shapeOf(&st.Trace)
	moved := st.pairs == nil || minuteOf(st.Start) != minuteOf(st.pairsStart)
	st.pairsStart = st.Start
	if shape == st.shown && !moved {
		return w.postText(st, moved)
	}
	want, err := w.facetRows(&st.Trace)
	if err != nil {
		return err
	}
	for _, p := range want {
		if moved || !slices.Contains(st.pairs, p) {
			w.posts = append(w.posts, post{p, minuteOf(st.Start), st.tid})
		}
	}
	st.pairs, st.shown = want, shape
	return w.postText(st, moved)
}

// writePosts writes what this transaction posted, a row for each facet and minute.
func (w *writer) writePosts() error {
	slices.SortFunc(w.posts, post.compare)
	var buf []byte
	for rest := w.posts; len(rest) > 0; {
		first, n := rest[0], 0
		last := int64(0)
		buf = buf[:0]
		for n < len(rest) && rest[n].pair == first.pair && rest[n].minute == first.minute {
			buf = binary.AppendUvarint(buf, uint64(rest[n].tid-last))
			last = rest[n].tid
			n++
		}
		if _, err := w.insertPost.exec(first.k, first.v, first.minute, w.commits, buf); err != nil {
			return err
		}
		rest = rest[n:]
	}
	w.posts = w.posts[:0]
	return nil
}

// readTIDs appends the traces of one row of post.
func readTIDs(tids []int64, data []byte) []int64 {
	last := int64(0)
	for len(data) > 0 {
		step, n := binary.Uvarint(data)
		if n <= 0 {
			break
		}
		data = data[n:]
		last += int64(step)
		tids = append(tids, last)
	}
	return tids
}

// maxMinute is after all of them, and as a textID, too.
const maxMinute = int64(1) << 38

// candidates are traces that had all of some facets once.
type candidates struct {
	tids   []int64
	oldest int64 // minute that was looked at last
	more   bool  // there are earlier ones
	looked int   // at so many traces
}

// posted reads the candidates for all of some facets that start before a minute, newest minute first, and whole minutes
// until the first facet has at least n.
func posted(ctx context.Context, c *conn, pairs []pair, before int64, n int) (candidates, error) {
	p, found := pairs[0], candidates{oldest: before}
	err := c.query(ctx, "SELECT minute, tids FROM post WHERE k = ? AND v = ? AND minute < ? ORDER BY minute DESC", []driver.Value{p.k, p.v, before},
		func(row []driver.Value) bool {
			minute := integer(row[0])
			if minute != found.oldest && len(found.tids) >= n {
				found.more = true
				return false
			}
			found.oldest = minute
			found.tids = readTIDs(found.tids, blob(row[1]))
			return true
		})
	if err != nil {
		return found, err
	}
	found.looked = len(found.tids)
	slices.Sort(found.tids)
	found.tids = slices.Compact(found.tids)
	err = found.narrow(ctx, c, pairs[1:], before)
	return found, err
}

// narrow leaves of the candidates of some minutes those that were posted for all of some facets, too.
func (f *candidates) narrow(ctx context.Context, c *conn, pairs []pair, before int64) error {
	for _, p := range pairs {
		if len(f.tids) == 0 {
			break
		}
		var others []int64
		err := c.query(ctx, "SELECT tids FROM post WHERE k = ? AND v = ? AND minute >= ? AND minute < ?", []driver.Value{p.k, p.v, f.oldest, before},
			func(row []driver.Value) bool {
				others = readTIDs(others, blob(row[0]))
				return true
			})
		if err != nil {
			return err
		}
		f.tids = common(f.tids, others)
	}
	return nil
}

// has reports whether any trace has a facet now. After many that had it once it is believed.
func has(ctx context.Context, c *conn, p pair) (bool, error) {
	code := appendPair(nil, p)
	for before := maxMinute; ; {
		found, err := posted(ctx, c, []pair{p}, before, 1)
		if err != nil {
			return false, err
		}
		for i, tid := range found.tids {
			n, err := c.number("SELECT count(*) FROM traces WHERE tid = ? AND spans > 0 AND instr(facets, ?) > 0", tid, code)
			if n > 0 || err != nil || i > 1000 {
				return true, err
			}
		}
		if !found.more {
			return false, nil
		}
		before = found.oldest
	}
}

// common leaves of sorted numbers those that others have.
func common(sorted, others []int64) []int64 {
	slices.Sort(others)
	kept := sorted[:0]
	for _, n := range sorted {
		for len(others) > 0 && others[0] < n {
			others = others[1:]
		}
		if len(others) > 0 && others[0] == n {
			kept = append(kept, n)
		}
	}
	return kept
}
