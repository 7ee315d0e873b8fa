package access

import (
	"context"
	"net/netip"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

// Grant is what one request is allowed. Only a [Router] makes one that allows anything; the zero Grant allows nothing.
type Grant struct {
	project meta.Project
	token   meta.Token
	user    meta.User
	roles   map[string]meta.Role

	hasToken, hasUser bool
	everything        bool // nobody has to log in here

	address netip.Addr
	secure  bool // the caller used TLS

	again func(ctx context.Context) error
}

// Still judges the request again and returns nil as long as it would be let in now: for answers that go on for long, so
// that a token that is revoked ends them.
func (g Grant) Still(ctx context.Context) error {
	if g.again == nil {
		return nil
	}
	return g.again(ctx)
}

// Address is where the request comes from, behind proxies of ours the last address before them: for limits. It is the
// zero Addr if that is not known.
func (g Grant) Address() netip.Addr { return g.address }

// Secure reports whether the caller used TLS, here or at a proxy of ours.
func (g Grant) Secure() bool { return g.secure }

// Everything reports whether the request was let in without having to show anything, see Config.Nobody.
func (g Grant) Everything() bool { return g.everything }

// Project is the project that the request is about: {p} of its path or, for ingest, that of its token. It is zero where
// the route is about none.
func (g Grant) Project() meta.Project { return g.project }

// Token is the token that the request showed.
func (g Grant) Token() (t meta.Token, ok bool) { return g.token, g.hasToken }

// User is who is logged in.
func (g Grant) User() (u meta.User, ok bool) { return g.user, g.hasUser }

// Role is the role of who is logged in, in the project with this id; an admin of everything is admin of each.
func (g Grant) Role(project string) meta.Role {
	if g.hasUser && g.user.Admin {
		return meta.RoleAdmin
	}
	return g.roles[project]
}

// Label is the label of the token, the last resort for the name of a service; empty without a token.
func (g Grant) Label() string { return g.token.Label }

// May reports whether the caller has what need means in the project with this id; of the server itself with "".
func (g Grant) May(need Need, project string) bool {
	switch {
	case need == Open:
		return true
	case need == Known:
		return g.everything || g.hasToken || g.hasUser
	case need < Open || need > Root:
		return false
	case g.everything:
		return true
	case g.hasToken:
		if !g.token.Scope.Has(need.scope()) {
			return false
		}
		if need == Root || project == "" {
			return g.token.Project == ""
		}
		return g.token.Project == "" && need != Ingest || g.token.Project == project
	case g.hasUser:
		if need == Ingest {
			return false
		}
		if g.user.Admin {
			return true
		}
		return need != Root && project != "" && g.roles[project] >= need.role()
	}
	return false
}
