package access

import (
	"crypto/tls"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestWhereARequestComesFrom(t *testing.T) {
	rt := &Router{cfg: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for _, c := range []struct {
		name   string
		peer   string
		hops   []string
		proto  []string
		want   string
		secure bool
	}{
		{"nobody before it", "198.51.100.1:5", nil, nil, "198.51.100.1", false},
		{"a stranger's headers are not believed", "198.51.100.1:5", []string{"203.0.113.9"}, []string{"https"}, "198.51.100.1", false},
		{"a proxy", "10.0.0.1:5", []string{"203.0.113.9"}, []string{"https"}, "203.0.113.9", true},
		{"what the caller wrote itself stands before", "10.0.0.1:5", []string{"1.1.1.1, 203.0.113.9"}, nil, "203.0.113.9", false},
		{"two proxies", "10.0.0.1:5", []string{"203.0.113.9, 10.0.0.2"}, nil, "203.0.113.9", false},
		{"two headers", "10.0.0.1:5", []string{"1.1.1.1", "203.0.113.9"}, []string{"https", "http"}, "203.0.113.9", false},
		{"all are proxies", "10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, nil, "10.0.0.3", false},
		{"a proxy that says nothing", "10.0.0.1:5", nil, nil, "10.0.0.1", false},
		{"nonsense ends the walk", "10.0.0.1:5", []string{"1.1.1.1, unknown, 10.0.0.2"}, nil, "10.0.0.2", false},
		{"IPv6", "[fd00::1]:5", []string{"2001:db8::7"}, []string{"http, https"}, "2001:db8::7", true},
		{"IPv4 within IPv6", "[::ffff:10.0.0.1]:5", []string{"::ffff:203.0.113.9"}, nil, "203.0.113.9", false},
		{"no address", "@", nil, nil, "invalid IP", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"] = c.hops, c.proto
			if got, secure := rt.origin(r); got.String() != c.want || secure != c.secure {
				t.Errorf("comes from %v, secure %t; want %s, %t", got, secure, c.want, c.secure)
			}
		})
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.TLS = new(tls.ConnectionState)
	if _, secure := rt.origin(r); !secure {
		t.Error("TLS is not secure")
	}
}
