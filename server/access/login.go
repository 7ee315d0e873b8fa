package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

// MaxSession is how long a login may last.
const MaxSession = 30 * 24 * time.Hour

// ErrLogin is the answer to a name and a password that do not belong together, whichever of them is wrong.
var ErrLogin = errors.New("access: wrong name or password")

// LoginConfig says how people log in. DB is required.
type LoginConfig struct {
	DB  *meta.DB
	Now func() time.Time // nil: time.Now

	SessionFor time.Duration // how long a login lasts; 0 means MaxSession, which is also the most

	// Failures is how many wrong logins in a row an address is allowed; one more is allowed each FailureEvery. 0 means 10
	// and 6 s.
	Failures     int
	FailureEvery time.Duration
}

// Logins hashes passwords and makes sessions. Its methods may be called by many goroutines at once.
type Logins struct {
	cfg          LoginConfig
	failures     *Limiter
	slots, queue hashers
}

// NewLogins checks a configuration.
func NewLogins(cfg LoginConfig) (*Logins, error) {
	switch {
	case cfg.DB == nil:
		return nil, errors.New("access: LoginConfig.DB is missing")
	case cfg.SessionFor < 0 || cfg.SessionFor > MaxSession:
		return nil, fmt.Errorf("access: LoginConfig.SessionFor is %v, want at most %v", cfg.SessionFor, MaxSession)
	case cfg.Failures < 0:
		return nil, fmt.Errorf("access: LoginConfig.Failures is %d", cfg.Failures)
	case cfg.FailureEvery < 0:
		return nil, fmt.Errorf("access: LoginConfig.FailureEvery is %v", cfg.FailureEvery)
	}
	if cfg.SessionFor == 0 {
		cfg.SessionFor = MaxSession
	}
	if cfg.Failures == 0 {
		cfg.Failures = 10
	}
	if cfg.FailureEvery == 0 {
		cfg.FailureEvery = 6 * time.Second
	}
	l := &Logins{cfg: cfg, failures: NewLimiter(LimiterConfig{Every: cfg.FailureEvery, Burst: cfg.Failures, Now: cfg.Now})}
	l.slots, l.queue = newHashers()
	return l, nil
}

// Login checks a password and returns the secret of a new session, for [Logins.SetCookie]. from is the caller's
// [Grant.Address].
//
// ErrLogin: name and password do not belong together; for a name that nobody has this takes as long. A *LimitError: too
// many logins failed from this address, or too many are waiting. Any other error is ours.
func (l *Logins) Login(ctx context.Context, name, password string, from netip.Addr) (secret string, u meta.User, err error) {
	key := addressKey(from)
	if err := l.failures.Check(key); err != nil { // takes no room in the queue
		return "", meta.User{}, err
	}
	done, err := l.slot(ctx)
	if err != nil {
		return "", meta.User{}, err
	}
	defer done()
	if err := l.failures.Check(key); err != nil { // the ones before it in the queue have failed
		return "", meta.User{}, err
	}
	u, err = l.cfg.DB.User(ctx, name)
	if err != nil && !errors.Is(err, meta.ErrNotFound) {
		return "", meta.User{}, err
	}
	if !l.verify(u.Hash, password) {
		_ = l.failures.Take(key) // the next one is told
		return "", meta.User{}, ErrLogin
	}
	secret, err = l.Session(ctx, u)
	return secret, u, err
}

// Session logs in somebody who has just shown who they are in another way, and returns the secret of the new session.
func (l *Logins) Session(ctx context.Context, u meta.User) (secret string, err error) {
	return l.cfg.DB.CreateSession(ctx, u.ID, l.cfg.SessionFor)
}

// VerifyPassword checks the password of somebody who is logged in already, before it is changed. The errors are those of
// [Logins.Login].
func (l *Logins) VerifyPassword(ctx context.Context, u meta.User, password string, from netip.Addr) error {
	key := addressKey(from)
	done, err := l.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := l.failures.Check(key); err != nil {
		return err
	}
	if !l.verify(u.Hash, password) {
		_ = l.failures.Take(key) // the next one is told
		return ErrLogin
	}
	return nil
}

// verify compares, with the hash of nobody where there is none.
func (l *Logins) verify(hash, password string) bool {
	h, err := parsePHC(hash)
	if err != nil {
		h = nobodys
	}
	fits := len(password) <= maxPassword
	if !fits {
		password = ""
	}
	return h.matches(password) && fits && err == nil
}

// slot waits until a password may be hashed; done gives the place to the next.
func (l *Logins) slot(ctx context.Context) (done func(), err error) {
	if !l.queue.tryTake() {
		return nil, &LimitError{RetryAfter: time.Second}
	}
	if err := l.slots.take(ctx); err != nil {
		l.queue.give()
		return nil, err
	}
	return func() { l.slots.give(); l.queue.give() }, nil
}

// SetCookie gives a browser the secret of its session: out of reach of scripts and of requests from other sites that
// change something, and over TLS alone if the request came over it.
func (l *Logins) SetCookie(w http.ResponseWriter, g Grant, secret string) {
	http.SetCookie(w, cookie(g, secret, int(l.cfg.SessionFor/time.Second)))
}

// Logout ends the session whose cookie a request carries, and has the browser forget it. A request without one is no
// error.
func (l *Logins) Logout(w http.ResponseWriter, r *http.Request, g Grant) error {
	ClearCookie(w, g)
	c, err := r.Cookie(CookieName)
	if err != nil {
		return nil //nolint:nilerr // there is no session to end
	}
	return l.cfg.DB.EndSession(r.Context(), c.Value)
}

// ClearCookie has a browser forget its session.
func ClearCookie(w http.ResponseWriter, g Grant) { http.SetCookie(w, cookie(g, "", -1)) }

func cookie(g Grant, secret string, seconds int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // without TLS a Secure cookie would not come back
		Name: CookieName, Value: secret, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: g.secure,
	}
}
