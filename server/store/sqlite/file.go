package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tailrace-go/tailrace/server/store"
)

const (
	maxReaders   = 4  // connections that read one file at the same time
	maxOpenFiles = 16 // files with open readers
)

// file is a day file as readers see it.
type file struct {
	project *project
	day     int64
	names   names

	life sync.RWMutex // held for reading by those who read, for writing by who removes the file
	gone bool         // guarded by life

	slots chan struct{} // one for each reader
	mu    sync.Mutex    // guards idle
	idle  []*conn

	newest atomic.Pointer[newest] // replaced by the writer at each commit to this file
	used   atomic.Int64           // of the store's clock of uses
}

// newest is the latest start of a file's traces, once a reader has asked.
type newest struct {
	known bool
	start int64
}

// learnNewest asks the file, so that lists need not open it for what it cannot have. What a commit has made old
// meanwhile is not kept.
func (f *file) learnNewest(c *conn) error {
	before := f.newest.Load()
	if before != nil && before.known {
		return nil
	}
	start, err := c.number("SELECT max(start) FROM traces INDEXED BY t_start WHERE spans > 0")
	if err == nil {
		f.newest.CompareAndSwap(before, &newest{true, start})
	}
	return err
}

func newFile(p *project, day int64) *file {
	return &file{project: p, day: day, slots: make(chan struct{}, maxReaders)}
}

// errGone ends the reading of a file that retention removed meanwhile; its traces are no more.
var errGone = errors.New("store: the day is gone")

// read runs f in a transaction that sees one moment of the file. A file that is gone is as one without rows.
func (f *file) read(ctx context.Context, fn func(c *conn) error) error {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	f.life.RLock()
	defer f.life.RUnlock()
	if f.gone {
		return nil
	}
	c, err := f.take(ctx)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err = c.exec("BEGIN"); err == nil {
		if err = f.learnNewest(c); err == nil {
			err = fn(c)
		}
		if _, end := c.exec("COMMIT"); end != nil {
			err = errors.Join(err, end, c.close())
			return err
		}
	}
	f.give(c)
	return err
}

func (f *file) take(ctx context.Context) (*conn, error) {
	f.project.store.touch(f)
	f.mu.Lock()
	if n := len(f.idle); n > 0 {
		c := f.idle[n-1]
		f.idle = f.idle[:n-1]
		f.mu.Unlock()
		return c, nil
	}
	f.mu.Unlock()
	return f.open(ctx)
}

// give keeps a connection for the next reader, unless the file was closed for lack of use meanwhile.
func (f *file) give(c *conn) {
	if !f.project.store.holds(f) {
		_ = c.close() // it only read
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, c)
}

// open opens a reader. A file of an older version is brought to this one first.
func (f *file) open(ctx context.Context) (*conn, error) {
	path := f.project.path(f.day)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, errGone
	}
	c, err := open(path, "busy_timeout(5000)", "temp_store(MEMORY)", "cache_size(-2048)", "query_only(1)")
	if err != nil {
		return nil, err
	}
	done, err := migrated(c, migrations)
	if err == nil && !done {
		err = f.migrate(path)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, ctx.Err()
}

func (f *file) migrate(path string) error {
	c, err := openForWriting(path, f.project.store.sync)
	if err != nil {
		return err
	}
	return c.close()
}

// close closes what nobody uses. Those who read give their connections back and they stay for the next.
func (f *file) close() {
	f.mu.Lock()
	idle := f.idle
	f.idle = nil
	f.mu.Unlock()
	for _, c := range idle {
		_ = c.close() // it only read
	}
}

// shut waits for those who read and closes the file for good.
func (f *file) shut() {
	f.life.Lock()
	defer f.life.Unlock()
	f.gone = true
	f.close()
}

// remove deletes the file once nobody reads it.
func (f *file) remove() error {
	f.life.Lock()
	defer f.life.Unlock()
	f.gone = true
	f.close()
	path := f.project.path(f.day)
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	for _, companion := range []string{"-wal", "-shm"} {
		if e := os.Remove(path + companion); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// size is what the file takes on disk, with its log.
func (f *file) size() int64 {
	n := int64(0)
	path := f.project.path(f.day)
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// totals reads the counters of the file.
func (f *file) totals(ctx context.Context) (day store.Day, err error) {
	err = f.read(ctx, func(c *conn) error {
		return c.query(ctx, "SELECT spans, traces, records FROM total", nil, func(row []driver.Value) bool {
			day.Spans, day.Traces, day.Record = integer(row[0]), integer(row[1]), integer(row[2])
			return false
		})
	})
	return day, err
}
