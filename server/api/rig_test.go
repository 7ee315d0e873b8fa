package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/span"
)

// noon is when the rigs' clocks stand unless a test moves them.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// rig is an API with a store and two projects, a and b, behind a router. Its answers are held to openapi.json.
type rig struct {
	t      testing.TB
	store  store.Store
	meta   *meta.DB
	api    *API
	router *access.Router
	tokens map[string]string // read, admin, ingest of project a; other: all of project b; root: all of all
}

func now() time.Time { return noon }

// newRig makes a rig over a memory store.
func newRig(t testing.TB, change ...func(*Config)) *rig {
	return newRigOver(t, memory.New(memory.Config{Now: now}), change...)
}

// overBoth runs a test over a memory store and one of SQLite.
func overBoth(t *testing.T, test func(r *rig)) {
	t.Run("memory", func(t *testing.T) { test(newRig(t)) })
	t.Run("sqlite", func(t *testing.T) {
		s, err := sqlite.Open(sqlite.Config{Dir: t.TempDir(), Now: now, Sync: "NORMAL", RetainEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		test(newRigOver(t, s))
	})
}

func newRigOver(t testing.TB, s store.Store, change ...func(*Config)) *rig {
	t.Helper()
	db, err := meta.Open(meta.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), db.Close() })
	for _, name := range []string{"a", "b"} {
		if _, err := db.CreateProject(t.Context(), name, store.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	c := Config{Store: s, Meta: db, Now: now, Version: "v0"}
	for _, f := range change {
		f(&c)
	}
	r := &rig{t: t, store: s, meta: db, tokens: map[string]string{}}
	if r.api, err = New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.api.Drain)
	if r.router, err = access.NewRouter(access.Config{DB: db}, r.api.Routes()...); err != nil {
		t.Fatal(err)
	}
	const all = meta.ScopeIngest | meta.ScopeRead | meta.ScopeAdmin
	for name, token := range map[string]meta.Token{
		"read": {Project: "a", Scope: meta.ScopeRead}, "admin": {Project: "a", Scope: meta.ScopeRead | meta.ScopeAdmin},
		"ingest": {Project: "a", Scope: meta.ScopeIngest}, "other": {Project: "b", Scope: all}, "root": {Scope: all},
	} {
		if _, r.tokens[name], err = db.CreateToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// append stores a batch.
func (r *rig) append(project string, b *store.Batch) store.Result {
	r.t.Helper()
	result, err := r.store.Append(r.t.Context(), project, b)
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

// trace stores a trace of project a: a root and a failed tool call.
func (r *rig) trace(project string, id span.TraceID, name string, start time.Time) {
	r.t.Helper()
	r.append(project, &store.Batch{Spans: []store.Item{
		{Span: &span.Span{TraceID: id, ID: "1", Name: name, Type: span.TypeAgentRun, Root: true, Start: start, End: start.Add(time.Second), Input: `"hello"`, Output: `{"text":"good day"}`, Metadata: `{"userId":"u1","serviceName":"shop"}`}, Service: "shop"},
		{Span: &span.Span{TraceID: id, ID: "2", ParentID: "1", Name: "look up", Type: span.TypeToolCall, Start: start.Add(time.Millisecond), End: start.Add(3 * time.Millisecond), Error: &span.Error{Message: "no"}}, Service: "shop"},
	}})
}

// do sends a request with one of the rig's tokens and holds the answer to openapi.json.
func (r *rig) do(method, token, path string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), method, "http://localhost"+path, body)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+r.tokens[token])
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.router.ServeHTTP(w, req)
	r.holds(req, w)
	return w
}

// getURL sends a GET with a URL that need not be well formed.
func (r *rig) getURL(token string, u *url.URL) *httptest.ResponseRecorder {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://localhost"+u.Path, nil)
	req.URL = u
	req.Header.Set("Authorization", "Bearer "+r.tokens[token])
	w := httptest.NewRecorder()
	r.router.ServeHTTP(w, req)
	r.holds(req, w)
	return w
}

// get is do of a GET.
func (r *rig) get(token, path string, headers ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	return r.do(http.MethodGet, token, path, nil, headers...)
}

// want decodes the answer to a GET of project a that must succeed.
func want[T any](r *rig, path string) T {
	r.t.Helper()
	return wantBy[T](r, "read", path)
}

func wantBy[T any](r *rig, token, path string) T {
	r.t.Helper()
	w := r.get(token, path)
	var v T
	if w.Code != http.StatusOK {
		r.t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	d := json.NewDecoder(w.Body)
	if err := d.Decode(&v); err != nil {
		r.t.Fatalf("GET %s: %v", path, err)
	}
	return v
}

var compiled struct {
	sync.Mutex
	doc     any
	schemas map[string]*jsonschema.Schema
}

// holds checks an answer against openapi.json, where a member that it does not describe is a fault too.
func (r *rig) holds(req *http.Request, w *httptest.ResponseRecorder) {
	r.t.Helper()
	if strings.HasPrefix(w.Header().Get("Content-Encoding"), "gzip") || req.Method == http.MethodHead {
		return
	}
	method, path, _ := strings.Cut(req.Pattern, " ")
	at := "/components/schemas/ErrorReply"
	if w.Code < 300 {
		for _, o := range r.api.table {
			if o.Route.String() != req.Pattern {
				continue
			}
			if w.Code != o.succeeds() || o.etag != (w.Header().Get("ETag") != "") && o.reply != nil {
				r.t.Errorf("%s: %d, ETag %q: not as the table says", req.Pattern, w.Code, w.Header().Get("ETag"))
			}
			if o.reply == nil {
				return
			}
		}
		escape := strings.NewReplacer("~", "~0", "/", "~1")
		at = "/paths/" + escape.Replace(path) + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(w.Code) + "/content/" + escape.Replace("application/json") + "/schema"
	} else if w.Code < 400 {
		return
	}
	schema := schemaAt(r.t, at)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		r.t.Errorf("%s %s: %d: %v: %.300s", req.Method, req.URL, w.Code, err, w.Body)
		return
	}
	if err := schema.Validate(v); err != nil {
		r.t.Errorf("%s %s: %d is not as openapi.json says: %v\n%.500s", req.Method, req.URL, w.Code, err, w.Body)
	}
}

// schemaAt compiles the schema at a place of openapi.json.
func schemaAt(t testing.TB, at string) *jsonschema.Schema {
	t.Helper()
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.doc == nil {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
		if err != nil {
			t.Fatal(err)
		}
		components, _ := doc.(map[string]any)["components"].(map[string]any)
		named, _ := components["schemas"].(map[string]any)
		for _, schema := range named {
			schema.(map[string]any)["additionalProperties"] = false
		}
		compiled.doc, compiled.schemas = doc, map[string]*jsonschema.Schema{}
	}
	if s := compiled.schemas[at]; s != nil {
		return s
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("http://localhost/openapi.json", compiled.doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("http://localhost/openapi.json#" + at)
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	compiled.schemas[at] = s
	return s
}

// idOf is a trace id with a number.
func idOf(n int) span.TraceID { return span.TraceID(fmt.Sprintf("%032x", n+1)) }
