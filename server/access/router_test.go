package access

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

func openDB(t *testing.T) *meta.DB {
	t.Helper()
	db, err := meta.Open(meta.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func ok(w http.ResponseWriter, _ *http.Request, g Grant) {
	_, _ = w.Write([]byte("ok " + g.Project().ID))
}

func TestARouteThatDoesNotSayWhatItNeedsIsRefused(t *testing.T) {
	db := openDB(t)
	for _, c := range []struct {
		want   string
		routes []Route
	}{
		{"does not say what it needs", []Route{{Method: "GET", Path: "/x", Handle: ok}}},
		{"has no handler", []Route{{Method: "GET", Path: "/x", Need: Open}}},
		{"has no method", []Route{{Path: "/x", Need: Open, Handle: ok}}},
		{"does not begin with /", []Route{{Method: "GET", Path: "x.org/x", Need: Open, Handle: ok}}},
		{"does not decide on", []Route{{Method: "GET", Path: "/{p}/x", Need: Open, Handle: ok}}},
		{"conflicts with", []Route{{Method: "GET", Path: "/x", Need: Open, Handle: ok}, {Method: "GET", Path: "/x", Need: Admin, Handle: ok}}},
	} {
		if _, err := NewRouter(Config{DB: db}, c.routes...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want one with %q", c.routes, err, c.want)
		}
	}
}

func TestEveryNeedTimesEveryToken(t *testing.T) {
	db, ctx := openDB(t), t.Context()
	for _, name := range []string{"a", "b"} {
		if _, err := db.CreateProject(ctx, name, store.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	token := func(project string, scope meta.Scope) string {
		_, secret, err := db.CreateToken(ctx, meta.Token{Project: project, Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	who := map[string]string{
		"none": "", "wrong": "trt_" + strings.Repeat("A", 43),
		"ingest": token("a", meta.ScopeIngest), "read": token("a", meta.ScopeRead), "admin": token("a", meta.ScopeAdmin),
		"other": token("b", meta.ScopeIngest|meta.ScopeRead|meta.ScopeAdmin), "root": token("", meta.ScopeRead|meta.ScopeAdmin|meta.ScopeIngest),
	}
	routes := []Route{
		{Method: "GET", Path: "/open", Need: Open, Handle: ok},
		{Method: "GET", Path: "/known", Need: Known, Handle: ok},
		{Method: "POST", Path: "/ingest", Need: Ingest, Handle: ok},
		{Method: "GET", Path: "/read/{p}", Need: Read, Handle: ok},
		{Method: "GET", Path: "/write/{p}", Need: Write, Handle: ok},
		{Method: "GET", Path: "/admin/{p}", Need: Admin, Handle: ok},
		{Method: "GET", Path: "/root", Need: Root, Handle: ok},
		{Method: "GET", Path: "/root/{p}", Need: Root, Handle: ok},
	}
	rt, err := NewRouter(Config{DB: db}, routes...)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]map[string]int{
		"/open":    {"none": 200, "wrong": 200, "ingest": 200, "read": 200, "admin": 200, "other": 200, "root": 200},
		"/known":   {"none": 401, "wrong": 401, "ingest": 200, "read": 200, "admin": 200, "other": 200, "root": 200},
		"/ingest":  {"none": 401, "wrong": 401, "ingest": 200, "read": 403, "admin": 403, "other": 200, "root": 403},
		"/read/a":  {"none": 401, "wrong": 401, "ingest": 403, "read": 200, "admin": 403, "other": 404, "root": 200},
		"/write/a": {"none": 401, "wrong": 401, "ingest": 403, "read": 403, "admin": 200, "other": 404, "root": 200},
		"/admin/a": {"none": 401, "wrong": 401, "ingest": 403, "read": 403, "admin": 200, "other": 404, "root": 200},
		"/read/no": {"none": 401, "wrong": 401, "ingest": 403, "read": 404, "admin": 403, "other": 404, "root": 404},
		"/root":    {"none": 401, "wrong": 401, "ingest": 403, "read": 403, "admin": 403, "other": 403, "root": 200},
		"/root/a":  {"none": 401, "wrong": 401, "ingest": 403, "read": 403, "admin": 404, "other": 404, "root": 200},
		"/root/no": {"none": 401, "wrong": 401, "ingest": 403, "read": 403, "admin": 404, "other": 404, "root": 404},
	} {
		for name, status := range want {
			method := "GET"
			if path == "/ingest" {
				method = "POST"
			}
			r := httptest.NewRequestWithContext(ctx, method, "http://localhost"+path, nil)
			if who[name] != "" {
				r.Header.Set("Authorization", "Bearer "+who[name])
			}
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, r)
			if w.Code != status {
				t.Errorf("%s by %s: %d, want %d: %s", path, name, w.Code, status, w.Body)
			}
		}
	}
}
