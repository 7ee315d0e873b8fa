package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

// content is in every place of a span that is not a name, a time or a count.
const content = "CONTENT-5d20"

const (
	sharedTrace = "0102030405060708090a0b0c0d0e0f10"
	sharedSpan  = "00000000000000a1"
)

// shareable stores a trace with content.
func shareable(t *testing.T, s *Site) {
	t.Helper()
	text := span.Value(`"` + content + `"`)
	object := span.Value(`{"userId":"` + content + `","x":"` + content + `"}`)
	at := time.Now().Add(-time.Minute)
	one := &span.Span{
		TraceID: sharedTrace, ID: sharedSpan, Name: "answer", Type: span.TypeAgentRun, Root: true, Start: at, End: at.Add(time.Second),
		Input: text, Output: text, Metadata: object, Attributes: object, Tags: []string{content}, Error: &span.Error{Message: content},
	}
	one.Freeze()
	s.Put(t, Samples, []*span.Span{one})
}

type madeShare struct {
	URL    string
	Secret string
	Share  struct{ ID string }
}

func (s *Site) share(t *testing.T, withContent bool) madeShare {
	t.Helper()
	return Ask[madeShare](t, s, http.MethodPost, "/api/projects/samples/shares", map[string]any{"trace_id": sharedTrace, "content": withContent})
}

// everything is what the page shows and all that it was answered, asked for again.
const everything = `Promise.all(performance.getEntriesByType("resource").filter(e => e.name.includes("/api/")).map(e => fetch(e.name).then(a => a.text())))
	.then(all => document.documentElement.outerHTML + document.title + all.join(""))`

func TestASharedTraceShowsWhatItMay(t *testing.T) {
	s := Server(t, Options{Logins: true})
	shareable(t, s)
	for _, withContent := range []bool{false, true} {
		made := s.share(t, withContent)
		p := Start(t)
		p.Open(made.URL + "/" + sharedSpan)
		p.WaitFor("text=Shared trace")
		p.WaitFor("text*=The link expires in 7 d.")
		if got := p.Count("text*=without contents") == 1; got == withContent {
			t.Errorf("with content %v, the page says without: %v", withContent, got)
		}
		p.WaitFor("role=heading answer")
		p.WaitUntil(`fetch("/api/share/` + made.Secret + `/spans/` + sharedSpan + `").then(a => a.ok)`)
		all := Eval[string](p, everything)
		if strings.Contains(all, content) != withContent || !strings.Contains(all, "answer") {
			t.Errorf("with content %v: content is among what is shown and answered: %v", withContent, !withContent)
		}
		if n := p.Count("nav"); n != 0 {
			t.Errorf("%d navigations", n)
		}
		Axe(t, p)
		p.SetReducedMotion(true) // colours change at once
		p.SetDark(true)
		Axe(t, p)
	}
}

func TestAMemberSharesATrace(t *testing.T) {
	s := Server(t, Options{Logins: true, Users: []User{
		{Name: "ann", Roles: map[string]meta.Role{Samples: meta.RoleMember}}, {Name: "bob", Roles: map[string]meta.Role{Samples: meta.RoleViewer}},
	}})
	shareable(t, s)
	p := Start(t)
	p.LogIn(s, "ann")
	p.Open(s.URL + "/p/samples/traces/" + sharedTrace + "/" + sharedSpan)
	p.Click("role=button Share")
	Axe(t, p)
	p.Choose("role=combobox Works for", "1 day")
	p.Click("text=Open it at the selected span")
	p.Click("role=button Make the link")
	link := p.value(".secret input")
	p.Click("dialog .secret button")
	if got := p.Clipboard(); got != link || !strings.HasSuffix(link, "/"+sharedSpan) {
		t.Errorf("the link is %q, copied %q", link, got)
	}
	Axe(t, p)
	other := Start(t)
	other.Open(link)
	other.WaitFor("text*=The link expires in 24 h.")
	if n := other.Count("text*=without contents"); n != 1 {
		t.Error("the contents are shown though nobody asked for it")
	}
	p.Click("role=button Close")
	p.WaitGone("role=dialog")
	p.Click("role=button Share")
	p.WaitText("dialog tbody td:nth-child(5)", "1") // the view
	name, body := p.Download(func() { p.Click("role=link HTML file") })
	if name != "trace-"+sharedTrace+".html" || !strings.Contains(string(body), content) {
		t.Errorf("the file %s has %d bytes", name, len(body))
	}
	p.Click("dialog tbody button")
	p.Click("dialog dialog button.danger")
	p.WaitText("dialog tbody td:nth-child(6)", "revoked")
	other.AllowConsole("404 \\(Not Found\\)")
	other.Reload()
	other.WaitFor("role=heading This link does not work")

	viewer := Start(t)
	viewer.LogIn(s, "bob")
	viewer.Open(s.URL + "/p/samples/traces/" + sharedTrace)
	viewer.WaitFor("role=heading answer")
	if n := viewer.Count("role=button Share"); n != 0 {
		t.Error("a viewer may share")
	}
}

// TestTheFileOpensOffline opens a file of a trace as a person does who was sent it.
func TestTheFileOpensOffline(t *testing.T) {
	s := Server(t, Options{})
	shareable(t, s)
	page := s.send(t, "", http.MethodGet, "/api/projects/samples/traces/"+sharedTrace+"/export?format=html", "", nil)
	url := serveHTML(t, "", map[string]string{"/": string(page)})
	p := Start(t)
	p.AllowConsole("favicon.ico")
	p.SetReducedMotion(true)
	p.Open(url + "/")
	if n := p.Count("text=" + content); n != 0 {
		t.Errorf("%d contents are shown before somebody asks for them", n)
	}
	p.Click("role=link answer") // of the timeline
	p.WaitFor("text=" + content)
	p.WaitFor("rect")
	Axe(t, p)
	p.SetDark(true)
	p.SetViewport(390, 844, true)
	Axe(t, p)
	if got := Eval[string](p, "getComputedStyle(document.body).backgroundColor"); got != "rgb(13, 19, 18)" {
		t.Errorf("in the dark the page is %s", got)
	}
}

func TestLinksThatDoNotWorkLookTheSame(t *testing.T) {
	s := Server(t, Options{Logins: true})
	shareable(t, s)
	made := s.share(t, true)
	p := Start(t)
	p.AllowConsole("404 \\(Not Found\\)")
	p.Open(made.URL)
	p.WaitFor("text=Shared trace")
	Ask[any](t, s, http.MethodDelete, "/api/projects/samples/shares/"+made.Share.ID, nil)
	soon := Ask[madeShare](t, s, http.MethodPost, "/api/projects/samples/shares", map[string]any{"trace_id": sharedTrace, "expires": time.Now().Add(50 * time.Millisecond)})
	texts := map[string]bool{}
	for _, link := range []string{made.URL, soon.URL, s.URL + "/s/trh_" + strings.Repeat("A", 43), s.URL + "/s/x", s.URL + "/s/:secret"} {
		p.Open(link)
		p.WaitFor("role=heading This link does not work")
		texts[p.Text("body")] = true
	}
	if len(texts) != 1 {
		t.Errorf("they look like %v", texts)
	}
	Axe(t, p)
}
