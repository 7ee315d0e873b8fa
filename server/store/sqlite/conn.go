package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"

	sqlite "modernc.org/sqlite"

	"github.com/tailrace-go/tailrace/server/store"
)

// conn is one connection with its prepared statements. It goes past database/sql, whose pooling and conversion of each
// argument cost as much as the insertion of a row. It is for one goroutine at a time.
type conn struct {
	c     driver.Conn
	stmts map[string]*stmt
}

// open opens a file and sets pragmas, in order.
func open(path string, pragmas ...string) (*conn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // C:/… on Windows
	}
	dsn := (&url.URL{Scheme: "file", Path: abs}).String()
	dc, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, mapError(err)
	}
	c := &conn{c: dc, stmts: map[string]*stmt{}}
	for _, p := range pragmas {
		if err := c.run("PRAGMA " + p); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		_ = s.s.Close() // the connection is closed next, which says what is wrong
	}
	c.stmts = nil
	return mapError(c.c.Close())
}

// run executes statements without arguments.
func (c *conn) run(text string) error {
	_, err := c.c.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return mapError(err)
}

// number asks for one integer; 0 for none.
func (c *conn) number(text string, args ...driver.Value) (n int64, err error) {
	err = c.query(context.Background(), text, args, func(row []driver.Value) bool {
		n, _ = row[0].(int64)
		return false
	})
	return n, err
}

// prepare returns a statement that lives as long as the connection.
func (c *conn) prepare(text string) (*stmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	ds, err := c.c.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", mapError(err), text)
	}
	s := &stmt{s: ds, text: text}
	if len(c.stmts) < 256 { // texts are few, but for the shapes of filters
		c.stmts[text] = s
	} else {
		s.once = true
	}
	return s, nil
}

// query calls each with each row until it returns false. row is reused; its strings and blobs are not.
func (c *conn) query(ctx context.Context, text string, args []driver.Value, each func(row []driver.Value) bool) error {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	return s.query(ctx, args, each)
}

// exec executes a prepared statement and returns how many rows it changed.
func (c *conn) exec(text string, args ...driver.Value) (int64, error) {
	s, err := c.prepare(text)
	if err != nil {
		return 0, err
	}
	return s.exec(args...)
}

// stmt is a prepared statement.
type stmt struct {
	s    driver.Stmt
	text string
	args []driver.NamedValue
	row  []driver.Value
	once bool
}

func (s *stmt) bind(args []driver.Value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s.args
}

func (s *stmt) exec(args ...driver.Value) (int64, error) {
	result, err := s.s.(driver.StmtExecContext).ExecContext(context.Background(), s.bind(args))
	s.release()
	if err != nil {
		return 0, mapError(err)
	}
	return result.RowsAffected()
}

func (s *stmt) query(ctx context.Context, args []driver.Value, each func(row []driver.Value) bool) error {
	rows, err := s.s.(driver.StmtQueryContext).QueryContext(ctx, s.bind(args))
	defer s.release()
	if err != nil {
		return mapError(err)
	}
	if n := len(rows.Columns()); len(s.row) != n {
		s.row = make([]driver.Value, n)
	}
	for i := 1; ; i++ {
		err := rows.Next(s.row)
		if err == nil && i%256 == 0 {
			err = ctx.Err() // the driver itself looks at ctx up to the first row only
		}
		if errors.Is(err, io.EOF) {
			return mapError(rows.Close())
		}
		if err != nil || !each(s.row) {
			return mapError(errors.Join(err, rows.Close()))
		}
	}
}

// release closes a statement that was too many to keep.
func (s *stmt) release() {
	clear(s.args) // blobs of a batch must not outlive it here
	if s.once {
		_ = s.s.Close()
	}
}

// Codes of SQLite, from sqlite3.h.
const (
	codeBusy     = 5
	codeIOErr    = 10
	codeFull     = 13
	codeReadOnly = 8
	ioErrShmSize = codeIOErr | 19<<8
	ioErrWrite   = codeIOErr | 3<<8
)

// mapError makes errors of a full disk match store.ErrFull, wherever it was noticed.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if errors.As(err, &e) {
		switch e.Code() {
		case codeFull, ioErrShmSize, ioErrWrite:
			return fmt.Errorf("%w: %w", store.ErrFull, err)
		}
	}
	return err
}

// busy reports whether another connection or process has what is needed.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == codeBusy
}

// Values of a row. SQLite's types are dynamic; what is not of the type is the zero value.
func integer(v driver.Value) int64 { n, _ := v.(int64); return n }
func text(v driver.Value) string   { s, _ := v.(string); return s }
func blob(v driver.Value) []byte   { b, _ := v.([]byte); return b }
