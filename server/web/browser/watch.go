package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// maxFaults bounds what a page that repeats itself has to say.
const maxFaults = 20

// watch is what the pages of a test did that no page may do.
type watch struct {
	mu      sync.Mutex
	origin  string // of the first address that was opened
	faults  []fault
	allowed []*regexp.Regexp
}

type fault struct {
	console bool // it may be allowed
	text    string
}

func newWatch() *watch { return &watch{} }

// from says which origin the pages belong to; the first call counts.
func (w *watch) from(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.origin == "" {
		w.origin = originOf(address)
	}
}

func (w *watch) allow(pattern string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, regexp.MustCompile(pattern))
}

// event judges what the browser says of a page.
func (w *watch) event(ev any) {
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		w.add(true, "console.%s: %s", e.Type, textOf(e.Args))
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if o := e.ExceptionDetails.Exception; o != nil {
			text += " " + textOf([]*runtime.RemoteObject{o})
		}
		w.add(false, "exception: %s", text)
	case *log.EventEntryAdded:
		w.add(true, "console %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *network.EventRequestWillBeSent:
		w.request(e.Request.URL)
	case *network.EventWebSocketCreated:
		w.request(e.URL)
	case *page.EventJavascriptDialogOpening:
		w.add(false, "%s dialog: %s", e.Type, e.Message)
	case *page.EventWindowOpen:
		w.add(false, "window opened: %s", e.URL)
	case *inspector.EventTargetCrashed:
		w.add(false, "the page crashed")
	}
}

// request judges where a request goes. Addresses that have their contents in them, or name what a page has made, go
// nowhere.
func (w *watch) request(address string) {
	scheme, _, _ := strings.Cut(address, ":")
	if scheme == "data" || scheme == "blob" || scheme == "about" {
		return
	}
	w.mu.Lock()
	origin := w.origin
	w.mu.Unlock()
	if originOf(address) != origin {
		w.add(false, "request to another origin than %s: %s", origin, address)
	}
}

func (w *watch) add(console bool, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) < maxFaults {
		w.faults = append(w.faults, fault{console, strings.TrimSpace(fmt.Sprintf(format, args...))})
	}
}

// found returns what is not allowed.
func (w *watch) found() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var texts []string
next:
	for _, f := range w.faults {
		for _, re := range w.allowed {
			if f.console && re.MatchString(f.text) {
				continue next
			}
		}
		texts = append(texts, f.text)
	}
	return texts
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.Replace(u.Scheme, "ws", "http", 1) + "://" + u.Host
}

// textOf is what the console shows of the values that it was given, roughly.
func textOf(values []*runtime.RemoteObject) string {
	var parts []string
	for _, v := range values {
		var text string
		switch {
		case v.Description != "":
			text = v.Description
		case json.Unmarshal(v.Value, &text) == nil:
		default:
			text = string(v.Value) + string(v.UnserializableValue)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// move says that the pages belong to another origin from now on, for tests that open files of one elsewhere.
func (w *watch) move(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.origin = originOf(address)
}
