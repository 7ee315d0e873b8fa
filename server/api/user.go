package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

const (
	noUser   = "no such user"
	noMember = "no such user, or not a member of this project"
)

// userOperations are about users, and about what they may do in a project.
func (a *API) userOperations() []operation {
	const users, members = "/api/users", "/api/projects/{p}/members"
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: users, Need: access.Root},
			id:    "listUsers", topic: "users", summary: "Lists all users by name", reply: userList{}, do: a.listUsers,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: users, Need: access.Root},
			id:    "createUser", topic: "users", summary: "Makes a user, who has no role in any project yet",
			body: newUser{}, reply: userInfo{}, status: http.StatusCreated, do: a.createUser,
		},
		{
			Route: access.Route{Method: http.MethodPatch, Path: users + "/{user}", Need: access.Root},
			id:    "changeUser", topic: "users", summary: "Sets a new password, which ends the user's sessions, or makes an admin of everything",
			body: userChange{}, reply: userInfo{}, do: a.changeUser, missing: noUser,
		},
		{
			Route: access.Route{Method: http.MethodDelete, Path: users + "/{user}", Need: access.Root},
			id:    "deleteUser", topic: "users", summary: "Removes a user with all roles and sessions", status: http.StatusNoContent, do: a.deleteUser, missing: noUser,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: members, Need: access.Admin},
			id:    "listMembers", topic: "users", summary: "Lists those who have a role in a project, by name", reply: memberList{}, do: a.listMembers,
		},
		{
			Route: access.Route{Method: http.MethodPut, Path: members + "/{user}", Need: access.Admin},
			id:    "setMember", topic: "users", summary: "Gives a user a role in a project", body: newRole{}, reply: member{}, do: a.setMember, missing: noUser,
		},
		{
			Route: access.Route{Method: http.MethodDelete, Path: members + "/{user}", Need: access.Admin},
			id:    "removeMember", topic: "users", summary: "Takes the role in a project away from a user", status: http.StatusNoContent, do: a.removeMember, missing: noMember,
		},
	}
}

// userList is all users.
type userList struct {
	Users []userInfo `json:"users"`
}

// userInfo is somebody who can log in.
type userInfo struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Admin   bool      `json:"admin"` // of everything
	Created time.Time `json:"created"`
}

// newUser is what a user is made of.
type newUser struct {
	Name     string `json:"name"`
	Password string `json:"password"` // 10 characters or more, at most 256 bytes, and not the name
	Admin    bool   `json:"admin,omitempty"`
}

// userChange is what is to be different about a user.
type userChange struct {
	Password *string `json:"password,omitempty"`
	Admin    *bool   `json:"admin,omitempty"`
}

// memberList is all who have a role in a project. Admins of everything need none.
type memberList struct {
	Members []member `json:"members"`
}

// member is a user with a role: viewers ask, members also share and delete, admins also change settings.
type member struct {
	User userInfo `json:"user"`
	Role string   `json:"role" enum:"viewer,member,admin"`
}

// newRole is what a user shall be in a project.
type newRole struct {
	Role string `json:"role" enum:"viewer,member,admin"`
}

func userInfoOf(u meta.User) userInfo {
	return userInfo{ID: u.ID, Name: u.Name, Admin: u.Admin, Created: u.Created}
}

func memberOf(m meta.Member) member { return member{User: userInfoOf(m.User), Role: m.Role.String()} }

// user is the user of the path, by id or else by name: admins of a project know only names.
func (a *API) user(c *call) (meta.User, error) {
	text := c.r.PathValue("user")
	u, err := a.cfg.Meta.UserByID(c.ctx(), text)
	if errors.Is(err, meta.ErrNotFound) {
		u, err = a.cfg.Meta.User(c.ctx(), text)
	}
	return u, err
}

func (a *API) listUsers(c *call) (any, error) {
	users, err := a.cfg.Meta.Users(c.ctx())
	if err != nil {
		return nil, err
	}
	all := userList{Users: make([]userInfo, len(users))}
	for i, u := range users {
		all.Users[i] = userInfoOf(u)
	}
	return all, nil
}

func (a *API) createUser(c *call) (any, error) {
	var body newUser
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if err := checkPassword("password", body.Password, body.Name); err != nil {
		return nil, err
	}
	hash, err := a.cfg.Logins.HashPassword(c.ctx(), body.Password)
	if err != nil {
		return nil, err
	}
	u, err := a.cfg.Meta.CreateUser(c.ctx(), meta.User{Name: body.Name, Hash: hash, Admin: body.Admin})
	if err != nil {
		return nil, nameTaken(err, "name", "a user")
	}
	a.audit(c, "user created", "user", u.ID, "admin", u.Admin)
	return userInfoOf(u), nil
}

func (a *API) changeUser(c *call) (any, error) {
	u, err := a.user(c)
	if err != nil {
		return nil, err
	}
	var body userChange
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if body.Password != nil {
		if err := checkPassword("password", *body.Password, u.Name); err != nil {
			return nil, err
		}
		if err := a.setPassword(c, u, *body.Password); err != nil {
			return nil, err
		}
	}
	if body.Admin != nil {
		if err := a.cfg.Meta.SetAdmin(c.ctx(), u.ID, *body.Admin); err != nil {
			return nil, err
		}
		u.Admin = *body.Admin
		a.audit(c, "user changed", "user", u.ID, "admin", u.Admin)
	}
	return userInfoOf(u), nil
}

func (a *API) deleteUser(c *call) (any, error) {
	u, err := a.user(c)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Meta.DeleteUser(c.ctx(), u.ID); err != nil {
		return nil, err
	}
	a.audit(c, "user deleted", "user", u.ID)
	return nil, nil
}

func (a *API) listMembers(c *call) (any, error) {
	members, err := a.cfg.Meta.Members(c.ctx(), c.project())
	if err != nil {
		return nil, err
	}
	all := memberList{Members: make([]member, len(members))}
	for i, m := range members {
		all.Members[i] = memberOf(m)
	}
	return all, nil
}

func (a *API) setMember(c *call) (any, error) {
	u, err := a.user(c)
	if err != nil {
		return nil, err
	}
	var body newRole
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	role, err := meta.ParseRole(body.Role)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Meta.SetRole(c.ctx(), u.ID, c.project(), role); err != nil {
		return nil, err
	}
	a.audit(c, "member set", "user", u.ID, "project", c.project(), "role", role.String())
	return memberOf(meta.Member{User: u, Role: role}), nil
}

func (a *API) removeMember(c *call) (any, error) {
	u, err := a.user(c)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Meta.SetRole(c.ctx(), u.ID, c.project(), meta.RoleNone); err != nil {
		return nil, err
	}
	a.audit(c, "member removed", "user", u.ID, "project", c.project())
	return nil, nil
}
