package browser

import (
	"strings"
	"testing"
	"time"

	"math/rand/v2"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
)

// TestKeysAloneLeadFromTheListToACopiedLink goes from the list to a trace, a span of it, and the link to that, and opens
// the link beside it, as somebody would to whom it was sent.
func TestKeysAloneLeadFromTheListToACopiedLink(t *testing.T) {
	needsBrowser(t)
	site := Server(t, Options{})
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range stories.All() {
		if s.Name == "retry-loop" || s.Name == "slow-tool" {
			site.Put(t, Samples, s.Trace(time.Now(), random))
		}
	}
	p := Start(t)
	p.Open(site.URL + "/p/samples/traces")
	p.WaitCount(".trace-link", 2)

	p.Press("j") // the younger of the two
	p.WaitUntil(`document.activeElement.matches("tr:first-child .trace-link")`)
	p.Press("j", "k", "Enter")
	p.WaitFor("role=treegrid")
	p.WaitUntil(`document.activeElement.role === "treegrid"`)
	p.Press("e", "Enter") // the next failure
	p.WaitText(".span-panel h2", "agent run: 'travel-agent'")
	p.Press("e")
	p.WaitText(".span-panel h2", "tool: 'book-train'")
	p.WaitFor("text*=must be a date")
	p.Settle()
	p.WaitUntil(`location.pathname.split("/").length === 6`)
	seen := p.calm()

	for n := 0; p.Focused() != "button Copy link"; n++ {
		if n > 40 {
			t.Fatal("the button that copies the link is not among those before the waterfall")
		}
		p.Press("Shift+Tab")
	}
	p.Press("Enter")
	p.WaitFor("role=button Copied")
	link, at := p.Clipboard(), p.URL()
	if link != at || !strings.Contains(link, "/p/samples/traces/") {
		t.Errorf("the link is %s, the page is at %s", link, at)
	}

	other := p.NewTab(link)
	other.Settle()
	other.WaitText(".span-panel h2", "tool: 'book-train'")
	if got := other.calm(); got != seen {
		t.Errorf("the link shows\n%s\nwant\n%s", got, seen)
	}
}
