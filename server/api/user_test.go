package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// login asks for a session and keeps its cookie under the name of the user.
func (o *office) login(user, password string) int {
	o.t.Helper()
	w := o.ask("", "POST", "/api/login", credentials{user, password})
	if w.Code != http.StatusOK {
		return w.Code
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != access.CookieName || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		o.t.Fatalf("cookies %v", cookies)
	}
	if strings.Contains(w.Body.String(), cookies[0].Value) {
		o.t.Error("the secret of the session is in the body")
	}
	o.cookies[user] = cookies[0].Name + "=" + cookies[0].Value
	return w.Code
}

func TestFromTheFirstUserToAnInvitedOne(t *testing.T) {
	o := newOffice(t)
	first := must[userInfo](o, "root", "POST", "/api/users", newUser{Name: "ann", Password: password, Admin: true})
	if first.Name != "ann" || !first.Admin || first.ID == "" {
		t.Fatalf("made %+v", first)
	}
	if code := o.login("ann", password); code != http.StatusOK {
		t.Fatalf("login: %d", code)
	}
	mine := must[me](o, "ann", "GET", "/api/me", nil)
	if mine.User == nil || *mine.User != first || mine.Token != nil || mine.Open || !mine.Root || len(mine.Projects) != 2 || *mine.Projects[0].Role != "admin" || len(mine.Projects[0].May) != 3 {
		t.Errorf("me %+v", mine)
	}
	invite := must[inviteSecret](o, "ann", "POST", "/api/projects/a/invites", `{"role":"member"}`)
	if invite.Project != "a" || invite.Role != "member" || !invite.Expires.Equal(noon.Add(inviteFor)) || invite.URL != "http://localhost/invite/"+invite.Secret {
		t.Errorf("invited %+v", invite)
	}
	path := "/api/invites/" + invite.Secret
	if open := must[openInvite](o, "", "GET", path, nil); *open.Project != "a" || open.Role != "member" || !open.Expires.Equal(invite.Expires) {
		t.Errorf("who has the link sees %+v", open)
	}
	o.refuses("", "POST", path, credentials{"ann", password}, http.StatusConflict, "user")
	o.refuses("", "POST", path, credentials{"bob", "short"}, http.StatusBadRequest, "password")
	o.refuses("", "POST", path, credentials{"", password}, http.StatusBadRequest, "user")
	o.refuses("", "POST", path, `{"user":"bob","password":"`+password+`","admin":true}`, http.StatusBadRequest, "admin")
	bob := must[userInfo](o, "", "POST", path, credentials{"bob", password})
	if bob.Admin {
		t.Errorf("an invited user is %+v", bob)
	}
	o.refuses("", "POST", path, credentials{"eve", password}, http.StatusNotFound, "")
	if o.login("bob", password) != http.StatusOK {
		t.Fatal("bob cannot log in")
	}
	mine = must[me](o, "bob", "GET", "/api/me", nil)
	if mine.Root || len(mine.Projects) != 1 || mine.Projects[0].ID != "a" || *mine.Projects[0].Role != "member" || strings.Join(mine.Projects[0].May, " ") != "read write" {
		t.Errorf("bob is %+v", mine)
	}
	members := must[memberList](o, "ann", "GET", "/api/projects/a/members", nil).Members
	if len(members) != 1 || members[0].User != bob || members[0].Role != "member" {
		t.Errorf("members %+v", members)
	}
}

func TestMeAsAToken(t *testing.T) {
	o := newOffice(t)
	mine := must[me](o, "ingest", "GET", "/api/me", nil)
	if mine.User != nil || mine.Token == nil || mine.Token.Scope != "ingest" || len(mine.Projects) != 1 || mine.Projects[0].Role != nil || strings.Join(mine.Projects[0].May, " ") != "ingest" {
		t.Errorf("me %+v", mine)
	}
	o.refuses("ingest", "POST", "/api/me/password", passwordChange{password, password + "5"}, http.StatusForbidden, "")
	o.refuses("", "GET", "/api/me", nil, http.StatusUnauthorized, "")
	open, err := access.NewRouter(access.Config{DB: o.meta, Nobody: "a", Now: o.clock.Now}, o.api.Routes()...)
	if err != nil {
		t.Fatal(err)
	}
	o.router = open
	if mine := must[me](o, "", "GET", "/api/me", nil); !mine.Open || !mine.Root || mine.User != nil || mine.Token != nil || len(mine.Projects) != 2 {
		t.Errorf("where nobody has to show anything: %+v", mine)
	}
}

func TestMembersAndRoles(t *testing.T) {
	o := newOffice(t)
	bob := o.hire("bob", meta.RoleNone, "", false)
	o.hire("boss", meta.RoleAdmin, "a", false)
	const members = "/api/projects/a/members/"
	o.refuses("bob", "GET", "/api/projects/a", nil, http.StatusNotFound, "")
	if set := must[member](o, "boss", "PUT", members+"bob", `{"role":"viewer"}`); set.User.ID != bob.ID || set.Role != "viewer" {
		t.Errorf("set %+v", set)
	}
	must[projectInfo](o, "bob", "GET", "/api/projects/a", nil)
	o.refuses("bob", "POST", "/api/projects/a/shares", `{"trace_id":"1"}`, http.StatusForbidden, "")
	o.refuses("bob", "DELETE", "/api/projects/a/traces/1", nil, http.StatusForbidden, "")
	must[member](o, "boss", "PUT", members+bob.ID, `{"role":"member"}`)
	o.refuses("bob", "POST", "/api/projects/a/shares", `{"trace_id":"1"}`, http.StatusNotFound, "") // no such trace
	for body, field := range map[string]string{`{}`: "role", `{"role":"owner"}`: "role", `{"role":"viewer","project":"b"}`: "project"} {
		o.refuses("boss", "PUT", members+"bob", body, http.StatusBadRequest, field)
	}
	o.refuses("boss", "PUT", members+"eve", `{"role":"viewer"}`, http.StatusNotFound, "")
	o.refuses("boss", "PUT", "/api/projects/b/members/bob", `{"role":"viewer"}`, http.StatusNotFound, "")
	o.refuses("boss", "PATCH", "/api/users/boss", `{"admin":true}`, http.StatusForbidden, "")
	o.done("boss", "DELETE", members+"bob", nil)
	o.refuses("boss", "DELETE", members+"bob", nil, http.StatusNotFound, "")
	o.refuses("bob", "GET", "/api/projects/a", nil, http.StatusNotFound, "")
}

func TestUsers(t *testing.T) {
	o := newOffice(t)
	must[userInfo](o, "root", "POST", "/api/users", newUser{Name: "ann", Password: password})
	if o.login("ann", password) != http.StatusOK {
		t.Fatal("ann cannot log in")
	}
	if changed := must[userInfo](o, "root", "PATCH", "/api/users/ann", `{"admin":true}`); !changed.Admin {
		t.Errorf("changed %+v", changed)
	}
	if all := must[userList](o, "ann", "GET", "/api/users", nil).Users; len(all) != 1 || !all[0].Admin {
		t.Errorf("users %+v", all)
	}
	must[userInfo](o, "root", "PATCH", "/api/users/ann", `{"password":"another one entirely"}`)
	o.refuses("ann", "GET", "/api/me", nil, http.StatusUnauthorized, "")
	if o.login("ann", password) != http.StatusUnauthorized || o.login("ann", "another one entirely") != http.StatusOK {
		t.Error("the password was not changed")
	}
	for body, field := range map[string]string{
		`{"name":"bob","password":"123456789"}`:                                  "password",
		`{"name":"bob","password":"` + strings.Repeat("x", maxPassword+1) + `"}`: "password",
		`{"name":"bob the builder","password":"Bob The Builder"}`:                "password",
		`{"name":"","password":"` + password + `"}`:                              "name",
		`{"name":"b\u001b[31mob","password":"` + password + `"}`:                 "name",
		`{"name":"bob","password":"` + password + `","hash":"x"}`:                "hash",
	} {
		o.refuses("root", "POST", "/api/users", body, http.StatusBadRequest, field)
	}
	o.refuses("root", "POST", "/api/users", newUser{Name: "ann", Password: password}, http.StatusConflict, "name")
	o.done("root", "DELETE", "/api/users/ann", nil)
	o.refuses("ann", "GET", "/api/me", nil, http.StatusUnauthorized, "")
	o.refuses("root", "DELETE", "/api/users/ann", nil, http.StatusNotFound, "")
}

func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	o := newOffice(t)
	must[userInfo](o, "root", "POST", "/api/users", newUser{Name: "ann", Password: password})
	o.login("ann", password)
	o.cookies["elsewhere"] = o.cookies["ann"]
	o.login("ann", password)
	const path, better = "/api/me/password", "a much better one"
	o.refuses("ann", "POST", path, passwordChange{"not this one", better}, http.StatusBadRequest, "old")
	o.refuses("ann", "POST", path, passwordChange{password, "short"}, http.StatusBadRequest, "new")
	o.refuses("ann", "POST", path, passwordChange{password, "ann"}, http.StatusBadRequest, "new")
	w := o.done("ann", "POST", path, passwordChange{password, better})
	o.refuses("elsewhere", "GET", "/api/me", nil, http.StatusUnauthorized, "")
	o.refuses("ann", "GET", "/api/me", nil, http.StatusUnauthorized, "")
	cookie := w.Result().Cookies()[0]
	o.cookies["ann"] = cookie.Name + "=" + cookie.Value
	must[me](o, "ann", "GET", "/api/me", nil)
	if w := o.done("ann", "POST", "/api/logout", nil); w.Result().Cookies()[0].MaxAge != -1 {
		t.Error("the browser keeps the cookie")
	}
	o.refuses("ann", "GET", "/api/me", nil, http.StatusUnauthorized, "")
	o.done("read", "POST", "/api/logout", nil) // a token has no session
}

func TestWrongLoginsAreTheSameAndFew(t *testing.T) {
	o := newOffice(t)
	must[userInfo](o, "root", "POST", "/api/users", newUser{Name: "ann", Password: password})
	wrong := o.ask("", "POST", "/api/login", credentials{"ann", "not this one"})
	nobody := o.ask("", "POST", "/api/login", credentials{"nobody", "not this one"})
	if wrong.Code != http.StatusUnauthorized || nobody.Code != wrong.Code || nobody.Body.String() != wrong.Body.String() {
		t.Errorf("a wrong password: %d %s; a name that nobody has: %d %s", wrong.Code, wrong.Body, nobody.Code, nobody.Body)
	}
	o.refuses("", "POST", "/api/login", `{"user":"ann"}`, http.StatusUnauthorized, "")
	for range 7 {
		o.refuses("", "POST", "/api/login", credentials{"ann", ""}, http.StatusUnauthorized, "")
	}
	w := o.ask("", "POST", "/api/login", credentials{"ann", password})
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("after ten wrong ones: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	o.clock.pass(10 * time.Second)
	if code := o.login("ann", password); code != http.StatusOK {
		t.Errorf("ten seconds later: %d", code)
	}
}

func TestInvitationsAreListedAndRevoked(t *testing.T) {
	o := newOffice(t)
	ann := o.hire("ann", meta.RoleAdmin, "a", false)
	first := must[inviteSecret](o, "ann", "POST", "/api/projects/a/invites", `{"role":"viewer"}`)
	second := must[inviteSecret](o, "admin", "POST", "/api/projects/a/invites", `{"role":"admin","expires":"2026-11-22T13:00:00Z"}`)
	all := must[inviteList](o, "ann", "GET", "/api/projects/a/invites", nil).Invites
	if len(all) != 2 || all[0].ID != second.ID || all[0].Role != "admin" || !strings.HasPrefix(all[0].Author, "token:") || all[1].ID != first.ID || all[1].Author != ann.Name {
		t.Fatalf("invitations %+v", all)
	}
	o.refuses("other", "DELETE", "/api/projects/b/invites/"+first.ID, nil, http.StatusNotFound, "")
	o.refuses("ann", "DELETE", "/api/projects/a/invites/"+first.Secret, nil, http.StatusNotFound, "")
	o.done("ann", "DELETE", "/api/projects/a/invites/"+first.ID, nil)
	o.refuses("ann", "DELETE", "/api/projects/a/invites/"+first.ID, nil, http.StatusNotFound, "")
	o.refuses("", "GET", "/api/invites/"+first.Secret, nil, http.StatusNotFound, "")
	o.refuses("", "POST", "/api/invites/"+first.Secret, credentials{"bob", password}, http.StatusNotFound, "")
	o.clock.pass(time.Hour)
	if all := must[inviteList](o, "ann", "GET", "/api/projects/a/invites", nil).Invites; len(all) != 0 {
		t.Errorf("revoked or over: %+v", all)
	}
}

func TestAnInvitationToTheServerMakesItsAdmin(t *testing.T) {
	o := newOffice(t)
	_, secret, err := o.meta.CreateInvite(t.Context(), meta.Invite{Expires: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if open := must[openInvite](o, "", "GET", "/api/invites/"+secret, nil); open.Project != nil || open.Role != "admin" {
		t.Errorf("who has the link sees %+v", open)
	}
	if u := must[userInfo](o, "", "POST", "/api/invites/"+secret, credentials{"ann", password}); !u.Admin {
		t.Errorf("made %+v", u)
	}
	if code := o.login("ann", password); code != http.StatusOK {
		t.Fatalf("login: %d", code)
	}
	if mine := must[me](o, "ann", "GET", "/api/me", nil); !mine.Root || len(mine.Projects) != 2 {
		t.Errorf("me %+v", mine)
	}
	o.refuses("", "POST", "/api/invites/"+secret, credentials{"eve", password}, http.StatusNotFound, "")
}

func TestInvitationsThatDoNotWork(t *testing.T) {
	o := newOffice(t)
	for body, field := range map[string]string{
		`{}`: "role", `{"role":"root"}`: "role", `{"role":"viewer","expires":"2027-11-22T12:00:00Z"}`: "expires", `{"role":"viewer","expires":"2026-11-22T11:00:00Z"}`: "expires",
	} {
		o.refuses("admin", "POST", "/api/projects/a/invites", body, http.StatusBadRequest, field)
	}
	over := must[inviteSecret](o, "admin", "POST", "/api/projects/a/invites", `{"role":"viewer","expires":"2026-11-22T13:00:00Z"}`)
	o.clock.pass(time.Hour)
	want := ""
	for _, secret := range []string{over.Secret, "tri_" + strings.Repeat("A", 43), ":secret", "%3Asecret", "*", strings.Repeat("x", 10<<10)} {
		w := o.ask("", "POST", "/api/invites/"+secret, credentials{"bob", password})
		if want == "" {
			want = w.Body.String()
		}
		if w.Code != http.StatusNotFound || w.Body.String() != want {
			t.Errorf("%.20s: %d %s, want 404 %s", secret, w.Code, w.Body, want)
		}
	}
	for range 2 {
		o.refuses("", "POST", "/api/invites/x", credentials{}, http.StatusNotFound, "")
		o.refuses("", "GET", "/api/invites/x", nil, http.StatusNotFound, "")
	}
	if w := o.ask("", "POST", "/api/invites/x", credentials{}); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("the eleventh guess: %d", w.Code)
	}
}
