package browser

import (
	"context"
	"os"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Download runs f, by which the page downloads a file, and returns the name that it proposes and what is in it.
func (p *Page) Download(f func()) (name string, body []byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, p.patience)
	defer cancel()
	target := chromedp.FromContext(p.ctx)
	folder := p.t.TempDir()
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: target.BrowserContextID,
		DownloadPath: folder, EventsEnabled: new(true),
	})
	began, ended := make(chan browser.EventDownloadWillBegin, 1), make(chan string, 100)
	if err == nil {
		// Events of all pages come here: the frame of a page has the id of its tab.
		err = chromedp.ListenBrowser(ctx, func(ev any) {
			switch e := ev.(type) {
			case *browser.EventDownloadWillBegin:
				if e.FrameID == cdp.FrameID(target.Target.TargetID) {
					offer(began, *e)
				}
			case *browser.EventDownloadProgress:
				if e.State == browser.DownloadProgressStateCompleted {
					offer(ended, e.GUID)
				}
			}
		})
	}
	if err != nil {
		p.fatalf("download: %v", err)
	}
	f()
	var file browser.EventDownloadWillBegin
	for done := ""; file.GUID == "" || done != file.GUID; {
		select {
		case file = <-began:
		case done = <-ended:
		case <-time.After(p.patience):
			p.fatalf("waited for a download")
		}
	}
	root, err := os.OpenRoot(folder)
	if err == nil {
		defer func() { _ = root.Close() }() // it was read
		body, err = root.ReadFile(file.GUID)
	}
	if err != nil {
		p.fatalf("download: %v", err)
	}
	return file.SuggestedFilename, body
}

// offer sends what has room: who listens to the browser must not wait.
func offer[V any](c chan<- V, v V) {
	select {
	case c <- v:
	default:
	}
}
