package browser

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

// status sends an empty batch of spans with a token.
func (s *Site) status(t *testing.T, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/ai/spans/publish", bytes.NewReader([]byte(`{"spans":[]}`)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // its status is all that counts
	return answer.StatusCode
}

// value waits for a field and returns what is in it.
func (p *Page) value(what string) string {
	p.t.Helper()
	p.WaitFor(what)
	return Eval[string](p, `document.querySelector('`+what+`').value`)
}

func TestATokenIsShownOnceAndWorksUntilItIsRevoked(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{{Name: "ann", Roles: map[string]meta.Role{Samples: meta.RoleAdmin}}}})
	p := Start(t)
	p.LogIn(s, "ann")
	p.Open(s.URL + "/p/samples/settings")
	p.WaitFor("role=table API tokens")
	Axe(t, p)
	p.Click("role=button New token")
	p.Type("role=textbox Label", "checkout")
	Axe(t, p)
	p.Press("Enter")
	secret := p.value(".secret input")
	if !strings.HasPrefix(secret, "trt_") || s.status(t, secret) != http.StatusOK {
		t.Fatalf("the token %.8s… answers %d", secret, s.status(t, secret))
	}
	Axe(t, p)
	for _, block := range []string{"Go, with tailrace", "Mastra 1.x", "Mastra 0.x", "OpenTelemetry, any language"} {
		p.Click("role=tab " + block)
		p.Click("role=button Copy environment")
		if got := p.Clipboard(); !strings.Contains(got, secret) || !strings.Contains(got, s.URL) {
			t.Errorf("%s: copied %q", block, got)
		}
	}
	p.Click("role=button I have it")
	p.WaitFor("text=checkout")
	p.Reload()
	p.WaitFor("text=checkout")
	if Eval[bool](p, `document.documentElement.outerHTML.includes("`+secret+`") || JSON.stringify({...localStorage, ...sessionStorage}).includes("trt_")`) {
		t.Error("the token is still there")
	}
	p.Click("tbody tr:first-child button")
	p.Click("dialog button.danger")
	p.WaitText("tbody tr:first-child td:nth-child(7)", "revoked")
	if got := s.status(t, secret); got != http.StatusUnauthorized {
		t.Errorf("a revoked token answers %d", got)
	}
}

func TestSettingsShowWhatOneMayDo(t *testing.T) {
	roles := func(r meta.Role) map[string]meta.Role { return map[string]meta.Role{Samples: r} }
	s := Server(t, Options{Logins: true, Projects: []string{Samples, "lab"}, Users: []User{
		{Name: "viewer", Roles: roles(meta.RoleViewer)}, {Name: "member", Roles: roles(meta.RoleMember)}, {Name: "admin", Roles: roles(meta.RoleAdmin)}, {Name: "root", Admin: true},
	}})
	for _, c := range []struct {
		user         string
		tabs         []string
		save, remove int
		server       string
	}{
		{"viewer", []string{"Set-up", "General"}, 0, 0, "Your account"},
		{"member", []string{"Set-up", "Share links", "General"}, 0, 0, "Your account"},
		{"admin", []string{"API tokens", "Set-up", "Share links", "Members", "General"}, 1, 0, "Your account"},
		{"root", []string{"API tokens", "Set-up", "Share links", "Members", "General"}, 1, 1, "Server"},
	} {
		p := Start(t)
		p.LogIn(s, c.user)
		p.Open(s.URL + "/p/samples/settings/general")
		p.WaitFor("role=heading What it holds")
		if got := p.Texts(".tabs a"); !slices.Equal(got, c.tabs) {
			t.Errorf("%s has %q", c.user, got)
		}
		if save, remove := p.Count("role=button Save"), p.Count("role=button Delete"); save != c.save || remove != c.remove {
			t.Errorf("%s may save %d and delete %d", c.user, save, remove)
		}
		p.Click("role=link " + c.server)
		if c.user != "root" {
			p.WaitFor("role=heading Your password")
			for _, page := range []string{"/p/samples/settings/tokens", "/settings/users"} {
				if c.user == "admin" && strings.Contains(page, "tokens") {
					continue
				}
				p.Open(s.URL + page)
				p.WaitFor("role=heading There is no such page for you")
			}
			p.Open(s.URL + "/p/lab/settings")
			p.WaitFor("role=heading There is no such project")
		}
	}
}

func TestAProjectFromItsMakingToItsEnd(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{{Name: "root", Admin: true}}})
	p := Start(t)
	p.AllowConsole("400 \\(Bad Request\\)|409 \\(Conflict\\)")
	p.LogIn(s, "root")
	p.Open(s.URL + "/settings")
	p.Click("role=button New project")
	p.Type("role=textbox Name", Samples)
	p.Press("Enter")
	p.WaitFor("text*=there is a project of this name")
	p.Type("role=textbox Name", "checkout")
	p.Choose("role=combobox Keep traces for", "Its own limit")
	p.Type("role=textbox Limit", "1 fortnight")
	p.WaitFor("text=Want something like 30 days.")
	p.Type("role=textbox Limit", "2 weeks")
	p.Press("Enter")
	p.WaitUntil("location.pathname === '/p/checkout/settings/tokens'")
	p.Click("role=link General")
	p.WaitFor("text=14 days")
	p.Type("role=textbox Name", "till")
	p.Choose("role=combobox Keep on disk at most", "Any size")
	p.Click("role=button Save")
	p.WaitUntil("location.pathname === '/p/till/settings/general'")
	type project struct {
		Name      string
		KeepNS    int64 `json:"keep_ns"`
		KeepBytes int64 `json:"keep_bytes"`
	}
	if got := Ask[project](t, s, http.MethodGet, "/api/projects/checkout", nil); got != (project{"till", 14 * 24 * 3600e9, -1}) {
		t.Errorf("the project is %+v", got)
	}
	p.Click("role=button Delete")
	p.Type("role=textbox Type till to confirm", "tilt")
	p.Press("Enter")
	if p.Count("role=dialog") != 1 {
		t.Error("a wrong name deletes")
	}
	p.Type("role=textbox Type till to confirm", "till")
	p.Press("Enter")
	p.WaitUntil("location.pathname === '/p/samples/traces'")
	if got := Eval[[]string](p, `[...document.querySelectorAll("#project option")].map(o => o.value)`); !slices.Equal(got, []string{Samples}) {
		t.Errorf("projects %q", got)
	}
}

func TestUsersAndTheirPasswords(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{{Name: "root", Admin: true}, {Name: "ann"}}})
	p := Start(t)
	p.AllowConsole("400 \\(Bad Request\\)")
	p.LogIn(s, "root")
	p.Open(s.URL + "/settings/users")
	p.Click("role=button New user")
	p.Type("role=textbox Name", "bob")
	p.Type("dialog input[type=password]", "short")
	p.Press("Enter")
	p.WaitFor("text*=want at least 10 characters")
	p.Type("dialog input[type=password]", Password)
	p.Press("Enter")
	p.WaitCount("tbody tr", 3)
	p.Click("tbody tr:first-child button:last-child") // ann
	p.Click("dialog button.danger")
	p.WaitCount("tbody tr", 2)
	Axe(t, p)

	bob := Start(t)
	bob.AllowConsole("40[01] \\((Unauthorized|Bad Request)\\)")
	bob.Open(s.URL + "/login?next=/settings/me")
	bob.typeLogin("bob", Password)
	bob.Type("role=textbox Present password", "not this one")
	bob.Type("role=textbox New password", "another horse 5678")
	bob.Type("role=textbox The new password again", "another horse 5678")
	bob.Press("Enter")
	bob.WaitFor("text=is not your password")
	bob.Type("role=textbox Present password", Password)
	bob.Press("Enter")
	bob.WaitFor("text=Your password is changed.")
	Axe(t, bob)
	bob.Click("role=button Log out")
	bob.WaitFor("role=heading Log in")
	bob.typeLogin("bob", "another horse 5678")
	bob.WaitFor("role=heading There is no project yet")
}

// TestSettingsAreForEverybody looks at each page in both themes, on a large and on a small screen.
func TestSettingsAreForEverybody(t *testing.T) {
	s := Server(t, Options{})
	Ask[any](t, s, http.MethodPost, "/api/users", map[string]any{"name": "bob", "password": Password})
	Ask[any](t, s, http.MethodPut, "/api/projects/samples/members/bob", map[string]any{"role": "member"})
	Ask[any](t, s, http.MethodPost, "/api/projects/samples/invites", map[string]any{"role": "member"})
	s.PutCaptured(t, Samples)
	Ask[any](t, s, http.MethodPost, "/api/projects/samples/shares", map[string]any{"trace_id": firstTrace(t, s)})
	p := Start(t)
	p.SetReducedMotion(true) // colours change at once
	for path, sign := range map[string]string{
		"/p/samples/settings/tokens": "role=table API tokens", "/p/samples/settings/setup": "role=tabpanel", "/p/samples/settings/shares": "role=table Share links",
		"/p/samples/settings/members": "role=table Open invitations", "/p/samples/settings/general": "role=heading Settings",
		"/settings/projects": "role=table Projects", "/settings/users": "role=table Users", "/settings/tokens": "role=table API tokens",
	} {
		p.SetViewport(1280, 900, false)
		p.SetDark(false)
		p.Open(s.URL + path)
		p.WaitFor(sign)
		Axe(t, p)
		p.SetDark(true)
		p.SetViewport(390, 844, true)
		Axe(t, p)
		if got := Eval[int](p, "document.documentElement.scrollWidth"); got > 390 {
			t.Errorf("%s is %d wide on a telephone", path, got)
		}
	}
}

// firstTrace is the id of a trace of the project.
func firstTrace(t *testing.T, s *Site) string {
	t.Helper()
	type list struct {
		Traces []struct {
			ID string `json:"trace_id"`
		}
	}
	all := Ask[list](t, s, http.MethodGet, "/api/projects/samples/traces", nil).Traces
	if len(all) == 0 {
		t.Fatal("there are no traces")
	}
	return all[0].ID
}
