package meta

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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

// projectExists is part of statements whose second parameter is the id of a project.
const projectExists = "EXISTS (SELECT 1 FROM project WHERE id = ?2)"

func readProject(row func(...any) error) (p Project, err error) {
	var created int64
	err = row(&p.ID, &p.Name, &p.Limits.KeepFor, &p.Limits.KeepBytes, &created, &p.Quota)
	p.Created = moment(created)
	return p, err
}

// CreateProject makes a project. Its id is the name, where that is one; else it is random. ErrExists: the name is taken.
func (d *DB) CreateProject(ctx context.Context, name string, limits store.Limits) (Project, error) {
	p := Project{ID: name, Name: name, Limits: limits, Created: d.now().UTC()}
	if err := checkName(name); err != nil {
		return Project{}, err
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

// EditProject changes what edit changes of a project, but for its id and time of creation: all of it or, when edit
// returns an error, nothing. ErrExists: the name is taken.
func (d *DB) EditProject(ctx context.Context, id string, edit func(*Project) error) (Project, error) {
	var p Project
	err := d.change(ctx, func(tx *sql.Tx) (err error) {
		p, err = readProject(tx.QueryRowContext(ctx, projectColumns+" WHERE id = ?", id).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		created := p.Created
		if err := edit(&p); err != nil {
			return err
		}
		p.ID, p.Created = id, created
		if err := cmp.Or(checkName(p.Name), checkQuota(p.Quota)); err != nil {
			return err
		}
		// A name that is the id of another one would never be found: ids go first.
		err = changed(tx.ExecContext(ctx, `UPDATE OR IGNORE project SET name = ?2, keep_for = ?3, keep_bytes = ?4, quota = ?5
			WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM project WHERE id = ?2 AND id <> ?1)`,
			id, p.Name, p.Limits.KeepFor, p.Limits.KeepBytes, p.Quota))
		if errors.Is(err, ErrNotFound) {
			err = ErrExists
		}
		return err
	})
	if err != nil {
		return Project{}, err
	}
	return p, nil
}

// SetQuota changes how many spans a project may store in one UTC day; 0 for any number.
func (d *DB) SetQuota(ctx context.Context, id string, spans int64) error {
	if err := checkQuota(spans); err != nil {
		return err
	}
	return d.exec(ctx, "UPDATE project SET quota = ? WHERE id = ?", spans, id)
}

func checkQuota(spans int64) error {
	if spans < 0 {
		return &store.FieldError{Field: "quota", Reason: "want 0 or more spans a day"}
	}
	return nil
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
		return changed(tx.ExecContext(ctx, "DELETE FROM project WHERE id = ?", id))
	})
}
