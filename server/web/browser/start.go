package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

// names are those under which systems have the browser.
var names = []string{"chromium", "chromium-browser", "google-chrome"}

var errNoBrowser = errors.New("there is no Chromium here (on Debian: apt-get install chromium)")

// process is the browser of this program. All pages share it, each test in a context of its own: cookies, storage and
// cache are not shared.
var process struct {
	sync.Mutex

	chromium *chromium // nil before the first Start
	err      error     // why there is none
}

// chromium is a browser that runs.
type chromium struct {
	ctx  context.Context
	stop func() error
}

// Main is for TestMain: it runs the tests, ends the browser and fails if a goroutine is left.
func Main(m *testing.M) {
	code := m.Run()
	err := Stop()
	if err == nil && code == 0 {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Stop ends the browser, if one runs. [Main] calls it.
func Stop() error {
	process.Lock()
	defer process.Unlock()
	if process.chromium == nil {
		return nil
	}
	defer func() { process.chromium = nil }()
	return process.chromium.stop()
}

// Start returns an empty page that shares nothing with those of other tests: 1280 by 900 pixels, light, in English, in UTC.
// It is closed at the end of the test, after its watches have spoken.
func Start(t T) *Page {
	t.Helper()
	c, err := shared()
	if errors.Is(err, errNoBrowser) && os.Getenv("CI") != "true" {
		t.Skipf("%v", err)
	}
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	return open(c.ctx, t, newWatch(), chromedp.WithNewBrowserContext())
}

// shared returns the browser, which it starts if need be.
func shared() (*chromium, error) {
	process.Lock()
	defer process.Unlock()
	if process.chromium != nil || process.err != nil {
		return process.chromium, process.err
	}
	path, err := find()
	if err == nil {
		process.chromium, err = launch(path)
		if err != nil { // a container whose user may not make namespaces has no sandbox
			process.chromium, err = launch(path, chromedp.NoSandbox)
		}
	}
	process.err = err
	return process.chromium, err
}

func find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

func launch(path string, more ...chromedp.ExecAllocatorOption) (*chromium, error) {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path),
		chromedp.Flag("enable-blink-features", "ComputedAccessibilityInfo"), // role and name as a screen reader has them
		chromedp.Flag("font-render-hinting", "none"),
		chromedp.Flag("hide-scrollbars", false), // they take room from a page, so they belong to its looks
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		stopAllocator()
		return nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	stop := func() error {
		defer stopAllocator()
		graceful, done := context.WithTimeout(ctx, 10*time.Second)
		defer done()
		return chromedp.Cancel(graceful)
	}
	return &chromium{ctx, stop}, nil
}
