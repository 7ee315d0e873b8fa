package browser

import (
	"strings"
	"testing"
)

// TestAStalledSinkIsShown looks at a pipeline as somebody does who wonders why nothing comes: the page names the sink,
// in words, says what is lost, sees the stall end, and says so when the process is gone.
func TestAStalledSinkIsShown(t *testing.T) {
	needsBrowser(t)
	l := ServeLive(t)
	p := Start(t)
	p.SetReducedMotion(true) // axe sees colours as they are, not on their way
	p.Open(l.URL)
	p.WaitFor(`text*=Stage "send" is the bottleneck`)
	if got := p.Text(".verdict.stage"); !strings.Contains(got, `"batch"`) || !strings.Contains(got, "wait") {
		t.Errorf("who waits for it is not said: %q", got)
	}
	const slow = `[...document.querySelectorAll("svg .slow")].map(a => [...a.querySelectorAll("text")].slice(0, 3).map(t => t.firstChild.nodeValue).join(" "))`
	if got := Eval[[]string](p, slow); len(got) != 1 || got[0] != "send bottleneck sink" {
		t.Errorf("marked in the picture: %q", got)
	}
	p.WaitFor("text=send (bottleneck)")
	l.Release() // the mark stays until most of what is looked at was after the stall

	const losses = `[...document.querySelectorAll("section:first-of-type .losses tbody tr")].map(r => [...r.cells].slice(0, 3).map(c => c.textContent).join(" "))`
	if got := strings.Join(Eval[[]string](p, losses), ", "); got != "emitter dropped queue_full, send failed error" {
		t.Errorf("lost: %q", got)
	}
	for part, want := range map[string]int{"first-of-type svg a": 5, "first-of-type svg .head[d^=M]": 4, "last-of-type svg a": 9, "last-of-type svg .head[d^=M]": 9} {
		if got := Eval[int](p, `document.querySelectorAll("section:`+part+`").length`); got != want {
			t.Errorf("%d of %s, want %d", got, part, want)
		}
	}
	if n := p.Count("text=" + Hostile); n == 0 {
		t.Error("a hostile name is not shown as text")
	}
	Axe(t, p)

	for range 3 { // over the head of the page
		p.Press("Tab")
	}
	p.SetViewport(390, 844, true)
	p.SetDark(true)
	p.WaitUntil(`document.querySelector("svg").clientWidth < 390`)
	if got := p.Focused(); !strings.HasPrefix(got, "link emitter") {
		t.Errorf("when the picture was drawn anew, the keyboard was at %q", got)
	}
	Axe(t, p)
	if wide := Eval[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d pixels wide on a phone", wide)
	}
	p.WaitUntil(`document.querySelector(".slow") === null`)

	p.AllowConsole("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE")
	l.Down()
	p.Click("role=button Pause")
	p.WaitFor("text*=Paused at")
	p.Click("role=button Pause") // asks at once
	p.WaitFor("text*=The process does not answer")
}
