package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

func TestProjects(t *testing.T) {
	inBothOffices(t, func(o *office) {
		made := must[projectInfo](o, "root", "POST", "/api/projects", map[string]any{"name": "Support desk", "keep_ns": 7 * 24 * time.Hour, "quota": 1000})
		if made.Name != "Support desk" || made.ID == "" || made.KeepNS != int64(7*24*time.Hour) || made.KeepBytes != 10<<30 || made.Quota != 1000 || made.Oldest != nil {
			o.t.Errorf("made %+v", made)
		}
		path := "/api/projects/" + made.ID
		o.trace(made.ID, id1, "answer", noon.Add(-24*time.Hour))
		o.trace(made.ID, "2", "answer", noon.Add(-time.Hour))
		got := must[projectInfo](o, "root", "GET", path, nil)
		if got.Traces != 2 || got.Spans != 4 || got.Oldest == nil || *got.Oldest != "2026-11-21" {
			o.t.Errorf("with two traces %+v", got)
		}
		changed := must[projectInfo](o, "root", "PATCH", path, `{"name":"Desk","keep_ns":-1,"keep_bytes":1048576,"quota":0}`)
		if changed.Name != "Desk" || changed.KeepNS != -1 || changed.KeepBytes != 1<<20 || changed.Quota != 0 || changed.ID != made.ID {
			o.t.Errorf("changed %+v", changed)
		}
		if got := must[projectInfo](o, "root", "PATCH", path, `{}`); got.Name != "Desk" || got.KeepNS != -1 {
			o.t.Errorf("after a change of nothing %+v", got)
		}
		if changed.Own != (limits{-1, 1 << 20}) || changed.Default != (limits{int64(30 * 24 * time.Hour), 10 << 30}) {
			t.Errorf("its own limits %+v, those of the server %+v", changed.Own, changed.Default)
		}
		if got := must[projectInfo](o, "root", "PATCH", path, `{"keep_ns":0}`); got.KeepNS != int64(30*24*time.Hour) || got.Own.KeepNS != 0 {
			o.t.Errorf("with the default again %+v", got)
		}
		names := func(who string) (all []string) {
			for _, p := range must[projectList](o, who, "GET", "/api/projects", nil).Projects {
				all = append(all, p.Name)
			}
			return all
		}
		if root, a := names("root"), names("read"); !slices.Equal(root, []string{"Desk", "a", "b"}) || !slices.Equal(a, []string{"a"}) {
			o.t.Errorf("root sees %q, a token of a %q", root, a)
		}
		token := must[tokenSecret](o, "root", "POST", path+"/tokens", `{"scope":"read,admin"}`)
		o.tokens["desk"] = token.Secret
		share := must[shareSecret](o, "desk", "POST", path+"/shares", `{"trace_id":"2"}`)
		o.done("root", "DELETE", path, nil)
		for who, status := range map[string]int{"root": http.StatusNotFound, "desk": http.StatusUnauthorized} {
			o.refuses(who, "GET", path, nil, status, "")
		}
		o.refuses("", "GET", "/api/share/"+share.Secret, nil, http.StatusNotFound, "")
		if stats, err := o.store.Stats(o.t.Context(), made.ID); err != nil || len(stats.Days) != 0 {
			o.t.Errorf("the store still has %+v, %v", stats.Days, err)
		}
	})
}

func TestProjectsThatAreRefused(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		field              string
	}{
		{"POST", "/api/projects", `{"name":"a"}`, 409, "name"},
		{"POST", "/api/projects", `{}`, 400, "name"},
		{"POST", "/api/projects", `{"name":"` + strings.Repeat("x", 257) + `"}`, 400, "name"},
		{"POST", "/api/projects", `{"name":"one\ntwo"}`, 400, "name"},
		{"POST", "/api/projects", `{"name":"c","keep_ns":1}`, 400, "keep_ns"},
		{"POST", "/api/projects", `{"name":"c","keep_bytes":-2}`, 400, "keep_bytes"},
		{"POST", "/api/projects", `{"name":"c","quota":-1}`, 400, "quota"},
		{"POST", "/api/projects", `{"name":"c","id":"d"}`, 400, "id"},
		{"POST", "/api/projects", `{"name":7}`, 400, "name"},
		{"POST", "/api/projects", `["name"]`, 400, "body"},
		{"POST", "/api/projects", `{"name":"c"}{}`, 400, "body"},
		{"POST", "/api/projects?name=c", `{"name":"c"}`, 400, "name"},
		{"PATCH", "/api/projects/a", `{"name":"b"}`, 409, "name"},
		{"PATCH", "/api/projects/a", `{"name":""}`, 400, "name"},
		{"PATCH", "/api/projects/a", `{"keep_ns":-2}`, 400, "keep_ns"},
		{"PATCH", "/api/projects/a", `{"created":"2026-11-22T12:00:00Z"}`, 400, "created"},
		{"PATCH", "/api/projects/c", `{"name":"d"}`, 404, ""},
		{"DELETE", "/api/projects/c", ``, 404, ""},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		o.refuses("root", c.method, c.path, body, c.status, c.field)
	}
	if w := o.ask("root", "POST", "/api/projects", `{"name":"c"}`, "Content-Type", "text/plain"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("a body that another site's form could send: %d", w.Code)
	}
	if w := o.ask("root", "POST", "/api/projects", `{"name":"`+strings.Repeat(" ", maxBody)+`"}`); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of more than %d bytes: %d", maxBody, w.Code)
	}
	if all := must[projectList](o, "root", "GET", "/api/projects", nil).Projects; len(all) != 2 || all[0].Name != "a" {
		t.Errorf("after all that: %+v", all)
	}
}

func TestTokens(t *testing.T) {
	o := newOffice(t)
	const path = "/api/projects/a/tokens"
	made := must[tokenSecret](o, "admin", "POST", path, map[string]any{"scope": "ingest,read", "label": "ci", "expires": noon.Add(time.Hour)})
	if tok := made.Token; *tok.Project != "a" || tok.Scope != "ingest,read" || tok.Label != "ci" || !tok.Expires.Equal(noon.Add(time.Hour)) || tok.Used != nil || tok.Revoked != nil || !strings.HasPrefix(made.Secret, "trt_") {
		t.Errorf("made %+v", made)
	}
	o.tokens["ci"] = made.Secret
	must[projectInfo](o, "ci", "GET", "/api/projects/a", nil)
	o.refuses("ci", "GET", path, nil, http.StatusForbidden, "")
	listed := must[tokenList](o, "admin", "GET", path, nil).Tokens
	i := slices.IndexFunc(listed, func(k tokenInfo) bool { return k.ID == made.Token.ID })
	if len(listed) != 4 || i < 0 || listed[i].Used == nil {
		t.Errorf("listed %+v", listed)
	}
	o.clock.pass(time.Hour)
	o.refuses("ci", "GET", "/api/projects/a", nil, http.StatusUnauthorized, "")

	second := must[tokenSecret](o, "admin", "POST", path, `{"scope":"read"}`)
	if second.Setup != nil || second.Token.Expires != nil {
		t.Errorf("a token that cannot send: %+v", second)
	}
	o.tokens["second"] = second.Secret
	o.refuses("other", "DELETE", path+"/"+second.Token.ID, nil, http.StatusNotFound, "")
	o.refuses("other", "DELETE", "/api/projects/b/tokens/"+second.Token.ID, nil, http.StatusNotFound, "")
	o.done("admin", "DELETE", path+"/"+second.Token.ID, nil)
	o.refuses("second", "GET", "/api/projects/a", nil, http.StatusUnauthorized, "")
	o.refuses("admin", "DELETE", path+"/"+second.Token.ID, nil, http.StatusNotFound, "")

	for body, field := range map[string]string{
		`{}`: "scope", `{"scope":"write"}`: "scope", `{"scope":["read"]}`: "scope", `{"scope":"read","project":"b"}`: "project", `{"scope":"read","project":""}`: "project",
		`{"scope":"read","expires":"tomorrow"}`: "expires", `{"scope":"read","expires":"2026-11-22T12:00:00Z"}`: "expires", `{"scope":"read","expires":""}`: "expires",
		`{"scope":"read","expires":"9999-01-01T00:00:00Z"}`: "expires", `{"scope":"read","label":"` + strings.Repeat("x", 257) + `"}`: "label",
	} {
		o.refuses("admin", "POST", path, body, http.StatusBadRequest, field)
	}
}

func TestTokensOfAllProjects(t *testing.T) {
	o := newOffice(t)
	made := must[tokenSecret](o, "root", "POST", "/api/tokens", `{"scope":"read,admin","label":"ops"}`)
	if made.Token.Project != nil {
		t.Errorf("made %+v", made)
	}
	o.tokens["ops"] = made.Secret
	if listed := must[tokenList](o, "ops", "GET", "/api/tokens", nil).Tokens; len(listed) != 2 {
		t.Errorf("listed %+v, want the two of all projects alone", listed)
	}
	o.refuses("ops", "POST", "/api/tokens", `{"scope":"ingest"}`, http.StatusBadRequest, "scope")
	for _, who := range []string{"admin", "other", "read", "ingest"} {
		o.refuses(who, "POST", "/api/tokens", `{"scope":"read"}`, http.StatusForbidden, "")
		o.refuses(who, "GET", "/api/tokens", nil, http.StatusForbidden, "")
		o.refuses(who, "DELETE", "/api/tokens/"+made.Token.ID, nil, http.StatusForbidden, "")
	}
	o.refuses("admin", "DELETE", "/api/projects/a/tokens/"+made.Token.ID, nil, http.StatusNotFound, "")
	o.done("root", "DELETE", "/api/tokens/"+made.Token.ID, nil)
	o.refuses("ops", "GET", "/api/tokens", nil, http.StatusUnauthorized, "")
}

func TestSetupIsReadyToBeCopied(t *testing.T) {
	o := newOffice(t)
	made := must[tokenSecret](o, "admin", "POST", "/api/projects/a/tokens", `{"scope":"ingest"}`)
	env := map[string]string{}
	for _, b := range made.Setup.Clients {
		env[b.Client] = b.Env
	}
	for client, want := range map[string]string{
		"go":         "MASTRA_CLOUD_TRACES_ENDPOINT=http://localhost\nMASTRA_CLOUD_ACCESS_TOKEN=" + made.Secret + "\n",
		"mastra":     "MASTRA_CLOUD_TRACES_ENDPOINT=http://localhost\nMASTRA_PLATFORM_ACCESS_TOKEN=" + made.Secret + "\n",
		"mastra-0.x": "MASTRA_CLOUD_AI_TRACES_ENDPOINT=http://localhost/ai/spans/publish\nMASTRA_CLOUD_ACCESS_TOKEN=" + made.Secret + "\n",
		"otlp": "OTEL_TRACES_EXPORTER=otlp\nOTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost/v1/traces\nOTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\n" +
			"OTEL_EXPORTER_OTLP_TRACES_HEADERS=Authorization=Bearer%20" + made.Secret + "\n",
	} {
		if env[client] != want {
			t.Errorf("%s: %q, want %q", client, env[client], want)
		}
	}
	shown := must[setup](o, "read", "GET", "/api/projects/a/setup", nil)
	if shown.URL != "http://localhost" || strings.Contains(shown.Clients[0].Env, "trt_") && !strings.Contains(shown.Clients[0].Env, someToken) {
		t.Errorf("for readers %+v", shown)
	}
}

func TestWhereTheServerSaysItIs(t *testing.T) {
	for host, want := range map[string]string{
		"localhost:8080": "http://localhost:8080", "[::1]:8080": "http://[::1]:8080", "traces.example.org": "http://traces.example.org",
		"localhost:$(id)": "http://localhost", "x;id.localhost": "http://localhost", "localhost:": "http://localhost",
	} {
		o := newOffice(t)
		r := newRequest(t, "GET", "/api/projects/a/setup", "Bearer "+o.tokens["read"])
		r.Host = host
		if got := decode[setup](t, o.serve(r)).URL; got != want {
			t.Errorf("Host %q: %s, want %s", host, got, want)
		}
	}
	o := newOffice(t, func(c *Config) { c.URL = "https://traces.example.org/" })
	if got := must[setup](o, "read", "GET", "/api/projects/a/setup", nil); got.URL != "https://traces.example.org" || strings.Contains(got.Clients[0].Code, "AllowInsecure") {
		t.Errorf("as configured: %+v", got)
	}
	plain := setupFor("http://traces.example.org", someToken)
	if !strings.Contains(plain.Clients[0].Code, "AllowInsecure: true") || strings.Contains(setupFor("http://127.0.0.1:1", someToken).Clients[0].Code, "AllowInsecure") {
		t.Error("a token over plain text is allowed where it has to be, and nowhere else")
	}
	for _, bad := range []string{"traces.example.org", "ftp://x", "https://x/y", "https://u:p@x", "https://x?y", "https://a b", "https://"} {
		if _, err := New(Config{Store: o.store, Meta: o.meta, URL: bad}); err == nil || !strings.Contains(err.Error(), "Config.URL") {
			t.Errorf("URL %q: error %v", bad, err)
		}
	}
}

// TestEveryRouteTimesEveryRole walks the table, so a new route is in it by itself.
func TestEveryRouteTimesEveryRole(t *testing.T) {
	o := newOffice(t)
	o.hire("viewer", meta.RoleViewer, "a", false)
	o.hire("member", meta.RoleMember, "a", false)
	o.hire("boss", meta.RoleAdmin, "a", false)
	o.hire("stranger", meta.RoleAdmin, "b", false)
	o.hire("chief", meta.RoleNone, "", true)
	fill := strings.NewReplacer("{p}", "a", "{id}", id1, "{span}", "1", "{key}", "service", "{token}", "none", "{share}", "none", "{user}", "none", "{secret}", "none")
	may := map[string]map[string]bool{ // by need; who is not there is refused
		"known": {"viewer": true, "member": true, "boss": true, "stranger": true, "chief": true},
		"read":  {"viewer": true, "member": true, "boss": true, "chief": true},
		"write": {"member": true, "boss": true, "chief": true},
		"admin": {"boss": true, "chief": true},
		"root":  {"chief": true},
	}
	for _, op := range o.api.table {
		if op.endless || op.Path == "/api/logout" || op.Need.String() == "open" || op.Method == http.MethodDelete && op.Path == "/api/projects/{p}" {
			continue
		}
		inProject := strings.Contains(op.Path, "{p}")
		for who := range may["known"] {
			var body any
			if op.body != nil {
				body = `{"not":"a member"}`
			}
			w := o.ask(who, op.Method, fill.Replace(op.Path), body)
			in := w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden && !(w.Code == http.StatusNotFound && strings.Contains(w.Body.String(), `"message":"no such project"`))
			want := may[op.Need.String()][who] || !inProject && op.Need.String() == "read"
			if op.id == "changePassword" {
				want = true
			}
			if in != want {
				t.Errorf("%v (%v) by %s: %d %s; let in: %t, want %t", op.Route, op.Need, who, w.Code, w.Body, in, want)
			}
			if inProject && who == "stranger" && (w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "no such project")) {
				t.Errorf("%v by an admin of another project: %d %s, want 404 as for a project that is not there", op.Route, w.Code, w.Body)
			}
			if w.Code >= 500 {
				t.Errorf("%v by %s: %d %s", op.Route, who, w.Code, w.Body)
			}
		}
		if w := o.ask("nobody", op.Method, fill.Replace(op.Path), nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%v by nobody: %d", op.Route, w.Code)
		}
	}
}
