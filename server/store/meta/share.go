package meta

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// ShareFor is how long a share works unless it says otherwise.
const ShareFor = 7 * 24 * time.Hour

// Share opens one trace to whoever has its secret.
type Share struct {
	ID      string
	Project string
	TraceID span.TraceID
	Content bool   // inputs, outputs and metadata too; otherwise names, times and tokens alone
	Author  string // the user who made it
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero: not
	Views   int
}

const shareColumns = "id, project, trace, content, author, created, expires, revoked, views"

func readShare(row func(...any) error) (s Share, err error) {
	var created, expires, revoked int64
	err = row(&s.ID, &s.Project, &s.TraceID, &s.Content, &s.Author, &created, &expires, &revoked, &s.Views)
	s.Created, s.Expires, s.Revoked = moment(created), moment(expires), moment(revoked)
	return s, err
}

// CreateShare makes a share of s's project, trace, content, author and expiry (zero: ShareFor from now), and returns it
// with its secret, which cannot be had again. ErrNotFound: there is no project with this id.
func (d *DB) CreateShare(ctx context.Context, s Share) (Share, string, error) {
	id, ok := s.TraceID.W3C()
	if !ok {
		return Share{}, "", &store.FieldError{Field: "trace_id", Reason: "want 1 to 32 hex digits"}
	}
	s.TraceID, s.ID, s.Created, s.Revoked, s.Views = id, newID(), d.now().UTC(), time.Time{}, 0
	if s.Expires.IsZero() {
		s.Expires = s.Created.Add(ShareFor)
	}
	secret, hash := newSecret(sharePrefix)
	err := changed(d.db.ExecContext(ctx, "INSERT INTO share ("+shareColumns+", hash) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8 WHERE "+projectExists,
		s.ID, s.Project, string(s.TraceID), s.Content, s.Author, nanos(s.Created), nanos(s.Expires), hash))
	if err != nil {
		return Share{}, "", err
	}
	return s, secret, nil
}

// OpenShare finds the share of a secret and counts the view; otherwise ErrSecret.
func (d *DB) OpenShare(ctx context.Context, secret string) (Share, error) {
	return d.shareOf(ctx, secret, "UPDATE share SET views = views + 1 WHERE hash = ? AND revoked = 0 AND expires > ? RETURNING "+shareColumns)
}

// PeekShare finds the share of a secret and counts nothing; otherwise ErrSecret.
func (d *DB) PeekShare(ctx context.Context, secret string) (Share, error) {
	return d.shareOf(ctx, secret, "SELECT "+shareColumns+" FROM share WHERE hash = ? AND revoked = 0 AND expires > ?")
}

// shareOf does the same work for a secret that is unknown, expired or revoked.
func (d *DB) shareOf(ctx context.Context, secret, query string) (Share, error) {
	hash, err := parseSecret(sharePrefix, secret)
	if err != nil {
		return Share{}, err
	}
	s, err := readShare(d.db.QueryRowContext(ctx, query, hash, nanos(d.now())).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Share{}, ErrSecret
	}
	return s, err
}

// Shares lists the shares of a project, newest first.
func (d *DB) Shares(ctx context.Context, project string) ([]Share, error) {
	return scan(ctx, d, readShare, "SELECT "+shareColumns+" FROM share WHERE project = ? ORDER BY created DESC, id", project)
}

// RevokeShare ends a share at once. ErrNotFound: the project has no such share that works.
func (d *DB) RevokeShare(ctx context.Context, project, id string) error {
	return d.exec(ctx, "UPDATE share SET revoked = ? WHERE project = ? AND id = ? AND revoked = 0", nanos(d.now()), project, id)
}

// Setting returns a setting, empty when it was never set.
func (d *DB) Setting(ctx context.Context, key string) (string, error) {
	value, err := first(ctx, d, func(row func(...any) error) (v string, err error) {
		err = row(&v)
		return v, err
	}, "SELECT v FROM setting WHERE k = ?", key)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return value, err
}

// SetSetting changes a setting.
func (d *DB) SetSetting(ctx context.Context, key, value string) error {
	_, err := d.db.ExecContext(ctx, "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET v = excluded.v", key, value)
	return err
}

// Backup writes a copy of the file to a path where nothing is yet.
func (d *DB) Backup(ctx context.Context, path string) error {
	_, err := d.db.ExecContext(ctx, "VACUUM INTO ?", path)
	return err
}
