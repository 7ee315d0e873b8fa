package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
)

// clock moves when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// office is a rig whose clock moves, which logs, and in which people are logged in.
type office struct {
	*rig

	clock   *clock
	journal *journal
	cookies map[string]string // by the name of a user
	answers bytes.Buffer      // all bodies so far
}

// password of each user whose password no test is about.
const password = "correct horse 1234"

func newOffice(t testing.TB, change ...func(*Config)) *office {
	t.Helper()
	c := &clock{now: noon}
	return newOfficeOver(t, c, memory.New(memory.Config{Now: c.Now}), change...)
}

// inBothOffices runs a test over a memory store and one of SQLite.
func inBothOffices(t *testing.T, test func(o *office)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(newOffice(t)) })
	t.Run("sqlite", func(t *testing.T) {
		c := &clock{now: noon}
		s, err := sqlite.Open(sqlite.Config{Dir: t.TempDir(), Now: c.Now, Sync: "NORMAL", RetainEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		test(newOfficeOver(t, c, s))
	})
}

func newOfficeOver(t testing.TB, c *clock, s store.Store, change ...func(*Config)) *office {
	t.Helper()
	db, err := meta.Open(meta.Config{Dir: t.TempDir(), Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), db.Close() })
	for _, name := range []string{"a", "b"} {
		if _, err := db.CreateProject(t.Context(), name, store.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	o := &office{rig: &rig{t: t, store: s, meta: db, tokens: map[string]string{}}, clock: c, journal: &journal{}, cookies: map[string]string{}}
	log := slog.New(slog.NewJSONHandler(o.journal, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config := Config{Store: s, Meta: db, Now: c.Now, Log: log, Version: "v0"}
	for _, f := range change {
		f(&config)
	}
	if o.api, err = New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.api.Drain)
	if o.router, err = access.NewRouter(access.Config{DB: db, Log: log, Now: c.Now, Hosts: []string{"traces.example.org"}, Failures: -1}, o.api.Routes()...); err != nil {
		t.Fatal(err)
	}
	const all = meta.ScopeIngest | meta.ScopeRead | meta.ScopeAdmin
	for name, token := range map[string]meta.Token{
		"read": {Project: "a", Scope: meta.ScopeRead}, "admin": {Project: "a", Scope: meta.ScopeRead | meta.ScopeAdmin},
		"ingest": {Project: "a", Scope: meta.ScopeIngest}, "other": {Project: "b", Scope: all}, "root": {Scope: all},
	} {
		if _, o.tokens[name], err = db.CreateToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// hire makes a user with a role in project a, or none, and logs them in.
func (o *office) hire(name string, role meta.Role, project string, admin bool) meta.User {
	o.t.Helper()
	u, err := o.meta.CreateUser(o.t.Context(), meta.User{Name: name, Admin: admin})
	if err == nil && role != meta.RoleNone {
		err = o.meta.SetRole(o.t.Context(), u.ID, project, role)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	secret, err := o.meta.CreateSession(o.t.Context(), u.ID, 24*time.Hour)
	if err != nil {
		o.t.Fatal(err)
	}
	o.cookies[name] = access.CookieName + "=" + secret
	return u
}

// ask sends a request as a token or user of this name; body is text, or a value that becomes JSON, or nil.
func (o *office) ask(who, method, path string, body any, headers ...string) *httptest.ResponseRecorder {
	o.t.Helper()
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			o.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	if cookie, ok := o.cookies[who]; ok {
		who, headers = "", append(headers, "Cookie", cookie)
	}
	w := o.do(method, who, path, r, headers...)
	o.answers.Write(w.Body.Bytes())
	return w
}

// must asks for what has to succeed, and decodes the answer.
func must[T any](o *office, who, method, path string, body any) T {
	o.t.Helper()
	w := o.ask(who, method, path, body)
	var v T
	if w.Code/100 != 2 {
		o.t.Fatalf("%s %s by %s: %d %s", method, path, who, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		o.t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return v
}

// refuses asks for what must be answered with a status, and about a field unless that is empty.
func (o *office) refuses(who, method, path string, body any, status int, field string) {
	o.t.Helper()
	w := o.ask(who, method, path, body)
	var reply errorReply
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil {
			o.t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
		}
	}
	if w.Code != status || reply.Error.Field != field {
		o.t.Errorf("%s %s %v by %s: %d %s, want %d about %q", method, path, body, who, w.Code, w.Body, status, field)
	}
}

// done asks for what is answered with 204 and nothing else.
func (o *office) done(who, method, path string, body any) *httptest.ResponseRecorder {
	o.t.Helper()
	w := o.ask(who, method, path, body)
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		o.t.Fatalf("%s %s by %s: %d %s, want 204 and nothing", method, path, who, w.Code, w.Body)
	}
	return w
}

// newRequest is a request with an Authorization header, unless that is empty.
func newRequest(t testing.TB, method, path, authorization string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

// serve answers a request that is not of the usual form.
func (o *office) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	o.router.ServeHTTP(w, r)
	return w
}

func decode[T any](t testing.TB, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); w.Code/100 != 2 || err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}
