package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

func TestETagSparesWhatHasNotChanged(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		for _, path := range []string{traceA, traceA + "/" + id1, "/api/projects/a/series?metric=count"} {
			first := r.get("read", path)
			tag := first.Header().Get("ETag")
			if !regexp.MustCompile(`^W/"[1-9][0-9]*-[0-9a-f]+"$`).MatchString(tag) || first.Header().Get("Cache-Control") != "private, no-cache" {
				r.t.Errorf("%s: ETag %q, Cache-Control %q", path, tag, first.Header().Get("Cache-Control"))
			}
			for header, want := range map[string]int{
				tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"x", ` + tag: 304, "*": 304, `W/"1"`: 200, "": 200,
			} {
				w := r.get("read", path, "If-None-Match", header, "Accept-Encoding", "gzip")
				if w.Code != want || want == 304 && (w.Body.Len() != 0 || w.Header().Get("Content-Encoding") != "") || w.Header().Get("ETag") != tag {
					r.t.Errorf("%s with If-None-Match %q: %d, %d bytes, ETag %q", path, header, w.Code, w.Body.Len(), w.Header().Get("ETag"))
				}
			}
		}
		r.trace("a", id2, "another", noon.Add(-time.Second))
		if w := r.get("read", traceA, "If-None-Match", r.get("read", traceA+"?limit=1").Header().Get("ETag")); w.Code != http.StatusOK {
			r.t.Errorf("another answer of the same commit: %d", w.Code)
		}
	})
}

func TestLargeAnswersAreCompressedOnRequest(t *testing.T) {
	r := newRig(t)
	for i := range 20 {
		r.trace("a", idOf(i), "answer", noon.Add(-time.Minute))
	}
	plain := r.get("read", traceA)
	packed := r.get("read", traceA, "Accept-Encoding", "gzip, br")
	if packed.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(packed.Header().Get("Vary"), "Accept-Encoding") {
		t.Fatalf("headers %v", packed.Header())
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(text, plain.Body.Bytes()) {
		t.Errorf("%v, %d bytes, want %d", err, len(text), plain.Body.Len())
	}
	if plain.Header().Get("ETag") != packed.Header().Get("ETag") {
		t.Errorf("ETags differ: %q and %q", plain.Header().Get("ETag"), packed.Header().Get("ETag"))
	}
	if w := r.get("read", traceA+"?limit=1", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Error("a small answer is compressed")
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	r := newRig(t)
	r.trace("a", id1, "answer", noon.Add(-time.Minute))
	server := httptest.NewServer(r.router)
	defer server.Close()
	defer r.api.Drain()
	for i := range r.api.table {
		o := &r.api.table[i]
		if o.Method != http.MethodGet {
			continue
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+fill(o.Path, "a", id1, "1")+required(o), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.tokens["root"])
		reply, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		if err != nil || reply.StatusCode != http.StatusOK && o.id != "getSetup" && !strings.Contains(o.Path, "share") && o.id != "getInvite" || len(body) != 0 {
			t.Errorf("HEAD %s: %d, %d bytes, %v", o.Path, reply.StatusCode, len(body), err)
		}
	}
}

// broken is a store whose lists fail as it says.
type broken struct {
	store.Store
	err func(ctx context.Context) error
}

func (b *broken) List(ctx context.Context, _ string, _ store.Filter) (store.Page, error) {
	return store.Page{}, b.err(ctx)
}

func TestEveryErrorHasItsAnswer(t *testing.T) {
	const secret = "what a prompt says"
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{&store.FieldError{Field: "limit", Reason: "want 1"}, 400, "invalid"},
		{store.ErrNotFound, 404, "not_found"},
		{fmt.Errorf("x: %w", store.ErrProject), 404, "not_found"},
		{meta.ErrNotFound, 404, "not_found"},
		{meta.ErrSecret, 404, "not_found"},
		{meta.ErrExists, 409, "exists"},
		{&http.MaxBytesError{Limit: 5}, 413, "too_large"},
		{errors.New(secret), 500, "internal"},
		{store.ErrBusy, 503, "unavailable"},
		{store.ErrFull, 503, "unavailable"},
		{store.ErrClosed, 503, "unavailable"},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), 503, "timeout"},
		{store.ErrQuota, 507, "quota"},
		{refused(429, "streams", "no more"), 429, "streams"},
	} {
		var log bytes.Buffer
		r := newRig(t, func(cfg *Config) {
			cfg.Store = &broken{cfg.Store, func(context.Context) error { return c.err }}
			cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		w := r.get("read", traceA)
		if w.Code != c.status || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%v: %d %s; want %d %s", c.err, w.Code, w.Body, c.status, c.code)
		}
		if after := w.Header().Get("Retry-After"); (after != "") != (c.status == 503 || c.status == 429) {
			t.Errorf("%v: Retry-After %q", c.err, after)
		}
		if (log.Len() > 0) != (c.status == 500) {
			t.Errorf("%v: log %q", c.err, log.String())
		}
	}
}

func TestAQuestionThatTakesTooLongSaysWhatToNarrow(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.Timeout = time.Millisecond
		cfg.Store = &broken{cfg.Store, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	})
	w := r.get("read", traceA)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "from and to") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAClientWhoHasGoneGetsNothing(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(cfg *Config) {
		cfg.Store = &broken{cfg.Store, context.Cause}
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	o := &r.api.table[0]
	r.api.serve(o, w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), access.Grant{})
	if w.Body.Len() != 0 || log.Len() != 0 {
		t.Errorf("body %q, log %q", w.Body, log.String())
	}
}

func TestBodiesAreReadStrictly(t *testing.T) {
	type body struct {
		Name  string    `json:"name"`
		Days  int       `json:"days"`
		On    *bool     `json:"on"`
		Until time.Time `json:"until"`
		Tags  []string  `json:"tags"`
		Inner struct {
			Rate float64 `json:"rate"`
		} `json:"inner"`
	}
	for _, c := range []struct{ text, field, message string }{
		{`{"name":"x","days":3}`, "", ""},
		{` {} `, "", ""},
		{``, "body", "want a JSON object"},
		{`null`, "body", "want a JSON object"},
		{`[]`, "body", "want a JSON object"},
		{`"x"`, "body", "want a JSON object"},
		{`{"name":"x"} {}`, "body", "behind"},
		{`{"name":"x"}x`, "body", "behind"},
		{`{"name":`, "body", "ends too early"},
		{`{"nam":"x"}`, "nam", "not a member"},
		{`{"name":5}`, "name", "want a string, not number"},
		{`{"days":"five"}`, "days", "want a whole number, not string"},
		{`{"days":1.5}`, "days", "want a whole number, not number"},
		{`{"days":99999999999999999999}`, "days", "want a whole number, not number"},
		{`{"on":"yes"}`, "on", "want true or false"},
		{`{"tags":{}}`, "tags", "want an array"},
		{`{"inner":{"rate":"x"}}`, "inner.rate", "want a number"},
		{`{"inner":5}`, "inner", "want an object"},
		{`{"until":"yesterday"}`, "body", "a time that is not like"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(c.text))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		var b body
		err := (&call{w: httptest.NewRecorder(), r: r}).decode(&b)
		var f *fault
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if !errors.As(err, &f) || f.problem.Field != c.field || !strings.Contains(f.problem.Message, c.message) || f.status != http.StatusBadRequest {
			t.Errorf("%s: %v; want %s: %s", c.text, err, c.field, c.message)
		}
	}
	var tooLong *http.MaxBytesError
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"name":"`+strings.Repeat("x", maxBody)+`"}`))
	r.Header.Set("Content-Type", "application/json")
	if err := (&call{w: httptest.NewRecorder(), r: r}).decode(new(body)); !errors.As(err, &tooLong) {
		t.Errorf("a body that is too long: %v", err)
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json;;"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{}`))
		r.Header.Set("Content-Type", kind)
		var f *fault
		if err := (&call{w: httptest.NewRecorder(), r: r}).decode(new(body)); !errors.As(err, &f) || f.status != http.StatusUnsupportedMediaType {
			t.Errorf("Content-Type %q: %v", kind, err)
		}
	}
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	r := newRig(t)
	for want, c := range map[string]Config{
		"Config.Store": {Meta: r.meta}, "Config.Meta": {Store: r.store}, "MaxStreams": {Store: r.store, Meta: r.meta, MaxStreams: -1},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
}
