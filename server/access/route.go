package access

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

// Need is what a route needs of whoever calls it.
type Need uint8

// The needs. The zero Need is none of them: a route has to say.
const (
	_      Need = iota
	Open        // nothing: anyone may call. Credentials are not looked at
	Known       // any token or login that works
	Ingest      // a token of one project with the scope ingest
	Read        // a token with the scope read, or a user who is at least viewer
	Write       // share, delete: a token with the scope admin, or a user who is at least member
	Admin       // settings of a project: a token with the scope admin, or a user who is admin of it
	Root        // settings of the server: a token with the scope admin of all projects, or a user who is admin of everything
)

var needNames = [...]string{Open: "open", Known: "known", Ingest: "ingest", Read: "read", Write: "write", Admin: "admin", Root: "root"}

// String names the need: open, known, ingest, read, write, admin, root.
func (n Need) String() string {
	if int(n) < len(needNames) && needNames[n] != "" {
		return needNames[n]
	}
	return fmt.Sprintf("Need(%d)", uint8(n))
}

// scope is what a token must have.
func (n Need) scope() meta.Scope {
	switch n {
	case Ingest:
		return meta.ScopeIngest
	case Read:
		return meta.ScopeRead
	case Write, Admin, Root:
		return meta.ScopeAdmin
	}
	return 0
}

// role is what a user must have in the project. No role allows ingest: browsers send no spans.
func (n Need) role() meta.Role {
	switch n {
	case Read:
		return meta.RoleViewer
	case Write:
		return meta.RoleMember
	case Admin:
		return meta.RoleAdmin
	}
	return meta.RoleNone
}

// Route is one way into the server.
type Route struct {
	Method string // required; GET takes HEAD too
	// Path is one of net/http.ServeMux, without host. A segment {p} is a project, by id or name, that the caller must be
	// allowed to see; a path that names a project without any say in access calls it something else.
	Path string
	Need Need // required
	// Handle answers. A route that needs something of one project without {p} in its path gets a grant without a project
	// (Read, Write, Admin: the handler asks [Grant.May]), but for Ingest, where the token names it.
	Handle func(w http.ResponseWriter, r *http.Request, g Grant)
	// Deny writes what the router refuses, where clients want another form than [Fail] writes; nil for Fail.
	Deny func(w http.ResponseWriter, r *http.Request, status int, code, message string)
}

// String is the route as ServeMux writes it.
func (r Route) String() string { return r.Method + " " + r.Path }

// hasProject reports whether the path has {p}.
func (r Route) hasProject() bool { return strings.Contains(r.Path, "/{p}") }

func (r Route) check() error {
	switch {
	case r.Method == "":
		return fmt.Errorf("access: route %q has no method", r.Path)
	case !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("access: route %v: the path does not begin with /", r)
	case r.Need < Open || r.Need > Root:
		return fmt.Errorf("access: route %v does not say what it needs", r)
	case r.Handle == nil:
		return fmt.Errorf("access: route %v has no handler", r)
	case r.hasProject() && (r.Need == Open || r.Need == Known || r.Need == Ingest): // Root decides on any
		return fmt.Errorf("access: route %v names a project, which %v does not decide on", r, r.Need)
	}
	return nil
}
