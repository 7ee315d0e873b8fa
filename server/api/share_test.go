package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

// content is in every place of a span that is not a name, a time or a count.
const content = "CONTENT-9f1c"

// secretive stores a trace of project a with content wherever there can be some.
func (o *office) secretive(id span.TraceID) {
	o.t.Helper()
	text := span.Value(`"` + content + `"`)
	object := span.Value(`{"a":` + string(text) + `,"userId":"` + content + `","threadId":"` + content + `"}`)
	extra := []span.Field{{Key: "x", Value: text}}
	usage := span.Value(`{"model":"gpt-4o","provider":"` + content + `","usage":{"inputTokens":12,"outputTokens":3},"prompt":` + string(text) + `}`)
	o.append("a", &store.Batch{Spans: []store.Item{
		{Service: "shop", Span: &span.Span{
			TraceID: id, ID: "1", Name: "answer", Type: span.TypeAgentRun, Root: true, ExternalParentID: content, Start: noon.Add(-time.Minute), End: noon,
			EntityType: content, EntityID: content, EntityName: content, Input: text, Output: object, Metadata: object, Attributes: object, RequestContext: object,
			Tags: []string{content}, Extra: extra, CreatedAt: noon,
		}},
		{Service: "shop", Span: &span.Span{
			TraceID: id, ID: "2", ParentID: "1", Name: "call", Type: span.TypeModelGeneration, Start: noon.Add(-time.Second), End: noon, Attributes: usage, Input: text, Output: text,
			Error: &span.Error{Message: content, ID: content, Domain: content, Category: content, Details: object, Name: content, Stack: content, Extra: extra},
		}},
		{Service: "shop", Span: &span.Span{TraceID: id, ID: "3", ParentID: content, Name: "stray", Type: span.TypeGeneric, Event: true, Start: noon, Output: text}},
	}})
}

// spanNames is what is left of a fullSpan without content.
type spanNames struct {
	Name    string    `json:"name"`
	Service string    `json:"service"`
	Status  string    `json:"status"`
	Start   time.Time `json:"start"`
	Usage   tokens    `json:"usage"`
}

func TestAShareWithoutContentHasNamesTimesAndTokensAlone(t *testing.T) {
	inBothOffices(t, func(o *office) {
		o.secretive(id1)
		made := must[shareSecret](o, "admin", "POST", "/api/projects/a/shares", newShare{TraceID: id1})
		if s := made.Share; s.Content || s.TraceID != id1 || !s.Expires.Equal(noon.Add(meta.ShareFor)) || !strings.HasPrefix(s.Author, "token:") || s.Views != 0 || made.URL != "http://localhost/s/"+made.Secret {
			o.t.Errorf("made %+v", made)
		}
		path := "/api/share/" + made.Secret
		w := o.ask("", "GET", path, nil)
		for name, want := range map[string]string{"X-Robots-Tag": "noindex", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "ETag": ""} {
			if got := w.Header().Get(name); got != want {
				o.t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if strings.Contains(w.Body.String(), content) {
			o.t.Errorf("content: %s", w.Body)
		}
		got := decode[sharedTrace](o.t, w)
		if got.Share.Content || got.Trace.Name != "answer" || got.Trace.Spans != 3 || got.Trace.Tokens.Input != 12 || got.Trace.SpanErrors != 1 || len(got.Spans.ID) != 3 || got.Trace.Service != "shop" {
			o.t.Errorf("shared %+v", got)
		}
		for _, id := range []string{"1", "2", "3"} {
			w := o.ask("", "GET", path+"/spans/"+id, nil)
			if strings.Contains(w.Body.String(), content) {
				o.t.Errorf("content in span %s: %s", id, w.Body)
			}
			if s := decode[spanNames](o.t, w); s.Name == "" || s.Start.IsZero() || s.Service != "shop" || id == "2" && (s.Status != "error" || s.Usage.Output != 3) || w.Header().Get("X-Robots-Tag") != "noindex" {
				o.t.Errorf("span %s: %+v", id, s)
			}
		}
		if listed := must[shareList](o, "admin", "GET", "/api/projects/a/shares", nil).Shares; len(listed) != 1 || listed[0].Views != 1 {
			o.t.Errorf("listed %+v, want one view: spans are none", listed)
		}
		o.ask("", "HEAD", path, nil)
		o.ask("", "GET", path+"?max_spans=1", nil)
		if listed := must[shareList](o, "admin", "GET", "/api/projects/a/shares", nil).Shares; listed[0].Views != 2 {
			o.t.Errorf("%d views, want 2: a HEAD is none", listed[0].Views)
		}
	})
}

func TestAShareWithContentIsTheTrace(t *testing.T) {
	inBothOffices(t, func(o *office) {
		o.secretive(id1)
		o.hire("mary", meta.RoleMember, "a", false)
		made := must[shareSecret](o, "mary", "POST", "/api/projects/a/shares", newShare{TraceID: strings.ToUpper(id1), Content: true})
		if made.Share.Author != "mary" {
			o.t.Errorf("made %+v", made)
		}
		path := "/api/share/" + made.Secret
		whole := o.ask("mary", "GET", traceA+"/"+id1, nil).Body.String()
		shared := o.ask("", "GET", path, nil).Body.String()
		if _, rest, _ := strings.Cut(shared, `"trace":`); !strings.HasSuffix(whole, rest) || !strings.Contains(shared, content) {
			o.t.Errorf("shared %s\nwhole %s", shared, whole)
		}
		span := o.ask("mary", "GET", traceA+"/"+id1+"/spans/2", nil).Body.String()
		if got := o.ask("", "GET", path+"/spans/2", nil).Body.String(); got != span {
			o.t.Errorf("shared %s\nwhole %s", got, span)
		}
	})
}

// answerOf is all of an answer that a client can see.
func answerOf(w *httptest.ResponseRecorder) string {
	return fmt.Sprint(w.Code, w.Header(), w.Body)
}

func TestWhatASecretDoesNotOpenLooksTheSame(t *testing.T) {
	inBothOffices(t, func(o *office) {
		o.secretive(id1)
		o.trace("a", "2", "other", noon)
		share := func(body string) shareSecret {
			return must[shareSecret](o, "admin", "POST", "/api/projects/a/shares", body)
		}
		revoked, gone := share(`{"trace_id":"2"}`), share(`{"trace_id":"2"}`)
		expired := share(`{"trace_id":"` + id1 + `","expires":"2026-11-22T12:30:00Z"}`)
		good := share(`{"trace_id":"` + id1 + `"}`)
		o.done("admin", "DELETE", "/api/projects/a/shares/"+revoked.Share.ID, nil)
		if w := o.ask("admin", "DELETE", traceA+"/2", nil); w.Code != http.StatusOK {
			o.t.Fatal(w.Code)
		}
		o.clock.pass(time.Hour)
		secrets := map[string]string{
			"unknown": "trh_" + strings.Repeat("A", 43), "revoked": revoked.Secret, "expired": expired.Secret, "trace deleted": gone.Secret,
			"pattern": ":secret", "escaped pattern": "%3Asecret", "star": "*", "braces": "%7Bsecret%7D", "space": "%20", "NUL": "%00", "another kind": "trt_" + strings.Repeat("A", 43),
			"too short": good.Secret[:46], "too long": good.Secret + "A", "10 KB": strings.Repeat("x", 10<<10), "a token": o.tokens["root"],
		}
		want := answerOf(o.ask("", "GET", "/api/share/"+secrets["unknown"], nil))
		for name, secret := range secrets {
			for _, suffix := range []string{"", "/spans/1"} {
				w := o.ask("", "GET", "/api/share/"+secret+suffix, nil)
				if got := answerOf(w); got != want || w.Code != http.StatusNotFound || w.Header().Get("X-Robots-Tag") != "noindex" {
					o.t.Errorf("%s%s: %s, want %s", name, suffix, got, want)
				}
			}
		}
		if got := answerOf(o.ask("", "GET", "/api/share/"+good.Secret+"/spans/9", nil)); got != want {
			o.t.Errorf("a span that is not there: %s, want %s", got, want)
		}
		for _, secret := range []string{"", "%2F", "..%2F..", "."} { // these are no paths of any route
			if w := o.ask("", "GET", "/api/share/"+secret, nil); w.Code != http.StatusNotFound {
				o.t.Errorf("%q: %d", secret, w.Code)
			}
		}
		if w := o.ask("", "GET", "/api/share/"+good.Secret, nil); w.Code != http.StatusOK {
			o.t.Errorf("the one that works: %d", w.Code)
		}
	})
}

// TestAShareOpensNothingElse walks the table with the secret of a share in each place where credentials may be.
func TestAShareOpensNothingElse(t *testing.T) {
	o := newOffice(t)
	o.secretive(id1)
	o.trace("a", "2", "other", noon)
	secret := must[shareSecret](o, "admin", "POST", "/api/projects/a/shares", newShare{TraceID: id1, Content: true}).Secret
	fill := strings.NewReplacer("{p}", "a", "{id}", id1, "{span}", "1", "{key}", "service", "{token}", "none", "{share}", "none", "{user}", "none", "{secret}", secret)
	for _, op := range o.api.table {
		if op.Need == access.Open {
			continue
		}
		for _, r := range []*http.Request{
			newRequest(t, op.Method, fill.Replace(op.Path), "Bearer "+secret), newRequest(t, op.Method, fill.Replace(op.Path), ""),
		} {
			if r.Header.Get("Authorization") == "" {
				r.AddCookie(&http.Cookie{Name: access.CookieName, Value: secret})
			}
			if w := o.serve(r); w.Code != http.StatusUnauthorized {
				t.Errorf("%v with a share: %d %s", op.Route, w.Code, w.Body)
			}
		}
	}
	for _, path := range []string{"/api/share/" + secret + "/spans/%2e%2e", "/api/share/" + secret + "/spans/1?trace_id=2", "/api/share/" + secret + "?p=b"} {
		if w := o.ask("", "GET", path, nil); w.Code < 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if w := o.ask("", method, "/api/share/"+secret, nil); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestSharesThatAreRefused(t *testing.T) {
	o := newOffice(t)
	o.trace("a", id1, "answer", noon)
	o.trace("b", "7", "foreign", noon)
	o.hire("viewer", meta.RoleViewer, "a", false)
	const path = "/api/projects/a/shares"
	for body, field := range map[string]string{
		`{}`: "trace_id", `{"trace_id":"x"}`: "trace_id", `{"trace_id":"` + id1 + `","expires":"2026-11-22T12:00:00Z"}`: "expires", `{"trace_id":"` + id1 + `","expires":"2028-01-01T00:00:00Z"}`: "expires",
		`{"trace_id":"` + id1 + `","content":1}`: "content", `{"trace_id":"` + id1 + `","project":"b"}`: "project",
	} {
		o.refuses("admin", "POST", path, body, http.StatusBadRequest, field)
	}
	o.refuses("admin", "POST", path, `{"trace_id":"7"}`, http.StatusNotFound, "") // of another project
	for _, who := range []string{"viewer", "read", "ingest"} {
		o.refuses(who, "POST", path, newShare{TraceID: id1}, http.StatusForbidden, "")
		o.refuses(who, "GET", path, nil, http.StatusForbidden, "")
	}
	made := must[shareSecret](o, "admin", "POST", path, newShare{TraceID: id1})
	o.refuses("other", "DELETE", path+"/"+made.Share.ID, nil, http.StatusNotFound, "")
	o.refuses("other", "DELETE", "/api/projects/b/shares/"+made.Share.ID, nil, http.StatusNotFound, "")
	must[sharedTrace](o, "", "GET", "/api/share/"+made.Secret, nil)
}

func TestGuessesAreFew(t *testing.T) {
	o := newOffice(t)
	guess := func() int { return o.ask("", "GET", "/api/share/trh_"+strings.Repeat("A", 43), nil).Code }
	for range 200 {
		if code := guess(); code != http.StatusNotFound {
			t.Fatalf("%d, want 404", code)
		}
	}
	if code := guess(); code != http.StatusTooManyRequests {
		t.Errorf("guess 201: %d, want 429", code)
	}
	r := newRequest(t, "GET", "/api/share/x", "")
	r.RemoteAddr = "198.51.100.7:1"
	if w := o.serve(r); w.Code != http.StatusNotFound {
		t.Errorf("from elsewhere: %d", w.Code)
	}
	o.clock.pass(time.Second)
	if code := guess(); code != http.StatusNotFound {
		t.Errorf("a second later: %d", code)
	}
}
