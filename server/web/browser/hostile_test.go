package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
)

//go:embed hostile.js
var hostileJS string

// beacon is a server that nobody may ask for anything.
type beacon struct {
	URL string

	mu   sync.Mutex
	hits []string
}

func newBeacon(t T) *beacon {
	b := &beacon{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.hits = append(b.hits, r.Method+" "+r.URL.String())
	}))
	b.URL = s.URL
	t.Cleanup(s.Close)
	return b
}

// suspect is a page that shows hostile contents, under more watches than others: what is in it, what runs in it, what
// becomes of the objects that all scripts share, and who is called.
type suspect struct {
	*Page

	t       T
	beacon  *beacon
	offline bool // a file of a style, without a script
}

func startSuspect(t T, b *beacon) *suspect {
	t.Helper()
	s := &suspect{Page: Start(t), t: t, beacon: b}
	call(s.Page, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: hostileJS})
	t.Cleanup(func() { // before the page is closed
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, hit := range b.hits {
			t.Errorf("the beacon was asked: %s", hit)
		}
	})
	return s
}

// wish is what a page has to show: a payload whole, or its mark at least, where a text is shown as Markdown or in pieces.
type wish struct {
	mark string
	text string
}

// whole wishes for the texts of payloads from one number up to another in some fields, or for those that are given.
func (c corpus) whole(from, to int, fields ...string) (wishes []wish) {
	for _, field := range fields {
		for i := from; i < to; i++ {
			w := wish{markIn.FindString(c.at(i, field)), c.seen(i, field)}
			if t := w.text; (t[0] == '{' || t[0] == '[') && json.Valid([]byte(t)) { // it is shown as what it says
				w.text = ""
			}
			wishes = append(wishes, w)
		}
	}
	return wishes
}

// unfolded leaves out the payloads that are JSON: they are shown as trees, whose leaves are folded away.
func (c corpus) unfolded(wishes []wish) (left []wish) {
	for _, w := range wishes {
		n, err := strconv.Atoi(w.mark[1:4])
		if text := c.seen(n, "x"); err == nil && !json.Valid([]byte(text)) {
			left = append(left, w)
		}
	}
	return left
}

// marks wishes for the marks alone.
func (c corpus) marks(from, to int, fields ...string) (wishes []wish) {
	for _, w := range c.whole(from, to, fields...) {
		wishes = append(wishes, wish{mark: w.mark})
	}
	return wishes
}

// visit opens an address, does what is to be done there, and holds the page to what it has to show by then.
func (s *suspect) visit(address string, wishes []wish, steps ...string) {
	s.t.Helper()
	s.Open(address)
	s.hope(wishes)
	s.step("__hostile.settle()")
	s.see()
	for _, js := range steps {
		s.step(js)
		s.see()
	}
	s.judge(address)
}

// hope adds to what the page has to show.
func (s *suspect) hope(wishes []wish) {
	s.t.Helper()
	list := make([][2]string, len(wishes))
	for i, w := range wishes {
		list[i] = [2]string{w.mark, w.text}
	}
	text, err := json.Marshal(list)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	s.step(fmt.Sprintf("__hostile.want(%s, %v)", text, s.offline))
}

// goTo goes to an address of the same site as a link does.
func (s *suspect) goTo(path string) {
	s.t.Helper()
	text, err := json.Marshal(path)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	s.step("__hostile.go(" + string(text) + ")")
}

// step evaluates what may take its time.
func (s *suspect) step(js string) {
	s.t.Helper()
	Eval[any](s.Page, "(async () => { await ("+js+") })()")
}

// see looks at the page as it is now.
func (s *suspect) see() {
	s.t.Helper()
	s.step("__hostile.look()")
}

// judge says what was wrong since the document was loaded.
func (s *suspect) judge(what string) {
	s.t.Helper()
	for _, fault := range Eval[[]string](s.Page, "__hostile.faults()") {
		s.t.Errorf("%s: %s", what, fault)
	}
	missing := Eval[[]string](s.Page, "__hostile.missing()")
	if len(missing) > 0 {
		text := Eval[string](s.Page, "document.querySelector('main')?.innerText.slice(0, 500) ?? ''")
		fields := map[string]int{}
		for _, m := range missing {
			fields[strings.Trim(markIn.FindString(m), "z0123456789")]++
		}
		s.t.Errorf("%s: %d texts are not to be seen, by field %v, such as\n\t%s\non the page: %s", what, len(missing), fields, strings.Join(missing[:min(len(missing), 40)], "\n\t"), text)
	}
}

// TestCarelessPagesAreCaught shows the watches over hostile contents a page for each mistake that they are for.
func TestCarelessPagesAreCaught(t *testing.T) {
	needsBrowser(t)
	for _, c := range []struct {
		name, csp, script string
		text              string // a payload; empty: <img src=x onerror={F}>
		want              []string
	}{
		{name: "a text is a text", script: `main.textContent = text`},
		{name: "markup runs", script: `main.innerHTML = text`, want: []string{"payload z000namez ran", "an attribute onerror"}},
		{name: "markup that is stopped is there all the same", csp: policyOfSelf, script: `main.innerHTML = text`, want: []string{"Content Security Policy", "an attribute onerror"}},
		{name: "code", script: `try { eval(text) } catch {}`, text: `/*{M}*/{F}`, want: []string{"payload z000namez ran"}},
		{name: "a link that runs", script: `main.appendChild(document.createElement("a")).href = text; main.append(text)`, text: `javascript:{F}//{M}`, want: []string{"href leads to javascript:"}},
		{name: "a link elsewhere that tells where it is from", script: `main.appendChild(document.createElement("a")).href = text; main.append(text)`, text: `{B}`, want: []string{"href leads elsewhere"}},
		{name: "a picture calls out", script: `main.appendChild(new Image()).src = text; main.append(text)`, text: `{B}`, want: []string{"request to another origin", "beacon was asked", "src leads elsewhere"}},
		{name: "a style calls out", script: `main.style.backgroundImage = "url(" + text + ")"; main.append(text)`, text: `{B}`, want: []string{"request to another origin", "a style: "}},
		{name: "every object has it", script: `const o = {}; o[text.slice(0, 9)].polluted = 1; main.append(text)`, text: `__proto__{M}`, want: []string{"every object has polluted", "has another polluted"}},
		{name: "a method is replaced", script: `Array.prototype.flat = () => []; main.append(text)`, want: []string{"has another flat"}},
		{name: "a name in the document", script: `main.id = text; main.append(text)`, text: `{M}`, want: []string{"id is a payload"}},
		{name: "a frame", script: `main.appendChild(document.createElement("iframe")); main.append(text)`, want: []string{"an element iframe"}},
		{name: "a dialog", script: `alert(text); main.append(text)`, want: []string{"alert dialog"}},
		{name: "a text is swallowed", script: `main.innerHTML = "<p></p>"`, want: []string{"1 texts are not to be seen"}},
		{name: "a text is changed", script: `main.append(text.replace(/[<>]/g, ""))`, want: []string{"1 texts are not to be seen"}},
		{name: "a page that breaks", script: `main.append(text); String({toString: 1, valueOf: 1})`, want: []string{"exception: Uncaught TypeError"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := failures(t, func(inner T) {
				b := newBeacon(inner)
				text := c.text
				if text == "" {
					text = "{M}<img src='data:,x' onerror={F}>"
				}
				corpus := corpus{beacon: b.URL, payloads: []payload{{"one", text}}}
				shown, err := json.Marshal(corpus.at(0, "name"))
				if err != nil {
					t.Fatal(err)
				}
				url := serveHTML(t, c.csp, map[string]string{
					"/":                html(`<p id="main"></p><script src="/assets/x/app.js"></script>`),
					"/assets/x/app.js": `const text = ` + string(shown) + `; ` + c.script,
				})
				startSuspect(inner, b).visit(url, corpus.whole(0, 1, "name"))
			})
			all := strings.Join(got, "\n")
			if len(c.want) == 0 && all != "" {
				t.Errorf("it fails: %s", all)
			}
			for _, want := range c.want {
				if !strings.Contains(all, want) {
					t.Errorf("failures %q, want one with %q", got, want)
				}
			}
		})
	}
}

// policyOfSelf lets no script run but those of files, and what a file does with texts is its own affair.
const policyOfSelf = "default-src 'self'; img-src data:; connect-src 'self'"
