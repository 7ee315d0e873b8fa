package browser

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/span"
)

// mostSteps is how far the cause of a story may be from the list.
const mostSteps = 3

// A path is how somebody who does not know a story comes from the list to its cause. A page says on each step what the
// next one is: a status, a hint, a longest bar.
type path struct {
	walk func(p *Page)
	says []string // what the page shows of the cause then, beside its name
	both bool     // two runs are compared: there is no one span
}

var paths = map[string]path{
	"clean-run": {func(p *Page) {
		p.Click("role*=link agent run: 'support-agent'")
		p.Click("role=button Cost") // its bar is the longest but the whole
		p.Click("text=agent run: 'refund-checker'")
	}, []string{"Success"}, false},
	"retry-loop": {func(p *Page) {
		p.Click("role*=link agent run: 'travel-agent'")
		p.Click("role=button tool: 'book-train' with the same arguments ×4")
	}, []string{"Error", `must be a date`, "tomorrow, first train"}, false},
	"context-overflow": {func(p *Page) {
		p.Click("role*=link agent run: 'ops-agent'")
		p.Click("role=button First of 2 failures: llm: 'gpt-4o'")
	}, []string{"maximum context length is 128000 tokens"}, false},
	"slow-tool": {func(p *Page) {
		p.Click(rowOf("Export the report of the third quarter"))
		p.Click("role*=button of the time in tool: 'export-report'")
	}, []string{"43."}, false},
	"many-spans": {func(p *Page) {
		p.Press("E") // only traces with a failed span: this one says success
		p.Settle()
		p.Click("role*=link workflow run: 'reindex-documents'")
		p.Click("role=button Failed: ocr: 'scan-2019-07.pdf'")
	}, []string{"72 dpi, the least is 150"}, false},
	"long-chat": {func(p *Page) {
		p.Click(rowOf("Which of our invoices"))
		p.Click("text=tool: 'export-ledger'")
	}, []string{"2026-07-01,L-90400"}, false},
	"in-progress": {func(p *Page) {
		p.Click("role*=link agent run: 'incident-agent'")
		p.Click(".wf-row:not([aria-expanded]):has(.wf-bar.running) a")
	}, []string{"running"}, false},
	"rate-limit": {func(p *Page) {
		p.Click("role*=link agent run: 'research-agent'")
		p.Click("role=button First of 3 failures: llm: 'claude-sonnet-4-5'")
	}, []string{"429"}, false},
	"wrong-prompt": {func(p *Page) {
		p.Click("[aria-label=\"Compare agent run: 'mail-reader'\"]:not(:checked)")
		p.Click("[aria-label=\"Compare agent run: 'mail-reader'\"]:not(:checked)")
		p.Click("role=button Compare")
	}, []string{"v12", "v13", "Answer with JSON only"}, true},
	"lost-parent": {func(p *Page) {
		p.Click("role*=link workflow run: 'monthly-close'")
		p.Click("role=button 1 span whose parent never arrived")
	}, []string{}, false},
}

// rowOf is the link to a run, by what its preview says.
func rowOf(preview string) string { return "tr:has([title*='" + preview + "']) .trace-link" }

// TestEachStoryIsThreeStepsFromItsCause walks them.
func TestEachStoryIsThreeStepsFromItsCause(t *testing.T) {
	needsBrowser(t)
	site := Server(t, Options{})
	random, now := rand.New(rand.NewPCG(1, 2)), time.Now()
	causes := map[string]*span.Span{}
	for _, s := range stories.All() {
		spans := s.Trace(now, random)
		causes[s.Name] = s.Find(spans)
		site.Put(t, Samples, spans)
	}
	for _, s := range stories.All() {
		t.Run(s.Name, func(t *testing.T) {
			way, cause := paths[s.Name], causes[s.Name]
			p := Start(t)
			p.Open(site.URL + "/p/samples/traces")
			p.WaitCount(".trace-link", 11) // wrong-prompt has two
			way.walk(p)
			if p.Steps() > mostSteps {
				t.Errorf("%d steps", p.Steps())
			}
			where := "main"
			if !way.both {
				where = ".span-panel"
				p.WaitText(".span-panel h2", cause.Name)
				p.WaitUntil(`location.pathname.endsWith("/` + string(cause.ID) + `")`)
			}
			for _, text := range way.says {
				p.WaitUntil(`document.querySelector("` + where + `").innerText.includes(` + quoted(text) + `)`)
			}
		})
	}
}

func quoted(text string) string { return "`" + strings.ReplaceAll(text, "`", "\\`") + "`" }
