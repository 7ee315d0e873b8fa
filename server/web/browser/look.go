package browser

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// look is what the system of a person tells pages.
type look struct{ dark, still bool }

// SetViewport gives the page a size in CSS pixels, which are those of a screenshot. A mobile one has a touch screen's
// viewport and thin scroll bars.
func (p *Page) SetViewport(width, height int, mobile bool) {
	p.t.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(width), Height: int64(height), DeviceScaleFactor: 1, Mobile: mobile,
	})
}

// SetDark says whether the system is dark: prefers-color-scheme.
func (p *Page) SetDark(dark bool) {
	p.t.Helper()
	p.look.dark = dark
	p.setLook()
}

// SetReducedMotion says whether the person wants as little motion as possible: prefers-reduced-motion.
func (p *Page) SetReducedMotion(reduced bool) {
	p.t.Helper()
	p.look.still = reduced
	p.setLook()
}

func (p *Page) setLook() {
	p.t.Helper()
	scheme, motion := "light", "no-preference"
	if p.look.dark {
		scheme = "dark"
	}
	if p.look.still {
		motion = "reduce"
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
	}})
}

// call sends a command of the DevTools protocol that must succeed.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	return run(p, command.Method, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}
