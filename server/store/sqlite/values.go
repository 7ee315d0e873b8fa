package sqlite

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/server/store"
)

// Values implements store.Store.
func (s *Store) Values(ctx context.Context, id, key, prefix string, limit int) ([]string, error) {
	key, limit, err := store.CheckValues(key, limit)
	if err != nil {
		return nil, err
	}
	p, err := s.project(id, false)
	if p == nil || err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	seen := map[string]bool{}
	for _, f := range p.files() {
		err := f.read(ctx, func(c *conn) error {
			wanted := func(name string) bool { return strings.HasPrefix(name, prefix) && !seen[name] }
			return values(ctx, c, key, limit-len(seen), wanted, func(name string) {
				if wanted(name) && len(seen) < limit {
					seen[name] = true
				}
			})
		})
		if err != nil {
			return nil, err
		}
		if len(seen) == limit {
			break
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// values passes on what one file has, limit values at least when it has so many that are wanted.
func values(ctx context.Context, c *conn, key string, limit int, wanted func(name string) bool, keep func(name string)) error {
	switch key {
	case "name":
		return c.query(ctx, `SELECT DISTINCT s FROM (SELECT DISTINCT name FROM rollup WHERE res = 3600 AND type > 0) r
			JOIN dict ON dict.id = r.name`, nil, func(row []driver.Value) bool {
			keep(text(row[0]))
			return true
		})
	case "meta":
		const query = `WITH RECURSIVE d(k) AS (SELECT max(k) FROM post UNION ALL
			SELECT (SELECT max(k) FROM post WHERE k < d.k) FROM d WHERE d.k IS NOT NULL)
			SELECT dict.id, s FROM d CROSS JOIN dict WHERE dict.id = d.k`
		keys := map[int64]string{}
		err := c.query(ctx, query, nil, func(row []driver.Value) bool {
			if name, ok := strings.CutPrefix(text(row[1]), "meta."); ok {
				keys[integer(row[0])] = name
			}
			return true
		})
		for k, name := range keys {
			if err != nil {
				return err
			}
			err = valuesOf(ctx, c, k, 1, func(string) bool { return true }, func(string) { keep(name) })
		}
		return err
	}
	k, err := idOf(ctx, c, key)
	if k == 0 || err != nil {
		return err
	}
	return valuesOf(ctx, c, k, limit, wanted, keep)
}

// valuesOf passes on the values of a facet that are wanted and that a trace has.
func valuesOf(ctx context.Context, c *conn, k int64, limit int, wanted func(name string) bool, keep func(name string)) error {
	all, err := distinct(ctx, c, k, maxDict, wanted)
	for _, v := range all {
		if err != nil || limit == 0 {
			return err
		}
		var there bool
		if there, err = has(ctx, c, pair{k, v.id}); there {
			keep(v.name)
			limit--
		}
	}
	return err
}
