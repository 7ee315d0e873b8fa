package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// TestASecretIsShownOnce makes one secret of each kind, then asks for everything, right and wrong, and searches what was
// answered and logged.
func TestASecretIsShownOnce(t *testing.T) {
	o := newOffice(t)
	o.secretive(id1)
	const first, second, third = "first-pass-canary-1", "second-pass-canary-2", "third-pass-canary-3"
	must[userInfo](o, "root", "POST", "/api/users", newUser{Name: "ann", Password: first, Admin: true})
	invite := must[inviteSecret](o, "root", "POST", "/api/projects/a/invites", newInvite{Role: "viewer"}).Secret
	unused := must[inviteSecret](o, "root", "POST", "/api/projects/a/invites", newInvite{Role: "viewer"}).Secret
	share := must[shareSecret](o, "root", "POST", "/api/projects/a/shares", newShare{TraceID: id1}).Secret
	token := must[tokenSecret](o, "root", "POST", "/api/projects/a/tokens", newToken{Scope: "ingest,read,admin"}).Secret
	rooty := must[tokenSecret](o, "root", "POST", "/api/tokens", newToken{Scope: "read,admin"}).Secret
	if o.login("ann", first) != http.StatusOK {
		t.Fatal("ann cannot log in")
	}
	session := strings.TrimPrefix(o.cookies["ann"], access.CookieName+"=")
	secrets := []string{first, second, third, invite, unused, share, token, rooty, session}
	for _, s := range o.tokens {
		secrets = append(secrets, s)
	}
	o.answers.Reset()
	o.tokens["token"], o.tokens["rooty"] = token, rooty

	everything := func() {
		fill := strings.NewReplacer("{p}", "a", "{id}", id1, "{span}", "1", "{key}", "service", "{token}", token, "{share}", share, "{invite}", unused, "{user}", first, "{secret}", share)
		for _, op := range o.api.table {
			if op.Path == "/api/logout" || op.endless || op.Method == http.MethodDelete && strings.HasSuffix(op.Path, "/{p}") || op.Path == traceA+"/{id}" {
				continue
			}
			for _, who := range []string{"ann", "token"} {
				if op.Method == http.MethodDelete && strings.Contains(op.Path, "{id}") {
					continue
				}
				path := fill.Replace(op.Path)
				if op.body == nil {
					o.ask(who, op.Method, path, nil)
					o.ask(who, op.Method, path+"?secret="+token, nil)
					continue
				}
				for _, member := range []string{"name", "label", "user", "password", "role", "expires", "scope", "trace_id", "content", "old", "keep_ns"} {
					for _, secret := range []string{token, session} {
						o.ask(who, op.Method, path, `{"`+member+`":"`+secret+`"}`)
						o.ask(who, op.Method, path, `{"`+member+`":["`+secret+`"]}`)
					}
				}
				o.ask(who, op.Method, path, `"`+token+`"`)
				o.ask(who, op.Method, path, `{"name":"x"}`+token)
			}
		}
	}
	must[userInfo](o, "", "POST", "/api/invites/"+invite, credentials{"bob", third})
	for _, c := range []credentials{{first, "x"}, {token, token}, {"bob", first}, {"bob", third}} {
		o.ask("", "POST", "/api/login", c)
	}
	o.ask("ann", "POST", "/api/me/password", passwordChange{second, third})
	o.ask("ann", "POST", "/api/invites/"+invite, credentials{"eve", second})
	o.ask("", "GET", "/api/share/"+share, nil)
	o.ask("", "GET", "/api/share/"+token, nil)
	everything()
	o.clock.pass(time.Minute) // the limits have been met
	w := o.done("ann", "POST", "/api/me/password", passwordChange{first, second})
	o.cookies["ann"] = access.CookieName + "=" + w.Result().Cookies()[0].Value
	secrets = append(secrets, w.Result().Cookies()[0].Value)

	if err := o.meta.Close(); err != nil { // from here on everything fails
		t.Fatal(err)
	}
	failures := strings.Count(o.journal.String(), `"level":"ERROR"`)
	everything()
	o.ask("", "POST", "/api/login", credentials{"bob", third})
	o.ask("", "GET", "/api/share/"+share, nil)
	o.ask("", "POST", "/api/invites/"+unused, credentials{"eve", third})
	if strings.Count(o.journal.String(), `"level":"ERROR"`) == failures {
		t.Error("nothing failed: the test proves less than it says")
	}
	log, answers := o.journal.String(), o.answers.String()
	for _, secret := range secrets {
		for where, text := range map[string]string{"the log": log, "an answer": answers} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%.8s… is in %s: %s", secret, where, text[max(0, i-200):i])
			}
		}
	}
	if len(answers) < 10_000 || len(log) < 1000 {
		t.Errorf("%d bytes of answers, %d of log: is this looking at the right place?", len(answers), len(log))
	}
}

func TestEveryChangeOfSettingsIsLogged(t *testing.T) {
	o := newOffice(t)
	o.trace("a", id1, "answer", noon)
	boss := o.hire("boss", meta.RoleAdmin, "a", false)
	admin, err := o.meta.Token(t.Context(), o.tokens["root"])
	if err != nil {
		t.Fatal(err)
	}
	step := func(who, what string, ids ...string) {
		t.Helper()
		last := ""
		for line := range strings.Lines(o.journal.String()) {
			if strings.Contains(line, `"level":"INFO"`) { // requests are at DEBUG
				last = line
			}
		}
		by := map[string]string{"boss": "user:" + boss.ID, "root": "token:" + admin.ID, "": "nobody"}[who]
		for _, want := range append([]string{`"msg":"` + what + `"`, `"by":"` + by + `"`, `"from":"192.0.2.1"`}, ids...) {
			if !strings.Contains(last, want) {
				t.Errorf("%s: the log says %s, want %s in it", what, last, want)
			}
		}
	}
	p := must[projectInfo](o, "root", "POST", "/api/projects", newProject{Name: "c"})
	step("root", "project created", `"project":"c"`)
	must[projectInfo](o, "root", "PATCH", "/api/projects/c", `{"quota":5}`)
	step("root", "project changed", `"project":"c"`)
	o.done("root", "DELETE", "/api/projects/"+p.ID, nil)
	step("root", "project deleted", `"project":"c"`)
	token := must[tokenSecret](o, "boss", "POST", "/api/projects/a/tokens", newToken{Scope: "read"}).Token
	step("boss", "token created", `"token":"`+token.ID, `"project":"a"`, `"scope":"read"`)
	o.done("boss", "DELETE", "/api/projects/a/tokens/"+token.ID, nil)
	step("boss", "token revoked", `"token":"`+token.ID)
	share := must[shareSecret](o, "boss", "POST", "/api/projects/a/shares", newShare{TraceID: id1}).Share
	step("boss", "share created", `"share":"`+share.ID, `"trace":"`+id1, `"content":false`)
	o.done("boss", "DELETE", "/api/projects/a/shares/"+share.ID, nil)
	step("boss", "share revoked", `"share":"`+share.ID)
	u := must[userInfo](o, "root", "POST", "/api/users", newUser{Name: "eve", Password: password})
	step("root", "user created", `"user":"`+u.ID, `"admin":false`)
	must[member](o, "boss", "PUT", "/api/projects/a/members/eve", newRole{Role: "viewer"})
	step("boss", "member set", `"user":"`+u.ID, `"role":"viewer"`, `"project":"a"`)
	o.done("boss", "DELETE", "/api/projects/a/members/eve", nil)
	step("boss", "member removed", `"user":"`+u.ID)
	must[userInfo](o, "root", "PATCH", "/api/users/eve", `{"admin":true}`)
	step("root", "user changed", `"user":"`+u.ID, `"admin":true`)
	must[userInfo](o, "root", "PATCH", "/api/users/eve", `{"password":"a different one"}`)
	step("root", "password changed", `"user":"`+u.ID)
	o.login("eve", "a different one")
	step("", "logged in", `"user":"`+u.ID)
	o.login("eve", "not this one")
	if last := o.journal.String(); !strings.Contains(last, `"msg":"login failed","from":"192.0.2.1"`) {
		t.Errorf("a failed login: %s", last)
	}
	o.done("root", "DELETE", "/api/users/eve", nil)
	step("root", "user deleted", `"user":"`+u.ID)
	gone := must[inviteSecret](o, "boss", "POST", "/api/projects/a/invites", newInvite{Role: "viewer"}).ID
	o.done("boss", "DELETE", "/api/projects/a/invites/"+gone, nil)
	step("boss", "invitation revoked", `"invitation":"`+gone, `"project":"a"`)
	invite := must[inviteSecret](o, "boss", "POST", "/api/projects/a/invites", newInvite{Role: "member"}).Secret
	step("boss", "invitation created", `"project":"a"`, `"role":"member"`)
	v := must[userInfo](o, "", "POST", "/api/invites/"+invite, credentials{"viv", password})
	step("", "invitation taken", `"user":"`+v.ID)
}

func FuzzBodies(f *testing.F) {
	o := newOffice(f)
	o.secretive(id1)
	o.hire("ann", meta.RoleAdmin, "a", true)
	var ops []operation
	for _, op := range o.api.table {
		if op.body != nil {
			ops = append(ops, op)
		}
	}
	for i := range ops {
		for _, body := range []string{
			`{}`, `{"name":"c","keep_ns":-1,"keep_bytes":0,"quota":1}`, `{"scope":"ingest,read","label":"x","expires":"2027-01-01T00:00:00Z"}`, `{"user":"bob","password":"1234567890"}`,
			`{"trace_id":"` + id1 + `","content":true}`, `{"role":"viewer","expires":null}`, `{"old":"","new":""}`, `{"name":"\ud800"}`, `[`, `{"a":{"b":1}}`, `{"":0}`, `null`, `{"quota":1e400}`, `{"quota":9223372036854775808}`,
		} {
			f.Add(uint8(i), body)
		}
	}
	fill := strings.NewReplacer("{p}", "a", "{user}", "ann", "{secret}", "trh_x")
	f.Fuzz(func(t *testing.T, i uint8, body string) {
		o.t = t
		o.clock.pass(10 * time.Second) // so that no limit is met
		op := ops[int(i)%len(ops)]
		w := o.ask("root", op.Method, fill.Replace(op.Path), body)
		o.answers.Reset()
		if w.Code >= 500 || w.Code == 429 {
			t.Errorf("%v with %q: %d %s", op.Route, body, w.Code, w.Body)
		}
		if w.Code == http.StatusBadRequest && !strings.Contains(w.Body.String(), `"field":"`) {
			t.Errorf("%v with %q: %s names no field", op.Route, body, w.Body)
		}
	})
}
