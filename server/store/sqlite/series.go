package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/server/store/internal/series"
)

// Series implements store.Store. It reads the figures that were counted when the spans came.
func (s *Store) Series(ctx context.Context, id string, q store.SeriesQuery) (store.SeriesSet, error) {
	q, resolution, err := q.Check()
	if err != nil {
		return store.SeriesSet{}, err
	}
	p, err := s.project(id, false)
	if err != nil {
		return store.SeriesSet{}, err
	}
	b := series.New(q)
	if p == nil {
		return b.Build(0), nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	commit := p.hub.Last()
	first, last := facts.Day(q.From.UnixNano())-1, facts.Day(q.To.UnixNano())+1 // a trace over midnight is counted in one file
	for _, f := range p.files() {
		if f.day < first || f.day > last {
			continue
		}
		if err := f.read(ctx, func(c *conn) error { return f.series(ctx, c, q, resolution, b) }); err != nil {
			return store.SeriesSet{}, err
		}
	}
	return b.Build(commit), nil
}

// series adds up what one file has. SQL sums over what is not asked for; histograms are merged here.
func (f *file) series(ctx context.Context, c *conn, q store.SeriesQuery, resolution time.Duration, b *series.Builder) error {
	column := "0"
	if q.By != store.ByNothing {
		column = string(q.By) // checked: one of four
	}
	where := "res = ? AND t >= ? AND t < ?"
	args := []driver.Value{int64(resolution / time.Second), q.From.Unix(), q.To.Unix()}
	if q.Traces {
		where += " AND type = ?"
	} else {
		where += " AND type <> ?"
	}
	args = append(args, int64(typeTrace))
	for _, only := range []struct{ column, name string }{
		{"service", q.Service}, {"type", q.Type}, {"model", q.Model}, {"name", q.Name},
	} {
		if only.name == "" {
			continue
		}
		id, err := idOf(ctx, c, only.name)
		if id == 0 || err != nil {
			return err
		}
		where += " AND " + only.column + " = ?"
		args = append(args, id)
	}
	sums, group := "sum(n), sum(errors), sum(tin), sum(tout), sum(ttot), sum(treason), sum(tcache), sum(cost), NULL", " GROUP BY 1, 2"
	if q.Latency {
		sums, group = "n, errors, tin, tout, ttot, treason, tcache, cost, hist", ""
	}
	var bad error
	err := c.query(ctx, "SELECT t, "+column+", "+sums+" FROM rollup WHERE "+where+group, args, func(row []driver.Value) bool {
		key := ""
		if id := integer(row[1]); q.By != store.ByNothing && id > 0 {
			if key, bad = f.names.get(ctx, c, id); bad != nil {
				return false
			}
		}
		p := b.At(integer(row[0]), key)
		if p == nil {
			return true
		}
		p.Count += int(integer(row[2]))
		p.Errors += int(integer(row[3]))
		p.Tokens = p.Tokens.Add(tokensOf(row[4:9]))
		p.Cost += integer(row[9])
		bad = p.Hist.MergeEncoded(blob(row[10]))
		return bad == nil
	})
	return errors.Join(err, bad)
}
