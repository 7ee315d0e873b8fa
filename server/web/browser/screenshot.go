package browser

import (
	"github.com/chromedp/cdproto/page"
)

// Screenshot returns what the viewport shows, as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	return p.capture(page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
}

// ScreenshotWebP returns the same in fewer bytes: as WebP, of a quality from 1 to 100.
func (p *Page) ScreenshotWebP(quality int) []byte {
	p.t.Helper()
	q := int64(quality)
	return p.capture(page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &q})
}

// capture waits until what there is to load and to move has done so.
func (p *Page) capture(params page.CaptureScreenshotParams) []byte {
	p.t.Helper()
	Eval[bool](p, `document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))`)
	return call(p, page.CaptureScreenshot, params).Data
}
