package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

type list struct {
	Traces []struct {
		ID   string
		Name string
	}
}

func TestASiteHasWhatWasPut(t *testing.T) {
	s := Server(t, Options{})
	at := time.Now().Add(-time.Minute)
	var spans []*span.Span
	for i := range 2*putAtOnce + 1 {
		one := &span.Span{TraceID: "0102030405060708090a0b0c0d0e0f10", ID: span.ID(hex16(i + 1)), Name: "step", Type: span.TypeGeneric, Start: at, End: at.Add(time.Second)}
		if i == 0 {
			one.Name, one.Root = "the run", true
		} else {
			one.ParentID = spans[0].ID
		}
		one.Freeze()
		spans = append(spans, one)
	}
	s.Put(t, Samples, spans)
	s.PutCaptured(t, Samples)
	if got := Ask[list](t, s, http.MethodGet, "/api/projects/samples/traces", nil); len(got.Traces) < 2 {
		t.Errorf("traces %+v", got)
	}
	got := Ask[struct{ Trace struct{ Spans int } }](t, s, http.MethodGet, "/api/projects/samples/traces/"+string(spans[0].TraceID), nil)
	if got.Trace.Spans != len(spans) {
		t.Errorf("the trace has %d spans, want %d", got.Trace.Spans, len(spans))
	}
}

func TestAStoryIsStoredWithItsCause(t *testing.T) {
	s := Server(t, Options{})
	story, spans := s.PutStory(t, Samples, "retry-loop")
	cause := story.Find(spans)
	got := Ask[struct{ Name string }](t, s, http.MethodGet, "/api/projects/samples/traces/"+string(cause.TraceID)+"/spans/"+string(cause.ID), nil)
	if got.Name != story.Cause {
		t.Errorf("the cause is %q, want %q", got.Name, story.Cause)
	}
	_, again := s.PutStory(t, Samples, "retry-loop")
	if again[0].ID != spans[0].ID || again[0].TraceID != spans[0].TraceID {
		t.Errorf("span %s of %s the second time, %s of %s the first", again[0].ID, again[0].TraceID, spans[0].ID, spans[0].TraceID)
	}
}

func hex16(n int) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[15-i] = digits[n>>(4*i)&15]
	}
	return string(b[:])
}

func TestPeopleLogIn(t *testing.T) {
	s := Server(t, Options{Logins: true, Projects: []string{"shop", "lab"}, Users: []User{
		{Name: "ann", Roles: map[string]meta.Role{"shop": meta.RoleViewer}}, {Name: "root", Admin: true},
	}})
	p := Start(t)
	p.AllowConsole("40[14]")
	answers := func(path, want string) {
		t.Helper()
		p.Open(s.URL + path)
		if got := p.Text("body"); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	answers("/api/projects", `"error"`)
	p.LogIn(s, "ann")
	answers("/api/projects/shop/traces", `"traces"`)
	answers("/api/projects/lab/traces", `"error"`)
	p.LogIn(s, "root")
	answers("/api/projects/lab/traces", `"traces"`)
	Ask[any](t, s, http.MethodPost, "/api/login", map[string]string{"user": "ann", "password": Password})
}

func TestASiteRefusesWhatItHasNot(t *testing.T) {
	for name, test := range map[string]func(T, *Site){
		"a project":       func(t T, s *Site) { s.Put(t, "none", []*span.Span{{TraceID: "01", ID: "01"}}) },
		"a body":          func(t T, s *Site) { s.Post(t, Samples, "/ai/spans/publish", "application/json", []byte("{")) },
		"a story":         func(t T, s *Site) { s.PutStory(t, Samples, "none") },
		"a path":          func(t T, s *Site) { Ask[any](t, s, http.MethodGet, "/api/none", nil) },
		"another's trace": func(t T, s *Site) { Ask[any](t, s, http.MethodGet, "/api/projects/samples/traces/0a", nil) },
	} {
		if got := failures(t, func(t T) { test(t, Server(t, Options{})) }); len(got) != 1 {
			t.Errorf("%s: failures %q, want one", name, got)
		}
	}
}
