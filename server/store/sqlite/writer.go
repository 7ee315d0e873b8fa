package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

const maxStates = 20_000 // traces whose sums a writer remembers

// writer is the one connection that writes to a day file, with what it remembers between transactions. It belongs to
// its project's goroutine. After any error it is thrown away, since its memory may be ahead of the file.
type writer struct {
	day int64
	c   *conn
	*statements

	dict    *dict
	states  map[facts.TraceID]*state
	rollups *rollups
	nextTID int64
	nextSeg int64

	inTxn                  bool
	spans, traces, records int64 // in the file, with this transaction
	used                   uint64
}

// state is what the writer knows of a trace: its sums, and what of it is in tables beside its own row.
type state struct {
	facts.Trace
	tid    int64
	stored bool // it has a row
	pend   int64

	pairs      []pair // facet rows, at pairsStart
	pairsStart int64
	shown      facetShape
}

// statements are prepared once per file.
type statements struct {
	findTrace, traceRow, insertTrace, updateTrace     *stmt
	knownSpan, runningSpan, insertSpan, endSpan       *stmt
	insertSeg, insertFacet, deleteFacet               *stmt
	insertRecord, takePend, addPend, deletePend       *stmt
	costRow, setCost, fallbacks, setService, setTotal *stmt
}

func (s *statements) prepare(c *conn) error {
	for _, p := range []struct {
		to   **stmt
		text string
	}{
		{&s.findTrace, "SELECT tid FROM traces WHERE trace_id = ?"},
		{&s.traceRow, "SELECT " + traceColumns + " FROM traces WHERE tid = ?"},
		{&s.insertTrace, `INSERT INTO traces (tid, trace_id, start, dur, spans, errors, stat, cover, tin, tout, ttot,
			treason, tcache, cost, seen, root, rstart, rdur, rflags, service, srank, sat, sid, name, type, facets, preview)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.updateTrace, `UPDATE traces SET start = ?, dur = ?, spans = ?, errors = ?, stat = ?, cover = ?, tin = ?,
			tout = ?, ttot = ?, treason = ?, tcache = ?, cost = ?, seen = ?, root = ?, rstart = ?, rdur = ?, rflags = ?,
			service = ?, srank = ?, sat = ?, sid = ?, name = ?, type = ?, facets = ?, preview = ? WHERE tid = ?`},
		{&s.knownSpan, "SELECT dur IS NULL FROM m WHERE tid = ? AND span = ?"},
		{&s.runningSpan, "SELECT start, flags, cost FROM m WHERE tid = ? AND span = ?"},
		{&s.insertSpan, "INSERT INTO m VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
		{&s.endSpan, `UPDATE m SET parent = ?, dur = ?, service = ?, name = ?, type = ?, model = ?, flags = ?, tin = ?,
			tout = ?, ttot = ?, treason = ?, tcache = ?, cost = ?, seg = ? WHERE tid = ? AND span = ?`},
		{&s.insertSeg, "INSERT INTO seg (id, tid, data) VALUES (?, ?, ?)"},
		{&s.insertFacet, "INSERT OR IGNORE INTO facet VALUES (?, ?, ?, ?)"},
		{&s.deleteFacet, "DELETE FROM facet WHERE k = ? AND v = ? AND start = ? AND tid = ?"},
		{&s.insertRecord, "INSERT OR IGNORE INTO rec VALUES (?, ?, ?, ?, ?, ?, ?)"},
		{&s.takePend, "SELECT cost FROM pend WHERE tid = ? AND span = ?"},
		{&s.addPend, `INSERT INTO pend VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET cost = cost + excluded.cost`},
		{&s.deletePend, "DELETE FROM pend WHERE tid = ? AND span = ?"},
		{&s.costRow, "SELECT start, dur, flags, cost, service, type, name, model FROM m WHERE tid = ? AND span = ?"},
		{&s.setCost, "UPDATE m SET cost = ? WHERE tid = ? AND span = ?"},
		{&s.fallbacks, "SELECT " + spanColumns + " FROM m WHERE tid = ? AND flags & ? = 0"},
		{&s.setService, "UPDATE m SET service = ? WHERE tid = ? AND flags & ? = 0"},
		{&s.setTotal, "UPDATE total SET spans = ?, traces = ?, records = ?"},
	} {
		var err error
		if *p.to, err = c.prepare(p.text); err != nil {
			return err
		}
	}
	return nil
}

// openWriter opens or makes a day file. Its permissions are the owner's alone, and SQLite gives them to its companions.
func openWriter(path string, day int64, sync string) (*writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, mapError(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is made of a checked project and a day
	if err != nil {
		return nil, mapError(err)
	}
	if err := f.Close(); err != nil {
		return nil, mapError(err)
	}
	c, err := openForWriting(path, sync)
	if err != nil {
		return nil, err
	}
	w := &writer{day: day, c: c, statements: new(statements), states: map[facts.TraceID]*state{}}
	if err := w.load(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return w, nil
}

// openForWriting opens a file with the pragmas of a writer and brings it to this version.
func openForWriting(path, sync string) (*conn, error) {
	c, err := open(path, "busy_timeout(5000)", "page_size(8192)", "journal_mode(WAL)", "synchronous("+sync+")",
		"temp_store(MEMORY)", "cache_size(-65536)", "journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	if err := migrate(c, migrations); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (w *writer) load() (err error) {
	if err = w.statements.prepare(w.c); err != nil {
		return err
	}
	if err = w.begin(); err != nil { // the name "other" may be new
		return err
	}
	if w.dict, err = newDict(w.c); err != nil {
		return err
	}
	if w.rollups, err = newRollups(w.c, w.dict); err != nil {
		return err
	}
	last, err := w.c.number("SELECT max(tid) FROM traces")
	if err != nil {
		return err
	}
	w.nextTID = last + 1
	if last, err = w.c.number("SELECT max(id) FROM seg"); err != nil {
		return err
	}
	w.nextSeg = last + 1
	err = w.c.query(context.Background(), "SELECT spans, traces, records FROM total", nil, func(row []driver.Value) bool {
		w.spans, w.traces, w.records = integer(row[0]), integer(row[1]), integer(row[2])
		return false
	})
	if err != nil {
		return err
	}
	return w.commit()
}

func (w *writer) begin() error {
	if w.inTxn {
		return nil
	}
	_, err := w.c.exec("BEGIN IMMEDIATE")
	w.inTxn = err == nil
	return err
}

// commit makes the transaction last. After an error the writer is of no use.
func (w *writer) commit() error {
	if !w.inTxn {
		return nil
	}
	if err := w.rollups.flush(); err != nil {
		return err
	}
	if _, err := w.setTotal.exec(w.spans, w.traces, w.records); err != nil {
		return err
	}
	if _, err := w.c.exec("COMMIT"); err != nil {
		return err
	}
	w.inTxn = false
	if len(w.states) > maxStates {
		clear(w.states)
	}
	return nil
}

// close gives up an open transaction and moves the log into the file, as far as nobody reads.
func (w *writer) close() error {
	if w.inTxn {
		_, _ = w.c.exec("ROLLBACK") // whatever is left is rolled back by closing
	}
	_ = w.c.run("PRAGMA wal_checkpoint(TRUNCATE)") // a reader in the way only makes the log stay
	return w.c.close()
}

// find returns the state of a trace, nil when the file does not have it.
func (w *writer) find(id facts.TraceID) (*state, error) {
	if st := w.states[id]; st != nil {
		return st, nil
	}
	tid := int64(0)
	err := w.findTrace.query(context.Background(), []driver.Value{id[:]}, func(row []driver.Value) bool {
		tid = integer(row[0])
		return false
	})
	if tid == 0 || err != nil {
		return nil, err
	}
	st := &state{tid: tid, stored: true}
	var stored traceRow
	err = w.traceRow.query(context.Background(), []driver.Value{tid}, func(row []driver.Value) bool {
		stored = scanTrace(row)
		return false
	})
	if err != nil {
		return nil, err
	}
	name := func(id int64) string {
		s, e := w.dict.name(w.c, id)
		err = errors.Join(err, e)
		return s
	}
	st.Trace = stored.trace(id, name)
	st.pairs, st.pairsStart = stored.pairs, stored.start
	st.shown = shapeOf(&st.Trace)
	if err != nil {
		return nil, err
	}
	if st.pend, err = w.c.number("SELECT count(*) FROM pend WHERE tid = ?", tid); err != nil {
		return nil, err
	}
	w.states[id] = st
	return st, nil
}

// create makes the state of a trace that the file does not have.
func (w *writer) create(id facts.TraceID) *state {
	st := &state{tid: w.nextTID}
	st.ID = id
	w.nextTID++
	w.states[id] = st
	return st
}

// segment writes frames and returns their number.
func (w *writer) segment(tid int64, data []byte) (int64, error) {
	id := w.nextSeg
	w.nextSeg++
	_, err := w.insertSeg.exec(id, tid, data)
	return id, err
}

// encoder packs chunks of which only a part is new.
type encoder = *zstd.Encoder

// hasKey reports whether this file has seen a batch with this key and sum.
func (w *writer) hasKey(key string, sum [32]byte) (same bool, err error) {
	err = w.c.query(context.Background(), "SELECT sum FROM idem WHERE key = ?", []driver.Value{key}, func(row []driver.Value) bool {
		same = bytes.Equal(blob(row[0]), sum[:])
		return false
	})
	return same, err
}
