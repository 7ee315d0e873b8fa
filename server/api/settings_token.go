package api

import (
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

const noToken = "no such token"

// tokenOperations are about the tokens of a project, and about those of all projects.
func (a *API) tokenOperations() []operation {
	var all []operation
	for _, t := range []struct {
		path       string
		need       access.Need
		suffix, of string
	}{
		{"/api/projects/{p}/tokens", access.Admin, "", "of a project"},
		{"/api/tokens", access.Root, "Root", "of all projects"},
	} {
		all = append(
			all,
			operation{
				Route: access.Route{Method: http.MethodGet, Path: t.path, Need: t.need},
				id:    "list" + t.suffix + "Tokens", topic: "settings", summary: "Lists the tokens " + t.of + ", newest first", reply: tokenList{}, do: a.listTokens,
			},
			operation{
				Route: access.Route{Method: http.MethodPost, Path: t.path, Need: t.need},
				id:    "create" + t.suffix + "Token", topic: "settings", summary: "Makes a token " + t.of + ". Its secret is in this answer only",
				body: newToken{}, reply: tokenSecret{}, status: http.StatusCreated, do: a.createToken, missing: noProject,
			},
			operation{
				Route: access.Route{Method: http.MethodDelete, Path: t.path + "/{token}", Need: t.need},
				id:    "revoke" + t.suffix + "Token", topic: "settings", summary: "Ends a token " + t.of + " at once", status: http.StatusNoContent,
				do: a.revokeToken, missing: noToken,
			},
		)
	}
	return all
}

// tokenList is all tokens, those that work no more too.
type tokenList struct {
	Tokens []tokenInfo `json:"tokens"`
}

// tokenInfo is what is known of a token; not its secret.
type tokenInfo struct {
	ID      string     `json:"id"`
	Project *string    `json:"project"` // the id; null: all projects
	Scope   string     `json:"scope"`   // a list such as ingest,read
	Label   string     `json:"label"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"` // null: never
	Used    *time.Time `json:"used"`    // the last time, to a minute; null: never
	Revoked *time.Time `json:"revoked"` // null: not
}

// newToken is what a token is made of. Its project is that of the path.
type newToken struct {
	Scope   string  `json:"scope"` // a list of ingest, read and admin
	Label   string  `json:"label,omitempty"`
	Expires *string `json:"expires,omitempty" format:"date-time"` // left out: never
}

// tokenSecret is a new token with its secret, which is shown this once.
type tokenSecret struct {
	Token  tokenInfo `json:"token"`
	Secret string    `json:"secret"`
	Setup  *setup    `json:"setup"` // how programs send with it; null for one that may not
}

func tokenInfoOf(t meta.Token) tokenInfo {
	return tokenInfo{
		ID: t.ID, Project: optional(t.Project), Scope: t.Scope.String(), Label: t.Label,
		Created: t.Created, Expires: instant(t.Expires), Used: instant(t.Used), Revoked: instant(t.Revoked),
	}
}

// The project of each of these is that of the grant, which has none where the path has none: for tokens of all projects.

func (a *API) listTokens(c *call) (any, error) {
	tokens, err := a.cfg.Meta.Tokens(c.ctx(), c.project())
	if err != nil {
		return nil, err
	}
	all := tokenList{Tokens: make([]tokenInfo, len(tokens))}
	for i, t := range tokens {
		all.Tokens[i] = tokenInfoOf(t)
	}
	return all, nil
}

func (a *API) createToken(c *call) (any, error) {
	var body newToken
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	scope, err := meta.ParseScope(body.Scope)
	if err != nil {
		return nil, err
	}
	if c.project() == "" && scope.Has(meta.ScopeIngest) {
		return nil, invalid("scope", "spans need a token of one project: leave out ingest")
	}
	expires, err := a.expiry(body.Expires, 0)
	if err != nil {
		return nil, err
	}
	t, secret, err := a.cfg.Meta.CreateToken(c.ctx(), meta.Token{Project: c.project(), Scope: scope, Label: body.Label, Expires: expires})
	if err != nil {
		return nil, err
	}
	a.audit(c, "token created", "token", t.ID, "project", t.Project, "scope", t.Scope.String())
	made := tokenSecret{Token: tokenInfoOf(t), Secret: secret}
	if scope.Has(meta.ScopeIngest) {
		made.Setup = new(setupFor(a.origin(c), secret))
	}
	return made, nil
}

func (a *API) revokeToken(c *call) (any, error) {
	id := c.r.PathValue("token")
	if err := a.cfg.Meta.RevokeToken(c.ctx(), c.project(), id); err != nil {
		return nil, err
	}
	a.audit(c, "token revoked", "token", id, "project", c.project())
	return nil, nil
}

// expiry reads the member expires, zero when it is not given. most is how far away it may be; 0 for no limit.
func (a *API) expiry(text *string, most time.Duration) (time.Time, error) {
	if text == nil {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, *text)
	now := a.cfg.Now()
	switch {
	case err != nil || t.Year() > 2261: // what fits into nanoseconds since 1970
		return time.Time{}, invalid("expires", "want a time such as 2026-11-22T16:08:11Z")
	case !t.After(now):
		return time.Time{}, invalid("expires", "is over already")
	case most > 0 && t.After(now.Add(most)):
		return time.Time{}, invalid("expires", "want at most %d days from now", most/(24*time.Hour))
	}
	return t.UTC(), nil
}
