package meta_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

func invite(t *testing.T, d *meta.DB, i meta.Invite) (meta.Invite, string) {
	t.Helper()
	made, secret, err := d.CreateInvite(ctx, i)
	if err != nil {
		t.Fatal(err)
	}
	return made, secret
}

func TestInvitationsAreListedUntilTheyAreOver(t *testing.T) {
	d, c := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	must(d.CreateProject(ctx, "q", store.Limits{}))(t)
	late, _ := invite(t, d, meta.Invite{Project: "p", Role: meta.RoleAdmin, Author: "ann", Expires: c.now.Add(3 * time.Hour)})
	soon, secret := invite(t, d, meta.Invite{Project: "p", Role: meta.RoleViewer, Expires: c.now.Add(time.Hour)})
	other, _ := invite(t, d, meta.Invite{Project: "q", Role: meta.RoleViewer, Expires: c.now.Add(time.Hour)})
	if all := must(d.Invites(ctx, "p"))(t); len(all) != 2 || all[0] != soon || all[1] != late || late.Author != "ann" {
		t.Fatalf("listed %+v, want %+v and %+v", all, soon, late)
	}
	if found := must(d.Invite(ctx, secret))(t); found != soon {
		t.Errorf("found %+v, want %+v", found, soon)
	}
	if err := d.RevokeInvite(ctx, "p", other.ID); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("that of another project: %v", err)
	}
	c.now = c.now.Add(time.Hour)
	for _, bad := range []string{secret, "tri_", "*"} {
		if _, err := d.Invite(ctx, bad); !errors.Is(err, meta.ErrSecret) {
			t.Errorf("%.8s: %v", bad, err)
		}
	}
	if err := d.RevokeInvite(ctx, "p", soon.ID); !errors.Is(err, meta.ErrNotFound) {
		t.Errorf("one that is over: %v", err)
	}
	if err := d.RevokeInvite(ctx, "p", late.ID); err != nil {
		t.Error(err)
	}
	if all := must(d.Invites(ctx, "p"))(t); len(all) != 0 {
		t.Errorf("listed %+v", all)
	}
}

func TestARevokedInvitationIsTakenByNobody(t *testing.T) {
	d, c := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	i, secret := invite(t, d, meta.Invite{Project: "p", Role: meta.RoleViewer, Expires: c.now.Add(time.Hour)})
	if err := d.RevokeInvite(ctx, "p", i.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.TakeInvite(ctx, secret, meta.User{Name: "eve"}); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("taken: %v", err)
	}
}

func TestAnInvitationWithoutAProjectMakesAnAdminOfEverything(t *testing.T) {
	d, c := open(t, t.TempDir())
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	for _, bad := range []meta.Invite{
		{Role: meta.RoleAdmin, Expires: c.now.Add(time.Hour)}, {Project: "p", Expires: c.now.Add(time.Hour)}, {Project: "p", Role: 9, Expires: c.now.Add(time.Hour)}, {},
	} {
		if _, _, err := d.CreateInvite(ctx, bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	_, secret := invite(t, d, meta.Invite{Expires: c.now.Add(time.Hour)})
	u := must(d.TakeInvite(ctx, secret, meta.User{Name: "ann", Hash: "h"}))(t)
	if roles := must(d.Roles(ctx, u.ID))(t); !u.Admin || len(roles) != 0 {
		t.Errorf("made %+v with %v", u, roles)
	}
	if _, err := d.TakeInvite(ctx, secret, meta.User{Name: "eve"}); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("twice: %v", err)
	}
}
