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
			return values(ctx, c, key, limit, func(name string) bool {
				if !strings.HasPrefix(name, prefix) || seen[name] || len(seen) == limit {
					return false
				}
				seen[name] = true
				return true
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

// values offers the values of one file to keep.
func values(ctx context.Context, c *conn, key string, limit int, keep func(name string) bool) error {
	switch key {
	case "name":
		return c.query(ctx, `SELECT DISTINCT s FROM (SELECT DISTINCT name FROM rollup WHERE res = 3600 AND type > 0) r
			JOIN dict ON dict.id = r.name`, nil, func(row []driver.Value) bool {
			keep(text(row[0]))
			return true
		})
	case "meta":
		const query = `WITH RECURSIVE d(k) AS (SELECT max(k) FROM facet UNION ALL
			SELECT (SELECT max(k) FROM facet WHERE k < d.k) FROM d WHERE d.k IS NOT NULL)
			SELECT s FROM d CROSS JOIN dict WHERE dict.id = d.k`
		return c.query(ctx, query, nil, func(row []driver.Value) bool {
			if name, ok := strings.CutPrefix(text(row[0]), "meta."); ok {
				keep(name)
			}
			return true
		})
	}
	k, err := idOf(ctx, c, key)
	if err != nil {
		return err
	}
	_, err = distinct(ctx, c, k, limit, keep)
	return err
}
