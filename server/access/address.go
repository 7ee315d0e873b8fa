package access

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// trusted reports whether an address is that of a proxy of ours.
func (rt *Router) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(rt.cfg.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// origin finds out where a request comes from: the peer or, behind proxies of ours, the last address before them. What
// anybody else writes into X-Forwarded-For and X-Forwarded-Proto is not believed. secure says that the caller used TLS.
func (rt *Router) origin(r *http.Request) (a netip.Addr, secure bool) {
	secure = r.TLS != nil
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		a = peer.Addr().Unmap()
	}
	if !rt.trusted(a) {
		return a, secure
	}
	if proto := lastOf(r.Header["X-Forwarded-Proto"]); proto != "" {
		secure = strings.EqualFold(proto, "https")
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil { // not what a proxy of ours writes
			break
		}
		if a = next.Unmap(); !rt.trusted(a) {
			break
		}
	}
	return a, secure
}

// lastOf is the last member of a header: the one that the nearest proxy wrote.
func lastOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	line := lines[len(lines)-1]
	return strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:])
}
