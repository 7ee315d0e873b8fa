// Package accesstest checks what a router lets in: every route times everyone who may come.
package accesstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// reached means that the request gets to the handler.
const reached = 0

// caller is somebody with what the router has to say to them. The rights are written out here and not asked of package
// access, whose judgement is what is tested.
type caller struct {
	name   string
	bearer func(c *cast) string
	cookie func(c *cast) string

	known, ingest, root int
	inside              [4]int // read, write, admin and root of the project in the path
	loose               [3]int // read, write and admin where the path has none: whether in any project
}

func nobody(name string, bearer, cookie func(c *cast) string) caller {
	const no = http.StatusUnauthorized
	return caller{name, bearer, cookie, no, no, no, [4]int{no, no, no, no}, [3]int{no, no, no}}
}

const (
	forbidden = http.StatusForbidden
	notFound  = http.StatusNotFound
)

// callers are all that may come. The project in the path is "mine".
var callers = []caller{
	nobody("nobody", nil, nil),
	nobody("a wrong token", func(*cast) string { return "trt_" + strings.Repeat("A", 43) }, nil),
	nobody("a malformed token", func(*cast) string { return "*" }, nil),
	nobody("an expired token", func(c *cast) string { return c.token("mine", all, time.Unix(1, 0)) }, nil),
	nobody("a revoked token", (*cast).revoked, nil),
	nobody("the secret of a share as a token", (*cast).share, nil),
	nobody("the secret of a session as a token", func(c *cast) string { return c.session("root", true, nil) }, nil),
	nobody("a token as a session", nil, func(c *cast) string { return c.token("", all, time.Time{}) }),
	nobody("an expired session", nil, (*cast).expiredSession),
	nobody("a wrong token beside a good session", func(*cast) string { return "trt_" + strings.Repeat("A", 43) },
		func(c *cast) string { return c.session("hidden", true, nil) }),
	{
		"an ingest token", func(c *cast) string { return c.token("mine", meta.ScopeIngest, time.Time{}) }, nil,
		reached, reached, forbidden, [4]int{forbidden, forbidden, forbidden, forbidden}, [3]int{forbidden, forbidden, forbidden},
	},
	{
		"a read token", func(c *cast) string { return c.token("mine", meta.ScopeRead, time.Now().Add(time.Hour)) }, nil,
		reached, forbidden, forbidden, [4]int{reached, forbidden, forbidden, forbidden}, [3]int{reached, forbidden, forbidden},
	},
	{
		"an admin token", func(c *cast) string { return c.token("mine", meta.ScopeAdmin, time.Time{}) }, nil,
		reached, forbidden, forbidden, [4]int{forbidden, reached, reached, notFound}, [3]int{forbidden, reached, reached},
	},
	{
		"another project's token", func(c *cast) string { return c.token("theirs", all, time.Time{}) }, nil,
		reached, reached, forbidden, [4]int{notFound, notFound, notFound, notFound}, [3]int{reached, reached, reached},
	},
	{
		"a token of all projects", func(c *cast) string { return c.token("", all, time.Time{}) }, nil,
		reached, forbidden, reached, [4]int{reached, reached, reached, reached}, [3]int{reached, reached, reached},
	},
	{
		"a viewer", nil, func(c *cast) string { return c.session("viewer", false, map[string]meta.Role{"mine": meta.RoleViewer}) },
		reached, forbidden, forbidden, [4]int{reached, forbidden, forbidden, forbidden}, [3]int{reached, reached, reached},
	},
	{
		"a member", nil, func(c *cast) string { return c.session("member", false, map[string]meta.Role{"mine": meta.RoleMember}) },
		reached, forbidden, forbidden, [4]int{reached, reached, forbidden, forbidden}, [3]int{reached, reached, reached},
	},
	{
		"an admin", nil, func(c *cast) string { return c.session("admin", false, map[string]meta.Role{"mine": meta.RoleAdmin}) },
		reached, forbidden, forbidden, [4]int{reached, reached, reached, forbidden}, [3]int{reached, reached, reached},
	},
	{
		"another project's admin", nil,
		func(c *cast) string {
			return c.session("stranger", false, map[string]meta.Role{"theirs": meta.RoleAdmin})
		},
		reached, forbidden, forbidden, [4]int{notFound, notFound, notFound, notFound}, [3]int{reached, reached, reached},
	},
	{
		"an admin of everything", nil, func(c *cast) string { return c.session("chief", true, nil) },
		reached, forbidden, reached, [4]int{reached, reached, reached, reached}, [3]int{reached, reached, reached},
	},
}

// want is what the caller gets.
func (c caller) want(route access.Route) int {
	levels := [4]int{c.loose[0], c.loose[1], c.loose[2], c.root}
	if strings.Contains(route.Path, "/{p}") {
		levels = c.inside
	}
	switch route.Need {
	case access.Open:
		return reached
	case access.Known:
		return c.known
	case access.Ingest:
		return c.ingest
	case access.Read:
		return levels[0]
	case access.Write:
		return levels[1]
	case access.Admin:
		return levels[2]
	case access.Root:
		return levels[3]
	}
	return -1
}

const all = meta.ScopeIngest | meta.ScopeRead | meta.ScopeAdmin

// Matrix walks all routes of a router times nobody, tokens that are wrong, malformed, expired or revoked, other secrets
// in their place, tokens of each scope, of another project and of all, users of each role and pages of other sites, and
// checks that each is let in or refused as the route declares. It adds projects and users to db, which is the router's.
//
// Handlers are called only where the router is at fault: who gets in is tried on a copy of the table.
func Matrix(t *testing.T, rt *access.Router, db *meta.DB) {
	t.Helper()
	c := &cast{t: t, db: db}
	for _, name := range []string{"mine", "theirs"} {
		c.project(name)
	}
	copied, entered := copyOf(t, rt, db)
	send := &sender{t: t}
	secrets := make([]struct{ bearer, cookie string }, len(callers))
	for i, who := range callers {
		if who.bearer != nil {
			secrets[i].bearer = who.bearer(c)
		}
		if who.cookie != nil {
			secrets[i].cookie = who.cookie(c)
		}
	}
	for _, route := range rt.Routes() {
		t.Run(strings.ReplaceAll(route.String(), "/", "|"), func(t *testing.T) {
			send.t = t
			for i, who := range callers {
				*entered = ""
				request := send.request(route, "mine", secrets[i].bearer, secrets[i].cookie)
				want := who.want(route)
				got := status(send.to(copied, request()))
				if in := *entered == route.String(); in != (want == reached) || !in && got != want {
					t.Errorf("%s, of %v: got in: %t, status %d; want %d (0: gets in)", who.name, route.Need, in, got, want)
				}
				if want == reached {
					continue
				}
				if got := status(send.to(rt, request())); got != want {
					t.Errorf("%s, of %v: the server says %d, want %d", who.name, route.Need, got, want)
				}
			}
			if route.Method != http.MethodGet && route.Method != http.MethodHead {
				sameSite(t, send, rt, route, c)
			}
			if strings.Contains(route.Path, "/{p}") {
				sameBytes(t, send, rt, route, c)
			}
		})
	}
}

// sameSite checks that a page of another site may not use the cookie of somebody who may do anything.
func sameSite(t *testing.T, send *sender, rt *access.Router, route access.Route, c *cast) {
	t.Helper()
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://elsewhere.example"}} {
		r := send.request(route, "mine", "", c.chief())()
		r.Header.Set(header[0], header[1])
		if got := status(send.to(rt, r)); got != http.StatusForbidden {
			t.Errorf("a page of another site, by its %s: %d, want 403", header[0], got)
		}
	}
}

// sameBytes checks that a project of others looks like one that does not exist.
func sameBytes(t *testing.T, send *sender, rt *access.Router, route access.Route, c *cast) {
	t.Helper()
	token := c.others()
	foreign := send.to(rt, send.request(route, "mine", token, "")())
	unknown := send.to(rt, send.request(route, "no-such-project", token, "")())
	if foreign.Code != unknown.Code || foreign.Body.String() != unknown.Body.String() ||
		!maps.EqualFunc(foreign.Header(), unknown.Header(), slices.Equal[[]string]) {
		t.Errorf("a project of others:\n%d %v %s\none that does not exist:\n%d %v %s",
			foreign.Code, foreign.Header(), foreign.Body, unknown.Code, unknown.Header(), unknown.Body)
	}
}

// copyOf makes a router of the same table whose handlers only say that they were reached.
func copyOf(t *testing.T, rt *access.Router, db *meta.DB) (_ *access.Router, entered *string) {
	t.Helper()
	entered = new(string)
	routes := rt.Routes()
	for i := range routes {
		name := routes[i].String()
		routes[i].Handle = func(http.ResponseWriter, *http.Request, access.Grant) { *entered = name }
	}
	copied, err := access.NewRouter(access.Config{DB: db}, routes...)
	if err != nil {
		t.Fatal(err)
	}
	return copied, entered
}

// status is that of an answer, in the words of HTTP where it is one of gRPC.
func status(w *httptest.ResponseRecorder) int {
	code := w.Header().Get("Grpc-Status")
	if code == "" {
		code = w.Header().Get(http.TrailerPrefix + "Grpc-Status")
	}
	switch code {
	case "":
		return w.Code
	case "16":
		return http.StatusUnauthorized
	case "7":
		return http.StatusForbidden
	case "5":
		return http.StatusNotFound
	}
	n, _ := strconv.Atoi(code)
	return n
}

// sender makes requests that each come from another address, so that limits by address are not what is tested.
type sender struct {
	t *testing.T
	n int
}

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// request returns what makes the request again and again.
func (s *sender) request(route access.Route, project, bearer, cookie string) func() *http.Request {
	path := wildcard.ReplaceAllStringFunc(route.Path, func(name string) string {
		switch name {
		case "{p}":
			return project
		case "{$}":
			return ""
		}
		return "0af7651916cd43dd8448eb211c80319c"
	})
	return func() *http.Request {
		s.n++
		r := httptest.NewRequestWithContext(s.t.Context(), route.Method, "http://localhost"+path, http.NoBody)
		r.RemoteAddr = fmt.Sprintf("198.18.%d.%d:1", s.n>>8&255, s.n&255)
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: access.CookieName, Value: cookie}) //nolint:gosec // of a request
		}
		return r
	}
}

// to sends a request and checks what holds for every answer.
func (s *sender) to(rt http.Handler, r *http.Request) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	if w.Code >= 300 && w.Code < 400 {
		s.t.Errorf("%s %s is redirected to %s", r.Method, r.URL.Path, w.Header().Get("Location"))
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" {
		s.t.Errorf("%s %s: no nosniff", r.Method, r.URL.Path)
	}
	if w.Code >= 400 && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
		s.t.Errorf("%s %s: %d without JSON: %q", r.Method, r.URL.Path, w.Code, w.Body)
	}
	if secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); len(secret) > 1 && strings.Contains(w.Body.String(), secret) {
		s.t.Errorf("%s %s: the answer quotes the token", r.Method, r.URL.Path)
	}
	return w
}

// cast makes who may come.
type cast struct {
	t        *testing.T
	db       *meta.DB
	anyAdmin string // a session, once made
	stranger string // a token, once made
}

func (c *cast) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cast) project(name string) {
	c.t.Helper()
	_, err := c.db.CreateProject(c.t.Context(), name, store.Limits{})
	c.check(err)
}

func (c *cast) token(project string, scope meta.Scope, expires time.Time) string {
	c.t.Helper()
	_, secret, err := c.db.CreateToken(c.t.Context(), meta.Token{Project: project, Scope: scope, Expires: expires})
	c.check(err)
	return secret
}

func (c *cast) revoked() string {
	c.t.Helper()
	token, secret, err := c.db.CreateToken(c.t.Context(), meta.Token{Project: "mine", Scope: all})
	c.check(err)
	c.check(c.db.RevokeToken(c.t.Context(), "mine", token.ID))
	return secret
}

func (c *cast) share() string {
	c.t.Helper()
	_, secret, err := c.db.CreateShare(c.t.Context(), meta.Share{Project: "mine", TraceID: "0af7651916cd43dd8448eb211c80319c", Content: true})
	c.check(err)
	return secret
}

func (c *cast) session(name string, admin bool, roles map[string]meta.Role) string {
	c.t.Helper()
	u, err := c.db.CreateUser(c.t.Context(), meta.User{Name: "accesstest " + name, Admin: admin})
	c.check(err)
	for project, role := range roles {
		c.check(c.db.SetRole(c.t.Context(), u.ID, project, role))
	}
	secret, err := c.db.CreateSession(c.t.Context(), u.ID, time.Hour)
	c.check(err)
	return secret
}

func (c *cast) expiredSession() string {
	c.t.Helper()
	u, err := c.db.CreateUser(c.t.Context(), meta.User{Name: "accesstest expired", Admin: true})
	c.check(err)
	secret, err := c.db.CreateSession(c.t.Context(), u.ID, -time.Hour)
	c.check(err)
	return secret
}

// chief is a session of somebody who may do anything.
func (c *cast) chief() string {
	c.t.Helper()
	if c.anyAdmin == "" {
		c.anyAdmin = c.session("of any page", true, nil)
	}
	return c.anyAdmin
}

// others is a token that may do anything in another project.
func (c *cast) others() string {
	c.t.Helper()
	if c.stranger == "" {
		c.stranger = c.token("theirs", all, time.Time{})
	}
	return c.stranger
}
