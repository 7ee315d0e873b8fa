package sqlite

import (
	"context"
	"database/sql/driver"
	"strings"
	"sync"
)

// other takes the place of names when there are too many of them.
const other = "other"

const maxDict = 100_000 // entries of a cache; when full it begins anew, since day files see names in runs

// dict is the writer's cache of names. It goes with its transaction: after a rollback it is thrown away.
type dict struct {
	ids    map[string]int64
	names  map[int64]string
	find   *stmt
	insert *stmt
	next   int64
	arg    [2]driver.Value
}

func newDict(c *conn) (*dict, error) {
	d := &dict{ids: map[string]int64{}, names: map[int64]string{}}
	var err error
	if d.find, err = c.prepare("SELECT id FROM dict WHERE s = ?"); err != nil {
		return nil, err
	}
	if d.insert, err = c.prepare("INSERT INTO dict (id, s) VALUES (?, ?)"); err != nil {
		return nil, err
	}
	last, err := c.number("SELECT max(id) FROM dict")
	d.next = last + 1
	return d, err
}

// id returns the number of a name, a new one if need be. 0 is the empty name.
func (d *dict) id(name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	if id, ok := d.ids[name]; ok {
		return id, nil
	}
	d.arg[0] = name
	id := int64(0)
	err := d.find.query(context.Background(), d.arg[:1], func(row []driver.Value) bool {
		id = integer(row[0])
		return false
	})
	if err != nil {
		return 0, err
	}
	if id == 0 {
		id = d.next
		if _, err := d.insert.exec(id, name); err != nil {
			return 0, err
		}
		d.next++
	}
	d.keep(id, name)
	return id, nil
}

func (d *dict) keep(id int64, name string) {
	if len(d.ids) >= maxDict {
		clear(d.ids)
		clear(d.names)
	}
	name = strings.Clone(name) // not to keep the batch that it is a part of
	d.ids[name], d.names[id] = id, name
}

// name is the reverse of id.
func (d *dict) name(c *conn, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	if name, ok := d.names[id]; ok {
		return name, nil
	}
	name, err := nameOf(context.Background(), c, id)
	if err == nil {
		d.keep(id, name)
	}
	return name, err
}

func nameOf(ctx context.Context, c *conn, id int64) (name string, err error) {
	err = c.query(ctx, "SELECT s FROM dict WHERE id = ?", []driver.Value{id}, func(row []driver.Value) bool {
		name = text(row[0])
		return false
	})
	return name, err
}

// names is the cache of a file's readers. Names that were committed never change.
type names struct {
	mu sync.Mutex
	of map[int64]string
}

func (n *names) get(ctx context.Context, c *conn, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	n.mu.Lock()
	name, ok := n.of[id]
	n.mu.Unlock()
	if ok {
		return name, nil
	}
	name, err := nameOf(ctx, c, id)
	if err != nil {
		return "", err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.of == nil || len(n.of) >= maxDict {
		n.of = map[int64]string{}
	}
	n.of[id] = name
	return name, nil
}

// idOf looks a name up, 0 when the file has never seen it.
func idOf(ctx context.Context, c *conn, name string) (id int64, err error) {
	err = c.query(ctx, "SELECT id FROM dict WHERE s = ?", []driver.Value{name}, func(row []driver.Value) bool {
		id = integer(row[0])
		return false
	})
	return id, err
}
