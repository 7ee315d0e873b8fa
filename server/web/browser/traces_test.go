package browser

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// shopping is what a run of the tests of the list is made of.
type shopping struct {
	id      string // hex digits with which the trace's begins
	name    string
	service string
	thread  string
	ago     time.Duration
	failed  bool // the run itself
	failing bool // a span in it
	running bool
}

// spans are the root of the run and one tool call.
func (r *shopping) spans() []*span.Span {
	trace := span.TraceID(r.id + strings.Repeat("0", 32-len(r.id)))
	start := time.Now().Add(-r.ago)
	metadata := fmt.Sprintf(`{"serviceName":%q,"threadId":%q}`, r.service, r.thread)
	if r.thread == "" {
		metadata = fmt.Sprintf(`{"serviceName":%q}`, r.service)
	}
	root := &span.Span{
		TraceID: trace, ID: "00000000000000a1", Name: r.name, Type: span.TypeAgentRun, Root: true,
		Start: start, End: start.Add(time.Second), Metadata: span.Value(metadata),
	}
	tool := &span.Span{
		TraceID: trace, ID: "00000000000000a2", ParentID: root.ID, Name: "look up", Type: span.TypeToolCall,
		Start: start, End: start.Add(time.Second / 2), Metadata: root.Metadata,
	}
	if r.failed {
		root.Error = &span.Error{Message: "no luck"}
	}
	if r.failing {
		tool.Error = &span.Error{Message: "no such thing"}
	}
	if r.running {
		root.End = time.Time{}
	}
	return []*span.Span{tool, root}
}

// putRuns stores runs, each of its own.
func putRuns(t T, s *Site, runs ...shopping) {
	t.Helper()
	var all []*span.Span
	for i := range runs {
		all = append(all, runs[i].spans()...)
	}
	for _, one := range all {
		one.Freeze()
	}
	s.Put(t, Samples, all)
}

// someRuns are of every kind that the documented filters tell apart, the newest first.
func someRuns() []shopping {
	return []shopping{
		{id: "a1", name: "pay", service: "checkout", thread: "t-1", ago: 2 * time.Minute},
		{id: "a2", name: "pay again", service: "checkout", thread: "t-2", ago: 4 * time.Minute, failed: true},
		{id: "b1", name: "find", service: "search", ago: 6 * time.Minute, failing: true},
		{id: "b2", name: "find more", service: "search", thread: "t-1", ago: 8 * time.Minute, failed: true},
		{id: "a3", name: "refund", service: "checkout", thread: "t-1", ago: 3 * time.Hour, failed: true},
		{id: "c1", name: "old", service: "checkout", ago: 50 * time.Hour, failed: true},
	}
}

const link = ".trace-link"

// wantRuns waits until the list shows just these, in this order.
func (p *Page) wantRuns(names ...string) {
	p.t.Helper()
	text := strings.Join(names, "|")
	want[bool](p, "the traces "+text, `const got = seen('.trace-link').map(e => squash(e.innerText)).join('|'); return got === a0 && !document.querySelector('.stale') ? {Value: true} : {Missing: 'they are ' + got}`, text)
}

func (p *Page) query() url.Values {
	p.t.Helper()
	u, err := url.Parse(p.URL())
	if err != nil {
		p.fatalf("the address: %v", err)
	}
	return u.Query()
}

func TestTracesDocumentedFilters(t *testing.T) {
	s := Server(t, Options{})
	putRuns(t, s, someRuns()...)
	p := Start(t)
	list := s.URL + "/p/samples/traces"
	p.Open(list)
	p.wantRuns("pay", "pay again", "find", "find more", "refund")

	// The service, by the keyboard, from what there is.
	p.Click("input[role=combobox]")
	p.WaitCount("[role=option]", 2)
	p.Press("ArrowDown", "ArrowDown", "Enter")
	p.wantRuns("find", "find more")
	p.Click(".filter-chips .chip")
	p.wantRuns("pay", "pay again", "find", "find more", "refund")

	// The range.
	p.Click("text=15 m")
	p.wantRuns("pay", "pay again", "find", "find more")
	p.Click("text=3 d")
	p.wantRuns("pay", "pay again", "find", "find more", "refund", "old")
	p.Click("text=24 h")

	// The first digits of an id, in whatever case; the whole of one goes there, however old it is.
	p.Type(".trace-id input", "A")
	p.wantRuns("pay", "pay again", "refund")
	p.Type(".trace-id input", "a3")
	p.wantRuns("refund")
	if got := p.query().Get("trace_id"); got != "a3" {
		t.Errorf("the address has the id %q", got)
	}
	p.Back() // what was typed is one entry of the history
	p.wantRuns("pay", "pay again", "find", "find more", "refund")
	id := "C1" + strings.Repeat("0", 30)
	p.Type(".trace-id input", id)
	p.Press("Enter")
	p.WaitUntil(`location.pathname.endsWith("/traces/` + strings.ToLower(id) + `")`)

	// The failed.
	p.Open(list)
	p.Choose("select[aria-label=Status]", "Run failed")
	p.wantRuns("pay again", "find more", "refund")
	p.Choose("select[aria-label=Status]", "Any span failed")
	p.wantRuns("pay again", "find", "find more", "refund")

	// All four at once, and nothing is lost by loading the page anew or by going back to it.
	p.Choose("select[aria-label=Status]", "Run failed")
	p.Type(".trace-id input", "a")
	p.Type("input[role=combobox]", "checkout")
	p.Press("Enter")
	p.Click("text=15 m")
	p.wantRuns("pay again")
	p.WaitCount(".filter-chips .chip", 3) // what was typed is in the address 200 ms after the last key
	p.Reload()
	p.wantRuns("pay again")
	p.WaitCount(".filter-chips .chip", 3)
	p.Click(link)
	p.WaitUntil(`location.pathname.endsWith("/traces/a2` + strings.Repeat("0", 30) + `")`)
	p.Back()
	p.wantRuns("pay again")
	p.Click("text=Clear all")
	p.wantRuns("pay", "pay again", "find", "find more")
}

func TestTracesByKeyboard(t *testing.T) {
	s := Server(t, Options{})
	putRuns(t, s, someRuns()...)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces?unknown=kept")
	p.wantRuns("pay", "pay again", "find", "find more", "refund")
	p.Press("e")
	p.wantRuns("pay again", "find more", "refund")
	if q := p.query(); q.Get("unknown") != "kept" || q.Get("status") != "error" {
		t.Errorf("the address has %v", q)
	}
	p.Press("e", "/")
	p.WaitUntil(`document.activeElement.id === "search"`)
	p.Type("#search", "pay")
	p.wantRuns("pay", "pay again")
	p.Press("Escape", "j", "j")
	p.WaitUntil(`document.activeElement.innerText.trim() === "pay again"`)
	p.Press("c", "k", "c")
	p.WaitText(".compare-bar .muted", "2 chosen")
	p.Press("Enter")
	p.WaitUntil(`location.pathname.endsWith("/traces/a1` + strings.Repeat("0", 30) + `")`)
	p.Back()
	p.wantRuns("pay", "pay again")
	p.WaitUntil(`document.activeElement.innerText.trim() === "pay"`) // where they were
	p.Press("c", "j", "c", "C")
	p.WaitUntil(`location.pathname === "/p/samples/compare"`)
	if q := p.query(); !strings.HasPrefix(q.Get("a"), "a1") || !strings.HasPrefix(q.Get("b"), "a2") {
		t.Errorf("compared are %v", q)
	}
}

// From a trace one goes on to the next of the list that one came from, and back to that list with its filters.
func TestTracesLeadToTheirNeighbours(t *testing.T) {
	s := Server(t, Options{})
	putRuns(t, s, someRuns()...)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces?status=error")
	p.wantRuns("pay again", "find more", "refund")
	p.Click(".trace-link[href*='/b2']")
	for _, step := range []struct{ key, name string }{{"", "find more"}, {"]", "refund"}, {"[", "find more"}, {"[", "pay again"}} {
		if step.key != "" {
			p.Press(step.key)
		}
		p.WaitUntil(`document.title.startsWith("` + step.name + ` ·") && document.querySelector(".wf-row")`)
	}
	if n := p.Count(`[aria-label^="Previous trace"]`); n != 0 {
		t.Error("there is one before the first")
	}
	p.Click(`[aria-label="Back to the traces"]`)
	p.WaitUntil(`location.search === "?status=error"`)
	p.wantRuns("pay again", "find more", "refund")
}

func TestTracesAsTheyHappen(t *testing.T) {
	s := Server(t, Options{})
	first := shopping{id: "a1", name: "first", service: "shop", ago: time.Minute, running: true}
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces?service=shop")
	p.WaitFor("text=Waiting for the first span…")
	p.WaitText(".live-mark .status", "Live")
	putRuns(t, s, first)
	p.wantRuns("first") // nothing is there that could jump
	p.WaitFor("td .status.running")

	// Its end shows where it is; new ones wait, and what does not match does not.
	first.running = false
	putRuns(t, s, first)
	p.WaitFor("td .status.success")
	putRuns(t, s, shopping{id: "b1", name: "second", service: "shop"}, shopping{id: "b2", name: "third", service: "shop"}, shopping{id: "b3", name: "else", service: "bank"})
	p.WaitText(".waiting button", "2 new traces")
	p.wantRuns("first")
	p.Press("n")
	p.WaitCount(link, 3)
	p.WaitGone(".waiting button")

	// A second tab shares the stream of the first and goes on when that is closed.
	q := p.NewTab(s.URL + "/p/samples/traces")
	q.WaitText(".live-mark .status", "Live")
	p.Open("about:blank")
	putRuns(t, s, shopping{id: "c1", name: "fourth", service: "shop"})
	q.WaitText(".waiting button", "1 new trace")
}

func TestTracesOverTime(t *testing.T) {
	s := Server(t, Options{})
	putRuns(t, s, someRuns()...)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces?last=1h")
	p.wantRuns("pay", "pay again", "find", "find more")
	p.WaitFor(".bar-errors")
	p.Drag(".bars", 0.02, 0.5)
	p.WaitFor("text=No trace matches")
	q := p.query()
	from, err := time.Parse(time.RFC3339, q.Get("from"))
	to, err2 := time.Parse(time.RFC3339, q.Get("to"))
	if err != nil || err2 != nil || q.Has("last") || to.Sub(from) < 25*time.Minute || to.Sub(from) > 35*time.Minute {
		t.Errorf("half of an hour is %v", q)
	}
	p.Back()
	p.wantRuns("pay", "pay again", "find", "find more")
}

func TestTracesByThread(t *testing.T) {
	s := Server(t, Options{})
	putRuns(t, s, someRuns()...)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces")
	p.wantRuns("pay", "pay again", "find", "find more", "refund")
	p.Click("text=Threads")
	p.wantRuns("refund", "find more", "pay", "pay again", "find")
	if got := p.Texts(".thread-row"); len(got) != 2 || !strings.Contains(got[0], "t-1") || !strings.Contains(got[0], "3 runs") {
		t.Errorf("threads %q", got)
	}
	p.Click("text=t-1")
	p.wantRuns("refund", "find more", "pay")
	Axe(t, p)
}

func TestTracesForEveryone(t *testing.T) {
	s := Server(t, Options{})
	runs := someRuns()
	for i := range 210 {
		runs = append(runs, shopping{id: fmt.Sprintf("d%03x", i), name: fmt.Sprintf("run %03d", i), service: "bulk", ago: time.Hour + time.Duration(i)*time.Second})
	}
	putRuns(t, s, runs...)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces")
	p.WaitUntil(`document.querySelectorAll('.trace-link').length >= 50`)
	for range 20 {
		if p.Count(link) == 200 {
			break
		}
		p.Scroll("main", 4000, 2)
	}
	p.WaitCount(link, 200)
	names := p.Texts(link)
	slices.Sort(names)
	if len(slices.Compact(names)) != 200 {
		t.Errorf("some rows are there twice")
	}
	p.Click("text=Next page")
	p.WaitCount(link, 15)
	p.SetReducedMotion(true) // a colour on its way to another has neither's contrast
	for _, dark := range []bool{false, true} {
		p.SetDark(dark)
		Axe(t, p)
	}
	p.SetViewport(390, 844, true)
	p.WaitUntil(`document.documentElement.scrollWidth <= innerWidth`)
	p.Click(".filters [aria-haspopup]")
	Axe(t, p)
	p.Press("Escape")
	p.Open(s.URL + "/p/yours/traces")
	p.WaitFor("text=Send the first trace")
	Axe(t, p)
}

func TestTracesMoreFilters(t *testing.T) {
	s := Server(t, Options{})
	putRuns(t, s, someRuns()...)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces")
	p.wantRuns("pay", "pay again", "find", "find more", "refund")
	p.Click(".filters [aria-haspopup]")
	p.WaitUntil(`document.activeElement.matches('.more-filters input')`)
	p.Press("ArrowDown")
	p.WaitCount("[role=option]", 2)
	p.Press("ArrowUp", "Enter") // the last of them
	p.WaitText(".filter-chips .chip", "type: tool_call")
	p.Press("Tab", "Tab", "Tab")
	p.Press("t", "-", "1")
	p.WaitCount("[role=option]", 1)
	p.Press("Enter")
	p.wantRuns("pay", "find more", "refund")
	p.Press("x", "Escape") // closes the suggestions and brings back what was chosen
	p.WaitUntil(`document.activeElement.value === "t-1"`)
	p.Press("Escape")
	p.WaitGone(".more-filters")
	p.WaitCount(".filter-chips .chip", 2)

	// What is wrong in an address can be mended from the page.
	p.AllowConsole("400")
	p.Open(s.URL + "/p/samples/traces?status=odd")
	p.WaitFor("text*=want running, success, error")
	p.Click("text=Clear all filters")
	p.wantRuns("pay", "pay again", "find", "find more", "refund")
}
