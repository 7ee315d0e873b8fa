package browser

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

// A view is a page in one of its states.
type view struct {
	name, path string        // of the path, {names} stand for what is in views
	user       string        // who looks at it: it is on the server where people log in
	prepare    func(p *Page) // what brings it into its state, where its address does not say that
	console    string        // what it may write there, as a regular expression
	moving     bool          // it shows something that goes on: its text is another one each time
}

var allViews = []view{
	{name: "list", path: "/p/samples/traces"},
	{name: "list, filtered", path: "/p/samples/traces?status=error&service=travel-api&last=7d"},
	{name: "list, searched in contents", path: "/p/samples/traces?q=Zurich&in=content"},
	{name: "list, by thread, other columns", path: "/p/samples/traces?group=thread&cols=service,start,user,tags"},
	{name: "list, nothing matches", path: "/p/samples/traces?q=nothing-has-this-name"},
	{name: "list, wrong filter", path: "/p/samples/traces?status=strange", console: "400"},
	{name: "list, nothing came yet", path: "/p/yours/traces"},
	{name: "list, more filters", path: "/p/samples/traces", prepare: func(p *Page) { p.Click("role=button More filters") }},
	{name: "trace", path: "/p/samples/traces/{retry-loop}"},
	{name: "trace, tokens", path: "/p/samples/traces/{context-overflow}?axis=tokens"},
	{name: "trace, errors only", path: "/p/samples/traces/{many-spans}?errors=only"},
	{name: "trace, table", path: "/p/samples/traces/{clean-run}?view=table"},
	{name: "trace, thread", path: "/p/samples/traces/{wrong-prompt}?view=thread"},
	{name: "trace, running", path: "/p/samples/traces/{in-progress}", moving: true},
	{name: "trace, lost parent", path: "/p/samples/traces/{lost-parent}?view=waterfall"},
	{name: "trace, unknown", path: "/p/samples/traces/00000000000000000000000000000001", console: "404"},
	{name: "span, failed tool", path: "/p/samples/traces/{retry-loop}/{retry-loop.cause}"},
	{name: "span, chat", path: "/p/samples/traces/{context-overflow}/{context-overflow.cause}?tab=chat"},
	{name: "span, attributes", path: "/p/samples/traces/{rate-limit}/{rate-limit.cause}?tab=attributes"},
	{name: "span, metadata", path: "/p/samples/traces/{slow-tool}/{slow-tool.cause}?tab=metadata"},
	{name: "span, raw", path: "/p/samples/traces/{clean-run}/{clean-run.cause}?tab=raw"},
	{name: "share dialog", path: "/p/samples/traces/{slow-tool}", prepare: func(p *Page) { p.Click("role=button Share") }},
	{name: "delete dialog", path: "/p/samples/traces/{slow-tool}", prepare: func(p *Page) { p.Click("role=button Delete this trace") }},
	{name: "help", path: "/p/samples/traces/{slow-tool}", prepare: func(p *Page) { p.Press("?") }},
	{name: "compare", path: "/p/samples/compare?a={wrong-prompt}&b={wrong-prompt.b}"},
	{name: "compare, which", path: "/p/samples/compare?a={slow-tool}"},
	{name: "metrics", path: "/p/samples/metrics"},
	{name: "metrics, nothing", path: "/p/yours/metrics"},
	{name: "pipeline", path: "/pipeline", moving: true},
	{name: "project set-up", path: "/p/samples/settings/setup"},
	{name: "project tokens", path: "/p/samples/settings/tokens", user: "root"},
	{name: "new token", path: "/p/samples/settings/tokens", user: "root", prepare: func(p *Page) { p.Click("role=button New token") }},
	{name: "revoke a token", path: "/p/samples/settings/tokens", user: "root", prepare: func(p *Page) { p.Click("role=button Revoke") }},
	{name: "project shares", path: "/p/samples/settings/shares", user: "root"},
	{name: "project members", path: "/p/samples/settings/members", user: "root"},
	{name: "project general", path: "/p/samples/settings/general", user: "root"},
	{name: "server projects", path: "/settings/projects", user: "root"},
	{name: "server users", path: "/settings/users", user: "root"},
	{name: "server tokens", path: "/settings/tokens", user: "root"},
	{name: "own account", path: "/settings/me", user: "viewer"},
	{name: "no project", path: "/", user: "stranger"},
	{name: "no settings for a viewer", path: "/p/samples/settings/tokens", user: "viewer"},
	{name: "login", path: "/login", user: "nobody", console: "401"},
	{name: "invitation", path: "/invite/{invite}", user: "nobody"},
	{name: "invitation, used", path: "/invite/0000000000000000000000000000000000000000000", user: "nobody", console: "404"},
	{name: "share, redacted", path: "/s/{redacted}", user: "nobody"},
	{name: "share, with contents", path: "/s/{full}/{full.span}", user: "nobody"},
	{name: "share, ended", path: "/s/{ended}", user: "nobody", console: "404"},
	{name: "style guide", path: "/styleguide"},
	{name: "lost", path: "/nowhere", console: "404"},
}

// sites are the two servers: one as the demo's, where nobody logs in, and one where everybody does.
type sites struct {
	open, closed *Site
	names        map[string]string
}

func furnishSites(t *testing.T) sites {
	s := sites{open: Server(t, Options{}), names: map[string]string{}}
	s.closed = Server(t, Options{Logins: true, Users: []User{
		{Name: "root", Admin: true}, {Name: "viewer", Roles: map[string]meta.Role{Samples: meta.RoleViewer}}, {Name: "stranger"},
	}})
	random, now := rand.New(rand.NewPCG(1, 2)), time.Now()
	for _, story := range stories.All() {
		spans := story.Trace(now, random)
		s.open.Put(t, Samples, spans)
		cause := story.Find(spans)
		s.names[story.Name], s.names[story.Name+".cause"], s.names[story.Name+".b"] = string(cause.TraceID), string(cause.ID), string(spans[0].TraceID)
		if story.Name == "retry-loop" {
			s.closed.Put(t, Samples, spans)
			s.share(t, "redacted", cause, false)
			s.share(t, "full", cause, true)
			id := s.share(t, "ended", cause, true)
			Ask[any](t, s.closed, http.MethodDelete, "/api/projects/samples/shares/"+id, nil)
		}
	}
	type secret struct{ Secret string }
	s.names["invite"] = Ask[secret](t, s.closed, http.MethodPost, "/api/projects/samples/invites", map[string]any{"role": "member"}).Secret
	return s
}

// share makes a link and returns its id.
func (s sites) share(t *testing.T, name string, of *span.Span, content bool) string {
	made := Ask[struct {
		Secret string
		Share  struct{ ID string }
	}](t, s.closed, http.MethodPost, "/api/projects/samples/shares", map[string]any{"trace_id": of.TraceID, "content": content})
	s.names[name], s.names[name+".span"] = made.Secret, string(of.ID)
	return made.Share.ID
}

var inBraces = regexp.MustCompile(`\{[\w.-]+\}`)

// show opens a view.
func (s sites) show(p *Page, v view) {
	site := s.open
	if v.user != "" {
		site = s.closed
	}
	if v.user != "" && v.user != "nobody" {
		p.LogIn(site, v.user)
	}
	if v.console != "" {
		p.AllowConsole(v.console)
	}
	p.SetReducedMotion(true)
	p.Open(site.URL + inBraces.ReplaceAllStringFunc(v.path, func(name string) string { return s.names[name[1:len(name)-1]] }))
	p.Settle()
	if v.prepare != nil {
		v.prepare(p)
		p.Settle()
	}
}

// TestEveryViewIsAsItShouldBe looks at each view, light on a desk and dark on a phone: axe-core finds nothing, a phone need
// not scroll sideways, the window has a title, and loading it anew shows the same. That no page writes to the console
// or asks another origin is watched wherever there is a page.
func TestEveryViewIsAsItShouldBe(t *testing.T) {
	needsBrowser(t)
	s := furnishSites(t)
	for _, v := range allViews {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			p := Start(t)
			s.show(p, v)
			if title := Eval[string](p, "document.title"); !strings.HasSuffix(title, "tailrace") || title == "tailrace" && v.path != "/" {
				t.Errorf("the title is %q", title)
			}
			before := p.calm()
			Axe(t, p)
			p.SetDark(true)
			p.SetViewport(390, 844, true)
			p.Settle()
			if width := Eval[int](p, "document.scrollingElement.scrollWidth"); width > 390 {
				t.Errorf("a phone scrolls sideways: the page is %d px wide: %s", width, Eval[string](p, tooWide))
			}
			if v.prepare == nil && !strings.Contains(v.path, "?") { // of each page one state: the rest is alike
				Axe(t, p)
			}
			if v.prepare != nil || v.moving {
				return
			}
			p.SetViewport(1280, 900, false)
			p.Reload()
			p.Settle()
			if after := p.calm(); after != before {
				t.Errorf("loaded anew it is another page:\n%s\nit was:\n%s", after, before)
			}
		})
	}
}

// tooWide names what sticks out of a phone's window.
const tooWide = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 391 && !e.closest(".table-wrap, .sr"))
	.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n")`

// Of lib/format.ts: a time of today has no date, what began less than two seconds ago began now.
var passing = regexp.MustCompile(`(\d\d? [JFMASOND][a-z][a-z] (\d{4} )?)?\d[\d:.,]*( (ms|s|m|min|h|d)\b)*( ago)?|\bnow\b|Connecting|Live`)

// calm is the text of a page without what changes from one moment to the next: figures, and with them times.
func (p *Page) calm() string {
	p.t.Helper()
	return calmed(p.Text("main"))
}

func calmed(text string) string { return passing.ReplaceAllString(text, "#") }

func TestCalmKnowsEveryTime(t *testing.T) {
	for _, time := range []string{"now", "2 s ago", "59 m ago", "3 h ago", "12 d ago", "14:03:21", "14:03:21.250", "9 Nov 14:03:21", "31 Dec 2025 23:59:59"} {
		if got := calmed("begun " + time + " here"); got != "begun # here" {
			t.Errorf("of %q is left %q", time, got)
		}
	}
}

// TestTheBackButtonLeadsThroughEveryView goes on from page to page, and back again.
func TestTheBackButtonLeadsThroughEveryView(t *testing.T) {
	needsBrowser(t)
	s := furnishSites(t)
	p := Start(t)
	s.show(p, view{path: "/p/samples/traces"})
	var seen, at []string
	for _, step := range []func(){
		func() { p.Press("e") },
		func() { p.Click("role*=link agent run: 'travel-agent'") },
		func() { p.Click("role*=button with the same arguments") },
		func() { p.Click("role=button Table") },
		func() { p.Click("role=link Metrics") },
		func() { p.Click("role=link Pipeline") },
		func() { p.Click("role=link Project, API tokens") },
		func() { p.Click("role=link General") },
	} {
		seen, at = append(seen, p.calm()), append(at, p.URL())
		step()
		p.WaitUntil(`location.href !== ` + quoted(at[len(at)-1]))
		p.Settle()
	}
	for i := len(seen) - 1; i >= 0; i-- {
		p.Back()
		p.Settle()
		if p.URL() != at[i] || p.calm() != seen[i] {
			t.Errorf("back at %s, want %s with\n%s\nit shows\n%s", p.URL(), at[i], seen[i], p.calm())
		}
	}
}
