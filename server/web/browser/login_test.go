package browser

import (
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

const (
	nameField     = "role=textbox Name"
	passwordField = "input[type=password]"
)

// typeLogin fills the form and sends it.
func (p *Page) typeLogin(user, password string) {
	p.t.Helper()
	p.Type(nameField, user)
	p.Type(passwordField, password)
	p.Press("Enter")
}

func TestALoginLeadsToWhereOneWanted(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{{Name: "ann", Roles: map[string]meta.Role{Samples: meta.RoleViewer}}}})
	p := Start(t)
	p.AllowConsole("401 \\(Unauthorized\\)")
	p.Open(s.URL + "/p/samples/settings/general?x=1")
	p.WaitFor("role=heading Log in")
	if got := p.Focused(); got != "textbox Name" {
		t.Errorf("the focus is on %q", got)
	}
	Axe(t, p)
	p.SetReducedMotion(true) // colours change at once
	p.SetDark(true)
	Axe(t, p)
	for _, wrong := range [][2]string{{"ann", "not this one"}, {"nobody", Password}} {
		p.typeLogin(wrong[0], wrong[1])
		p.WaitFor("role=alert")
		if got := p.Text("role=alert"); got != "That name and password do not belong together." {
			t.Errorf("%s: %q", wrong[0], got)
		}
	}
	p.typeLogin("ann", Password)
	p.WaitFor("role=heading What it holds")
	if got := strings.TrimPrefix(p.URL(), s.URL); got != "/p/samples/settings/general?x=1" {
		t.Errorf("after the login at %s", got)
	}
	p.Click("role=button Log out")
	p.WaitFor("role=heading Log in")
	p.Open(s.URL + "/p/samples/settings/general")
	p.WaitFor("role=heading Log in")
}

// TestALoginStaysOnThisServer follows links that others have made.
func TestALoginStaysOnThisServer(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{{Name: "ann", Roles: map[string]meta.Role{Samples: meta.RoleViewer}}}})
	for _, next := range []string{"//evil.example/x", "https://evil.example", "/\\evil.example", "%2F%2Fevil.example", "/%09/evil.example", "javascript:alert(1)"} {
		p := Start(t)
		p.Open(s.URL + "/login?next=" + next)
		p.typeLogin("ann", Password)
		p.WaitUntil("location.pathname === '/p/samples/traces'")
	}
}

func TestTooManyWrongPasswords(t *testing.T) {
	s := Server(t, Options{Logins: true})
	p := Start(t)
	p.AllowConsole("401 \\(Unauthorized\\)|429 \\(Too Many Requests\\)")
	p.Open(s.URL + "/login")
	// One after the other: those that wait for each other have a limit of their own.
	if got := Eval[int](p, `(async () => {
		for (let i = 0; i < 10; i++) await fetch("/api/login", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"user":"ann","password":"wrong"}'})
		return 10
	})()`); got != 10 {
		t.Fatal(got)
	}
	p.typeLogin("ann", "wrong again")
	p.WaitFor("text*=Too many tries. Try again in")
}

// TestTheFirstMinuteOfAServer goes from what `tailrace serve` prints to a token.
func TestTheFirstMinuteOfAServer(t *testing.T) {
	s := Server(t, Options{First: true})
	p := Start(t)
	p.AllowConsole("40[14] \\((Unauthorized|Not Found)\\)|400 \\(Bad Request\\)")
	p.Open(s.URL)
	p.WaitFor("text*=prints a link that makes the first user")
	p.Open(s.Invite)
	p.WaitFor("role=heading Welcome")
	Axe(t, p)
	p.Type(nameField, "ann")
	p.Type(passwordField, "short")
	p.Type("role=textbox The password again", "shorty")
	p.WaitFor("text=It is not the same.")
	p.Type("role=textbox The password again", "short")
	p.Press("Enter")
	p.WaitFor("text*=want at least 10 characters")
	p.Type(passwordField, Password)
	p.Type("role=textbox The password again", Password)
	p.Press("Enter")
	p.WaitUntil("location.pathname === '/p/default/traces'")
	p.Click("role=link Project, API tokens")
	p.WaitFor("text=first start")
	p.Click("role=link Server")
	p.WaitFor("role=table Projects")

	other := Start(t)
	other.AllowConsole("404 \\(Not Found\\)")
	other.Open(s.Invite)
	other.WaitFor("role=heading This invitation does not work")
	Axe(t, other)
}

func TestAnInvitedPersonComesIn(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{{Name: "ann", Roles: map[string]meta.Role{Samples: meta.RoleAdmin}}}})
	admin := Start(t)
	admin.LogIn(s, "ann")
	admin.Open(s.URL + "/p/samples/settings/members")
	invite := func() string {
		admin.Click("role=button Invite by link")
		admin.Choose("role=combobox Role", "viewer: looks at traces and metrics")
		admin.Click("role=button Make the link")
		link := Eval[string](admin, `new Promise(done => { const look = () => { const e = document.querySelector(".secret input"); e ? done(e.value) : setTimeout(look, 20) }; look() })`)
		admin.Click("role=button I have it")
		return link
	}
	link := invite()
	if !strings.HasPrefix(link, s.URL+"/invite/tri_") {
		t.Fatalf("the link is %q", link)
	}
	admin.WaitFor("role=table Open invitations")

	p := Start(t)
	p.AllowConsole("409 \\(Conflict\\)")
	p.Open(link)
	p.WaitFor("role=heading You are invited")
	p.Type(nameField, "ann")
	p.Type(passwordField, Password)
	p.Type("role=textbox The password again", Password)
	p.Press("Enter")
	p.WaitFor("text*=there is a user of this name")
	p.Type(nameField, "bob")
	p.Press("Enter")
	p.WaitUntil("location.pathname === '/p/samples/traces'")
	p.Click("role=link Your account")
	p.WaitFor("role=heading Your password")

	admin.Reload()
	admin.WaitCount("table[aria-label=Members] tbody tr", 2)
	admin.WaitGone("role=table Open invitations")
	link = invite()
	admin.Click("role=button Revoke")
	admin.WaitGone("role=table Open invitations")
	late := Start(t)
	late.AllowConsole("404 \\(Not Found\\)")
	late.Open(link)
	late.WaitFor("role=heading This invitation does not work")

	admin.Choose("role=combobox Role of bob", "member")
	admin.WaitUntil(`fetch("/api/projects/samples/members").then(a => a.json()).then(r => r.members[1].role === "member")`)
	admin.Click("tbody tr:nth-child(2) button")
	admin.Click("dialog button.danger")
	admin.WaitCount("table[aria-label=Members] tbody tr", 1)
}
