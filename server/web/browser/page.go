package browser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Patience is how long a page has for what a test waits for. It is generous: whoever waits for all of it fails.
const Patience = 20 * time.Second

// between two looks at a page that is not yet as it should be.
const lookEvery = 20 * time.Millisecond

// Page is a tab. It is for one goroutine. What it cannot do fails the test at once.
type Page struct {
	t     T
	ctx   context.Context
	watch *watch // of all tabs of the test
	tabs  *tabs
	look  look
	steps int // see Steps

	patience time.Duration // Patience, except where a test is about what does not come

	answers sync.WaitGroup // to dialogs

	mu    sync.Mutex
	trace *trace // that is being recorded; nil: none
}

// tabs are those of one test.
type tabs struct {
	all   []*Page
	close []context.CancelFunc
}

// open opens the first tab of a test, or one beside it.
func open(parent context.Context, t T, w *watch, options ...chromedp.ContextOption) *Page {
	t.Helper()
	p := &Page{t: t, watch: w, tabs: &tabs{}, patience: Patience}
	t.Cleanup(p.finish)
	p.start(parent, options...)
	return p
}

func (p *Page) start(parent context.Context, options ...chromedp.ContextOption) {
	p.t.Helper()
	var cancel context.CancelFunc
	p.ctx, cancel = chromedp.NewContext(parent, append(options, chromedp.WithListener(p.event))...)
	p.tabs.all, p.tabs.close = append(p.tabs.all, p), append(p.tabs.close, cancel)
	// The first use of a context binds the tab to it: one with a deadline would close it.
	if err := chromedp.Do(p.ctx); err != nil {
		p.t.Fatalf("browser: a tab does not open: %v", err)
	}
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"})
	call(p, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-US"})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.SetViewport(1280, 900, false)
	p.SetDark(false)
}

// event runs on the goroutine that reads from the browser, in order, and must not ask it anything.
func (p *Page) event(ev any) {
	p.watch.event(ev)
	if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
		// Until it is answered, the page stands still.
		p.answers.Go(func() {
			_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) // the tab may be gone
		})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trace != nil {
		p.trace.event(ev)
	}
}

// finish says what the tabs of a test did that no page may do, and closes them, the first one last.
func (p *Page) finish() {
	p.t.Helper()
	defer func() {
		for _, cancel := range slices.Backward(p.tabs.close) {
			cancel()
		}
	}()
	for _, tab := range p.tabs.all {
		// Events come in order, so after an answer there are none left of what was done before the question.
		_, err := try(tab, 5*time.Second, chromedp.Evaluate[bool](`new Promise(done => setTimeout(() => done(true)))`, chromedp.EvalAwaitPromise))
		if err != nil {
			p.t.Errorf("browser: a page does not answer: %v", err)
		}
		tab.answers.Wait()
	}
	for _, fault := range p.watch.found() {
		p.t.Errorf("browser: %s", fault)
	}
}

// AllowConsole declares that messages on the console which match a regular expression belong to the test, such as those of
// requests that are answered with 404. They look like "console error: Failed to load resource: the server responded with
// a status of 404 (Not Found) http://127.0.0.1:1/path".
func (p *Page) AllowConsole(pattern string) { p.watch.allow(pattern) }

// Open goes to an address and waits until it is loaded. The first address says which origin the page belongs to.
func (p *Page) Open(address string) {
	p.t.Helper()
	p.watch.from(address)
	p.do("open "+address, chromedp.Navigate(address))
}

// NewTab opens an address in a tab beside this one, of the same person: they share cookies and storage. It is as large as
// the first page is in the beginning, and light.
func (p *Page) NewTab(address string) *Page {
	p.t.Helper()
	tab := &Page{t: p.t, watch: p.watch, tabs: p.tabs, patience: p.patience}
	tab.start(p.ctx)
	tab.Open(address)
	return tab
}

// Reload loads the page anew.
func (p *Page) Reload() {
	p.t.Helper()
	p.do("reload", chromedp.Reload())
}

// Back goes back as the button of the browser does, and waits until the address is another one.
func (p *Page) Back() {
	p.t.Helper()
	p.travel("history.back()")
}

// Forward is the reverse of Back.
func (p *Page) Forward() {
	p.t.Helper()
	p.travel("history.forward()")
}

func (p *Page) travel(js string) {
	p.t.Helper()
	before := p.URL()
	// Later, so that a page which goes away by it can still answer.
	Eval[bool](p, "setTimeout(() => "+js+"), true")
	p.await(js+" to change the address", func() (bool, error) {
		now, err := try(p, p.patience, chromedp.Location())
		return now != before, err
	})
	p.WaitUntil("document.readyState == 'complete'")
}

// Steps says how much a person has done to the page so far: a click is one, so is a key that was pressed, a text that was
// typed, an option that was chosen, and a drag.
func (p *Page) Steps() int { return p.steps }

// URL is the address that the page shows.
func (p *Page) URL() string {
	p.t.Helper()
	return run(p, "address", chromedp.Location())
}

// Eval evaluates JavaScript in the page and returns its value, or what it promises, as the T that its JSON is.
func Eval[T any](p *Page, js string) T {
	p.t.Helper()
	return run(p, js, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
}

// try runs an action for some time.
func try[V any](p *Page, d time.Duration, a chromedp.Action[V]) (V, error) {
	ctx, cancel := context.WithTimeout(p.ctx, d)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// run runs an action that must succeed; what names it.
func run[V any](p *Page, what string, a chromedp.Action[V]) V {
	p.t.Helper()
	v, err := try(p, p.patience, a)
	if err != nil {
		p.fatalf("%s: %v", short(what, 200), err)
	}
	return v
}

// do runs steps that must succeed.
func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, what, chromedp.Steps(steps...))
}

// await asks until the answer is true. An error need not be the last word: a page that goes elsewhere cannot be asked.
func (p *Page) await(what string, ask func() (bool, error)) {
	p.t.Helper()
	end := time.Now().Add(p.patience)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		ok, err := ask()
		switch {
		case ok && err == nil:
			return
		case p.ctx.Err() != nil || time.Now().After(end):
			p.fatalf("waited for %s: %v", what, errors.Join(err, p.ctx.Err()))
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
		}
	}
}

// fatalf ends the test with what a person would see.
func (p *Page) fatalf(format string, args ...any) {
	p.t.Helper()
	address, _ := try(p, time.Second, chromedp.Location())
	text, _ := try(p, time.Second, chromedp.Evaluate[string]("document.body?.innerText ?? ''"))
	p.t.Fatalf("%s\npage: %s\ntext: %s\n%s", fmt.Sprintf(format, args...), address, short(text, 2000), p.evidence())
}

// evidence saves a screenshot, if the test was asked to keep what it makes.
func (p *Page) evidence() string {
	if f := flag.Lookup("test.artifacts"); f == nil || f.Value.String() != "true" {
		return "screenshot: with go test -artifacts"
	}
	png, err := try(p, 5*time.Second, chromedp.CaptureScreenshot())
	path := filepath.Join(p.t.ArtifactDir(), "failed.png")
	if err == nil {
		err = os.WriteFile(path, png, 0o600)
	}
	if err != nil {
		return "no screenshot: " + err.Error()
	}
	return "screenshot: " + path
}

// short cuts a text for a message.
func short(text string, limit int) string {
	text = strings.TrimSpace(text)
	if len(text) > limit {
		return strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
