package meta

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// Role is what a user may do in a project.
type Role uint8

// The roles; a higher one includes the lower.
const (
	RoleNone   Role = iota
	RoleViewer      // ask
	RoleMember      // and share, delete
	RoleAdmin       // and change settings
)

var roleNames = [...]string{RoleNone: "", RoleViewer: "viewer", RoleMember: "member", RoleAdmin: "admin"}

// ParseRole reads viewer, member or admin.
func ParseRole(text string) (Role, error) {
	i := slices.Index(roleNames[RoleViewer:], text)
	if i < 0 {
		return RoleNone, errRole()
	}
	return RoleViewer + Role(i), nil
}

func errRole() error { return &store.FieldError{Field: "role", Reason: "want viewer, member or admin"} }

// String is the reverse of ParseRole; empty for RoleNone.
func (r Role) String() string {
	if int(r) >= len(roleNames) {
		return ""
	}
	return roleNames[r]
}

// User logs in to the pages.
type User struct {
	ID      string
	Name    string
	Hash    string // of the password, as its maker encoded it; empty: no login
	Admin   bool   // of everything
	Created time.Time
}

const userColumns = "SELECT id, name, password, admin, created FROM user"

func readUser(row func(...any) error) (u User, err error) {
	var created int64
	err = row(&u.ID, &u.Name, &u.Hash, &u.Admin, &created)
	u.Created = moment(created)
	return u, err
}

// CreateUser makes a user with u's name, hash and admin flag. ErrExists: the name is taken.
func (d *DB) CreateUser(ctx context.Context, u User) (User, error) { return d.createUser(ctx, d.db, u) }

func (d *DB) createUser(ctx context.Context, db execer, u User) (User, error) {
	if err := checkName(u.Name); err != nil {
		return User{}, err
	}
	u.ID, u.Created = newID(), d.now().UTC()
	err := insert(ctx, db, "INSERT INTO user VALUES (?, ?, ?, ?, ?)", u.ID, u.Name, u.Hash, u.Admin, nanos(u.Created))
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// UserByID finds a user by id.
func (d *DB) UserByID(ctx context.Context, id string) (User, error) {
	return first(ctx, d, readUser, userColumns+" WHERE id = ?", id)
}

// User finds a user by name.
func (d *DB) User(ctx context.Context, name string) (User, error) {
	return first(ctx, d, readUser, userColumns+" WHERE name = ?", name)
}

// Users lists all users by name.
func (d *DB) Users(ctx context.Context) ([]User, error) {
	return scan(ctx, d, readUser, userColumns+" ORDER BY name")
}

// SetPassword replaces the hash of a user's password and ends the user's sessions.
func (d *DB) SetPassword(ctx context.Context, id, hash string) error {
	if err := d.exec(ctx, "UPDATE user SET password = ? WHERE id = ?", hash, id); err != nil {
		return err
	}
	return d.execAny(ctx, "DELETE FROM session WHERE user = ?", id)
}

// SetAdmin makes a user admin of everything, or takes that away.
func (d *DB) SetAdmin(ctx context.Context, id string, admin bool) error {
	return d.exec(ctx, "UPDATE user SET admin = ? WHERE id = ?", admin, id)
}

// DeleteUser removes a user with roles and sessions.
func (d *DB) DeleteUser(ctx context.Context, id string) error {
	return d.change(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{"DELETE FROM session WHERE user = ?", "DELETE FROM member WHERE user = ?"} {
			if _, err := tx.ExecContext(ctx, query, id); err != nil {
				return err
			}
		}
		return changed(tx.ExecContext(ctx, "DELETE FROM user WHERE id = ?", id))
	})
}

// SetRole gives a user a role in a project; RoleNone takes it away. ErrNotFound: there is no such user or project, or no
// role to take away.
func (d *DB) SetRole(ctx context.Context, user, project string, role Role) error {
	if role > RoleAdmin {
		return errRole()
	}
	if role == RoleNone {
		return d.exec(ctx, "DELETE FROM member WHERE user = ? AND project = ?", user, project)
	}
	return d.exec(ctx, `INSERT INTO member (user, project, role) SELECT user.id, project.id, ?3 FROM user, project WHERE user.id = ?1 AND project.id = ?2
		ON CONFLICT DO UPDATE SET role = excluded.role`, user, project, role)
}

// Member is a user with a role in a project.
type Member struct {
	User User
	Role Role
}

// Members lists those who have a role in a project, by name.
func (d *DB) Members(ctx context.Context, project string) ([]Member, error) {
	return scan(ctx, d, func(row func(...any) error) (m Member, err error) {
		m.User, err = readUser(func(columns ...any) error { return row(append(columns, &m.Role)...) })
		return m, err
	}, "SELECT id, name, password, admin, created, role FROM user JOIN member ON member.user = user.id WHERE member.project = ? ORDER BY name", project)
}

// Roles are a user's roles by project.
func (d *DB) Roles(ctx context.Context, user string) (map[string]Role, error) {
	type member struct {
		project string
		role    Role
	}
	all, err := scan(ctx, d, func(row func(...any) error) (m member, err error) {
		err = row(&m.project, &m.role)
		return m, err
	}, "SELECT project, role FROM member WHERE user = ?", user)
	roles := make(map[string]Role, len(all))
	for _, m := range all {
		roles[m.project] = m.role
	}
	return roles, err
}

// CreateSession logs a user in for a time and returns the secret for the cookie. Sessions that are over are removed.
func (d *DB) CreateSession(ctx context.Context, user string, ttl time.Duration) (secret string, err error) {
	now := d.now()
	if _, err := d.db.ExecContext(ctx, "DELETE FROM session WHERE expires <= ?", nanos(now)); err != nil {
		return "", err
	}
	secret, hash := newSecret(sessionPrefix)
	err = insert(ctx, d.db, "INSERT INTO session VALUES (?, ?, ?, ?)", hash, user, nanos(now), nanos(now.Add(ttl)))
	return secret, err
}

// Session returns the user of a session; otherwise ErrSecret.
func (d *DB) Session(ctx context.Context, secret string) (User, error) {
	hash, err := parseSecret(sessionPrefix, secret)
	if err != nil {
		return User{}, err
	}
	u, err := first(ctx, d, readUser, userColumns+" WHERE id = (SELECT user FROM session WHERE hash = ? AND expires > ?)", hash, nanos(d.now()))
	if errors.Is(err, ErrNotFound) {
		err = ErrSecret
	}
	return u, err
}

// EndSession logs out; a secret that is none is no error.
func (d *DB) EndSession(ctx context.Context, secret string) error {
	return d.execAny(ctx, "DELETE FROM session WHERE hash = ?", hashOf(secret))
}
