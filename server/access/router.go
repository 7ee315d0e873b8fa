package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

// Config says by what a Router judges. DB is required.
type Config struct {
	DB  *meta.DB
	Log *slog.Logger     // nil: nothing is logged. At level debug each request is, by its route: never path, query or header
	Now func() time.Time // nil: time.Now

	// Hosts are the names, without port, under which the server may be reached, beside localhost and any IP address. A
	// request for another is answered with 421: it is how a foreign page would reach a server on loopback.
	Hosts []string

	// Proxies are the networks of proxies of ours: what they say of where a request comes from is believed.
	Proxies []netip.Prefix

	// Rate is how many requests a second each token is good for, as many of them at once; more are answered with 429. 0
	// means 10,000, a negative number no limit.
	Rate int

	// Failures is how many tokens that do not work an address may show in a row; one more is allowed each second. Above,
	// the answer is 429 in place of 401. A token that works is taken all the same. 0 means 100, a negative
	// number no limit.
	Failures int

	// NotFound answers a browser that is led to a path of no route: a GET that takes HTML. It sets the status, 404, itself.
	// Programs, other methods and nil: [Fail].
	NotFound http.HandlerFunc

	// Nobody lets every request in as if an admin sent it, for a server on loopback that holds samples. Spans that come
	// without a token that works go to the project with this id or name. Empty: everyone has to show who they are.
	Nobody string
}

// Router leads requests to handlers, as far as they are allowed.
type Router struct {
	cfg      Config
	cache    *meta.Cache
	rate     *Limiter // of tokens; nil: none
	failures *Limiter // by address; nil: none
	mux      *http.ServeMux
	routes   []Route
	cross    *http.CrossOriginProtection
}

// NewRouter checks the routes and makes a router of them. The error names the route that does not say what it needs, or
// that another one hides.
func NewRouter(cfg Config, routes ...Route) (*Router, error) {
	if cfg.DB == nil {
		return nil, errors.New("access: Config.DB is missing")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	rt := &Router{
		cfg: cfg, cache: meta.NewCache(cfg.DB),
		mux: http.NewServeMux(), routes: slices.Clone(routes), cross: http.NewCrossOriginProtection(),
	}
	if n := cmp.Or(cfg.Rate, 10_000); n > 0 {
		rt.rate = NewLimiter(LimiterConfig{Every: time.Second / time.Duration(n), Burst: n, Now: cfg.Now})
	}
	if n := cmp.Or(cfg.Failures, 100); n > 0 {
		rt.failures = NewLimiter(LimiterConfig{Every: time.Second, Burst: n, Now: cfg.Now})
	}
	for _, route := range routes {
		if err := route.check(); err != nil {
			return nil, err
		}
		if err := rt.add(route); err != nil {
			return nil, err
		}
	}
	return rt, nil
}

// add registers a route; ServeMux panics over two that conflict.
func (rt *Router) add(route Route) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("access: route %v: %v", route, v)
		}
	}()
	rt.mux.Handle(route.String(), &entry{rt, route})
	return nil
}

// entry is the handler of a route. Whatever else ServeMux would answer with, redirects for one, is not of this type.
type entry struct {
	router *Router
	route  Route
}

func (e *entry) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.router.serve(w, r, e.route) }

// Routes returns the table.
func (rt *Router) Routes() []Route { return slices.Clone(rt.routes) }

// ServeHTTP answers a request. It never redirects: a client that follows a redirect of a POST loses the body.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answer{ResponseWriter: w}
	start := rt.cfg.Now()
	defer rt.end(a, r, start)
	h := a.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	switch {
	case !rt.hostAllowed(r.Host):
		Fail(a, http.StatusMisdirectedRequest, Problem{Code: "host", Message: "this server does not go by that name: allow it with --host"})
	case r.URL.Path != clean(r.URL.Path):
		Fail(a, http.StatusNotFound, Problem{Code: "not_found", Message: "no such path"})
	default:
		rt.dispatch(a, r)
	}
}

// clean is the form of a path that ServeMux does not redirect.
func clean(p string) string {
	if p == "" || p == "*" {
		return p
	}
	c := path.Clean(p)
	if strings.HasSuffix(p, "/") && c != "/" {
		c += "/"
	}
	return c
}

// serve judges a request that has found its route.
func (rt *Router) serve(w http.ResponseWriter, r *http.Request, route Route) {
	g, err := rt.grant(r, route)
	if a, ok := w.(*answer); ok { // always: ServeHTTP made it
		a.route, a.project = route.String(), g.project.ID
	}
	if err == nil {
		g.again = func(ctx context.Context) error {
			_, err := rt.grant(r.WithContext(ctx), route)
			return err
		}
		route.Handle(w, r, g)
		return
	}
	var limit *LimitError
	if errors.As(err, &limit) {
		setRetryAfter(w, limit)
		err = &denied{http.StatusTooManyRequests, "rate", "too many requests: wait a moment"}
	}
	var no *denied
	if !errors.As(err, &no) { // trouble of our own
		rt.cfg.Log.Error("a request could not be judged", "route", route.String(), "error", err)
		w.Header().Set("Retry-After", "1")
		no = &denied{http.StatusServiceUnavailable, "unavailable", "the server cannot look up who you are: try again"}
	}
	if no.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tailrace"`)
	}
	if route.Deny != nil {
		route.Deny(w, r, no.status, no.code, no.message)
		return
	}
	Fail(w, no.status, Problem{Code: no.code, Message: no.message})
}

// denied is what is said to a request that goes no further.
type denied struct {
	status        int
	code, message string
}

func (d *denied) Error() string { return d.message }

// noProject is the answer about a project that is not there and about one that is none of the caller's business.
func noProject() error { return &denied{http.StatusNotFound, "not_found", "no such project"} }

// grant says what a request is allowed, or a *denied why it is not, or another error when that cannot be found out.
func (rt *Router) grant(r *http.Request, route Route) (g Grant, err error) {
	from, secure := rt.origin(r)
	defer func() {
		if err == nil {
			g.address, g.secure = from, secure
		}
	}()
	if route.Need == Open {
		return Grant{}, rt.sameSite(r) // a login for somebody else is a change too
	}
	g, err = rt.identify(r)
	if err != nil {
		return Grant{}, err
	}
	switch {
	case route.Need == Ingest:
		return rt.ingest(r.Context(), g)
	case route.hasProject():
		return rt.inProject(r.Context(), g, route.Need, r.PathValue("p"))
	case route.Need == Known, route.Need == Root && g.May(Root, ""), route.Need != Root && g.somewhere(route.Need):
		return g, nil
	}
	return Grant{}, lacking(route.Need)
}

// lacking refuses somebody who is known.
func lacking(need Need) error {
	return &denied{http.StatusForbidden, "forbidden", "this needs more than you may do: " + need.String()}
}

// somewhere reports whether the caller has what need means in at least one project; the handler finds out in which.
func (g Grant) somewhere(need Need) bool {
	if g.hasToken {
		return g.token.Scope.Has(need.scope())
	}
	return g.everything || g.hasUser
}

// inProject adds the project to a grant. Who may not see it learns nothing; who may see it learns what is missing.
func (rt *Router) inProject(ctx context.Context, g Grant, need Need, name string) (Grant, error) {
	if g.hasToken && !g.token.Scope.Has(need.scope()) { // whatever the project
		return Grant{}, lacking(need)
	}
	p, err := rt.cache.Project(ctx, name)
	if errors.Is(err, meta.ErrNotFound) {
		return Grant{}, noProject()
	}
	if err != nil {
		return Grant{}, err
	}
	g.project = p
	switch {
	case g.May(need, p.ID):
		return g, nil
	case g.May(Read, p.ID):
		return Grant{}, lacking(need)
	}
	return Grant{}, noProject()
}

// ingest adds the project of the token.
func (rt *Router) ingest(ctx context.Context, g Grant) (Grant, error) {
	name := g.token.Project
	switch {
	case g.hasToken && g.token.Scope.Has(meta.ScopeIngest) && name != "":
	case g.hasToken && g.token.Scope.Has(meta.ScopeIngest):
		return Grant{}, &denied{http.StatusForbidden, "forbidden", "spans need a token of one project: this one is of all"}
	case g.everything && !g.hasToken:
		name = rt.cfg.Nobody
	default:
		return Grant{}, lacking(Ingest)
	}
	p, err := rt.cache.Project(ctx, name)
	if errors.Is(err, meta.ErrNotFound) { // deleted a moment ago, and its tokens with it
		return Grant{}, &denied{http.StatusUnauthorized, "unauthorized", "this token does not work"}
	}
	g.project = p
	return g, err
}
