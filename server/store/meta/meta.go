// Package meta keeps what is not a trace: projects, tokens, users, sessions, invitations, shares and settings, in one
// SQLite file that several processes may have open at the same time, so that a token can be made while a server runs.
//
// Secrets (of tokens, sessions, invitations and shares) are 256 random bits, given out once and stored as their SHA-256:
// the file holds nothing that opens a door. Passwords come here hashed already.
package meta

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	_ "modernc.org/sqlite" // the driver

	"github.com/tailrace-go/tailrace/server/store"
)

// What a question may be answered with, beside errors of the file. A secret that is unknown, malformed, expired or
// revoked is ErrSecret in every case.
var (
	ErrNotFound = errors.New("meta: not found")
	ErrExists   = errors.New("meta: there is one already")
	ErrSecret   = errors.New("meta: no such secret")
)

// FileName is the name of the file in its folder.
const FileName = "meta.db"

// DB is the file. Its methods may be called by many goroutines at once.
type DB struct {
	db      *sql.DB
	now     func() time.Time
	changes atomic.Uint64 // of what a Cache may hold
}

// Config says where. Its zero value but for Dir works.
type Config struct {
	Dir string           // required; made if need be
	Now func() time.Time // nil: time.Now
}

// migrations lead from a file of version i to one of i+1. They are never changed once released. Times are in ns since
// 1970, 0 for none.
var migrations = []string{`
CREATE TABLE project (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, keep_for INTEGER, keep_bytes INTEGER, created INTEGER);
CREATE TABLE token (id TEXT PRIMARY KEY, project TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, scope INTEGER, label TEXT,
	created INTEGER, expires INTEGER, used INTEGER, revoked INTEGER);
CREATE INDEX token_project ON token (project);
CREATE TABLE user (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT, admin INTEGER, created INTEGER);
CREATE TABLE member (user TEXT, project TEXT, role INTEGER, PRIMARY KEY (user, project)) WITHOUT ROWID;
CREATE TABLE session (hash BLOB PRIMARY KEY, user TEXT NOT NULL, created INTEGER, expires INTEGER) WITHOUT ROWID;
CREATE TABLE invite (hash BLOB PRIMARY KEY, project TEXT NOT NULL, role INTEGER, expires INTEGER) WITHOUT ROWID;
CREATE TABLE share (id TEXT PRIMARY KEY, project TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, trace TEXT, content INTEGER,
	author TEXT, created INTEGER, expires INTEGER, revoked INTEGER, views INTEGER);
CREATE INDEX share_project ON share (project);
CREATE TABLE setting (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;
`, `
ALTER TABLE project ADD COLUMN quota INTEGER NOT NULL DEFAULT 0;
`, `
ALTER TABLE invite ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE invite ADD COLUMN author TEXT NOT NULL DEFAULT '';
UPDATE invite SET id = lower(hex(randomblob(8)));
`}

// Open opens the file in a folder, and makes both if need be. The error matches store.ErrNewer when a newer version
// wrote it.
func Open(c Config) (*DB, error) {
	if c.Dir == "" {
		return nil, errors.New("meta: Config.Dir is empty")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	path, err := filepath.Abs(filepath.Join(c.Dir, FileName))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the caller's own folder
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… on Windows
	}
	dsn := url.URL{Scheme: "file", Path: slashed, RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	d := &DB{db: db, now: c.Now}
	if err := d.migrate(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// Close closes the file.
func (d *DB) Close() error { return d.db.Close() }

func (d *DB) migrate() error {
	return d.change(context.Background(), func(tx *sql.Tx) error { // the lock of a transaction lets one process do it
		version := 0
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("%w: meta.db has schema %d, this version knows %d", store.ErrNewer, version, len(migrations))
		}
		for _, step := range migrations[version:] {
			if _, err := tx.Exec(step); err != nil {
				return err
			}
		}
		_, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
		return err
	})
}

// change runs f in a transaction.
func (d *DB) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	defer d.changes.Add(1) // after the commit; an error may hide one
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// exec changes one thing; ErrNotFound when there is none.
func (d *DB) exec(ctx context.Context, query string, args ...any) error {
	defer d.changes.Add(1) // an error may hide that it was done
	return changed(d.db.ExecContext(ctx, query, args...))
}

// changed takes the result of a statement; ErrNotFound when it changed nothing.
func changed(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// execAny changes as many things as there are.
func (d *DB) execAny(ctx context.Context, query string, args ...any) error {
	defer d.changes.Add(1) // an error may hide that it was done
	_, err := d.db.ExecContext(ctx, query, args...)
	return err
}

// insert adds one thing; ErrExists when a name is taken.
func insert(ctx context.Context, db execer, query string, args ...any) error {
	err := changed(db.ExecContext(ctx, query+" ON CONFLICT DO NOTHING", args...))
	if errors.Is(err, ErrNotFound) {
		err = ErrExists
	}
	return err
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// scan reads all rows.
func scan[T any](ctx context.Context, d *DB, read func(row func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := d.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says what is wrong
	var all []T
	for rows.Next() {
		one, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// first reads one row; ErrNotFound when there is none.
func first[T any](ctx context.Context, d *DB, read func(row func(...any) error) (T, error), query string, args ...any) (T, error) {
	all, err := scan(ctx, d, read, query, args...)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// Prefixes say what a secret opens, to people and to scanners for leaked ones.
const (
	tokenPrefix   = "trt_"
	sessionPrefix = "trs_"
	invitePrefix  = "tri_"
	sharePrefix   = "trh_"
)

const secretBytes = 32

// newSecret makes a secret and its hash.
func newSecret(prefix string) (secret string, hash []byte) {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // it never fails: the program ends first
	secret = prefix + base64.RawURLEncoding.EncodeToString(b)
	return secret, hashOf(secret)
}

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// parseSecret returns the hash of what has the form of a secret: nothing else is looked up.
func parseSecret(prefix, secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, prefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return nil, ErrSecret
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil {
		return nil, ErrSecret
	}
	return hashOf(secret), nil
}

// sameHash compares in constant time, whatever the index did before.
func sameHash(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// newID makes an id that is safe in a path.
func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // it never fails: the program ends first
	return hex.EncodeToString(b)
}

// checkName refuses a name that a person could not read, or that would bend a line of a log.
func checkName(name string) error {
	if name == "" || len(name) > 256 {
		return &store.FieldError{Field: "name", Reason: "want 1 to 256 bytes"}
	}
	if name != strings.TrimSpace(name) || !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return &store.FieldError{Field: "name", Reason: "want characters that can be printed, and no space at either end"}
	}
	return checkShown("name", name)
}

// checkShown refuses a text which others will read and that is a secret, pasted into the wrong field.
func checkShown(field, text string) error {
	for _, prefix := range []string{tokenPrefix, sessionPrefix, invitePrefix, sharePrefix} {
		if _, err := parseSecret(prefix, text); err == nil {
			return &store.FieldError{Field: field, Reason: "is a secret, which others would see"}
		}
	}
	return nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
