package access

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/server/store/meta"
)

// CookieName is the name of the cookie that carries the secret of a session.
const CookieName = "tailrace_session"

// unknown is the answer to credentials that are missing or do not work.
func unknown(message string) error { return &denied{http.StatusUnauthorized, "unauthorized", message} }

// identify finds out who sent a request.
func (rt *Router) identify(r *http.Request) (Grant, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		g, err := rt.byToken(r, header)
		var no *denied
		var limit *LimitError
		if rt.cfg.Nobody == "" || !errors.As(err, &no) && !errors.As(err, &limit) {
			return g, err
		}
		// Nobody has to show anything, so showing something that does not work is no worse.
	}
	if err := rt.sameSite(r); err != nil {
		return Grant{}, err
	}
	if cookie, err := r.Cookie(CookieName); err == nil {
		login, err := rt.cache.Session(r.Context(), cookie.Value)
		if err == nil {
			return Grant{user: login.User, hasUser: true, roles: login.Roles}, nil
		}
		if !errors.Is(err, meta.ErrSecret) {
			return Grant{}, err
		}
	}
	if rt.cfg.Nobody != "" {
		return Grant{everything: true}, nil
	}
	return Grant{}, unknown("show a token, as in Authorization: Bearer trt_…, or log in")
}

// sameSite refuses what a page of another site makes a browser send, unless it only reads.
func (rt *Router) sameSite(r *http.Request) error {
	if err := rt.cross.Check(r); err != nil {
		return &denied{http.StatusForbidden, "cross_origin", "a page of another site may not ask for this"}
	}
	return nil
}

// byToken finds the token of an Authorization header.
func (rt *Router) byToken(r *http.Request, header string) (Grant, error) {
	scheme, secret, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return Grant{}, unknown("want Authorization: Bearer and a token")
	}
	t, err := rt.cache.Token(r.Context(), strings.TrimSpace(secret))
	switch {
	case errors.Is(err, meta.ErrSecret):
		if rt.failures != nil {
			from, _ := rt.origin(r)
			if err := rt.failures.TakeAddress(from); err != nil {
				return Grant{}, err
			}
		}
		return Grant{}, unknown("this token does not work")
	case err != nil:
		return Grant{}, err
	}
	if rt.rate != nil {
		if err := rt.rate.Take(t.ID); err != nil {
			return Grant{}, err
		}
	}
	return Grant{token: t, hasToken: true}, nil
}

// hostAllowed reports whether the Host of a request is one that somebody allowed. An IP address always is: no page can
// make a name of its own lead here under it.
func (rt *Router) hostAllowed(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil ||
		slices.ContainsFunc(rt.cfg.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// dispatch leads a request to its route, or says that there is none.
func (rt *Router) dispatch(w http.ResponseWriter, r *http.Request) {
	if rt.leads(r) {
		rt.mux.ServeHTTP(w, r) // which looks again, for the values in the path
		return
	}
	if allowed := rt.methods(r); len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		Fail(w, http.StatusMethodNotAllowed, Problem{Code: "method", Message: "this path takes " + strings.Join(allowed, ", ")})
		return
	}
	if rt.cfg.NotFound != nil && wantsPage(r) {
		rt.cfg.NotFound(w, r)
		return
	}
	Fail(w, http.StatusNotFound, Problem{Code: "not_found", Message: "no such path"})
}

// wantsPage reports whether a person is to read the answer: browsers name HTML when they open an address, and only then.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// leads reports whether a request has a route.
func (rt *Router) leads(r *http.Request) bool {
	h, _ := rt.mux.Handler(r)
	_, ok := h.(*entry)
	return ok
}

// methods lists the methods that a path takes.
func (rt *Router) methods(r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := new(http.Request)
		*other = *r
		other.Method = method
		if rt.leads(other) {
			allowed = append(allowed, method)
		}
	}
	return allowed
}
