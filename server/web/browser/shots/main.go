// Command shots photographs the pages of the dashboard: each light and dark, on a desk and on a phone. From the root of the
// repository:
//
//	go run ./server/web/browser/shots                        # all, into docs/screenshots
//	go run ./server/web/browser/shots -only trace -out shots
//
// It starts a server with the samples of `tailrace demo`, of a fixed seed. Their times are counted from now, and one run
// among them is in progress, so pictures of two days are alike and not equal. It fails if a page does what none may do,
// see package browser, and if a picture cannot be taken.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"

	"github.com/tailrace-go/tailrace/server/web/browser"
)

// size is a viewport.
type size struct {
	width, height int
	mobile        bool
}

var sizes = []size{{1280, 900, false}, {390, 844, true}}

// quality is that of WebP: text is sharp from here on.
const quality = 85

type flags struct {
	out, format string
	only        *regexp.Regexp
}

func main() {
	var f flags
	only := flag.String("only", "", "take the pages alone whose name this `regexp` matches")
	flag.StringVar(&f.out, "out", filepath.Join("docs", "screenshots"), "`folder` for the pictures, made if need be")
	flag.StringVar(&f.format, "format", "png", "png, or webp, which is a third of it and not sharp")
	flag.Parse()
	var err error
	if f.only, err = regexp.Compile(*only); err == nil && f.format != "webp" && f.format != "png" {
		err = errors.New("-format is png or webp")
	}
	if err != nil || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "shots:", err)
		flag.Usage()
		os.Exit(2)
	}
	if err := f.run(); err != nil {
		fmt.Fprintln(os.Stderr, "shots:", err)
		os.Exit(1)
	}
}

func (f flags) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return errors.Join(perform(ctx, f.take), browser.Stop())
}

// take takes all pictures.
func (f flags) take(t *program) {
	if err := os.MkdirAll(f.out, 0o755); err != nil { //nolint:gosec // pictures for everybody
		t.Fatalf("%v", err)
	}
	open, closed, process := furnish(t), browser.Server(t, browser.Options{Logins: true}), browser.ServeLive(t)
	total := 0
	for _, s := range table {
		if !f.only.MatchString(s.name) {
			continue
		}
		var address string
		switch {
		case s.live:
			address = process.URL
		case s.logins:
			address = closed.URL + s.path
		default:
			address = open.address(t, s.path)
		}
		for _, v := range sizes {
			for _, dark := range []bool{false, true} {
				theme := "light"
				if dark {
					theme = "dark"
				}
				name := fmt.Sprintf("%s-%s-%d.%s", s.name, theme, v.width, f.format)
				if err := perform(t.ctx, func(t *program) { total += f.shoot(t, s, address, name, v, dark) }); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	fmt.Printf("%d KiB in %s\n", total>>10, f.out)
}

// shoot takes one picture and returns its bytes.
func (f flags) shoot(t *program, s shot, address, name string, v size, dark bool) int {
	p := browser.Start(t)
	p.AllowConsole(`^console error: Failed to load resource: .* 401 `) // who asks who they are, before they log in
	p.SetViewport(v.width, v.height, v.mobile)
	p.SetDark(dark)
	p.SetReducedMotion(true)
	p.Open(address)
	p.Settle()
	if s.prepare != nil {
		s.prepare(p)
		p.Settle()
	}
	var picture []byte
	if f.format == "png" {
		picture = p.Screenshot()
	} else {
		picture = p.ScreenshotWebP(quality)
	}
	if err := os.WriteFile(filepath.Join(f.out, name), picture, 0o644); err != nil { //nolint:gosec // for everybody
		t.Fatalf("%v", err)
	}
	fmt.Printf("%6.1f KiB  %s\n", float64(len(picture))/1024, name)
	return len(picture)
}
