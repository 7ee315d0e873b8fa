package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

const (
	noShare    = "no such share"
	noShared   = "this link opens nothing, or no longer"
	maxShare   = 366 * 24 * time.Hour
	maxForAll  = 100_000 // spans of a shared trace: anyone may ask
	sharedPath = "/api/share/{secret}"
)

// shareOperations are about links that open one trace, and what is behind them.
func (a *API) shareOperations() []operation {
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/shares", Need: access.Write},
			id:    "listShares", topic: "shares", summary: "Lists the shares of a project, newest first", reply: shareList{}, do: a.listShares,
		},
		{
			Route: access.Route{Method: http.MethodPost, Path: "/api/projects/{p}/shares", Need: access.Write},
			id:    "createShare", topic: "shares", summary: "Opens a trace to whoever has a link. Its secret is in this answer only",
			body: newShare{}, reply: shareSecret{}, status: http.StatusCreated, do: a.createShare, missing: noTrace,
		},
		{
			Route: access.Route{Method: http.MethodDelete, Path: "/api/projects/{p}/shares/{share}", Need: access.Write},
			id:    "revokeShare", topic: "shares", summary: "Ends a share at once", status: http.StatusNoContent, do: a.revokeShare, missing: noShare,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: sharedPath, Need: access.Open},
			id:    "getSharedTrace", topic: "shares", summary: "Returns a shared trace, and counts the view",
			query: []parameter{{name: "max_spans", kind: "integer", about: "the most rows, level by level from the root; 20,000 unless given, 100,000 at most"}},
			reply: sharedTrace{}, do: a.getShared, missing: noShared, narrow: "ask for fewer spans with max_spans",
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: sharedPath + "/spans/{span}", Need: access.Open},
			id:    "getSharedSpan", topic: "shares", summary: "Returns a span of a shared trace; without content, only its names, times and tokens",
			reply: fullSpan{}, do: a.getSharedSpan, missing: noShared,
		},
	}
}

// shareList is all shares, those that work no more too.
type shareList struct {
	Shares []shareInfo `json:"shares"`
}

// shareInfo is what is known of a share; not its secret.
type shareInfo struct {
	ID      string       `json:"id"`
	TraceID span.TraceID `json:"trace_id"`
	Content bool         `json:"content"` // inputs, outputs and metadata too; otherwise names, times and tokens alone
	Author  string       `json:"author"`  // the user who made it, or token: and an id
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
	Revoked *time.Time   `json:"revoked"` // null: not
	Views   int          `json:"views"`
}

// newShare is what a share is made of.
type newShare struct {
	TraceID string  `json:"trace_id"`
	Content bool    `json:"content,omitempty"`
	Expires *string `json:"expires,omitempty" format:"date-time"` // at most 366 days from now; left out: in 7 days
}

// shareSecret is a new share with its secret, which is shown this once.
type shareSecret struct {
	Share  shareInfo `json:"share"`
	Secret string    `json:"secret"`
	URL    string    `json:"url"` // the page to hand on
}

// sharedTrace is a trace as a share shows it.
type sharedTrace struct {
	Share openShare `json:"share"`
	skeleton
}

// openShare is what somebody with the link may know of the share.
type openShare struct {
	Content bool      `json:"content"` // false: inputs, outputs, metadata, cost, tags, user, thread and preview were taken out
	Expires time.Time `json:"expires"`
}

// sharedColumns writes a sharedTrace.
type sharedColumns struct {
	share openShare
	trace *columns
}

func (s sharedColumns) appendJSON(buf []byte) []byte {
	head, err := encode(s.share)
	if err != nil { // a bool and a time always encode
		panic(err)
	}
	buf = append(buf, `{"share":`...)
	buf = append(buf, head[:len(head)-1]...)
	buf = append(buf, ',')
	return append(buf, s.trace.appendJSON(nil)[1:]...)
}

func shareInfoOf(s meta.Share) shareInfo {
	return shareInfo{
		ID: s.ID, TraceID: s.TraceID, Content: s.Content, Author: s.Author,
		Created: s.Created, Expires: s.Expires, Revoked: instant(s.Revoked), Views: s.Views,
	}
}

// author is who makes something, as others see it: the name of a user, or token: and an id. Empty where nobody logs in.
func author(c *call) string {
	if u, ok := c.g.User(); ok {
		return u.Name
	}
	if t, ok := c.g.Token(); ok {
		return "token:" + t.ID
	}
	return ""
}

func (a *API) listShares(c *call) (any, error) {
	shares, err := a.cfg.Meta.Shares(c.ctx(), c.project())
	if err != nil {
		return nil, err
	}
	all := shareList{Shares: make([]shareInfo, len(shares))}
	for i, s := range shares {
		all.Shares[i] = shareInfoOf(s)
	}
	return all, nil
}

func (a *API) createShare(c *call) (any, error) {
	var body newShare
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	id, ok := span.TraceID(body.TraceID).W3C()
	if !ok {
		return nil, invalid("trace_id", "want 1 to 32 hex digits")
	}
	expires, err := a.expiry(body.Expires, maxShare)
	if err != nil {
		return nil, err
	}
	if _, err := a.cfg.Store.Trace(c.ctx(), c.project(), id, store.TraceOptions{MaxSpans: 1}); err != nil {
		return nil, err
	}
	s, secret, err := a.cfg.Meta.CreateShare(c.ctx(), meta.Share{Project: c.project(), TraceID: id, Content: body.Content, Author: author(c), Expires: expires})
	if err != nil {
		return nil, err
	}
	a.audit(c, "share created", "share", s.ID, "project", s.Project, "trace", string(s.TraceID), "content", s.Content)
	return shareSecret{Share: shareInfoOf(s), Secret: secret, URL: a.origin(c) + "/s/" + secret}, nil
}

func (a *API) revokeShare(c *call) (any, error) {
	id := c.r.PathValue("share")
	if err := a.cfg.Meta.RevokeShare(c.ctx(), c.project(), id); err != nil {
		return nil, err
	}
	a.audit(c, "share revoked", "share", id, "project", c.project())
	return nil, nil
}

// shared finds the share that the secret of the path opens. Nothing else of the request has a say in what is shown.
func (a *API) shared(c *call, find func(context.Context, string) (meta.Share, error)) (meta.Share, error) {
	c.w.Header().Set("X-Robots-Tag", "noindex")
	if err := a.guesses.shares.TakeAddress(c.g.Address()); err != nil {
		return meta.Share{}, err
	}
	return find(c.ctx(), c.r.PathValue("secret"))
}

func (a *API) getShared(c *call) (any, error) {
	most, err := c.number("max_spans", 0, 1, maxForAll)
	if err != nil {
		return nil, err
	}
	find := a.cfg.Meta.OpenShare
	if c.r.Method == http.MethodHead { // nobody looks at that
		find = a.cfg.Meta.PeekShare
	}
	s, err := a.shared(c, find)
	if err != nil {
		return nil, err
	}
	k, err := a.cfg.Store.Trace(c.ctx(), s.Project, s.TraceID, store.TraceOptions{MaxSpans: most})
	if err != nil {
		return nil, err
	}
	if !s.Content {
		k = redactedTrace(k)
	}
	return sharedColumns{openShare{Content: s.Content, Expires: s.Expires}, (*columns)(k)}, nil
}

func (a *API) getSharedSpan(c *call) (any, error) {
	s, err := a.shared(c, a.cfg.Meta.PeekShare)
	if err != nil {
		return nil, err
	}
	id, ok := span.ID(c.r.PathValue("span")).W3C()
	if !ok {
		return nil, store.ErrNotFound
	}
	full, err := a.cfg.Store.Span(c.ctx(), s.Project, s.TraceID, id)
	if err != nil {
		return nil, err
	}
	if !s.Content {
		full = redactedSpan(full)
	}
	return fullSpanOf(full), nil
}

// redactedTrace is a new trace with the names, times and tokens of k: what nobody names here is not shown.
func redactedTrace(k *store.Skeleton) *store.Skeleton {
	t := &k.Trace
	r := &store.Skeleton{
		Trace: store.Summary{
			TraceID: t.TraceID, Name: t.Name, Type: t.Type, Service: t.Service, Status: t.Status, SpanErrors: t.SpanErrors, Spans: t.Spans,
			Start: t.Start, Duration: t.Duration, Tokens: t.Tokens,
		},
		ID: k.ID, Parent: make([]span.ID, k.Len()), Name: k.Name, Type: k.Type, Service: k.Service, Model: k.Model,
		Start: k.Start, Dur: k.Dur, Status: k.Status, Event: k.Event, Clock: k.Clock, Tokens: k.Tokens, Cost: make([]*store.Cost, k.Len()),
		Strings: k.Strings, Truncated: k.Truncated,
	}
	for i, parent := range k.Parent {
		r.Parent[i], _ = parent.W3C() // as it was sent it may be any text
	}
	return r
}

// redactedSpan is a new span with the name, times and tokens of f.
func redactedSpan(f *store.FullSpan) *store.FullSpan {
	s := f.Span
	parent, _ := s.ParentID.W3C()
	return &store.FullSpan{
		Span: &span.Span{
			TraceID: s.TraceID, ID: s.ID, ParentID: parent, Name: s.Name, Type: s.Type, Start: s.Start, End: s.End, Event: s.Event, Root: s.Root,
		},
		Received: f.Received, Clock: f.Clock, Service: f.Service, Status: f.Status, Tokens: f.Tokens,
	}
}
