package access_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/access/accesstest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

func openDB(t *testing.T, now func() time.Time) *meta.DB {
	t.Helper()
	db, err := meta.Open(meta.Config{Dir: t.TempDir(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func ok(w http.ResponseWriter, _ *http.Request, g access.Grant) {
	_, _ = w.Write([]byte("ok " + g.Project().ID))
}

// table has a route of each need.
var table = []access.Route{
	{Method: "GET", Path: "/open", Need: access.Open, Handle: ok},
	{Method: "POST", Path: "/login", Need: access.Open, Handle: ok},
	{Method: "GET", Path: "/known", Need: access.Known, Handle: ok},
	{Method: "POST", Path: "/logout", Need: access.Known, Handle: ok},
	{Method: "POST", Path: "/ingest", Need: access.Ingest, Handle: ok},
	{Method: "POST", Path: "/projects/{id}/ingest", Need: access.Ingest, Handle: ok},
	{Method: "GET", Path: "/read", Need: access.Read, Handle: ok},
	{Method: "GET", Path: "/read/{p}", Need: access.Read, Handle: ok},
	{Method: "POST", Path: "/write/{p}/x/{id}", Need: access.Write, Handle: ok},
	{Method: "DELETE", Path: "/admin/{p}", Need: access.Admin, Handle: ok},
	{Method: "GET", Path: "/root", Need: access.Root, Handle: ok},
	{Method: "DELETE", Path: "/root/{p}", Need: access.Root, Handle: ok},
	{Method: "GET", Path: "/share/{secret}", Need: access.Open, Handle: ok},
	{Method: "GET", Path: "/files/{path...}", Need: access.Open, Handle: ok},
	{Method: "GET", Path: "/folder/", Need: access.Open, Handle: ok},
}

func newRouter(t *testing.T, cfg access.Config, routes ...access.Route) *access.Router {
	t.Helper()
	rt, err := access.NewRouter(cfg, routes...)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func newToken(t *testing.T, db *meta.DB, project string, scope meta.Scope) (token meta.Token, secret string) {
	t.Helper()
	token, secret, err := db.CreateToken(t.Context(), meta.Token{Project: project, Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	return token, secret
}

func newProject(t *testing.T, db *meta.DB, name string) {
	t.Helper()
	if _, err := db.CreateProject(t.Context(), name, store.Limits{}); err != nil {
		t.Fatal(err)
	}
}

// call sends a request with a token, if there is one.
func call(t *testing.T, h http.Handler, method, path, bearer string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, nil)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryRouteTimesEveryCaller(t *testing.T) {
	db := openDB(t, nil)
	accesstest.Matrix(t, newRouter(t, access.Config{DB: db}, table...), db)
}

func TestARouteThatDoesNotSayWhatItNeedsIsRefused(t *testing.T) {
	db := openDB(t, nil)
	for _, c := range []struct {
		want   string
		routes []access.Route
	}{
		{"does not say what it needs", []access.Route{{Method: "GET", Path: "/x", Handle: ok}}},
		{"does not say what it needs", []access.Route{{Method: "GET", Path: "/x", Need: access.Root + 1, Handle: ok}}},
		{"has no handler", []access.Route{{Method: "GET", Path: "/x", Need: access.Open}}},
		{"has no method", []access.Route{{Path: "/x", Need: access.Open, Handle: ok}}},
		{"does not begin with /", []access.Route{{Method: "GET", Path: "x.org/x", Need: access.Open, Handle: ok}}},
		{"does not decide on", []access.Route{{Method: "GET", Path: "/{p}/x", Need: access.Open, Handle: ok}}},
		{"conflicts with", []access.Route{{Method: "GET", Path: "/x", Need: access.Open, Handle: ok}, {Method: "GET", Path: "/x", Need: access.Admin, Handle: ok}}},
	} {
		if _, err := access.NewRouter(access.Config{DB: db}, c.routes...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want one with %q", c.routes, err, c.want)
		}
	}
	if _, err := access.NewRouter(access.Config{}); err == nil {
		t.Error("a router without a DB")
	}
}

func TestNothingIsRedirected(t *testing.T) {
	db := openDB(t, nil)
	rt := newRouter(t, access.Config{DB: db}, table...)
	for path, want := range map[string]int{
		"/open": 200, "/open/": 404, "//open": 404, "/./open": 404, "/x/../open": 404, "/open?x=//": 200, "/%6fpen": 200,
		"/%2fopen": 404, "/open%2f": 404, "/x/%2e%2e/open": 404, "/x%2f..%2fopen": 404, "/OPEN": 404, "/": 404,
		"/folder": 404, "/folder/": 200, "/folder/x": 200, "/folder//x": 404, "/files": 404, "/files/": 200, "/files/a/b": 200,
		"/files/..": 404, "/files/%2e%2e": 404, "/files/a%2f..%2fb": 404, "/files/a%2fb": 200, "/files/%00": 200,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			if w := call(t, rt, method, path, ""); w.Code != want || w.Header().Get("Location") != "" {
				t.Errorf("%s %s: %d, want %d; Location %q", method, path, w.Code, want, w.Header().Get("Location"))
			}
		}
	}
	for method, want := range map[string]int{"POST": 405, "OPTIONS": 405, "TRACE": 405} {
		w := call(t, rt, method, "/open", "")
		if allow := w.Header().Get("Allow"); w.Code != want || allow != "GET, HEAD" {
			t.Errorf("%s /open: %d, want %d; Allow %q", method, w.Code, want, allow)
		}
	}
}

func TestWhoGetsThePageForNothing(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	rt := newRouter(t, access.Config{DB: openDB(t, nil), NotFound: page}, table...)
	for _, c := range []struct {
		method, path, accept, host string
		want                       bool
	}{
		{http.MethodGet, "/nothing", "text/html,*/*;q=0.8", "localhost", true},
		{http.MethodHead, "/nothing", "text/html", "localhost", true},
		{http.MethodGet, "/nothing", "*/*", "localhost", false},
		{http.MethodGet, "/nothing", "", "localhost", false},
		{http.MethodPost, "/nothing", "text/html", "localhost", false},
		{http.MethodGet, "/nothing/../more", "text/html", "localhost", false},
		{http.MethodGet, "/nothing", "text/html", "elsewhere.example", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "http://"+c.host+c.path, http.NoBody)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type") == ""; got != c.want || w.Code < 400 {
			t.Errorf("%s %s on %s for %q: %d, %v; want the page: %t", c.method, c.path, c.host, c.accept, w.Code, w.Header(), c.want)
		}
	}
}

func TestAHostThatNobodyAllowed(t *testing.T) {
	db := openDB(t, nil)
	rt := newRouter(t, access.Config{DB: db, Hosts: []string{"traces.example.com"}}, table...)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:4318": 200, "LOCALHOST.": 200, "app.localhost": 200, "127.0.0.1:4318": 200, "[::1]:4318": 200, "[::1]": 200,
		"traces.example.com": 200, "Traces.Example.com:443": 200,
		"evil.example": 421, "traces.example.com.evil.example": 421, "xlocalhost": 421, "example.com": 421, "127.0.0.1.evil.example": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/open", nil)
		r.Host = host
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %s: %d, want %d", host, w.Code, want)
		}
	}
}

func TestATokenThatIsRevokedEndsInASecond(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	db := openDB(t, clock)
	newProject(t, db, "p")
	token, secret := newToken(t, db, "p", meta.ScopeRead)
	rt := newRouter(t, access.Config{DB: db, Now: clock}, table...)
	if w := call(t, rt, "GET", "/read/p", secret); w.Code != 200 {
		t.Fatalf("before: %d", w.Code)
	}
	if err := db.RevokeToken(t.Context(), "p", token.ID); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	now = now.Add(time.Second)
	mu.Unlock()
	if w := call(t, rt, "GET", "/read/p", secret); w.Code != 401 {
		t.Errorf("a second later: %d", w.Code)
	}
}

func TestARatePerToken(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	db := openDB(t, clock)
	newProject(t, db, "p")
	_, busy := newToken(t, db, "p", meta.ScopeIngest)
	_, quiet := newToken(t, db, "p", meta.ScopeIngest)
	rt := newRouter(t, access.Config{DB: db, Now: clock, Rate: 2}, table...)
	for i, want := range []int{200, 200, 429, 429} {
		if w := call(t, rt, "POST", "/ingest", busy); w.Code != want || (w.Header().Get("Retry-After") == "1") != (want == 429) {
			t.Errorf("request %d: %d, want %d; Retry-After %q", i, w.Code, want, w.Header().Get("Retry-After"))
		}
	}
	if w := call(t, rt, "POST", "/ingest", quiet); w.Code != 200 {
		t.Errorf("another token: %d", w.Code)
	}
	now = now.Add(500 * time.Millisecond)
	if w := call(t, rt, "POST", "/ingest", busy); w.Code != 200 {
		t.Errorf("after half a second: %d", w.Code)
	}
	free := newRouter(t, access.Config{DB: db, Now: clock, Rate: -1}, table...)
	for range 100 {
		if w := call(t, free, "POST", "/ingest", busy); w.Code != 200 {
			t.Fatalf("without a limit: %d", w.Code)
		}
	}
}

func TestWrongTokensAreLimitedButGoodOnesNot(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	db := openDB(t, clock)
	newProject(t, db, "p")
	_, good := newToken(t, db, "p", meta.ScopeIngest)
	rt := newRouter(t, access.Config{DB: db, Now: clock, Failures: 3}, table...)
	for i, want := range []int{401, 401, 401, 429, 429} {
		wrong := "trt_" + strings.Repeat(string(rune('A'+i)), 42) + "A"
		if w := call(t, rt, "POST", "/ingest", wrong); w.Code != want || (w.Header().Get("Retry-After") != "") != (want == 429) {
			t.Errorf("wrong token %d: %d, want %d", i, w.Code, want)
		}
		if w := call(t, rt, "POST", "/ingest", good); w.Code != 200 {
			t.Errorf("the good token after %d wrong ones: %d", i+1, w.Code)
		}
		if w := call(t, rt, "POST", "/ingest", ""); w.Code != 401 {
			t.Errorf("no token after %d wrong ones: %d", i+1, w.Code)
		}
	}
	now = now.Add(time.Second)
	if w := call(t, rt, "POST", "/ingest", "trt_wrong"); w.Code != 401 {
		t.Errorf("a second later: %d", w.Code)
	}
}

// TestNoSecretIsLogged sends secrets in every place that a request has, at every level of the log.
func TestNoSecretIsLogged(t *testing.T) {
	db := openDB(t, nil)
	newProject(t, db, "p")
	_, token := newToken(t, db, "p", meta.ScopeRead)
	const canary = "c4n4ry"
	routes := append([]access.Route{
		{Method: "POST", Path: "/panic/{x}", Need: access.Open, Handle: func(_ http.ResponseWriter, r *http.Request, _ access.Grant) {
			body, _ := io.ReadAll(r.Body)
			panic(fmt.Errorf("cannot read %s", body))
		}},
		{Method: "POST", Path: "/index/{x}", Need: access.Open, Handle: func(_ http.ResponseWriter, r *http.Request, _ access.Grant) {
			_ = []int{}[len(r.URL.Path)]
		}},
	}, table...)
	for _, handler := range []func(io.Writer, *slog.HandlerOptions) slog.Handler{
		func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) },
		func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) },
	} {
		var log bytes.Buffer
		rt := newRouter(t, access.Config{DB: db, Log: slog.New(handler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}, routes...)
		requests := 0
		for _, path := range []string{
			"/share/" + canary, "/share/" + canary + "%0a%1b[31m", "/panic/" + canary, "/index/" + canary, "/read/p?token=" + canary,
			"/read/" + canary + "%0Atime=x", "/" + canary, "//" + canary, "/open",
		} {
			for _, method := range []string{"GET", "POST"} {
				r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(canary))
				r.Header.Set("Authorization", "Bearer "+token)
				r.Header.Set("User-Agent", canary+"\n\x1b[2J")
				r.Header.Set("X-Forwarded-For", canary)
				r.AddCookie(&http.Cookie{Name: access.CookieName, Value: "trs_" + canary})
				rt.ServeHTTP(httptest.NewRecorder(), r)
				requests++
			}
		}
		text := log.String()
		if strings.Contains(text, canary) || strings.Contains(text, token[4:]) || strings.ContainsAny(text, "\x1b\r") {
			t.Errorf("the log shows a secret or control characters:\n%s", text)
		}
		if lines := strings.Count(text, "\n"); lines != requests+2 { // two panics
			t.Errorf("%d lines of %d requests:\n%s", lines, requests, text)
		}
		for _, want := range []string{"GET /share/{secret}", "GET /read/{p}", "POST /panic/{x}", "a *errors.errorString", "index out of range"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
}

func TestAPanicIsAnswered(t *testing.T) {
	db := openDB(t, nil)
	late := func(w http.ResponseWriter, _ *http.Request, _ access.Grant) {
		_, _ = w.Write([]byte("half"))
		panic("late")
	}
	abort := func(http.ResponseWriter, *http.Request, access.Grant) { panic(http.ErrAbortHandler) }
	early := func(http.ResponseWriter, *http.Request, access.Grant) { panic("early") }
	rt := newRouter(t, access.Config{DB: db},
		access.Route{Method: "GET", Path: "/late", Need: access.Open, Handle: late},
		access.Route{Method: "GET", Path: "/abort", Need: access.Open, Handle: abort},
		access.Route{Method: "GET", Path: "/early", Need: access.Open, Handle: early})
	if w := call(t, rt, "GET", "/early", ""); w.Code != 500 || !strings.Contains(w.Body.String(), `"code":"internal"`) || strings.Contains(w.Body.String(), "early") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/late", "/abort"} {
		func() {
			defer func() {
				if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // a value that was panicked with
					t.Errorf("%s: panics with %v", path, v)
				}
			}()
			call(t, rt, "GET", path, "")
		}()
	}
}

func TestAHandlerMayStream(t *testing.T) {
	db := openDB(t, nil)
	rt := newRouter(t, access.Config{DB: db}, access.Route{Method: "GET", Path: "/live", Need: access.Open, Handle: func(w http.ResponseWriter, _ *http.Request, _ access.Grant) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
			t.Error(err)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		w.(http.Flusher).Flush()
	}})
	s := httptest.NewServer(rt)
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

func TestTroubleOfOurOwnIsNo401(t *testing.T) {
	db := openDB(t, nil)
	newProject(t, db, "p")
	_, token := newToken(t, db, "p", meta.ScopeIngest)
	rt := newRouter(t, access.Config{DB: db}, table...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if w := call(t, rt, "POST", "/ingest", token); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

func TestNobodyHasToLogInToADemo(t *testing.T) {
	db := openDB(t, nil)
	newProject(t, db, "demo")
	rt := newRouter(t, access.Config{DB: db, Nobody: "demo", Failures: 1}, table...)
	for _, c := range [][2]string{{"GET", "/known"}, {"GET", "/read/demo"}, {"DELETE", "/admin/demo"}, {"GET", "/root"}, {"POST", "/ingest"}} {
		for _, token := range []string{"", "t0k3n", "trt_" + strings.Repeat("A", 43)} {
			if w := call(t, rt, c[0], c[1], token); w.Code != 200 {
				t.Errorf("%s %s with token %q: %d %s", c[0], c[1], token, w.Code, w.Body)
			}
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost/ingest", nil)
	r.Header.Set("Origin", "https://elsewhere.example")
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	if w.Code != 403 {
		t.Errorf("a page of another site: %d", w.Code)
	}
}
