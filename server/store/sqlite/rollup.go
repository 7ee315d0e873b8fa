package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/server/store/internal/hist"
	"github.com/tailrace-go/tailrace/span"
)

// maxRollupKeys bounds what one day counts apart. Everything beyond counts as other.
const maxRollupKeys = 2000

// typeTrace marks rows that count traces by their roots, beside the ids of span types.
const typeTrace = -1

// Resolutions of rollup rows, in seconds.
var resolutions = [...]int64{60, 3600}

// figure is what is counted: names as ids of dict.
type figure struct{ service, typ, name, model int64 }

type rollupKey struct {
	res, t int64
	figure
}

type rollupRow struct {
	n, errors int64
	tokens    span.Tokens
	cost      int64
	hist      hist.Hist
	dirty     bool
}

// rollups counts ended spans by minute and hour. Rows that were written lately stay in memory; any other is read before
// it is changed, else a late span would overwrite it.
type rollups struct {
	c     *conn
	rows  map[rollupKey]*rollupRow
	keys  map[figure]bool
	other figure
	read  *stmt
	write *stmt
	drop  *stmt
	dirty []rollupKey
	buf   []byte
}

func newRollups(c *conn, d *dict) (*rollups, error) {
	r := &rollups{c: c, rows: map[rollupKey]*rollupRow{}, keys: map[figure]bool{}}
	id, err := d.id(other)
	if err != nil {
		return nil, err
	}
	r.other = figure{id, id, id, id}
	for _, p := range []struct {
		to   **stmt
		text string
	}{
		{&r.read, `SELECT n, errors, tin, tout, ttot, treason, tcache, cost, hist FROM rollup
			WHERE res = ? AND t = ? AND service = ? AND type = ? AND name = ? AND model = ?`},
		{&r.write, `INSERT OR REPLACE INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&r.drop, `DELETE FROM rollup WHERE res = ? AND t = ? AND service = ? AND type = ? AND name = ? AND model = ?`},
	} {
		if *p.to, err = c.prepare(p.text); err != nil {
			return nil, err
		}
	}
	err = c.query(context.Background(), "SELECT DISTINCT service, type, name, model FROM rollup WHERE res = 3600", nil,
		func(row []driver.Value) bool {
			r.keys[figure{integer(row[0]), integer(row[1]), integer(row[2]), integer(row[3])}] = true
			return true
		})
	return r, err
}

// add counts one ended span, or with sign -1 takes it back.
func (r *rollups) add(sign int64, f figure, at, dur int64, failed bool, tokens span.Tokens, cost int64) error {
	if !r.keys[f] {
		if len(r.keys) < maxRollupKeys {
			r.keys[f] = true
		} else {
			f = r.other // and never leaves it, so that it can be taken back
		}
	}
	for _, res := range resolutions {
		key := rollupKey{res, facts.Floor(at/1e9, res), f}
		row, err := r.row(key)
		if err != nil {
			return err
		}
		if !row.dirty {
			row.dirty = true
			r.dirty = append(r.dirty, key)
		}
		row.n += sign
		if failed {
			row.errors += sign
		}
		n := int(sign)
		row.tokens = row.tokens.Add(span.Tokens{
			Input: n * tokens.Input, Output: n * tokens.Output, Total: n * tokens.Total,
			Reasoning: n * tokens.Reasoning, Cached: n * tokens.Cached,
		})
		row.cost += sign * cost
		row.hist.Add(dur, sign)
	}
	return nil
}

// addCost adds what a metric told of a span that is counted already.
func (r *rollups) addCost(f figure, at, cost int64) error {
	if !r.keys[f] {
		f = r.other
	}
	for _, res := range resolutions {
		key := rollupKey{res, facts.Floor(at/1e9, res), f}
		row, err := r.row(key)
		if err != nil {
			return err
		}
		if !row.dirty {
			row.dirty = true
			r.dirty = append(r.dirty, key)
		}
		row.cost += cost
	}
	return nil
}

func (r *rollups) row(key rollupKey) (*rollupRow, error) {
	if row := r.rows[key]; row != nil {
		return row, nil
	}
	row := new(rollupRow)
	var bad error
	err := r.read.query(context.Background(), []driver.Value{key.res, key.t, key.service, key.typ, key.name, key.model},
		func(v []driver.Value) bool {
			row.n, row.errors = integer(v[0]), integer(v[1])
			row.tokens = tokensOf(v[2:])
			row.cost = integer(v[7])
			row.hist, bad = hist.Decode(blob(v[8]))
			return false
		})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	r.rows[key] = row
	return row, nil
}

// flush writes what changed.
func (r *rollups) flush() error {
	for _, key := range r.dirty {
		row := r.rows[key]
		row.dirty = false
		if row.n == 0 {
			if _, err := r.drop.exec(key.res, key.t, key.service, key.typ, key.name, key.model); err != nil {
				return err
			}
			delete(r.rows, key)
			continue
		}
		r.buf = row.hist.Append(r.buf[:0])
		t := row.tokens
		_, err := r.write.exec(key.res, key.t, key.service, key.typ, key.name, key.model, row.n, row.errors,
			int64(t.Input), int64(t.Output), int64(t.Total), int64(t.Reasoning), int64(t.Cached), row.cost, r.buf)
		if err != nil {
			return err
		}
	}
	r.dirty = r.dirty[:0]
	if len(r.rows) > 8*maxRollupKeys {
		clear(r.rows)
	}
	return nil
}

// tokensOf reads the columns tin, tout, ttot, treason, tcache.
func tokensOf(row []driver.Value) span.Tokens {
	return span.Tokens{
		Input: int(integer(row[0])), Output: int(integer(row[1])), Total: int(integer(row[2])),
		Reasoning: int(integer(row[3])), Cached: int(integer(row[4])),
	}
}
