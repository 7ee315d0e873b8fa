package meta_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// TestAChangeIsSeen holds when a Cache sees what was changed: at once through its own DB, in a second through another.
func TestAChangeIsSeen(t *testing.T) {
	dir := t.TempDir()
	d, c := open(t, dir)
	elsewhere, _ := open(t, dir) // as another process would
	for _, by := range []struct {
		name string
		db   *meta.DB
		wait time.Duration
	}{{"the same process", d, 0}, {"another process", elsewhere, meta.CacheFor}} {
		t.Run(by.name, func(t *testing.T) {
			cache := meta.NewCache(d)
			p := must(d.CreateProject(ctx, by.name, store.Limits{KeepBytes: 1}))(t)
			u := must(d.CreateUser(ctx, meta.User{Name: by.name}))(t)
			made, token, err := d.CreateToken(ctx, meta.Token{Project: p.ID, Scope: meta.ScopeRead})
			if err != nil {
				t.Fatal(err)
			}
			session := must(d.CreateSession(ctx, u.ID, time.Hour))(t)

			// seen leaves what it is told in the cache.
			for _, change := range []struct {
				name string
				do   func() error
				seen func() (bool, error)
			}{
				{
					"limits", func() error { return by.db.SetLimits(ctx, p.ID, store.Limits{KeepBytes: 2}) },
					func() (bool, error) {
						found, err := cache.Project(ctx, p.Name)
						return found.Limits.KeepBytes == 2, err
					},
				},
				{
					"role", func() error { return by.db.SetRole(ctx, u.ID, p.ID, meta.RoleMember) },
					func() (bool, error) {
						login, err := cache.Session(ctx, session)
						return login.Roles[p.ID] == meta.RoleMember, err
					},
				},
				{
					"logout", func() error { return by.db.EndSession(ctx, session) },
					func() (bool, error) { return gone(cache.Session(ctx, session)) },
				},
				{
					"revoke", func() error { return by.db.RevokeToken(ctx, p.ID, made.ID) },
					func() (bool, error) { return gone(cache.Token(ctx, token)) },
				},
				{
					"delete", func() error { return by.db.DeleteProject(ctx, p.ID) },
					func() (bool, error) { return gone(cache.Project(ctx, p.ID)) },
				},
			} {
				if seen, err := change.seen(); seen || err != nil {
					t.Fatalf("%s: seen before it happened: %t, %v", change.name, seen, err)
				}
				if err := change.do(); err != nil {
					t.Fatal(err)
				}
				if by.wait > 0 {
					c.now = c.now.Add(by.wait - 1)
					if seen, err := change.seen(); seen || err != nil {
						t.Errorf("%s: asked the file again within %v: %v", change.name, by.wait, err)
					}
					c.now = c.now.Add(1)
				}
				if seen, err := change.seen(); !seen || err != nil {
					t.Errorf("%s: not seen after %v: %v", change.name, by.wait, err)
				}
			}
		})
	}
}

func gone[T any](_ T, err error) (bool, error) {
	if errors.Is(err, meta.ErrSecret) || errors.Is(err, meta.ErrNotFound) {
		return true, nil
	}
	return false, err
}

func TestACacheHidesNothingNew(t *testing.T) {
	d, c := open(t, t.TempDir())
	cache := meta.NewCache(d)
	if _, err := cache.Project(ctx, "p"); !errors.Is(err, meta.ErrNotFound) {
		t.Fatal(err)
	}
	must(d.CreateProject(ctx, "p", store.Limits{}))(t)
	must(cache.Project(ctx, "p"))(t)
	_, secret, err := d.CreateToken(ctx, meta.Token{Project: "p", Scope: meta.ScopeRead, Expires: c.now.Add(time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	must(cache.Token(ctx, secret))(t)
	c.now = c.now.Add(time.Millisecond)
	if _, err := cache.Token(ctx, secret); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("a token that has expired a moment ago: %v", err)
	}
	for _, wrong := range []string{"", "trt_", "trs_" + secret[4:], "*"} {
		if _, err := cache.Token(ctx, wrong); !errors.Is(err, meta.ErrSecret) {
			t.Errorf("token %q: %v", wrong, err)
		}
		if _, err := cache.Session(ctx, wrong); !errors.Is(err, meta.ErrSecret) {
			t.Errorf("session %q: %v", wrong, err)
		}
	}
}
