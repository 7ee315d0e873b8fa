package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// What a writer remembers of the traces that it wrote to lately: twice as much as this at most, but for one trace that
// alone has more spans. It forgets those that nothing came for since it remembered as much.
var (
	maxStates = 8_000  // traces
	maxSpans  = 80_000 // spans, about 14 MB
)

// writer is the one connection that writes to a day file, with what it remembers between transactions. It belongs to
// its project's goroutine. After any error it is thrown away, since its memory may be ahead of the file.
type writer struct {
	store *Store
	day   int64
	c     *conn
	*statements

	dict    *dict
	states  map[facts.TraceID]*state
	before  map[facts.TraceID]*state // what states was; those that are asked for move over
	rollups *rollups
	loose   state // records of no trace
	nextTID int64
	held    int // spans of states
	spare   []buffers
	joined  []byte
	pairs   []byte
	entries []byte
	packed  []byte
	values  []driver.Value

	inTxn                  bool
	dirty                  bool     // there is something to commit
	changed                []*state // by this transaction, each once
	posts                  []post   // of this transaction
	texts                  []entry  // likewise
	spans, traces, records int64    // in the file, with this transaction
	commits                int64    // with something in them
	used                   uint64
}

// state is what the writer knows of a trace: its sums and spans, and what this transaction adds to it. A trace that many
// batches of one transaction have spans of is written once.
type state struct {
	facts.Trace
	tid     int64
	stored  bool // it has a row
	changed bool // it is in writer.changed
	summed  bool // the row is to be written again
	pend    int64

	loaded  bool
	rows    spanRows
	nextSeg int64 // within the trace

	part part

	pairs      []pair // facets that are posted, at pairsStart
	pairsStart int64
	shown      facetShape
	text       textOf // that is noted, at pairsStart
}

// part is a segment that is being put together.
type part struct {
	open bool
	id   int64
	last int64 // start of the last span in span
	raw  int   // bytes that data unpacks to
	buffers
}

type buffers struct {
	span []byte   // by appendRow
	data [][]byte // packed frames: behind each other they unpack as one
}

// statements are prepared once per file.
type statements struct {
	findTrace, traceRow, insertTrace, updateTrace *stmt
	insertSeg, insertPost, insertText             *stmt
	insertRecord, takePend, addPend, deletePend   *stmt
	setTotal                                      *stmt
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
		{&s.insertSeg, "INSERT INTO seg (id, spans, data) VALUES (?, ?, ?)"},
		{&s.insertPost, "INSERT INTO post VALUES (?, ?, ?, ?, ?)"},
		{&s.insertText, "INSERT INTO texts VALUES (?, ?)"},
		{&s.insertRecord, "INSERT OR IGNORE INTO rec VALUES (?, ?, ?, ?, ?, ?, ?)"},
		{&s.takePend, "SELECT cost FROM pend WHERE tid = ? AND span = ?"},
		{&s.addPend, `INSERT INTO pend VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET cost = cost + excluded.cost`},
		{&s.deletePend, "DELETE FROM pend WHERE tid = ? AND span = ?"},
		{&s.setTotal, "UPDATE total SET spans = ?, traces = ?, records = ?, commits = ?"},
	} {
		var err error
		if *p.to, err = c.prepare(p.text); err != nil {
			return err
		}
	}
	return nil
}

// openWriter opens or makes a day file. Its permissions are the owner's alone, and SQLite gives them to its companions.
func openWriter(s *Store, path string, day int64) (*writer, error) {
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
	c, err := openForWriting(path, s.sync)
	if err != nil {
		return nil, err
	}
	w := &writer{store: s, day: day, c: c, statements: new(statements), states: map[facts.TraceID]*state{}, loose: state{loaded: true}}
	if err := w.load(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return w, nil
}

// openForWriting opens a file with the pragmas of a writer and brings it to this version.
func openForWriting(path, sync string) (*conn, error) {
	c, err := open(path, "busy_timeout(5000)", "page_size(4096)", "journal_mode(WAL)", "synchronous("+sync+")",
		"temp_store(MEMORY)", "cache_size(-32768)", "wal_autocheckpoint(8000)", "journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	if err := migrate(c, migrations); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (w *writer) load() error {
	err := w.statements.prepare(w.c)
	if err != nil {
		return err
	}
	if err := w.begin(); err != nil { // the name "other" may be new
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
	if last, err = w.c.number("SELECT min(id) FROM seg WHERE id < 0"); err != nil {
		return err
	}
	w.loose.nextSeg = -last + 1
	err = w.c.query(context.Background(), "SELECT spans, traces, records, commits FROM total", nil, func(row []driver.Value) bool {
		w.spans, w.traces, w.records, w.commits = integer(row[0]), integer(row[1]), integer(row[2]), integer(row[3])
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
	if w.dirty {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if _, err := w.c.exec("COMMIT"); err != nil {
		return err
	}
	w.inTxn, w.dirty = false, false
	if len(w.states) > maxStates || w.held > maxSpans {
		w.before, w.states, w.held = w.states, map[facts.TraceID]*state{}, 0
	}
	return nil
}

// flush writes what was put off until all batches of the transaction were there.
func (w *writer) flush() error {
	w.commits++
	for _, st := range w.changed {
		if err := w.flushPart(st); err != nil {
			return err
		}
		if st.summed {
			if err := w.writeTrace(st); err != nil {
				return err
			}
		}
		st.changed, st.summed = false, false
	}
	clear(w.changed)
	w.changed = w.changed[:0]
	if err := w.writePosts(); err != nil {
		return err
	}
	if err := w.writeTexts(); err != nil {
		return err
	}
	if err := w.rollups.flush(); err != nil {
		return err
	}
	_, err := w.setTotal.exec(w.spans, w.traces, w.records, w.commits)
	return err
}

// change notes that the transaction changes a trace.
func (w *writer) change(st *state) {
	w.dirty = true
	if !st.changed {
		st.changed = true
		w.changed = append(w.changed, st)
	}
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
	if st := w.before[id]; st != nil {
		delete(w.before, id)
		w.states[id] = st
		w.held += len(st.rows.all)
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
	st.shown, st.text = shapeOf(&st.Trace), textsOf(&st.Trace)
	if err != nil {
		return nil, err
	}
	if st.pend, err = w.c.number("SELECT count(*) FROM pend WHERE tid = ?", tid); err != nil {
		return nil, err
	}
	last, err := w.c.number("SELECT max(id) FROM seg WHERE id >= ? AND id < ?", segmentID(tid, 0), segmentID(tid+1, 0))
	if err != nil {
		return nil, err
	}
	st.nextSeg = max(last-segmentID(tid, 0), 0) + 1
	w.states[id] = st
	return st, nil
}

// create makes the state of a trace that the file does not have.
func (w *writer) create(id facts.TraceID) *state {
	st := &state{tid: w.nextTID, nextSeg: 1, loaded: true}
	st.ID = id
	w.nextTID++
	w.states[id] = st
	return st
}

// loadSpans reads the spans of a trace, once.
func (w *writer) loadSpans(st *state) error {
	if st.loaded {
		return nil
	}
	if err := readSpans(context.Background(), w.c, st.tid, &st.rows); err != nil {
		return err
	}
	st.loaded = true
	w.held += len(st.rows.all)
	return nil
}

var errParts = errors.New("store: a trace has too many parts")

// partOf opens the segment that takes what comes for a trace, and returns its id.
func (w *writer) partOf(st *state) (int64, error) {
	w.change(st)
	if st.part.open {
		return st.part.id, nil
	}
	id := segmentID(st.tid, st.nextSeg)
	switch {
	case st == &w.loose:
		id = -st.nextSeg
	case st.nextSeg >= 1<<segmentBits:
		return 0, errParts
	}
	st.nextSeg++
	st.part = part{open: true, id: id}
	if n := len(w.spare); n > 0 {
		st.part.buffers = w.spare[n-1]
		w.spare = w.spare[:n-1]
	}
	return id, nil
}

// flushPart writes the segment that is open.
func (w *writer) flushPart(st *state) error {
	p := &st.part
	if !p.open {
		return nil
	}
	p.open = false
	if len(p.span)+len(p.data) == 0 {
		return nil // all of it was known
	}
	data := []byte(nil)
	if len(p.data) == 1 {
		data = p.data[0]
	} else if len(p.data) > 1 {
		w.joined = w.joined[:0]
		for _, d := range p.data {
			w.joined = append(w.joined, d...)
		}
		data = w.joined
	}
	_, err := w.insertSeg.exec(p.id, p.span, data)
	clear(p.data)
	if len(w.spare) < 64 {
		w.spare = append(w.spare, buffers{p.span[:0], p.data[:0]})
	}
	p.span, p.data = nil, nil // most traces never come again
	return err
}

// flushFull does so when the segment is as large as one may be.
func (w *writer) flushFull(st *state) error {
	if st.part.raw < maxChunk {
		return nil
	}
	return w.flushPart(st)
}

// putSpan writes down what is known of a span now.
func (w *writer) putSpan(st *state, r *spanRow) error {
	seg, err := w.partOf(st)
	if err != nil {
		return err
	}
	r.seg = seg
	before := len(st.rows.all)
	st.rows.put(r)
	w.held += len(st.rows.all) - before
	st.part.span = appendRow(st.part.span, r, st.part.last)
	st.part.last = r.start
	return nil
}

// hasKey reports whether this file has seen a batch with this key and sum.
func (w *writer) hasKey(key string, sum [32]byte) (same bool, err error) {
	err = w.c.query(context.Background(), "SELECT sum FROM idem WHERE key = ?", []driver.Value{key}, func(row []driver.Value) bool {
		same = bytes.Equal(blob(row[0]), sum[:])
		return false
	})
	return same, err
}
