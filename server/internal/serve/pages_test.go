package serve

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// opened opens a server whose log is kept, at its most talkative.
func opened(t *testing.T) (s *server, log *bytes.Buffer) {
	t.Helper()
	log = new(bytes.Buffer)
	cfg, err := Config{
		Data: t.TempDir(), NoFirst: true,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s, log
}

// visit asks as a browser does when somebody types an address, or as a program.
func (s *server) visit(t *testing.T, method, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, http.NoBody)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	s.router.ServeHTTP(w, r)
	return w
}

const html = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestPagesThroughTheWholeServer(t *testing.T) {
	s, _ := opened(t)
	for _, path := range []string{"/", "/login", "/p/support/traces", "/settings", "/pipeline", "/s/trs_fakefakefake", "/invite/tri_fakefakefake"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := s.visit(t, method, path, html)
			h := w.Header()
			if w.Code != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
				t.Errorf("%s %s: %d, %v", method, path, w.Code, h)
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self'") {
				t.Errorf("%s %s: %v", method, path, h)
			}
		}
		// The bare address is also one that spans are posted to.
		if w := s.visit(t, http.MethodPost, path, html); path != "/" && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d, want 405", path, w.Code)
		}
	}
}

// TestAddressesThatAreNone holds that nothing outside the table is answered with 200, and who gets a page instead.
func TestAddressesThatAreNone(t *testing.T) {
	s, _ := opened(t)
	for _, c := range []struct {
		method, path, accept string
		page                 bool
	}{
		{http.MethodGet, "/nothing", html, true},
		{http.MethodHead, "/nothing", html, true},
		{http.MethodGet, "/api/nothing", html, true},
		{http.MethodGet, "/nothing", "*/*", false},
		{http.MethodGet, "/nothing", "application/json", false},
		{http.MethodPost, "/nothing", html, false},
		{http.MethodGet, "//nothing", html, false},
		{http.MethodGet, "/p/../api", html, false},
		{http.MethodGet, "/s", html, true},
		{http.MethodGet, "/assets/0123456789abcdef/app.js", html, false},
		{http.MethodGet, "/assets/0123456789abcdef/..%2fweb.go", html, false},
		{http.MethodGet, "/assets/0123456789abcdef/../app.js", html, false},
		{http.MethodGet, "/assets/0123456789abcdef/%00", html, false},
		{http.MethodGet, "/assets/0123456789abcdef/%2fetc%2fpasswd", html, false},
		{http.MethodGet, "/assets/..%2f..%2fetc/passwd", html, false},
		{http.MethodGet, "/assets/", html, true},
		{http.MethodGet, "/web.go", html, true},
	} {
		w := s.visit(t, c.method, c.path, c.accept)
		kind := w.Header().Get("Content-Type")
		if w.Code != http.StatusNotFound || strings.HasPrefix(kind, "text/html") != c.page || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s for %s: %d, %v; want 404, a page: %t", c.method, c.path, c.accept, w.Code, w.Header(), c.page)
		}
	}
}

func TestSecretsInAddressesAreNotLogged(t *testing.T) {
	s, log := opened(t)
	const secret = "fakefakefakefake"
	for _, path := range []string{"/s/trs_" + secret, "/s/trs_" + secret + "/span/" + secret, "/invite/" + secret, "/invite/" + secret + "/more", "/s//" + secret} {
		s.visit(t, http.MethodGet, path, html)
		s.visit(t, http.MethodPost, path, html)
	}
	if !strings.Contains(log.String(), "/s/{secret}") || strings.Contains(log.String(), secret) {
		t.Errorf("the log says\n%s", log)
	}
}
