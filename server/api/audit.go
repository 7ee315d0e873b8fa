package api

import "github.com/tailrace-go/tailrace/server/access"

// audit notes a change of settings: what, by whom, from where, of which ids. Never a secret, nor text that a person wrote.
func (a *API) audit(c *call, what string, ids ...any) {
	a.cfg.Log.InfoContext(c.ctx(), what, append([]any{"by", caller(c.g), "from", c.g.Address().String()}, ids...)...)
}

// caller names who sent a request, by id.
func caller(g access.Grant) string {
	if t, ok := g.Token(); ok {
		return "token:" + t.ID
	}
	if u, ok := g.User(); ok {
		return "user:" + u.ID
	}
	return "nobody"
}
