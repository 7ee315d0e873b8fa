package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// taker is a T that takes failures down, for tests which must see one.
type taker struct {
	*testing.T

	ctx      context.Context
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (t *taker) Context() context.Context { return t.ctx }

func (t *taker) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *taker) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
}

func (t *taker) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// failures runs a test to its end and returns how it failed.
func failures(t *testing.T, test func(t T)) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	inner := &taker{T: t, ctx: ctx}
	end := func(f func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
	end(func() { test(inner) })
	cancel() // as testing does
	for _, f := range slices.Backward(inner.cleanups) {
		end(f)
	}
	return inner.failures
}

// policy is the content security policy of the server's pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"

// serveHTML serves pages by their path, and /script.js for each that is not there, without a policy unless one is given.
func serveHTML(t *testing.T, csp string, pages map[string]string) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		kind := "text/html; charset=utf-8"
		if strings.HasSuffix(r.URL.Path, ".js") {
			kind = "text/javascript"
		}
		w.Header().Set("Content-Type", kind)
		if csp != "" {
			w.Header().Set("Content-Security-Policy", csp)
		}
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// html is a page without faults around what is in its body.
func html(body string) string {
	return `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>A page</title></head><body><main><h1>A page</h1>` +
		body + `</main></body></html>`
}

// needsBrowser skips a test where there is none, as Start would.
func needsBrowser(t *testing.T) {
	t.Helper()
	if _, err := shared(); errors.Is(err, errNoBrowser) {
		Start(t)
	}
}
