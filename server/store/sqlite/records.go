package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// recordRow is a row of rec and where it lies.
type recordRow struct {
	file *file
	kind store.Kind
	rid  [16]byte
	at   int64
	seg  int64
}

// behind orders records: newest first, then by hash, which no two have in common.
func (r recordRow) compare(o recordRow) int {
	return cmp.Or(cmp.Compare(o.at, r.at), cmp.Compare(r.kind, o.kind), slices.Compare(r.rid[:], o.rid[:]))
}

// Records implements store.Store.
func (s *Store) Records(ctx context.Context, id string, q store.RecordQuery) (store.RecordPage, error) {
	q, after, err := q.Check()
	if err != nil {
		return store.RecordPage{}, err
	}
	p, err := s.project(id, false)
	if p == nil || err != nil {
		return store.RecordPage{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var rows []recordRow
	for _, f := range p.files() {
		if len(rows) > q.Limit && (f.day+2)*int64(24*time.Hour) <= rows[q.Limit].at {
			continue
		}
		err := f.read(ctx, func(c *conn) error {
			more, err := f.records(ctx, c, q, after)
			rows = append(rows, more...)
			return err
		})
		if err != nil {
			return store.RecordPage{}, err
		}
		slices.SortFunc(rows, recordRow.compare)
		rows = rows[:min(len(rows), q.Limit+1)]
	}
	var page store.RecordPage
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		last := rows[q.Limit-1]
		page.Next = store.RecordCursor{At: last.at, Kind: last.kind, ID: last.rid}.String()
	}
	page.Records, err = s.recordsOf(ctx, rows)
	return page, err
}

// records lists rows of one file behind a place.
func (f *file) records(ctx context.Context, c *conn, q store.RecordQuery, after *store.RecordCursor) ([]recordRow, error) {
	where, args := "at >= ? AND at < ?", []driver.Value{int64(-1 << 62), int64(1<<63 - 1)}
	if !q.From.IsZero() {
		args[0] = q.From.UnixNano()
	}
	if !q.To.IsZero() {
		args[1] = q.To.UnixNano()
	}
	index := "rec_at"
	if q.TraceID != "" {
		id, ok := facts.ParseTraceID(q.TraceID)
		tid, err := c.number("SELECT tid FROM traces WHERE trace_id = ?", id[:])
		if !ok || tid == 0 || err != nil {
			return nil, err
		}
		index = "rec_tid"
		where += " AND tid > 0 AND tid = ?"
		args = append(args, tid)
	}
	if q.Kind != 0 {
		where += " AND kind = ?"
		args = append(args, int64(q.Kind))
	}
	if after != nil {
		where += " AND at <= ? AND (at < ? OR kind > ? OR kind = ? AND rid > ?)"
		args = append(args, after.At, after.At, int64(after.Kind), int64(after.Kind), after.ID[:])
	}
	args = append(args, int64(q.Limit+1))
	var rows []recordRow
	err := c.query(ctx, "SELECT kind, rid, at, seg FROM rec INDEXED BY "+index+" WHERE "+where+" ORDER BY at DESC, kind, rid LIMIT ?", args,
		func(v []driver.Value) bool {
			r := recordRow{file: f, kind: store.Kind(integer(v[0])), at: integer(v[2]), seg: integer(v[3])}
			copy(r.rid[:], blob(v[1]))
			rows = append(rows, r)
			return true
		})
	return rows, err
}

// recordsOf unpacks the segments that rows lie in, each once.
func (s *Store) recordsOf(ctx context.Context, rows []recordRow) ([]store.Record, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	type where struct {
		file *file
		seg  int64
	}
	type key struct {
		kind store.Kind
		rid  [16]byte
	}
	wanted := map[where]map[key]int{}
	for i, r := range rows {
		w := where{r.file, r.seg}
		if wanted[w] == nil {
			wanted[w] = map[key]int{}
		}
		wanted[w][key{r.kind, r.rid}] = i
	}
	records := make([]store.Record, len(rows))
	for w, keys := range wanted {
		var data []byte
		err := w.file.read(ctx, func(c *conn) error {
			return c.query(ctx, "SELECT data FROM seg WHERE id = ?", []driver.Value{w.seg}, func(v []driver.Value) bool {
				data = blob(v[0])
				return false
			})
		})
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue // removed since
		}
		raw, err := s.unpack(data)
		if err != nil {
			return nil, err
		}
		for len(raw) > 0 {
			frame, rest, err := facts.NextFrame(raw)
			if err != nil {
				return nil, err
			}
			raw = rest
			if i, ok := keys[key{frame.Kind, frame.RID}]; ok && frame.Kind != 0 {
				if records[i], err = facts.DecodeRecord(frame.JSON); err != nil {
					return nil, err
				}
			}
		}
	}
	return slices.DeleteFunc(records, func(r store.Record) bool { return r.Kind == 0 }), nil
}
