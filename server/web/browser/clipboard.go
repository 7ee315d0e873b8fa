package browser

import (
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Clipboard returns the text on the clipboard, which all pages of the browser share: tests that copy do not run in
// parallel.
func (p *Page) Clipboard() string {
	p.t.Helper()
	_, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
		Origin: originOf(p.URL()), BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	if err != nil {
		p.fatalf("clipboard: %v", err)
	}
	return Eval[string](p, "navigator.clipboard.readText()")
}
