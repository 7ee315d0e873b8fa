package browser

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
)

// twoPrompts sends the story of a wrong prompt version, and returns the ids of the run that went well and of the other one.
func twoPrompts(t *testing.T, s *Site) (good, bad string) {
	t.Helper()
	for _, story := range stories.All() {
		if story.Name == "wrong-prompt" {
			s.Put(t, Samples, story.Trace(time.Now(), rand.New(rand.NewPCG(1, 2))))
		}
	}
	type runs struct {
		Traces []struct {
			ID string `json:"trace_id"`
		}
	}
	of := func(status string) string {
		got := Ask[runs](t, s, http.MethodGet, "/api/projects/samples/traces?status="+status, nil)
		if len(got.Traces) != 1 {
			t.Fatalf("%d runs with %s", len(got.Traces), status)
		}
		return got.Traces[0].ID
	}
	return of("success"), of("error")
}

func TestComparingFindsTheChangedSentence(t *testing.T) {
	s := Server(t, Options{})
	good, bad := twoPrompts(t, s)
	p := Start(t)
	p.SetReducedMotion(true) // axe sees colours as they are, not on their way
	p.Open(s.URL + "/p/samples/compare?a=" + good)
	p.Click("role*=button Error")
	p.WaitFor("role=region What differs")
	p.WaitFor("text=promptVersion")
	if got := strings.Join(strings.Fields(p.Text(".differs")), " "); !strings.Contains(got, "promptVersion − v12 + v13") || !strings.Contains(got, "tags − prompt:v12 + prompt:v13") {
		t.Errorf("what differs: %q", got)
	}
	Axe(t, p)

	p.Click("text*=llm:")
	p.WaitFor(".diff[aria-label=Input] mark")
	marks := Eval[[]string](p, `[...document.querySelectorAll('.diff[aria-label=Input] mark')].map(m => m.textContent.trim()).filter(Boolean)`)
	if len(marks) != 1 || marks[0] != "Answer with JSON only, without any other text." {
		t.Errorf("marked in the input: %q", marks)
	}
	if signs := Eval[string](p, `[...document.querySelectorAll('.diff[aria-label=Input] .sign')].map(m => m.textContent.trim()).join('')`); signs != "−+" {
		t.Errorf("signs %q, want one line taken away and one added", signs)
	}
	Axe(t, p)
	p.Reload()
	p.WaitFor(".diff[aria-label=Input] mark")

	p.Press("s")
	p.WaitUntil("location.search.includes('a=" + bad + "')")
	p.WaitFor("text=− v13")
	p.Press("ArrowDown", "ArrowDown", "ArrowDown")
	p.WaitFor("text*=A: llm")
	p.SetViewport(390, 844, true)
	p.SetDark(true)
	Axe(t, p)
}

func TestRunsAreChosenByAddress(t *testing.T) {
	s := Server(t, Options{})
	good, bad := twoPrompts(t, s)
	p := Start(t)
	p.Open(s.URL + "/p/samples/compare")
	p.WaitFor("role=button Compare")
	Axe(t, p)
	p.Type("role=textbox A, the run to start from", s.URL+"/p/samples/traces/"+good+"?view=table")
	p.Type("role=textbox B, the run to look at", "not an id")
	p.Click("role=button Compare")
	p.WaitFor("text*=1 to 32 hex digits")
	p.Type("role=textbox B, the run to look at", bad)
	p.Press("Enter")
	p.WaitFor("text=promptVersion")
	if q := queryOf(t, p); q.Get("a") != good || q.Get("b") != bad {
		t.Errorf("chosen: %v", q)
	}
}
