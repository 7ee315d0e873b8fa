package meta_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

type clock struct{ now time.Time }

func open(t *testing.T, dir string) (*meta.DB, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	d, err := meta.Open(meta.Config{Dir: dir, Now: func() time.Time { return c.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, c
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestProjects(t *testing.T) {
	d, _ := open(t, t.TempDir())
	p := must(d.CreateProject(ctx, "support", store.Limits{KeepFor: time.Hour}))(t)
	odd := must(d.CreateProject(ctx, "../über uns", store.Limits{}))(t)
	if p.ID != "support" || store.CheckProject(odd.ID) != nil {
		t.Errorf("ids %q and %q", p.ID, odd.ID)
	}
	if _, err := d.CreateProject(ctx, "support", store.Limits{}); !errors.Is(err, meta.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
	if found := must(d.Project(ctx, "../über uns"))(t); found != odd {
		t.Errorf("by name: %+v, want %+v", found, odd)
	}
	if err := d.SetLimits(ctx, p.ID, store.Limits{KeepBytes: 7}); err != nil {
		t.Fatal(err)
	}
	if all := must(d.Projects(ctx))(t); len(all) != 2 || all[1].Limits != (store.Limits{KeepBytes: 7}) {
		t.Errorf("all %+v", all)
	}
	_, secret, err := d.CreateToken(ctx, meta.Token{Project: p.ID, Scope: meta.ScopeRead})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteProject(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(ctx, secret); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("a token of a deleted project: %v", err)
	}
	if err := d.DeleteProject(ctx, p.ID); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestTokens(t *testing.T) {
	d, c := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	scope := must(meta.ParseScope("ingest, read"))(t)
	made, secret, err := d.CreateToken(ctx, meta.Token{Project: "p", Scope: scope, Label: "ci", Expires: c.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	second, other, err := d.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeIngest}) // for rotation
	if err != nil || other == secret {
		t.Fatal(err)
	}
	found := must(d.Token(ctx, secret))(t)
	if found.ID != made.ID || found.Scope.String() != "ingest,read" || !found.Scope.Has(meta.ScopeRead) || found.Scope.Has(meta.ScopeAdmin) {
		t.Errorf("found %+v", found)
	}
	if all := must(d.Tokens(ctx, "p"))(t); len(all) != 2 || all[0].Used.IsZero() && all[1].Used.IsZero() {
		t.Errorf("last use is not noted: %+v", all)
	}
	for _, wrong := range []string{"", "trt_", secret + "A", secret[:len(secret)-1], "trs_" + secret[4:], strings.ToUpper(secret), "*", ":key", strings.Repeat("x", 10_000)} {
		if _, err := d.Token(ctx, wrong); !errors.Is(err, meta.ErrSecret) {
			t.Errorf("secret %.20q: %v", wrong, err)
		}
	}
	if err := d.RevokeToken(ctx, "q", second.ID); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("revoked through another project: %v", err)
	}
	if err := d.RevokeToken(ctx, "p", second.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(ctx, other); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("revoked: %v", err)
	}
	c.now = c.now.Add(time.Hour)
	if _, err := d.Token(ctx, secret); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("expired: %v", err)
	}
	for _, bad := range []string{"", "write", "ingest,,read"} {
		if _, err := meta.ParseScope(bad); err == nil {
			t.Errorf("scope %q: no error", bad)
		}
	}
	if _, _, err := d.CreateToken(ctx, meta.Token{Project: "nowhere", Scope: meta.ScopeRead}); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("token of no project: %v", err)
	}
}

func TestTheFileHoldsNoSecret(t *testing.T) {
	dir := t.TempDir()
	d, c := open(t, dir)
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	u := must(d.CreateUser(ctx, meta.User{Name: "ann", Hash: "$argon2id$fake"}))(t)
	_, token, err := d.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeRead})
	if err != nil {
		t.Fatal(err)
	}
	_, share, err := d.CreateShare(ctx, meta.Share{Project: "p", TraceID: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	_, invite, err := d.CreateInvite(ctx, meta.Invite{Project: "p", Role: meta.RoleViewer, Expires: c.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{token, share, must(d.CreateSession(ctx, u.ID, time.Hour))(t), invite}
	for _, name := range []string{meta.FileName, meta.FileName + "-wal"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if bytes.Contains(data, []byte(secret[4:])) {
				t.Errorf("%s holds a secret", name)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(dir, meta.FileName)); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("permissions %v, %v", info.Mode(), err)
	}
}

func TestUsersAndSessions(t *testing.T) {
	d, c := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	u := must(d.CreateUser(ctx, meta.User{Name: "ann", Hash: "h1", Admin: true}))(t)
	if _, err := d.CreateUser(ctx, meta.User{Name: "ann"}); !errors.Is(err, meta.ErrExists) {
		t.Errorf("the same name: %v", err)
	}
	session := must(d.CreateSession(ctx, u.ID, time.Hour))(t)
	if found := must(d.Session(ctx, session))(t); found != u {
		t.Errorf("session of %+v, want %+v", found, u)
	}
	_, invite, err := d.CreateInvite(ctx, meta.Invite{Project: "p", Role: meta.RoleMember, Expires: c.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.TakeInvite(ctx, invite, meta.User{Name: "ann"}); !errors.Is(err, meta.ErrExists) {
		t.Errorf("an invitation under a name that is taken: %v", err)
	}
	bob := must(d.TakeInvite(ctx, invite, meta.User{Name: "bob", Hash: "h2", Admin: true}))(t)
	if roles := must(d.Roles(ctx, bob.ID))(t); bob.Admin || roles["p"] != meta.RoleMember {
		t.Errorf("invited as %+v with %v", bob, roles)
	}
	if _, err := d.TakeInvite(ctx, invite, meta.User{Name: "eve"}); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("an invitation twice: %v", err)
	}
	for _, role := range []meta.Role{meta.RoleViewer, meta.RoleNone} {
		if err := d.SetRole(ctx, bob.ID, "p", role); err != nil || must(d.Roles(ctx, bob.ID))(t)["p"] != role {
			t.Errorf("role %v: %v", role, err)
		}
	}
	if err := d.SetPassword(ctx, u.ID, "h3"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Session(ctx, session); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("a session after the password changed: %v", err)
	}
	session = must(d.CreateSession(ctx, u.ID, time.Hour))(t)
	c.now = c.now.Add(time.Hour)
	if _, err := d.Session(ctx, session); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("an expired session: %v", err)
	}
	session = must(d.CreateSession(ctx, u.ID, time.Hour))(t)
	if err := d.EndSession(ctx, session); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Session(ctx, session); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("after the logout: %v", err)
	}
	if err := d.DeleteUser(ctx, u.ID); err != nil || len(must(d.Users(ctx))(t)) != 1 {
		t.Errorf("deleted: %v", err)
	}
	if _, err := d.User(ctx, "ann"); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("found after the deletion: %v", err)
	}
}

func TestShares(t *testing.T) {
	d, c := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	s, secret, err := d.CreateShare(ctx, meta.Share{Project: "p", TraceID: "ABC", Author: "ann"})
	if err != nil || s.Content || !s.Expires.Equal(c.now.Add(meta.ShareFor)) {
		t.Fatalf("%+v, %v; want it without content, for a week", s, err)
	}
	for views := 1; views <= 2; views++ {
		if got := must(d.OpenShare(ctx, secret))(t); got.Views != views || got.TraceID != "00000000000000000000000000000abc" {
			t.Errorf("opened %+v", got)
		}
	}
	if err := d.RevokeShare(ctx, "q", s.ID); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("revoked through another project: %v", err)
	}
	_, second, err := d.CreateShare(ctx, meta.Share{Project: "p", TraceID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RevokeShare(ctx, "p", s.ID); err != nil || len(must(d.Shares(ctx, "p"))(t)) != 2 {
		t.Fatal(err)
	}
	c.now = c.now.Add(meta.ShareFor)
	for name, secret := range map[string]string{"revoked": secret, "expired": second, "none": "*"} {
		if _, err := d.OpenShare(ctx, secret); !errors.Is(err, meta.ErrSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTwoProcesses(t *testing.T) { // two connections behave alike, and the kernel's locks tell them apart
	dir := t.TempDir()
	server, _ := open(t, dir)
	command, _ := open(t, dir)
	must(command.CreateProject(ctx, "p", store.Limits{}))(t)
	for i := range 20 {
		_, secret, err := command.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeIngest, Label: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		if err := server.SetSetting(ctx, "k", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if found := must(server.Token(ctx, secret))(t); found.Label != fmt.Sprint(i) {
			t.Errorf("the server found %+v", found)
		}
	}
	if v := must(command.Setting(ctx, "k"))(t); v != "19" {
		t.Errorf("setting %q", v)
	}
	copied := t.TempDir()
	if err := server.Backup(ctx, filepath.Join(copied, meta.FileName)); err != nil {
		t.Fatal(err)
	}
	backup, _ := open(t, copied)
	if all := must(backup.Tokens(ctx, "p"))(t); len(all) != 20 {
		t.Errorf("%d tokens in the copy", len(all))
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, meta.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := meta.Open(meta.Config{Dir: dir}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("error %v, want ErrNewer", err)
	}
}

func TestAnEditOfAProjectIsAllOrNothing(t *testing.T) {
	d, _ := open(t, t.TempDir())
	p := must(d.CreateProject(ctx, "support", store.Limits{KeepFor: time.Hour}))(t)
	must(d.CreateProject(ctx, "sales", store.Limits{}))(t)
	edited := must(d.EditProject(ctx, "support", func(p *meta.Project) error {
		p.ID, p.Name, p.Limits.KeepBytes, p.Quota = "stolen", "Support desk", 7, 9
		return nil
	}))(t)
	want := meta.Project{ID: "support", Name: "Support desk", Limits: store.Limits{KeepFor: time.Hour, KeepBytes: 7}, Quota: 9, Created: p.Created}
	if edited != want || must(d.Project(ctx, "Support desk"))(t) != want {
		t.Errorf("edited %+v, want %+v", edited, want)
	}
	must(d.EditProject(ctx, "sales", func(p *meta.Project) error { p.Name = "Sales"; return nil }))(t)
	stop := errors.New("stop")
	for name, c := range map[string]struct {
		id   string
		edit func(*meta.Project) error
		want error
	}{
		"the name of another":    {"sales", func(p *meta.Project) error { p.Name = "Support desk"; return nil }, meta.ErrExists},
		"the id of another":      {"support", func(p *meta.Project) error { p.Name = "sales"; return nil }, meta.ErrExists},
		"none":                   {"nowhere", func(*meta.Project) error { return nil }, meta.ErrNotFound},
		"refused":                {"support", func(p *meta.Project) error { p.Limits.KeepBytes = 8; return stop }, stop},
		"a negative quota":       {"support", func(p *meta.Project) error { p.Quota = -1; return nil }, nil},
		"a name of two lines":    {"support", func(p *meta.Project) error { p.Name = "a\nb"; return nil }, nil},
		"a name that is not one": {"support", func(p *meta.Project) error { p.Name = " "; return nil }, nil},
	} {
		_, err := d.EditProject(ctx, c.id, c.edit)
		var field *store.FieldError
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, &field) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
	if now := must(d.Project(ctx, "support"))(t); now != want {
		t.Errorf("after refused edits %+v, want %+v", now, want)
	}
}

func TestWhatIsOfNoProjectIsNotMade(t *testing.T) {
	d, c := open(t, t.TempDir())
	_, _, token := d.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeRead})
	_, _, share := d.CreateShare(ctx, meta.Share{Project: "p", TraceID: "1"})
	_, _, invite := d.CreateInvite(ctx, meta.Invite{Project: "p", Role: meta.RoleViewer, Expires: c.now.Add(time.Hour)})
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	for what, err := range map[string]error{"token": token, "share": share, "invitation": invite} {
		if !errors.Is(err, meta.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(must(d.Tokens(ctx, "p"))(t))+len(must(d.Shares(ctx, "p"))(t)) != 0 {
		t.Error("they were made all the same")
	}
	if _, _, err := d.CreateToken(ctx, meta.Token{Scope: meta.ScopeRead}); err != nil {
		t.Errorf("a token of all projects: %v", err)
	}
}

func TestASecretIsNoName(t *testing.T) {
	d, _ := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	_, secret, err := d.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeRead, Label: "trt_ for the nightly run"})
	if err != nil {
		t.Fatal(err)
	}
	_, project := d.CreateProject(ctx, secret, store.Limits{})
	_, user := d.CreateUser(ctx, meta.User{Name: secret})
	_, _, label := d.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeRead, Label: secret})
	for what, err := range map[string]error{"a project": project, "a user": user, "a token": label} {
		var field *store.FieldError
		if !errors.As(err, &field) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s named by a secret: %v", what, err)
		}
	}
}

func TestMembers(t *testing.T) {
	d, _ := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	ann := must(d.CreateUser(ctx, meta.User{Name: "ann", Hash: "h"}))(t)
	bob := must(d.CreateUser(ctx, meta.User{Name: "bob", Hash: "h"}))(t)
	for user, role := range map[string]meta.Role{ann.ID: meta.RoleAdmin, bob.ID: meta.RoleViewer} {
		if err := d.SetRole(ctx, user, "p", role); err != nil {
			t.Fatal(err)
		}
	}
	all := must(d.Members(ctx, "p"))(t)
	if len(all) != 2 || all[0] != (meta.Member{User: ann, Role: meta.RoleAdmin}) || all[1] != (meta.Member{User: bob, Role: meta.RoleViewer}) {
		t.Errorf("members %+v", all)
	}
	for what, err := range map[string]error{
		"no user":         d.SetRole(ctx, "nobody", "p", meta.RoleViewer),
		"no project":      d.SetRole(ctx, ann.ID, "q", meta.RoleViewer),
		"nothing to take": d.SetRole(ctx, ann.ID, "q", meta.RoleNone),
		"nobody's admin":  d.SetAdmin(ctx, "nobody", true),
	} {
		if !errors.Is(err, meta.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := d.SetAdmin(ctx, bob.ID, true); err != nil || !must(d.UserByID(ctx, bob.ID))(t).Admin {
		t.Errorf("bob is no admin: %v", err)
	}
	for role := meta.RoleViewer; role <= meta.RoleAdmin; role++ {
		if got, err := meta.ParseRole(role.String()); got != role || err != nil {
			t.Errorf("role %d: %q, %v", role, role, err)
		}
	}
	for _, bad := range []string{"", "owner"} {
		if _, err := meta.ParseRole(bad); err == nil {
			t.Errorf("role %q: no error", bad)
		}
	}
}

func TestAPeekIsNoView(t *testing.T) {
	d, _ := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	s, secret, err := d.CreateShare(ctx, meta.Share{Project: "p", TraceID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := must(d.PeekShare(ctx, secret))(t); got != s {
		t.Errorf("peeked %+v, want %+v", got, s)
	}
	if got := must(d.OpenShare(ctx, secret))(t); got.Views != 1 {
		t.Errorf("%d views, want 1", got.Views)
	}
	if err := d.RevokeShare(ctx, "p", s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.PeekShare(ctx, secret); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("revoked: %v", err)
	}
}

func TestQuota(t *testing.T) {
	d, _ := open(t, t.TempDir())
	p := must(d.CreateProject(ctx, "support", store.Limits{}))(t)
	if err := d.SetQuota(ctx, p.ID, 1_000_000); err != nil {
		t.Fatal(err)
	}
	if got := must(d.Project(ctx, p.ID))(t).Quota; got != 1_000_000 || p.Quota != 0 {
		t.Errorf("quota %d after %d, want 1000000 after 0", got, p.Quota)
	}
	var field *store.FieldError
	if err := d.SetQuota(ctx, p.ID, -1); !errors.As(err, &field) || field.Field != "quota" {
		t.Errorf("a negative quota: %v", err)
	}
	if err := d.SetQuota(ctx, "nobody", 1); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("of a project that is not there: %v", err)
	}
}

func TestInvitationsOfAnOlderFileCanBeRevoked(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, meta.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		meta.Migrations[0], meta.Migrations[1], "PRAGMA user_version = 2", "INSERT INTO project VALUES ('old', 'old', 1, 2, 3, 0)",
		"INSERT INTO invite VALUES (x'01', 'old', 1, 4102444800000000000), (x'02', 'old', 2, 4102444800000000000)",
	} {
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, dir)
	all := must(d.Invites(ctx, "old"))(t)
	if len(all) != 2 || all[0].ID == "" || all[0].ID == all[1].ID {
		t.Fatalf("invitations %+v", all)
	}
	if err := d.RevokeInvite(ctx, "old", all[0].ID); err != nil {
		t.Error(err)
	}
	if left := must(d.Invites(ctx, "old"))(t); len(left) != 1 || left[0] != all[1] {
		t.Errorf("left %+v, want %+v", left, all[1])
	}
}

func TestAFileWithoutQuotasIsBroughtUpToDate(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, meta.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{meta.Migrations[0], "PRAGMA user_version = 1", "INSERT INTO project VALUES ('old', 'old', 1, 2, 3)"} {
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, dir)
	if p := must(d.Project(ctx, "old"))(t); p.Limits != (store.Limits{KeepFor: 1, KeepBytes: 2}) || p.Quota != 0 {
		t.Errorf("project %+v", p)
	}
}
