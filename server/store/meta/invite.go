package meta

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// Invite lets one person become a user.
type Invite struct {
	ID      string
	Project string // empty: of none, and the user will be admin of everything
	Role    Role   // in the project; RoleNone without one
	Author  string // the user who made it, or token: and an id; empty: the server
	Expires time.Time
}

const inviteColumns = "id, project, role, author, expires"

func readInvite(row func(...any) error) (i Invite, err error) {
	var expires int64
	err = row(&i.ID, &i.Project, &i.Role, &i.Author, &expires)
	i.Expires = moment(expires)
	return i, err
}

// CreateInvite makes an invitation of i's project, role, author and expiry, and returns it with its secret, which cannot
// be had again. Those that are over are removed. ErrNotFound: there is no project with this id.
func (d *DB) CreateInvite(ctx context.Context, i Invite) (Invite, string, error) {
	if i.Role > RoleAdmin || (i.Role == RoleNone) != (i.Project == "") {
		return Invite{}, "", errRole()
	}
	if i.Expires.IsZero() {
		return Invite{}, "", &store.FieldError{Field: "expires", Reason: "is missing"}
	}
	if err := d.execAny(ctx, "DELETE FROM invite WHERE expires <= ?", nanos(d.now())); err != nil {
		return Invite{}, "", err
	}
	i.ID, i.Expires = newID(), i.Expires.UTC()
	secret, hash := newSecret(invitePrefix)
	err := changed(d.db.ExecContext(ctx, "INSERT INTO invite ("+inviteColumns+", hash) SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?2 = '' OR "+projectExists,
		i.ID, i.Project, i.Role, i.Author, nanos(i.Expires), hash))
	if err != nil {
		return Invite{}, "", err
	}
	return i, secret, nil
}

// Invite finds the invitation of a secret, if it is still good; otherwise ErrSecret.
func (d *DB) Invite(ctx context.Context, secret string) (Invite, error) {
	hash, err := parseSecret(invitePrefix, secret)
	if err != nil {
		return Invite{}, err
	}
	i, err := first(ctx, d, readInvite, "SELECT "+inviteColumns+" FROM invite WHERE hash = ? AND expires > ?", hash, nanos(d.now()))
	if errors.Is(err, ErrNotFound) {
		err = ErrSecret
	}
	return i, err
}

// Invites lists the invitations of a project that are still good, the next to expire first. An empty project means those
// to become admin of everything.
func (d *DB) Invites(ctx context.Context, project string) ([]Invite, error) {
	return scan(ctx, d, readInvite, "SELECT "+inviteColumns+" FROM invite WHERE project = ? AND expires > ? ORDER BY expires, id", project, nanos(d.now()))
}

// RevokeInvite ends an invitation at once. ErrNotFound: the project has no such one that is still good.
func (d *DB) RevokeInvite(ctx context.Context, project, id string) error {
	return d.exec(ctx, "DELETE FROM invite WHERE project = ? AND id = ? AND expires > ?", project, id, nanos(d.now()))
}

// TakeInvite makes the user that was invited, once. On ErrExists the invitation is still good.
func (d *DB) TakeInvite(ctx context.Context, secret string, u User) (User, error) {
	hash, err := parseSecret(invitePrefix, secret)
	if err != nil {
		return User{}, err
	}
	err = d.change(ctx, func(tx *sql.Tx) error {
		i, err := readInvite(tx.QueryRowContext(ctx, "DELETE FROM invite WHERE hash = ? AND expires > ? RETURNING "+inviteColumns, hash, nanos(d.now())).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrSecret
		}
		if err != nil {
			return err
		}
		u.Admin = i.Project == ""
		if u, err = d.createUser(ctx, tx, u); err != nil || u.Admin {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO member (user, project, role) VALUES (?, ?, ?)", u.ID, i.Project, i.Role)
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}
