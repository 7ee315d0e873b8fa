package access

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

const password = "correct horse battery staple"

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func openDB(t *testing.T) *meta.DB {
	t.Helper()
	db, err := meta.Open(meta.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newLogins(t *testing.T, cfg LoginConfig) *Logins {
	t.Helper()
	l, err := NewLogins(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLogin(t *testing.T) {
	db, ctx := openDB(t), t.Context()
	l := newLogins(t, LoginConfig{DB: db, Failures: 100})
	hash, err := l.HashPassword(ctx, password)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %q, %v", hash, err)
	}
	if again, err := l.HashPassword(ctx, password); err != nil || again == hash {
		t.Errorf("the same password twice gives the same hash: %v", err)
	}
	ann, err := db.CreateUser(ctx, meta.User{Name: "ann", Hash: hash})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateUser(ctx, meta.User{Name: "robot"}); err != nil {
		t.Fatal(err)
	}
	secret, u, err := l.Login(ctx, "ann", password, netip.Addr{})
	if err != nil || u.ID != ann.ID {
		t.Fatalf("%+v, %v", u, err)
	}
	if u, err := db.Session(ctx, secret); err != nil || u.ID != ann.ID {
		t.Errorf("the session is of %+v, %v", u, err)
	}
	for _, c := range []struct{ name, password string }{
		{"ann", password + " "}, {"ann", ""}, {"eve", password}, {"", ""}, {"robot", ""}, {"robot", password},
		{"ann", strings.Repeat("x", maxPassword+1)}, {"ann", hash},
	} {
		if secret, u, err := l.Login(ctx, c.name, c.password, netip.Addr{}); !errors.Is(err, ErrLogin) || secret != "" || u.ID != "" {
			t.Errorf("login as %q: %v", c.name, err)
		}
	}
	if err := l.VerifyPassword(ctx, ann, password, netip.Addr{}); err != nil {
		t.Errorf("verify: %v", err)
	}
	if err := l.VerifyPassword(ctx, ann, "wrong", netip.Addr{}); !errors.Is(err, ErrLogin) {
		t.Errorf("verify with a wrong one: %v", err)
	}
}

func TestAPasswordHasALength(t *testing.T) {
	l := newLogins(t, LoginConfig{DB: openDB(t)})
	for password, good := range map[string]bool{
		"": false, "1234567": false, "12345678": true, "áéíóúüñ": false, "áéíóúüñç": true,
		strings.Repeat("x", maxPassword): true, strings.Repeat("x", maxPassword+1): false,
	} {
		var field *store.FieldError
		if _, err := l.HashPassword(t.Context(), password); (err == nil) != good || err != nil && (!errors.As(err, &field) || field.Field != "password") {
			t.Errorf("%d bytes: %v", len(password), err)
		}
	}
}

func TestWrongLoginsAreLimitedByAddress(t *testing.T) {
	db, ctx, c := openDB(t), t.Context(), newClock()
	l := newLogins(t, LoginConfig{DB: db, Now: c.Now, Failures: 3, FailureEvery: time.Minute})
	hash, err := l.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateUser(ctx, meta.User{Name: "ann", Hash: hash}); err != nil {
		t.Fatal(err)
	}
	here, neighbour, there := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("198.51.100.1")
	for range 3 {
		if _, _, err := l.Login(ctx, "ann", "wrong", here); !errors.Is(err, ErrLogin) {
			t.Fatal(err)
		}
	}
	var limit *LimitError
	for _, a := range []netip.Addr{here, neighbour} {
		if _, _, err := l.Login(ctx, "ann", password, a); !errors.As(err, &limit) || limit.RetryAfter != time.Minute {
			t.Errorf("the fourth login from %v: %v", a, err)
		}
	}
	for range 10 { // good ones are not counted
		if _, _, err := l.Login(ctx, "ann", password, there); err != nil {
			t.Fatalf("from elsewhere: %v", err)
		}
	}
	c.Pass(time.Minute)
	if _, _, err := l.Login(ctx, "ann", password, here); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestAFloodOfLoginsWaitsOrIsRefused(t *testing.T) {
	l := newLogins(t, LoginConfig{DB: openDB(t)})
	for range cap(l.queue) {
		l.queue <- struct{}{}
	}
	var limit *LimitError
	if _, _, err := l.Login(t.Context(), "ann", password, netip.Addr{}); !errors.As(err, &limit) {
		t.Errorf("with a full queue: %v", err)
	}
	<-l.queue
	for range cap(l.slots) {
		l.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := l.Login(ctx, "ann", password, netip.Addr{}); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone waits on: %v", err)
	}
	if got := len(l.queue); got != cap(l.queue)-1 {
		t.Errorf("%d places of %d are taken: who has gone keeps one", got, cap(l.queue))
	}
}

func TestTheCookieIsOutOfReach(t *testing.T) {
	db := openDB(t)
	l := newLogins(t, LoginConfig{DB: db, SessionFor: time.Hour})
	for _, secure := range []bool{false, true} {
		w := httptest.NewRecorder()
		l.SetCookie(w, Grant{secure: secure}, "trs_fake")
		c := w.Result().Cookies()[0]
		if c.Name != CookieName || c.Value != "trs_fake" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 3600 || c.Secure != secure {
			t.Errorf("cookie %v, over TLS %t", c, secure)
		}
	}
}

func TestASessionWithoutAPassword(t *testing.T) {
	db := openDB(t)
	u, err := db.CreateUser(t.Context(), meta.User{Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := newLogins(t, LoginConfig{DB: db}).Session(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := db.Session(t.Context(), secret); err != nil || got.ID != u.ID {
		t.Errorf("session of %+v, %v", got, err)
	}
}

func TestLogout(t *testing.T) {
	db, ctx := openDB(t), t.Context()
	l := newLogins(t, LoginConfig{DB: db})
	u, err := db.CreateUser(ctx, meta.User{Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := db.CreateSession(ctx, u.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/logout", nil)
	r.AddCookie(&http.Cookie{Name: CookieName, Value: secret})
	for range 2 { // twice is no error
		w := httptest.NewRecorder()
		if err := l.Logout(w, r, Grant{}); err != nil || w.Result().Cookies()[0].MaxAge != -1 {
			t.Errorf("%v, %v", err, w.Header())
		}
	}
	if _, err := db.Session(ctx, secret); !errors.Is(err, meta.ErrSecret) {
		t.Errorf("the session after a logout: %v", err)
	}
}

func TestLoginConfigsThatAreRefused(t *testing.T) {
	db := openDB(t)
	for field, cfg := range map[string]LoginConfig{
		"DB": {}, "SessionFor": {DB: db, SessionFor: MaxSession + 1}, "Failures": {DB: db, Failures: -1}, "FailureEvery": {DB: db, FailureEvery: -1},
	} {
		if _, err := NewLogins(cfg); err == nil || !strings.Contains(err.Error(), "LoginConfig."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(nobodys.String())
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5")
	f.Add("$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5")
	f.Add("$argon2i$v=19$m=19456,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parsePHC(text)
		if err != nil {
			return
		}
		if h.memory > 256<<10 || h.passes > 16 || h.threads == 0 || len(h.key) < 16 {
			t.Errorf("%q asks for %+v", text, h.argon)
		}
		if h.String() != text {
			t.Errorf("%q is written back as %q", text, h)
		}
	})
}
