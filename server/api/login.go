package api

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// loginOperations are about who is asking.
func (a *API) loginOperations() []operation {
	return []operation{
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/login", Need: access.Open},
			id:    "login", topic: "users", summary: "Logs a user in, with a cookie", body: credentials{}, reply: userInfo{}, do: a.login,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/logout", Need: access.Known},
			id:    "logout", topic: "users", summary: "Ends the session of the cookie", status: http.StatusNoContent, do: a.logout,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/me", Need: access.Known},
			id:    "getMe", topic: "users", summary: "Says who is asking, and what they may do", reply: me{}, do: a.getMe,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/me/password", Need: access.Known},
			id:    "changePassword", topic: "users", summary: "Changes the password of who is logged in, and ends all other sessions",
			body: passwordChange{}, status: http.StatusNoContent, do: a.changePassword,
		},
	}
}

// credentials are what a user logs in with.
type credentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// passwordChange has the password that works now and the one that shall: 10 characters or more, at most 256 bytes.
type passwordChange struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// me is who is asking: a user, a token or, where nobody has to show anything, neither.
type me struct {
	User     *userInfo   `json:"user"`
	Token    *tokenInfo  `json:"token"`
	Open     bool        `json:"open"` // nobody has to log in here
	Root     bool        `json:"root"` // settings of the server may be changed
	Projects []myProject `json:"projects"`
}

// myProject is a project that the caller may do something in.
type myProject struct {
	ID   string   `json:"id"`
	Name string   `json:"name"`
	Role *string  `json:"role"` // of a user: viewer, member or admin; null for a token
	May  []string `json:"may"`  // of ingest, read, write, admin
}

// Bounds of a password. The least is that of NIST SP 800-63B with a margin; there is no rule about kinds of characters.
const (
	minPassword = 10  // characters
	maxPassword = 256 // bytes
)

// checkPassword refuses one that would be guessed first.
func checkPassword(field, password, user string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword:
		return invalid(field, "want at least %d characters and at most %d bytes", minPassword, maxPassword)
	case strings.EqualFold(strings.TrimSpace(password), strings.TrimSpace(user)):
		return invalid(field, "is the name of the user")
	}
	return nil
}

func (a *API) login(c *call) (any, error) {
	var body credentials
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	secret, u, err := a.cfg.Logins.Login(c.ctx(), body.User, body.Password, c.g.Address())
	if errors.Is(err, access.ErrLogin) {
		// Without the name: people type passwords into the wrong field.
		a.cfg.Log.WarnContext(c.ctx(), "login failed", "from", c.g.Address().String())
		return nil, refused(http.StatusUnauthorized, "login", "wrong name or password")
	}
	if err != nil {
		return nil, err
	}
	a.audit(c, "logged in", "user", u.ID)
	a.cfg.Logins.SetCookie(c.w, c.g, secret)
	return userInfoOf(u), nil
}

func (a *API) logout(c *call) (any, error) { return nil, a.cfg.Logins.Logout(c.w, c.r, c.g) }

func (a *API) getMe(c *call) (any, error) {
	all, err := a.cfg.Meta.Projects(c.ctx())
	if err != nil {
		return nil, err
	}
	m := me{Open: c.g.Everything(), Root: c.g.May(access.Root, ""), Projects: []myProject{}}
	if u, ok := c.g.User(); ok {
		m.User = new(userInfoOf(u))
	}
	if t, ok := c.g.Token(); ok {
		m.Token = new(tokenInfoOf(t))
	}
	for _, p := range all {
		mine := myProject{ID: p.ID, Name: p.Name, Role: optional(c.g.Role(p.ID).String())}
		for _, need := range []access.Need{access.Ingest, access.Read, access.Write, access.Admin} {
			if c.g.May(need, p.ID) {
				mine.May = append(mine.May, need.String())
			}
		}
		if len(mine.May) > 0 {
			m.Projects = append(m.Projects, mine)
		}
	}
	return m, nil
}

func (a *API) changePassword(c *call) (any, error) {
	u, ok := c.g.User()
	if !ok {
		return nil, refused(http.StatusForbidden, "forbidden", "only a user who is logged in has a password")
	}
	var body passwordChange
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := checkPassword("new", body.New, u.Name); err != nil {
		return nil, err
	}
	err := a.cfg.Logins.VerifyPassword(c.ctx(), u, body.Old, c.g.Address())
	if errors.Is(err, access.ErrLogin) {
		return nil, invalid("old", "is not your password")
	}
	if err != nil {
		return nil, err
	}
	if err := a.setPassword(c, u, body.New); err != nil {
		return nil, err
	}
	secret, err := a.cfg.Logins.Session(c.ctx(), u) // in place of the one that has just ended
	if err != nil {
		return nil, err
	}
	a.cfg.Logins.SetCookie(c.w, c.g, secret)
	return nil, nil
}

// setPassword hashes and stores a password that was checked.
func (a *API) setPassword(c *call, u meta.User, password string) error {
	hash, err := a.cfg.Logins.HashPassword(c.ctx(), password)
	if err != nil {
		return err
	}
	if err := a.cfg.Meta.SetPassword(c.ctx(), u.ID, hash); err != nil {
		return err
	}
	a.audit(c, "password changed", "user", u.ID)
	return nil
}
