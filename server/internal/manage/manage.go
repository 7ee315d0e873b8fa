// Package manage makes, lists and ends projects and tokens, on a data folder or through the API of a server.
package manage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
)

// Project is a project, as JSON too.
type Project struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Created   time.Time `json:"created"`
	KeepNS    int64     `json:"keep_ns"`    // 0: as the server does; -1: for ever
	KeepBytes int64     `json:"keep_bytes"` // 0: as the server does; -1: no limit
}

// Token is what is known of a token, as JSON too.
type Token struct {
	ID      string     `json:"id"`
	Project *string    `json:"project"` // the id; null: all projects
	Scope   string     `json:"scope"`
	Label   string     `json:"label"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"`
	Used    *time.Time `json:"used"`
	Revoked *time.Time `json:"revoked"`
}

// NewToken is what a token is made of.
type NewToken struct {
	Scope   string
	Label   string
	Expires time.Time // zero: never
}

// Manager is a data folder or a server. A project is named by id or name; where tokens are concerned, "" means those of
// all projects.
type Manager interface {
	CreateProject(ctx context.Context, name string) (Project, error)
	Projects(ctx context.Context) ([]Project, error)
	DeleteProject(ctx context.Context, name string) error
	CreateToken(ctx context.Context, project string, n NewToken) (Token, string, error)
	Tokens(ctx context.Context, project string) ([]Token, error)
	RevokeToken(ctx context.Context, project, id string) error
	Close() error
}

// folder is a data folder, whether or not a server runs on it.
type folder struct {
	dir string
	db  *meta.DB
}

// ErrNoFolder says that there is nothing at a path.
var ErrNoFolder = errors.New("there is no data of tailrace")

// OpenFolder opens a data folder. Without create one that is not there is ErrNoFolder.
func OpenFolder(dir string, create bool) (Manager, error) {
	if _, err := os.Stat(filepath.Join(dir, meta.FileName)); errors.Is(err, os.ErrNotExist) && !create {
		return nil, fmt.Errorf("%w in %s", ErrNoFolder, dir)
	}
	db, err := meta.Open(meta.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	return &folder{dir, db}, nil
}

func (f *folder) Close() error { return f.db.Close() }

func (f *folder) CreateProject(ctx context.Context, name string) (Project, error) {
	p, err := f.db.CreateProject(ctx, name, store.Limits{})
	if errors.Is(err, meta.ErrExists) {
		return Project{}, fmt.Errorf("there is a project %q already", name)
	}
	return projectOf(p), err
}

func (f *folder) Projects(ctx context.Context) ([]Project, error) {
	found, err := f.db.Projects(ctx)
	all := make([]Project, len(found))
	for i, p := range found {
		all[i] = projectOf(p)
	}
	return all, err
}

// find looks a project up.
func (f *folder) find(ctx context.Context, name string) (meta.Project, error) {
	p, err := f.db.Project(ctx, name)
	if errors.Is(err, meta.ErrNotFound) {
		return meta.Project{}, fmt.Errorf("there is no project %q in %s", name, f.dir)
	}
	return p, err
}

// DeleteProject removes the traces first: should that fail, the project is still there. A server that runs on the folder
// has them open, and so it has to do it.
func (f *folder) DeleteProject(ctx context.Context, name string) error {
	p, err := f.find(ctx, name)
	if err != nil {
		return err
	}
	traces, err := sqlite.Open(sqlite.Config{Dir: f.dir, RetainEvery: -1})
	if errors.Is(err, store.ErrLocked) {
		return errors.New("a server runs on this folder and has the traces open: give --server in place of --data, so that it deletes them")
	}
	if err != nil {
		return err
	}
	if err := errors.Join(traces.DropProject(ctx, p.ID), traces.Close()); err != nil {
		return err
	}
	return f.db.DeleteProject(ctx, p.ID)
}

func (f *folder) CreateToken(ctx context.Context, project string, n NewToken) (Token, string, error) {
	scope, err := meta.ParseScope(n.Scope)
	if err != nil {
		return Token{}, "", err
	}
	id, err := f.id(ctx, project)
	if err != nil {
		return Token{}, "", err
	}
	if id == "" && scope.Has(meta.ScopeIngest) {
		return Token{}, "", errors.New("scope: spans need a token of one project: leave out ingest")
	}
	t, secret, err := f.db.CreateToken(ctx, meta.Token{Project: id, Scope: scope, Label: n.Label, Expires: n.Expires})
	return tokenOf(t), secret, err
}

func (f *folder) Tokens(ctx context.Context, project string) ([]Token, error) {
	id, err := f.id(ctx, project)
	if err != nil {
		return nil, err
	}
	found, err := f.db.Tokens(ctx, id)
	all := make([]Token, len(found))
	for i, t := range found {
		all[i] = tokenOf(t)
	}
	return all, err
}

func (f *folder) RevokeToken(ctx context.Context, project, id string) error {
	of, err := f.id(ctx, project)
	if err != nil {
		return err
	}
	err = f.db.RevokeToken(ctx, of, id)
	if errors.Is(err, meta.ErrNotFound) {
		return fmt.Errorf("there is no token %q that works", id)
	}
	return err
}

// id is that of a project, empty for all.
func (f *folder) id(ctx context.Context, project string) (string, error) {
	if project == "" {
		return "", nil
	}
	p, err := f.find(ctx, project)
	return p.ID, err
}

func projectOf(p meta.Project) Project {
	return Project{ID: p.ID, Name: p.Name, Created: p.Created, KeepNS: max(-1, int64(p.Limits.KeepFor)), KeepBytes: max(-1, p.Limits.KeepBytes)}
}

func tokenOf(t meta.Token) Token {
	token := Token{
		ID: t.ID, Scope: t.Scope.String(), Label: t.Label, Created: t.Created,
		Expires: moment(t.Expires), Used: moment(t.Used), Revoked: moment(t.Revoked),
	}
	if t.Project != "" {
		token.Project = &t.Project
	}
	return token
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
