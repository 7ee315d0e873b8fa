package browser

import (
	"strings"
	"testing"
	"time"
)

const form = `
<nav><a href="/next">Next page</a></nav>
<form><label>Name <input id="name" value="old"></label>
<label>Role <select id="role"><option value="v">Viewer</option><option value="m">Member</option></select></label>
<button type="button" aria-label="Save all">Save</button></form>
<p id="out">nothing yet</p><p hidden>hidden text</p>
<p>Some <b>bold  words</b> here</p>
<script>
const out = document.getElementById("out")
document.querySelector("button").onclick = () => { out.textContent = "saved " + document.getElementById("name").value + " " + document.getElementById("role").value }
document.onkeydown = e => { if (e.target === document.body) { e.preventDefault(); out.textContent = "key " + [e.ctrlKey && "Control", e.shiftKey && "Shift", e.key].filter(Boolean).join("+") } }
</script>`

func TestAPersonUsesAPage(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(form), "/next": html(`<p>the next one</p>`)})
	p := Start(t)
	p.Open(url + "/")

	p.Press("ArrowDown")
	p.WaitText("#out", "key ArrowDown")
	p.Press("[", "/")
	p.WaitText("#out", "key /")
	p.Press("Control+k")
	p.WaitText("#out", "key Control+k")
	p.Press("Shift+Tab")
	p.WaitText("#out", "key Shift+Tab")

	p.Type("#name", "new name")
	p.Choose("role=combobox Role", "Member")
	p.Click("role=button Save all")
	p.WaitFor("text=saved new name m")
	if got := p.Steps(); got != 8 { // five keys, a text, a choice, a click
		t.Errorf("%d steps", got)
	}

	if n := p.Count("text*=hidden"); n != 0 {
		t.Errorf("%d hidden texts are seen", n)
	}
	if got := p.Text("text*=bold"); got != "bold words" {
		t.Errorf("the innermost text is %q", got)
	}
	if got := p.Texts("option"); len(got) != 0 && len(got) != 2 {
		t.Errorf("options %q", got)
	}
	if got := p.Attribute("role=link", "href"); got != "/next" {
		t.Errorf("href %q", got)
	}

	if got := p.Focused(); got != "button Save all" {
		t.Errorf("the focus is on %q", got)
	}

	p.Click("role*=link Next")
	p.WaitFor("text=the next one")
	if p.URL() != url+"/next" {
		t.Errorf("at %s", p.URL())
	}
	p.Back()
	p.WaitFor("text=saved new name m") // from the cache of the browser
	p.Forward()
	p.WaitFor("text=the next one")
	p.Reload()
	p.WaitGone("text=nothing yet")
	p.WaitCount("p", 1)
	p.WaitUntil("document.title === 'A page'")
	if got := p.Focused(); got != "" {
		t.Errorf("on a new page the focus is on %q", got)
	}
}

func TestTheSystemOfAPerson(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html("")})
	p := Start(t)
	p.Open(url)
	query := func(q string) bool { return Eval[bool](p, "matchMedia('("+q+")').matches") }
	if query("prefers-color-scheme: dark") || query("prefers-reduced-motion: reduce") {
		t.Error("dark, or without motion, in the beginning")
	}
	p.SetDark(true)
	p.SetReducedMotion(true)
	if !query("prefers-color-scheme: dark") || !query("prefers-reduced-motion: reduce") {
		t.Error("not dark, or not without motion, when told so")
	}
	p.SetViewport(390, 844, true)
	if got := Eval[[2]int](p, "[innerWidth, innerHeight]"); got != [2]int{390, 844} {
		t.Errorf("the viewport is %v", got)
	}
	if got := Eval[string](p, "new Date(0).toLocaleString()"); got != "1/1/1970, 12:00:00 AM" {
		t.Errorf("the locale or time zone is another: %s", got)
	}
	if png := p.Screenshot(); !strings.HasPrefix(string(png), "\x89PNG") {
		t.Errorf("a screenshot begins with %q", png[:4])
	}
	if webp := p.ScreenshotWebP(80); string(webp[:4]) != "RIFF" {
		t.Errorf("a screenshot begins with %q", webp[:4])
	}
}

func TestTabsShareWhatTestsDoNot(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(`<button onclick="navigator.clipboard.writeText('copied')">Copy</button>`)})
	p := Start(t)
	p.Open(url)
	Eval[bool](p, "localStorage.seen = 'yes', true")
	if got := Eval[string](p.NewTab(url), "localStorage.seen ?? ''"); got != "yes" {
		t.Errorf("another tab has %q", got)
	}
	other := Start(t)
	other.Open(url)
	if got := Eval[string](other, "localStorage.seen ?? ''"); got != "" {
		t.Errorf("another test has %q", got)
	}
	p.Click("text=Copy")
	if got := p.Clipboard(); got != "copied" {
		t.Errorf("the clipboard has %q", got)
	}
}

func TestDownloads(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(`
<a download="trace-1.json" href="/file">Download</a>
<button onclick="const a = document.createElement('a'); a.download = 'made.txt'; a.href = window.URL.createObjectURL(new Blob(['made here'])); a.click()">Make</button>`),
		"/file": "{}"})
	p := Start(t)
	p.Open(url)
	for what, want := range map[string][2]string{"text=Download": {"trace-1.json", "{}"}, "text=Make": {"made.txt", "made here"}} {
		if name, body := p.Download(func() { p.Click(what) }); name != want[0] || string(body) != want[1] {
			t.Errorf("%s: %s with %q, want %q", what, name, body, want)
		}
	}
}

func TestPointing(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(`
<style>#box { width: 200px; height: 100px; background: silver } #late { position: fixed; inset: 0 } #long { height: 120px; overflow: auto } #tall { height: 5000px }</style>
<div id="box">box</div><p id="out">-</p><div id="long"><div id="tall">tall</div></div>
<div id="late">in the way</div>
<button>Below</button>
<script>
const box = document.getElementById("box"), out = document.getElementById("out"), moves = []
box.onmousedown = e => moves.push("down " + e.offsetX)
box.onmousemove = e => { if (e.buttons) moves.push(e.offsetX) }
box.onmouseup = e => out.textContent = moves.at(0) + " up " + e.offsetX
setTimeout(() => document.getElementById("late").remove(), 200)
document.querySelector("button").onclick = () => out.textContent = "clicked"
</script>`)})
	p := Start(t)
	p.Open(url)
	p.Click("text=Below") // waits until it is not covered
	p.WaitText("#out", "clicked")
	p.Drag("#box", 0.25, 0.75)
	p.WaitText("#out", "down 50 up 150")
	p.Hover("#box")
	p.WaitUntil(`document.querySelector("#box:hover")`)
	for range 3 {
		p.Wheel("#tall", 0, 100) // whose middle is not in view
	}
	p.WaitUntil(`document.getElementById("long").scrollTop > 200`)
	p.Scroll("#tall", 1000, 3)
	if got := Eval[float64](p, `document.getElementById("long").scrollTop`); got < 3000 {
		t.Errorf("scrolled to %v", got)
	}
	p.Scroll("#tall", -1e6, 1)
	p.WaitUntil(`document.getElementById("long").scrollTop === 0`)
}

// TestWhatDoesNotComeFails shows each wait a page on which it is in vain.
func TestWhatDoesNotComeFails(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(`
<style>#over { position: fixed; inset: 0 }</style>
<p id="here">here</p><p id="hidden" hidden>hidden</p><input id="off" disabled><select id="role"><option>Viewer</option></select>
<div id="over">over all</div>`)})
	p := Start(t)
	p.Open(url)
	p.patience = 300 * time.Millisecond
	outer := p.t
	for _, c := range []struct {
		name string
		act  func(p *Page)
		want string
	}{
		{"for nothing", func(p *Page) { p.WaitFor("#none") }, "0 of it, none visible"},
		{"for what is hidden", func(p *Page) { p.WaitFor("text=hidden") }, "1 of it, none visible"},
		{"for what stays to go", func(p *Page) { p.WaitGone("#here") }, "1 of it are visible"},
		{"for more", func(p *Page) { p.WaitCount("#here", 2) }, "1 of it are visible"},
		{"for another text", func(p *Page) { p.WaitText("#here", "there") }, "it shows here"},
		{"for what is not true", func(p *Page) { p.WaitUntil("1 > 2") }, "it is false"},
		{"for no CSS", func(p *Page) { p.WaitFor("p[") }, "not a valid selector"},
		{"to click what is covered", func(p *Page) { p.Click("#here") }, "it is covered by <div id=\"over\""},
		{"to read nothing", func(p *Page) { p.Text("#none") }, "none is visible"},
		{"to choose what is not there", func(p *Page) { p.Choose("#role", "Owner") }, "it has Viewer"},
		{"to go back from the start", func(p *Page) { p.Forward() }, "to change the address"},
		{"for a download", func(p *Page) { p.Download(func() {}) }, "waited for a download"},
		{"for an expression with an error", func(p *Page) { Eval[int](p, "null.x") }, "TypeError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := failures(t, func(inner T) {
				p.t = inner
				c.act(p)
			})
			p.t = outer
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("failures %q, want one with %q", got, c.want)
			}
		})
	}
}

func TestAFailureSaysWhatAPersonWouldSee(t *testing.T) {
	needsBrowser(t)
	url := serveHTML(t, "", map[string]string{"/": html(`<p>only this</p>`)})
	got := failures(t, func(t T) {
		p := Start(t)
		p.Open(url)
		p.fatalf("waited for %s", "godot")
	})
	if len(got) != 1 {
		t.Fatalf("failures %q", got)
	}
	for _, want := range []string{"waited for godot", "page: " + url, "only this", "screenshot"} {
		if !strings.Contains(got[0], want) {
			t.Errorf("%q is not in %s", want, got[0])
		}
	}
	got = failures(t, func(t T) { Start(t).Press("Contol+k") })
	if len(got) != 1 || !strings.Contains(got[0], "Contol+k") {
		t.Errorf("an unknown key: %q", got)
	}
	got = failures(t, func(t T) { Start(t).LogIn(&Site{}, "nobody") })
	if len(got) != 1 || !strings.Contains(got[0], "nobody") {
		t.Errorf("an unknown user: %q", got)
	}
}
