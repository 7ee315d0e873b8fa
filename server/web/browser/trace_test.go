package browser

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// rowsIn is how long after a click the rows of a trace may take, and patient by how much a test machine may be slower.
const (
	rowsIn  = 300 * time.Millisecond
	patient = 5
)

// wide makes a trace of n spans, at most 101 to a level, none of them equal, and names each by its row in the waterfall.
func wide(n int) []*span.Span {
	start := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	spans := make([]*span.Span, 0, n)
	var root, step *span.Span
	for i := range n {
		s := &span.Span{
			TraceID: span.TraceID(fmt.Sprintf("%032x", n)), ID: span.ID(hex16(i + 1)), Name: rowName(i),
			Start: start.Add(time.Duration(i) * time.Millisecond), Type: span.TypeGeneric,
		}
		s.End = s.Start.Add(time.Millisecond)
		switch {
		case i == 0:
			root, s.Root, s.End = s, true, start.Add(time.Duration(n)*time.Millisecond)
		case i%100 == 1:
			step, s.ParentID, s.End = s, root.ID, s.Start.Add(100*time.Millisecond)
		default:
			s.ParentID = step.ID
		}
		spans = append(spans, s)
	}
	for _, s := range spans {
		s.Freeze()
	}
	return spans
}

func rowName(i int) string { return fmt.Sprintf("row %05d", i) }

func traceURL(s *Site, spans []*span.Span) string {
	return s.URL + "/p/samples/traces/" + string(spans[0].TraceID)
}

func TestALargeTraceIsQuick(t *testing.T) {
	s := Server(t, Options{})
	spans := wide(10_000)
	s.Put(t, Samples, spans)
	p := Start(t)
	p.Open(s.URL + "/p/samples/traces")
	link := "a[href*='" + string(spans[0].TraceID) + "']"
	p.WaitFor(link)
	took := time.Duration(Eval[float64](p, `new Promise(done => {
		const began = performance.now()
		document.querySelector("`+link+`").click()
		const look = () => document.querySelectorAll(".wf-row").length > 10 ? done(performance.now() - began) : requestAnimationFrame(look)
		look()
	})`) * float64(time.Millisecond))
	t.Logf("rows of 10,000 spans %v after the click", took)
	if took > rowsIn*patient {
		t.Errorf("rows came %v after the click, want %v on a machine with nothing else to do", took, rowsIn)
	}

	p.WaitText(".wf-row", rowName(0)+" 10.0 s")
	fewRows(t, p)
	Eval[bool](p, "document.querySelector('.wf-scroll').scrollTop = 5000 * 24, true")
	p.WaitFor("text=" + rowName(5003))
	fewRows(t, p)

	times := Frames(t, p, func() { p.Scroll(".wf-scroll", 240, 60) })
	t.Logf("scrolling: longest %v, work %v, janks %d of %d", times.Longest, times.Work, times.Janks, times.Tasks)
	if times.Work > patient*Jank {
		t.Errorf("scrolling kept the page busy for %v at a stretch, want %v", times.Work, Jank)
	}
	fewRows(t, p)
}

func TestAHugeTraceCanBeUsed(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 50,000 spans")
	}
	s := Server(t, Options{})
	spans := wide(50_000)
	s.Put(t, Samples, spans)
	p := Start(t)
	p.Open(traceURL(s, spans))
	p.WaitFor("text*=20,000 spans nearest to the root of 50,000")
	p.Click("text=Load all")
	p.WaitUntil("document.querySelector('.wf-scroll').getAttribute('aria-rowcount') === '50000'")
	p.Press("End")
	p.WaitFor("text=" + rowName(49_999))
	fewRows(t, p)
	p.Press("x")
	p.WaitUntil("document.querySelector('.wf-scroll').getAttribute('aria-rowcount') === '501'")
	p.Press("/")
	p.Type(".find input", rowName(31_415))
	p.Press("Enter")
	p.WaitFor(".wf-row.cursor.hit")
	p.WaitFor("text=" + rowName(31_415))
}

func fewRows(t *testing.T, p *Page) {
	t.Helper()
	if n := Eval[int](p, "document.querySelectorAll('.wf-row').length"); n >= 100 {
		t.Errorf("%d rows are in the document, want fewer than 100", n)
	}
}

func TestATraceIsReadByKeyboard(t *testing.T) {
	s := Server(t, Options{})
	_, spans := s.PutStory(t, Samples, "clean-run")
	p := Start(t)
	p.Open(traceURL(s, spans))
	p.WaitFor(".wf-row")
	all := p.Count(".wf-row")

	p.Press("ArrowDown", "ArrowDown", "ArrowDown")
	third := p.Text(".wf-row.cursor a")
	p.Press("Enter")
	p.WaitText(".span-panel h2", third)
	selected := p.URL()
	if n := strings.Count(selected, "/"); n != strings.Count(traceURL(s, spans), "/")+1 {
		t.Errorf("the address of the span is %s", selected)
	}
	p.Reload()
	p.WaitText(".span-panel h2", third)
	p.WaitText(".wf-row.selected a", third)
	p.Press("ArrowLeft") // closes the model call, which has a step
	p.WaitUntil("document.querySelectorAll('.wf-row').length < " + strconv.Itoa(all))
	p.Press("ArrowRight")
	p.WaitCount(".wf-row", all)
	p.Press("Escape")
	p.WaitGone(".span-panel")
	p.Back()
	p.WaitFor(".span-panel")

	p.Press("x")
	p.WaitUntil("document.querySelectorAll('.wf-row').length < " + strconv.Itoa(all))
	p.Press("/")
	p.Type(".find input", "refund")
	p.WaitUntil("/^[0-9]+$/.test(document.querySelector('.find-count').textContent)")
	p.Press("Enter")
	p.WaitFor(".wf-row.hit.cursor")
	p.Press("Escape", "Escape")
}

func TestARunIsWatched(t *testing.T) {
	s := Server(t, Options{})
	start := time.Now().Add(-5 * time.Second).UTC().Truncate(time.Millisecond)
	one := func(id int, parent span.ID, name string, ended bool) *span.Span {
		one := &span.Span{TraceID: "000000000000000000000000000000aa", ID: span.ID(hex16(id)), ParentID: parent, Name: name, Type: span.TypeGeneric, Start: start, Root: parent == ""}
		if ended {
			one.End = start.Add(4200 * time.Millisecond)
		}
		one.Freeze()
		return one
	}
	root := one(1, "", "the run", false)
	s.Put(t, Samples, []*span.Span{root, one(2, root.ID, "first", true)})
	p := Start(t)
	p.Open(traceURL(s, []*span.Span{root}))
	p.WaitFor(".status.running")
	p.WaitFor("text=Still running")
	before := p.Text(".wf-row .wf-label")
	p.WaitUntil("document.querySelector('.wf-row .wf-label').innerText !== " + strconv.Quote(before))
	s.Put(t, Samples, []*span.Span{one(3, root.ID, "second", false)})
	p.WaitFor("text=second")
	p.WaitCount(".wf-bar.running", 2)
	s.Put(t, Samples, []*span.Span{one(3, root.ID, "second", true), one(1, "", "the run", true)})
	p.WaitFor(".trace-title .status.success")
	p.WaitText(".wf-row .wf-label", "4.20 s")
	p.WaitCount(".wf-bar.running", 0)
}

func TestHintsLeadToTheCause(t *testing.T) {
	for name, hint := range map[string]string{
		"retry-loop":  "with the same arguments ×4",
		"lost-parent": "whose parent never arrived",
		"slow-tool":   "of the time in",
		"rate-limit":  "First of",
	} {
		t.Run(name, func(t *testing.T) {
			s := Server(t, Options{})
			story, spans := s.PutStory(t, Samples, name)
			p := Start(t)
			p.Open(traceURL(s, spans))
			p.Click("text*=" + hint)
			p.WaitFor(".wf-row.selected")
			if got, want := p.Text(".wf-row.selected a"), story.Find(spans).Name; name != "lost-parent" && got != want {
				t.Errorf("the hint leads to %q, want %q", got, want)
			}
			if name == "lost-parent" {
				p.WaitFor("text=parent never arrived")
			}
		})
	}
}

func TestAPlaceInATraceHasAnAddress(t *testing.T) {
	s := Server(t, Options{})
	_, spans := s.PutStory(t, Samples, "context-overflow")
	p := Start(t)
	p.Open(traceURL(s, spans))
	p.WaitFor(".wf-row")
	p.Drag(".ticks", 0.25, 0.75)
	p.WaitFor("text=Whole trace")
	p.WaitUntil("location.search.includes('z=')")
	ticks := p.Texts(".ticks span")
	p.Reload()
	p.WaitFor("text=Whole trace")
	if got := p.Texts(".ticks span"); !slices.Equal(got, ticks) {
		t.Errorf("ticks %q after a reload, want %q", got, ticks)
	}
	p.Press("0")
	p.WaitGone("text=Whole trace")

	p.Click("text=Tokens")
	p.WaitUntil("location.search.includes('axis=tokens')")
	p.Click("text=Errors only")
	p.WaitUntil("location.search.includes('errors=')")
	rows := p.Count(".wf-row")
	if rows == 0 || rows >= len(spans) {
		t.Errorf("%d of %d rows are shown, want those that failed and what is above them", rows, len(spans))
	}
	p.Click("text=Table")
	p.WaitFor(".st-row")
	p.Back()
	p.WaitCount(".wf-row", rows)
	p.Click(".trace-bar button:nth-child(3)")
	p.WaitFor("text=This run, step by step")
}

func TestATraceOnAPhone(t *testing.T) {
	s := Server(t, Options{})
	_, spans := s.PutStory(t, Samples, "retry-loop")
	p := Start(t)
	p.SetViewport(390, 844, true)
	p.Open(traceURL(s, spans))
	p.WaitFor(".wf.narrow .wf-row")
	if Eval[bool](p, "document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight") {
		t.Error("the page is larger than the screen")
	}
	p.Click("text=tool: 'book-train'")
	p.WaitFor(".span-panel")
	if got := Eval[int](p, "document.querySelector('.span-panel').getBoundingClientRect().width"); got != 390 {
		t.Errorf("the panel is %d px wide, want the whole screen", got)
	}
	Axe(t, p)
	p.Click("role=button Close the span")
	p.WaitGone(".span-panel")
	Axe(t, p)
}

func TestATraceIsReadable(t *testing.T) {
	s := Server(t, Options{})
	_, spans := s.PutStory(t, Samples, "clean-run")
	for _, dark := range []bool{false, true} {
		p := Start(t)
		p.SetDark(dark)
		p.Open(traceURL(s, spans) + "/" + string(spans[3].ID))
		p.WaitFor(".wf-row.selected")
		p.WaitFor(".span-panel")
		Axe(t, p)
		p.Click("text=Table")
		p.WaitFor(".st-row")
		Axe(t, p)
		p.Click(".trace-bar button:nth-child(3)")
		p.WaitFor(".turn")
		Axe(t, p)
	}
}
