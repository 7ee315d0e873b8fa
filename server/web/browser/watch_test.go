package browser

import (
	"strings"
	"testing"
)

// TestWatchesSeeWhatNoPageMayDo shows each watch a page that does it.
func TestWatchesSeeWhatNoPageMayDo(t *testing.T) {
	needsBrowser(t)
	elsewhere := serveHTML(t, "", map[string]string{"/x": "x"})
	for _, c := range []struct {
		name, csp, body, script string
		want                    string // in the one failure; empty: there is none
	}{
		{name: "nothing", body: `<p>quiet</p>`},
		{name: "what an address contains is no request", csp: policy, body: `<img alt="dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`},
		{name: "a console message", script: `console.log("said", 1, {a: 2})`, want: "console.log: said 1"},
		{name: "a warning", script: `console.warn("careful")`, want: "console.warning: careful"},
		{name: "an exception", script: `null.x`, want: "exception: Uncaught TypeError"},
		{name: "a promise that nobody caught", script: `Promise.reject(new Error("lost"))`, want: "lost"},
		{name: "a script in the page", csp: policy, body: `<script>1</script>`, want: "Content Security Policy"},
		{name: "a style attribute", csp: policy, body: `<p style="color:red">red</p>`, want: "Content Security Policy"},
		{name: "text as markup", csp: policy, script: `try { document.body.innerHTML = "x" } catch {}`, want: "TrustedHTML"},
		{name: "a file that is not there", body: `<img alt="" src="/none.png">`, want: "404"},
		{name: "a request elsewhere", body: `<img alt="" src="` + elsewhere + `/x">`, want: "request to another origin"},
		{name: "a dialog", script: `alert("hello")`, want: "alert dialog: hello"},
		{name: "a question", script: `confirm("sure?")`, want: "confirm dialog: sure?"},
		{name: "a window", script: `open("/other")`, want: "window opened"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := serveHTML(t, c.csp, map[string]string{
				"/": html(c.body + `<script src="/script.js"></script>`), "/script.js": c.script, "/other": html(""),
			})
			got := failures(t, func(t T) {
				p := Start(t)
				p.Open(url)
			})
			if c.want == "" && len(got) == 0 {
				return
			}
			if c.want == "" || len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("failures %q, want one with %q", got, c.want)
			}
		})
	}
}

func TestAWatchSeesOtherTabs(t *testing.T) {
	needsBrowser(t)
	url := serveHTML(t, "", map[string]string{"/": html(""), "/loud": html(`<script>console.log("loud")</script>`)})
	got := failures(t, func(t T) {
		p := Start(t)
		p.Open(url)
		p.NewTab(url + "/loud")
	})
	if len(got) != 1 || !strings.Contains(got[0], "loud") {
		t.Errorf("failures %q, want one about what was said", got)
	}
}

func TestWhatATestProvokesIsAllowed(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(`<img alt="" src="/none.png"><script>console.log("known")</script>`)})
	p := Start(t)
	p.AllowConsole(`404 .*/none\.png$`)
	p.AllowConsole(`^console\.log: known$`)
	p.Open(url)
}

// TestAnExceptionIsNeverAllowed holds that what is allowed is the console alone.
func TestAnExceptionIsNeverAllowed(t *testing.T) {
	needsBrowser(t)
	url := serveHTML(t, "", map[string]string{"/": html(`<script>throw new Error("known")</script>`)})
	got := failures(t, func(t T) {
		p := Start(t)
		p.AllowConsole(`known`)
		p.Open(url)
	})
	if len(got) != 1 || !strings.Contains(got[0], "known") {
		t.Errorf("failures %q, want one about the exception", got)
	}
}
