package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

const noProject = "no such project" // as the router says it

// projectOperations are about projects themselves.
func (a *API) projectOperations() []operation {
	one := "/api/projects/{p}"
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects", Need: access.Read},
			id:    "listProjects", topic: "settings", summary: "Lists the projects that the caller may read, by name", reply: projectList{}, do: a.listProjects,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/projects", Need: access.Root},
			id:    "createProject", topic: "settings", summary: "Makes a project", body: newProject{}, reply: projectInfo{}, status: http.StatusCreated, do: a.createProject,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: one, Need: access.Read},
			id:    "getProject", topic: "settings", summary: "Returns a project with what it holds", reply: projectInfo{}, do: a.getProject, missing: noProject,
		},
		{
			Route: access.Route{Method: http.MethodPatch, Path: one, Need: access.Admin},
			id:    "changeProject", topic: "settings", summary: "Changes those settings of a project that are given", body: projectChange{}, reply: projectInfo{},
			do: a.changeProject, missing: noProject,
		},
		{
			Route: access.Route{Method: http.MethodDelete, Path: one, Need: access.Root},
			id:    "deleteProject", topic: "settings", summary: "Removes a project with its traces, tokens, members and shares", status: http.StatusNoContent,
			do: a.deleteProject, missing: noProject,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: one + "/setup", Need: access.Read},
			id:    "getSetup", topic: "settings", summary: "Says how programs send their traces here", reply: setup{}, do: a.getSetup,
		},
	}
}

// projectList is all projects that the caller may read.
type projectList struct {
	Projects []projectInfo `json:"projects"`
}

// projectInfo is a project, its settings and what it holds now.
type projectInfo struct {
	ID        string    `json:"id"` // never changes
	Name      string    `json:"name"`
	Created   time.Time `json:"created"`
	KeepNS    int64     `json:"keep_ns"`    // how long it keeps traces, by the UTC day; -1: for ever
	KeepBytes int64     `json:"keep_bytes"` // how much it keeps on disk, oldest days go first; -1: no limit
	Own       limits    `json:"own"`        // what the project itself says of these; 0: nothing, the default holds
	Default   limits    `json:"default"`    // of the server
	Quota     int64     `json:"quota"`      // spans that it may store in one UTC day; 0: any number
	Bytes     int64     `json:"bytes"`      // on disk
	Spans     int64     `json:"spans"`
	Traces    int64     `json:"traces"`
	Oldest    *string   `json:"oldest"` // UTC day, such as 2026-11-22; null: it is empty
}

// newProject is what a project is made of. A setting that is left out has the server's default.
type newProject struct {
	Name      string `json:"name"` // its id too, where it is one: 1 to 64 of a-z, A-Z, 0-9, _ and -
	KeepNS    *int64 `json:"keep_ns,omitempty"`
	KeepBytes *int64 `json:"keep_bytes,omitempty"`
	Quota     *int64 `json:"quota,omitempty"`
}

// projectChange is what is to be different: 0 brings back the default of keep_ns and keep_bytes, -1 takes the limit away.
type projectChange struct {
	Name      *string `json:"name,omitempty"`
	KeepNS    *int64  `json:"keep_ns,omitempty"`
	KeepBytes *int64  `json:"keep_bytes,omitempty"`
	Quota     *int64  `json:"quota,omitempty"`
}

// apply changes p, unless a value is none.
func (n projectChange) apply(p *meta.Project) error {
	if n.Name != nil {
		p.Name = *n.Name
	}
	if n.KeepNS != nil {
		if p.Limits.KeepFor = time.Duration(*n.KeepNS); p.Limits.KeepFor < -1 || p.Limits.KeepFor > 0 && p.Limits.KeepFor < time.Hour {
			return invalid("keep_ns", "want at least an hour, in nanoseconds; 0 for the default, -1 for ever")
		}
	}
	if n.KeepBytes != nil {
		if p.Limits.KeepBytes = *n.KeepBytes; p.Limits.KeepBytes < -1 || p.Limits.KeepBytes > 0 && p.Limits.KeepBytes < 1<<20 {
			return invalid("keep_bytes", "want at least 1048576; 0 for the default, -1 for no limit")
		}
	}
	if n.Quota != nil {
		if p.Quota = *n.Quota; p.Quota < 0 {
			return invalid("quota", "want 0 or more spans a day")
		}
	}
	return nil
}

// projectInfo adds to a project what it holds.
func (a *API) projectInfo(c *call, p meta.Project) (projectInfo, error) {
	stats, err := a.cfg.Store.Stats(c.ctx(), p.ID)
	if err != nil {
		return projectInfo{}, err
	}
	defaults := a.cfg.Limits.WithDefaults()
	info := projectInfo{
		ID: p.ID, Name: p.Name, Created: p.Created, Quota: p.Quota, Bytes: stats.Bytes,
		KeepNS: max(-1, int64(stats.Limits.KeepFor)), KeepBytes: max(-1, stats.Limits.KeepBytes),
		Own:     limits{KeepNS: max(-1, int64(p.Limits.KeepFor)), KeepBytes: max(-1, p.Limits.KeepBytes)},
		Default: limits{KeepNS: max(-1, int64(defaults.KeepFor)), KeepBytes: max(-1, defaults.KeepBytes)},
	}
	if set := p.Limits; set.KeepFor != 0 { // the store may see a change a moment later
		info.KeepNS = max(-1, int64(set.KeepFor))
	}
	if set := p.Limits; set.KeepBytes != 0 {
		info.KeepBytes = max(-1, set.KeepBytes)
	}
	for _, day := range stats.Days {
		info.Spans += day.Spans
		info.Traces += day.Traces
		info.Oldest = &day.Day // they are newest first
	}
	return info, nil
}

func (a *API) listProjects(c *call) (any, error) {
	all, err := a.cfg.Meta.Projects(c.ctx())
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p meta.Project) bool { return !c.g.May(access.Read, p.ID) })
	seen := projectList{Projects: make([]projectInfo, len(all))}
	for i, p := range all {
		if seen.Projects[i], err = a.projectInfo(c, p); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

func (a *API) getProject(c *call) (any, error) { return a.projectInfo(c, c.g.Project()) }

func (a *API) createProject(c *call) (any, error) {
	var body newProject
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	var p meta.Project
	settings := projectChange{KeepNS: body.KeepNS, KeepBytes: body.KeepBytes, Quota: body.Quota}
	if err := settings.apply(&p); err != nil {
		return nil, err
	}
	quota := p.Quota
	p, err := a.cfg.Meta.CreateProject(c.ctx(), body.Name, p.Limits)
	if err == nil && quota != 0 {
		p.Quota = quota
		err = a.cfg.Meta.SetQuota(c.ctx(), p.ID, quota)
	}
	if err != nil {
		return nil, nameTaken(err, "name", "a project")
	}
	a.audit(c, "project created", "project", p.ID)
	return a.projectInfo(c, p)
}

func (a *API) changeProject(c *call) (any, error) {
	var body projectChange
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	p, err := a.cfg.Meta.EditProject(c.ctx(), c.project(), body.apply)
	if err != nil {
		return nil, nameTaken(err, "name", "a project")
	}
	a.audit(c, "project changed", "project", p.ID)
	return a.projectInfo(c, p)
}

// deleteProject removes the traces first: should that fail, the project is still there and can be deleted again. What
// arrived meanwhile is removed after the tokens.
func (a *API) deleteProject(c *call) (any, error) {
	id := c.project()
	if err := a.cfg.Store.DropProject(c.ctx(), id); err != nil {
		return nil, err
	}
	if err := a.cfg.Meta.DeleteProject(c.ctx(), id); err != nil {
		return nil, err
	}
	a.audit(c, "project deleted", "project", id)
	a.cfg.Forget(id)
	return nil, a.cfg.Store.DropProject(c.ctx(), id)
}

// nameTaken says of which member there is one already.
func nameTaken(err error, field, what string) error {
	if !errors.Is(err, meta.ErrExists) {
		return err
	}
	return &fault{http.StatusConflict, access.Problem{Code: "exists", Message: field + ": there is " + what + " of this name", Field: field}}
}

// fieldAs gives a *store.FieldError the name that the member has in this body.
func fieldAs(err error, from, to string) error {
	var field *store.FieldError
	if errors.As(err, &field) && field.Field == from {
		return &store.FieldError{Field: to, Reason: field.Reason}
	}
	return err
}
