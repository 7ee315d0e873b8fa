package api

import (
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
	return []operation{
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/projects/{p}/invites", Need: access.Admin},
			id:    "createInvite", topic: "users", summary: "Invites one person to become a user with a role in a project. The secret is in this answer only",
			body: newInvite{}, reply: inviteSecret{}, status: http.StatusCreated, do: a.createInvite, missing: noProject,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/invites/{secret}", Need: access.Open},
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

// inviteSecret is a new invitation with its secret, which is shown this once.
type inviteSecret struct {
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
	secret, err := a.cfg.Meta.CreateInvite(c.ctx(), c.project(), role, expires)
	if err != nil {
		return nil, err
	}
	a.audit(c, "invitation created", "project", c.project(), "role", role.String())
	return inviteSecret{Project: c.project(), Role: role.String(), Expires: expires, Secret: secret, URL: a.origin(c) + "/invite/" + secret}, nil
}

// takeInvite hashes nothing for a secret that does not work: hashing is what costs.
func (a *API) takeInvite(c *call) (any, error) {
	if err := a.guesses.invites.TakeAddress(c.g.Address()); err != nil {
		return nil, err
	}
	secret := c.r.PathValue("secret")
	if err := a.cfg.Meta.CheckInvite(c.ctx(), secret); err != nil {
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
	u, err := a.cfg.Meta.TakeInvite(c.ctx(), secret, meta.User{Name: body.User, Hash: hash})
	if err != nil {
		return nil, fieldAs(nameTaken(err, "user", "a user"), "name", "user")
	}
	a.audit(c, "invitation taken", "user", u.ID)
	return userInfoOf(u), nil
}
