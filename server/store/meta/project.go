package meta

import (
	"context"
	"database/sql"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// Project is what traces belong to. ID is the name of its folder and never changes.
type Project struct {
	ID      string
	Name    string
	Limits  store.Limits // as set; 0 for the defaults
	Quota   int64        // spans that it may store in one UTC day; 0 for any number
	Created time.Time
}

const projectColumns = "SELECT id, name, keep_for, keep_bytes, created, quota FROM project"

func readProject(row func(...any) error) (p Project, err error) {
	var created int64
	err = row(&p.ID, &p.Name, &p.Limits.KeepFor, &p.Limits.KeepBytes, &created, &p.Quota)
	p.Created = moment(created)
	return p, err
}

// CreateProject makes a project. Its id is the name, where that is one; else it is random. ErrExists: the name is taken.
func (d *DB) CreateProject(ctx context.Context, name string, limits store.Limits) (Project, error) {
	p := Project{ID: name, Name: name, Limits: limits, Created: d.now().UTC()}
	if name == "" || len(name) > 256 {
		return Project{}, &store.FieldError{Field: "name", Reason: "want 1 to 256 bytes"}
	}
	if store.CheckProject(name) != nil {
		p.ID = newID()
	}
	err := insert(ctx, d.db, "INSERT INTO project (id, name, keep_for, keep_bytes, created) VALUES (?, ?, ?, ?, ?)", p.ID, p.Name, p.Limits.KeepFor, p.Limits.KeepBytes, nanos(p.Created))
	if err != nil {
		return Project{}, err
	}
	return p, nil
}

// Project finds a project by its id or name.
func (d *DB) Project(ctx context.Context, idOrName string) (Project, error) {
	return first(ctx, d, readProject, projectColumns+" WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC", idOrName)
}

// Projects lists all projects by name.
func (d *DB) Projects(ctx context.Context) ([]Project, error) {
	return scan(ctx, d, readProject, projectColumns+" ORDER BY name")
}

// SetLimits changes how long a project keeps its traces.
func (d *DB) SetLimits(ctx context.Context, id string, l store.Limits) error {
	return d.exec(ctx, "UPDATE project SET keep_for = ?, keep_bytes = ? WHERE id = ?", l.KeepFor, l.KeepBytes, id)
}

// SetQuota changes how many spans a project may store in one UTC day; 0 for any number.
func (d *DB) SetQuota(ctx context.Context, id string, spans int64) error {
	if spans < 0 {
		return &store.FieldError{Field: "quota", Reason: "want 0 or more spans a day"}
	}
	return d.exec(ctx, "UPDATE project SET quota = ? WHERE id = ?", spans, id)
}

// DeleteProject removes a project with its tokens, members, invitations and shares. Its traces are the store's.
func (d *DB) DeleteProject(ctx context.Context, id string) error {
	return d.change(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			"DELETE FROM token WHERE project = ?", "DELETE FROM member WHERE project = ?",
			"DELETE FROM invite WHERE project = ?", "DELETE FROM share WHERE project = ?",
		} {
			if _, err := tx.ExecContext(ctx, query, id); err != nil {
				return err
			}
		}
		result, err := tx.ExecContext(ctx, "DELETE FROM project WHERE id = ?", id)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
}
