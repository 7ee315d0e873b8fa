// Command planted tests the tests: it plants bugs in the engine, one at a time, and fails if the
// tests do not find one of them. Run it in the root of the module:
//
//	go run ./pipeline/pipelinetest/planted          # every bug
//	go run ./pipeline/pipelinetest/planted 'mark'   # those whose name matches
//
// A bug replaces a piece of the engine's source, in an overlay of the go command: no file of the
// module is touched. The piece must be there exactly once, so a bug that no longer fits the engine
// is an error, to be mended in bugs.go.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// engine is the directory of the package that has the bugs planted, and of the tests.
const engine = "pipeline"

func main() {
	pattern := ""
	if len(os.Args) > 1 {
		pattern = os.Args[1]
	}
	if err := run(pattern); err != nil {
		fmt.Fprintln(os.Stderr, "planted:", err)
		os.Exit(1)
	}
}

// run plants the bugs whose names match pattern.
func run(pattern string) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "planted")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // nothing of value
	chosen := slices.DeleteFunc(slices.Clone(bugs), func(b bug) bool { return !wanted.MatchString(b.name) })
	if err := healthy(chosen); err != nil {
		return err
	}
	survived := 0
	for i, b := range chosen {
		overlay, err := b.plant(scratch, i)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		began := time.Now()
		failed, output, err := test(b.test, "-overlay="+overlay)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", b.name, err)
		case failed:
			fmt.Printf("found     %5.1fs  %-24s %s\n", time.Since(began).Seconds(), b.test, b.name)
		default:
			survived++
			fmt.Printf("SURVIVED  %5.1fs  %-24s %s\n%s", time.Since(began).Seconds(), b.test, b.name, output)
		}
	}
	if survived > 0 {
		return fmt.Errorf("%d of %d bugs survived", survived, len(chosen))
	}
	fmt.Printf("found %d of %d\n", len(chosen), len(chosen))
	return nil
}

// healthy runs all the tests on the engine as it is: they must pass, or a failure says nothing.
func healthy(chosen []bug) error {
	var tests []string
	for _, b := range chosen {
		if !slices.Contains(tests, b.test) {
			tests = append(tests, b.test)
		}
	}
	began := time.Now()
	failed, output, err := test(strings.Join(tests, "|"))
	if err == nil && failed {
		err = fmt.Errorf("the tests fail without any bug\n%s", output)
	}
	if err == nil {
		fmt.Printf("healthy   %5.1fs\n", time.Since(began).Seconds())
	}
	return err
}

// plant writes the file with the bug, and the overlay that puts it in the place of the right one.
func (b bug) plant(scratch string, number int) (overlay string, err error) {
	path, err := filepath.Abs(filepath.Join(engine, b.file))
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), b.old); n != 1 {
		return "", fmt.Errorf("%s has %d places like this, want 1:\n%s", b.file, n, b.old)
	}
	bad := filepath.Join(scratch, fmt.Sprintf("%02d.go", number))
	if err := os.WriteFile(bad, []byte(strings.Replace(string(source), b.old, b.new, 1)), 0o600); err != nil {
		return "", err
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: bad}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(scratch, fmt.Sprintf("%02d.json", number))
	return overlay, os.WriteFile(overlay, replace, 0o600)
}

// quick turns the optimizer off: to compile the packages takes longer than to run the tests.
const quick = "-gcflags=github.com/tailrace-go/tailrace/...=-N -l"

// test runs the tests that pattern names, and reports whether they failed. That they cannot be
// built is an error.
func test(pattern string, flags ...string) (failed bool, output string, err error) {
	args := append([]string{"test", "-count=1", "-failfast", "-timeout=60s", "-vet=off", quick, "-ldflags=-s -w", "-run=^(" + pattern + ")$"}, flags...)
	command := exec.Command("go", append(args, "./"+engine)...)
	command.Env = append(os.Environ(), "TAILRACE_GRAPHS=3000", "RAPID_SEED=1", "RAPID_SHRINKTIME=0s")
	text, err := command.CombinedOutput()
	output = string(text)
	if err == nil {
		return false, output, nil
	}
	if !strings.Contains(output, "--- FAIL: ") && !strings.Contains(output, "panic: ") && !strings.Contains(output, "fatal error: ") {
		return false, output, fmt.Errorf("the tests did not run: %w\n%s", err, output)
	}
	return true, output, nil
}
