package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/access"
)

// get asks the routes alone, without a router that would look at who asks.
func get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, http.MethodGet, path, headers...)
}

func ask(t *testing.T, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	for _, route := range Routes() {
		mux.HandleFunc(route.String(), func(w http.ResponseWriter, r *http.Request) { route.Handle(w, r, access.Grant{}) })
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

// Addresses of every page, and of those that are secrets.
var (
	pageAddresses = []string{
		"/", "/login", "/styleguide", "/pipeline", "/settings", "/settings/users", "/settings/projects/a/tokens",
		"/p/support", "/p/support/traces", "/p/support/traces/0af7651916cd43dd8448eb211c80319c", "/p/a%20b/metrics",
	}
	secretAddresses = []string{"/s/trs_fakefakefake", "/s/trs_fakefakefake/span/1", "/invite/tri_fakefakefake"}
)

func TestEveryPageIsTheDocument(t *testing.T) {
	want := get(t, "/").Body.String()
	for _, path := range append(pageAddresses, secretAddresses...) {
		w := get(t, path)
		if w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d, %v, %q", path, w.Code, w.Header(), w.Body)
		}
		const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"
		if got := w.Header().Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s: policy %q", path, got)
		}
		if got := w.Header().Get("Content-Length"); got != strconv.Itoa(len(want)) {
			t.Errorf("%s: Content-Length %q of %d bytes", path, got, len(want))
		}
		head := ask(t, http.MethodHead, path)
		if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
			t.Errorf("HEAD %s: %d, %v, %d bytes", path, head.Code, head.Header(), head.Body.Len())
		}
	}
	if strings.Contains(want, "fakefake") {
		t.Errorf("the document quotes the address: %s", want)
	}
}

func TestAnAddressThatIsNoneGetsThePageToo(t *testing.T) {
	w := httptest.NewRecorder()
	NotFound(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/nothing", http.NoBody))
	h := w.Header()
	if w.Code != http.StatusNotFound || w.Body.String() != get(t, "/").Body.String() || h.Get("Cache-Control") != "no-store" || h.Get("Content-Security-Policy") != policy {
		t.Errorf("%d, %v, %q", w.Code, h, w.Body)
	}
}

func TestTheDocumentHasNothingInline(t *testing.T) {
	text := get(t, "/").Body.String()
	for _, want := range []string{`<html lang="en">`, `<div id="app"></div>`, "<noscript>", `name="viewport"`, `name="color-scheme"`} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if found := regexp.MustCompile(`(?i)<style|<script[^>]*>[^<]|\sstyle=|\son[a-z]+=|javascript:|//[a-z]`).FindString(text); found != "" {
		t.Errorf("there is %q in\n%s", found, text)
	}
}

func TestSecretsInAddressesAreKeptByNobody(t *testing.T) {
	for _, path := range secretAddresses {
		h := get(t, path, "If-None-Match", "*").Header()
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Robots-Tag") != "noindex" || h.Get("ETag") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	for _, path := range pageAddresses {
		if h := get(t, path).Header(); h.Get("X-Robots-Tag") != "" || h.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestTheDocumentIsSentOnce(t *testing.T) {
	tag := get(t, "/").Header().Get("ETag")
	if !regexp.MustCompile(`^"[0-9a-f]{16}"$`).MatchString(tag) {
		t.Fatalf("ETag %q", tag)
	}
	for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		w := get(t, "/p/support/traces", "If-None-Match", header)
		if w.Code != want || want == 304 && w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("If-None-Match %q: %d, %d bytes, %v", header, w.Code, w.Body.Len(), w.Header())
		}
	}
}

var assetAddress = regexp.MustCompile(`/assets/[0-9a-f]{16}/[A-Za-z0-9.-]+`)

func TestWhatTheDocumentLoadsIsThere(t *testing.T) {
	addresses := assetAddress.FindAllString(get(t, "/").Body.String(), -1)
	if len(addresses) < 3 || !strings.HasSuffix(addresses[len(addresses)-1], "/app.js") {
		t.Fatalf("the document loads %q, want an icon, styles, and a script behind what it imports", addresses)
	}
	document := get(t, "/").Body.String()
	needed := regexp.MustCompile(`from"\./([^"]+)"`).FindAllStringSubmatch(get(t, addresses[len(addresses)-1]).Body.String(), -1)
	if len(needed) == 0 {
		t.Error("app.js imports nothing: the scripts are no longer split")
	}
	for _, m := range needed { // asked for at once, not when app.js has been read
		if !strings.Contains(document, `<link rel="modulepreload" href="`+addresses[0][:strings.LastIndex(addresses[0], "/")+1]+m[1]+`">`) {
			t.Errorf("the document does not load %s ahead", m[1])
		}
	}
	wants := map[string]string{"favicon.svg": "image/svg+xml", "app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "LICENSES.txt": "text/plain; charset=utf-8"}
	base := addresses[0][:strings.LastIndex(addresses[0], "/")+1]
	for _, address := range append(addresses, base+"LICENSES.txt") {
		w := get(t, address)
		want := wants[strings.TrimPrefix(address, base)]
		if strings.HasPrefix(address, base+"chunk-") {
			want = wants["app.js"]
		}
		if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Content-Type") != want {
			t.Errorf("%s: %d, %d bytes, type %q, want %q", address, w.Code, w.Body.Len(), w.Header().Get("Content-Type"), want)
		}
		if h := w.Header(); h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v", address, h)
		}
	}
}

func TestFilesAreCompressedForWhoAccepts(t *testing.T) {
	address := "/assets/" + loaded().hash + "/app.js"
	plain := get(t, address).Body.Bytes()
	for header, want := range map[string]bool{
		"gzip": true, "br, gzip": true, "gzip;q=0.5": true, "GZIP; q=1": true, "br;q=1, gzip; q=0.001": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.000, br": false, "identity": false, "xgzip": false,
	} {
		w := get(t, address, "Accept-Encoding", header)
		got := w.Header().Get("Content-Encoding") == "gzip"
		if got != want || w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
			t.Errorf("Accept-Encoding %q: %v", header, w.Header())
			continue
		}
		text := w.Body.Bytes()
		if got {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(text, plain) {
			t.Errorf("Accept-Encoding %q: %d bytes, want %d", header, len(text), len(plain))
		}
	}
}

func TestFilesOfOtherVersionsAreNotThere(t *testing.T) {
	hash := loaded().hash
	for _, path := range []string{
		"/assets/0123456789abcdef/app.js", "/assets/" + strings.ToUpper(hash) + "x/app.js", "/assets/" + hash + "/main.tsx",
		"/assets/" + hash + "/..%2fweb.go", "/assets/" + hash + "/%2e%2e", "/assets/" + hash + "/app.js%00", "/assets/" + hash + "/%2fetc%2fpasswd",
		"/assets/" + hash + "/..%5cweb.go", "/assets/" + hash + "/dist%2fapp.js", "/assets/" + hash + "/APP.JS",
	} {
		w := get(t, path)
		if w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), "not_found") {
			t.Errorf("%s: %d, %v, %s", path, w.Code, w.Header(), w.Body)
		}
	}
}
