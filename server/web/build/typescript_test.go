package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja_nodejs/require"
	"github.com/dop251/goja_nodejs/url"
	"github.com/evanw/esbuild/pkg/api"
)

// TestTheSource runs the tests that are beside the source, src/**/*.test.ts, each file in an engine of its own.
func TestTheSource(t *testing.T) {
	files, err := testFiles(webDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("found no src/**/*.test.ts: the walk is broken")
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(file, "src/"), func(t *testing.T) {
			t.Parallel()
			outcomes, err := runTypeScript(webDir, file)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range outcomes {
				if o.failure != "" {
					t.Errorf("%s: %s", o.name, o.failure)
				}
			}
			t.Logf("%d tests", len(outcomes))
		})
	}
}

// TestFailuresAreSeen holds that a file whose tests fail is not taken for one whose tests pass.
func TestFailuresAreSeen(t *testing.T) {
	outcomes, err := runTypeScript(webDir, "build/testdata/failing/failing.test.ts")
	if err != nil {
		t.Fatal(err)
	}
	wants := []struct{ name, failure string }{
		{"this one holds", ""},
		{"one and one are three", "got 2, want 3"},
		{"a rejected promise", "rejected"},
		{"a promise that nobody settles", "never ended"},
	}
	if len(outcomes) != len(wants) {
		t.Fatalf("%d tests ran, want %d: %q", len(outcomes), len(wants), outcomes)
	}
	for i, want := range wants {
		got := outcomes[i]
		if got.name != want.name || (want.failure == "") != (got.failure == "") || !strings.Contains(got.failure, want.failure) {
			t.Errorf("test %d is %q with failure %q, want %q with %q", i, got.name, got.failure, want.name, want.failure)
		}
	}
	if !strings.Contains(outcomes[1].failure, "failing.test.ts:6") {
		t.Errorf("a failure does not name its line: %q", outcomes[1].failure)
	}
	if _, err := execute("empty.test.ts", ""); err == nil {
		t.Error("a file without tests passes")
	}
	if _, err := execute("broken.test.ts", "throw new Error('broken')"); err == nil {
		t.Error("a file that throws passes")
	}
}

// testFiles returns the names of all test files, below server/web.
func testFiles(web string) (names []string, err error) {
	err = fs.WalkDir(os.DirFS(web), "src", func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".test.ts") || strings.HasSuffix(name, ".test.tsx") {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// outcome is what became of one call of test().
type outcome struct {
	name    string
	failure string // empty: it passed
}

// runTypeScript bundles a file and runs it. The error says that it could not be run, or has no tests.
func runTypeScript(web, file string) ([]outcome, error) {
	o, err := options(web)
	if err != nil {
		return nil, err
	}
	o.EntryPoints = []string{file}
	o.Outdir = "." // nothing is written: it is what sources are named from
	o.Format = api.FormatIIFE
	o.Target = api.ES2017                         // what the engine takes, and
	o.Supported = map[string]bool{"bigint": true} // this of what came later
	o.Sourcemap = api.SourceMapInline             // so that stacks name lines of the source
	outputs, err := bundle(o)
	if err != nil {
		return nil, err
	}
	return execute(filepath.Base(file), string(outputs[0].Contents))
}

// patience is for a loop without end.
const patience = 30 * time.Second

func execute(name, script string) (outcomes []outcome, err error) {
	engine := goja.New()
	new(require.Registry).Enable(engine)
	url.Enable(engine) // URL and URLSearchParams, which are no part of the language
	err = engine.Set("host", map[string]any{
		"began": func(name string) int {
			outcomes = append(outcomes, outcome{name, "never ended"})
			return len(outcomes) - 1
		},
		"ended": func(id int, failure string) { outcomes[id].failure = failure },
	})
	if err != nil {
		return nil, err
	}
	timer := time.AfterFunc(patience, func() { engine.Interrupt("it runs for " + patience.String()) })
	defer timer.Stop()
	if _, err := engine.RunScript(name, script); err != nil { // promises are settled when it returns
		return nil, err
	}
	if len(outcomes) == 0 {
		return nil, fmt.Errorf("%s has no tests", name)
	}
	return outcomes, nil
}
