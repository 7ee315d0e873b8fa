package api

import (
	"cmp"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

const noInvite = "this invitation does not work, or no longer"

// How long an invitation is good for: unless it says otherwise, and at most.
const (
	inviteFor    = 7 * 24 * time.Hour
	maxInviteFor = 30 * 24 * time.Hour
)

// inviteOperations let admins of a project bring in people who are no users yet.
func (a *API) inviteOperations() []operation {
	const all, one = "/api/projects/{p}/invites", "/api/invites/{secret}"
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: all, Need: access.Admin},
			id:    "listInvites", topic: "users", summary: "Lists the invitations to a project that nobody has taken yet and that still work, the next to expire first",
			reply: inviteList{}, do: a.listInvites,
		},
		{
			Route: access.Route{Method: http.MethodDelete, Path: all + "/{invite}", Need: access.Admin},
			id:    "revokeInvite", topic: "users", summary: "Ends an invitation at once", status: http.StatusNoContent, do: a.revokeInvite, missing: "no such invitation",
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: all, Need: access.Admin},
			id:    "createInvite", topic: "users", summary: "Invites one person to become a user with a role in a project. The secret is in this answer only",
			body: newInvite{}, reply: inviteSecret{}, status: http.StatusCreated, do: a.createInvite, missing: noProject,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: one, Need: access.Open},
			id:    "getInvite", topic: "users", summary: "Says to whoever has an invitation what it is to", reply: openInvite{}, do: a.getInvite, missing: noInvite,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: one, Need: access.Open},
			id:    "takeInvite", topic: "users", summary: "Makes the user who was invited, once", body: credentials{}, reply: userInfo{}, status: http.StatusCreated,
			do: a.takeInvite, missing: noInvite,
		},
	}
}

// newInvite is what an invitation says.
type newInvite struct {
	Role    string  `json:"role" enum:"viewer,member,admin"`
	Expires *string `json:"expires,omitempty" format:"date-time"` // at most 30 days from now; left out: in 7 days
}

// inviteList is all invitations that still work.
type inviteList struct {
	Invites []inviteInfo `json:"invites"`
}

// inviteInfo is what is known of an invitation; not its secret.
type inviteInfo struct {
	ID      string    `json:"id"`
	Role    string    `json:"role" enum:"viewer,member,admin"`
	Author  string    `json:"author"` // the user who made it, or token: and an id; empty: not known
	Expires time.Time `json:"expires"`
}

// openInvite is what somebody with the link may know of the invitation.
type openInvite struct {
	Project *string   `json:"project"` // its name; null: the user will be admin of everything
	Role    string    `json:"role" enum:"viewer,member,admin"`
	Expires time.Time `json:"expires"`
}

// inviteSecret is a new invitation with its secret, which is shown this once.
type inviteSecret struct {
	ID      string    `json:"id"`
	Project string    `json:"project"` // the id
	Role    string    `json:"role" enum:"viewer,member,admin"`
	Expires time.Time `json:"expires"`
	Secret  string    `json:"secret"`
	URL     string    `json:"url"` // what the person opens
}

func (a *API) createInvite(c *call) (any, error) {
	var body newInvite
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	role, err := meta.ParseRole(body.Role)
	if err != nil {
		return nil, err
	}
	expires, err := a.expiry(body.Expires, maxInviteFor)
	if err != nil {
		return nil, err
	}
	if expires.IsZero() {
		expires = a.cfg.Now().Add(inviteFor).UTC()
	}
	i, secret, err := a.cfg.Meta.CreateInvite(c.ctx(), meta.Invite{Project: c.project(), Role: role, Author: author(c), Expires: expires})
	if err != nil {
		return nil, err
	}
	a.audit(c, "invitation created", "invitation", i.ID, "project", c.project(), "role", role.String())
	return inviteSecret{ID: i.ID, Project: c.project(), Role: role.String(), Expires: i.Expires, Secret: secret, URL: a.origin(c) + "/invite/" + secret}, nil
}

func (a *API) listInvites(c *call) (any, error) {
	invites, err := a.cfg.Meta.Invites(c.ctx(), c.project())
	if err != nil {
		return nil, err
	}
	all := inviteList{Invites: make([]inviteInfo, len(invites))}
	for n, i := range invites {
		all.Invites[n] = inviteInfo{ID: i.ID, Role: i.Role.String(), Author: i.Author, Expires: i.Expires}
	}
	return all, nil
}

func (a *API) revokeInvite(c *call) (any, error) {
	id := c.r.PathValue("invite")
	if err := a.cfg.Meta.RevokeInvite(c.ctx(), c.project(), id); err != nil {
		return nil, err
	}
	a.audit(c, "invitation revoked", "invitation", id, "project", c.project())
	return nil, nil
}

// invited finds the invitation of the path.
func (a *API) invited(c *call) (meta.Invite, error) {
	if err := a.guesses.invites.TakeAddress(c.g.Address()); err != nil {
		return meta.Invite{}, err
	}
	return a.cfg.Meta.Invite(c.ctx(), c.r.PathValue("secret"))
}

func (a *API) getInvite(c *call) (any, error) {
	i, err := a.invited(c)
	if err != nil {
		return nil, err
	}
	open := openInvite{Role: cmp.Or(i.Role, meta.RoleAdmin).String(), Expires: i.Expires}
	if i.Project != "" {
		p, err := a.cfg.Meta.Project(c.ctx(), i.Project)
		if err != nil {
			return nil, err
		}
		open.Project = &p.Name
	}
	return open, nil
}

// takeInvite hashes nothing for a secret that does not work: hashing is what costs.
func (a *API) takeInvite(c *call) (any, error) {
	if _, err := a.invited(c); err != nil {
		return nil, err
	}
	var body credentials
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := checkPassword("password", body.Password, body.User); err != nil {
		return nil, err
	}
	hash, err := a.cfg.Logins.HashPassword(c.ctx(), body.Password)
	if err != nil {
		return nil, err
	}
	u, err := a.cfg.Meta.TakeInvite(c.ctx(), c.r.PathValue("secret"), meta.User{Name: body.User, Hash: hash})
	if err != nil {
		return nil, fieldAs(nameTaken(err, "user", "a user"), "name", "user")
	}
	a.audit(c, "invitation taken", "user", u.ID)
	return userInfoOf(u), nil
}
