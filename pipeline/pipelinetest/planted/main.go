// Command planted tests the tests of the engine: it plants bugs in it, one at a time, and fails if they
// do not find one of them. Run it in the root of the module:
//
//	go run ./pipeline/pipelinetest/planted          # every bug
//	go run ./pipeline/pipelinetest/planted 'mark'   # those whose name matches
//
// See package planted for how a bug gets in. A bug that no longer fits the engine is an error, to be
// mended in bugs.go.
package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/internal/planted"
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
	all := make([]planted.Bug, len(bugs))
	for i, b := range bugs {
		all[i] = b.Bug
	}
	chosen, err := planted.Choose(all, pattern)
	if err != nil {
		return err
	}
	if err := healthy(chosen); err != nil {
		return err
	}
	return planted.Hunt(all, pattern, func(i int, scratch string, replace map[string]string) (planted.Finding, error) {
		found, output, err := fails(scratch, replace, tries, bugs[i].test)
		return planted.Finding{Found: found, How: bugs[i].test, Output: output}, err
	})
}

// tries is how often a test may run until it finds a bug. Many bugs need goroutines to meet in some order, which is rarer on a
// machine that is busy with other work.
const tries = 10

// healthy runs all the tests on the engine as it is: they must pass, or a failure says nothing.
func healthy(chosen []int) error {
	var tests []string
	for _, i := range chosen {
		if !slices.Contains(tests, bugs[i].test) {
			tests = append(tests, bugs[i].test)
		}
	}
	scratch, err := os.MkdirTemp("", "planted")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // nothing of value
	began := time.Now()
	failed, output, err := fails(scratch, map[string]string{}, 1, tests...)
	if err == nil && failed {
		err = fmt.Errorf("the tests fail without any bug\n%s", output)
	}
	if err == nil {
		fmt.Printf("healthy   %5.1fs\n", time.Since(began).Seconds())
	}
	return err
}

// quick turns the optimizer off: to compile the packages takes longer than to run the tests.
const quick = "-gcflags=github.com/tailrace-go/tailrace/...=-N -l"

// fails builds the tests, and no other, with some files replaced, runs them up to so many times, and reports whether one
// fails. That they cannot be built is an error.
func fails(scratch string, replace map[string]string, times int, tests ...string) (failed bool, output string, err error) {
	var needed []string
	for _, t := range tests {
		needed = append(needed, files(t)...)
	}
	away, err := planted.Without(engine, "*_test.go", needed...)
	if err != nil {
		return false, "", err
	}
	replace = maps.Clone(replace)
	maps.Copy(replace, away)
	overlay, err := planted.Overlay(scratch, replace)
	if err != nil {
		return false, "", err
	}
	binary := filepath.Join(scratch, "tests")
	build := exec.Command("go", "test", "-c", "-o", binary, "-vet=off", quick, "-ldflags=-s -w", overlay, "./"+engine)
	if text, err := build.CombinedOutput(); err != nil {
		return false, "", fmt.Errorf("the tests cannot be built: %w\n%s", err, text)
	}
	// A bug may show as a loop without end: that is told by the time of the processor, which a process that
	// gets little of it has not used up. Whatever else hangs is found by synctest.
	command := exec.Command("sh", "-c", `ulimit -S -t 120; exec "$0" "$@"`,
		binary, "-test.failfast", "-test.timeout=10m", fmt.Sprint("-test.count=", times), "-test.run=^("+strings.Join(tests, "|")+")$")
	command.Dir = engine
	command.Env = append(os.Environ(), "TAILRACE_GRAPHS=3000", "RAPID_SEED=1", "RAPID_SHRINKTIME=0s")
	text, err := command.CombinedOutput()
	output = string(text)
	if err == nil && strings.Contains(output, "no tests to run") {
		err = fmt.Errorf("there is no test %q", tests)
	}
	if err == nil {
		return false, output, nil
	}
	if !failure.MatchString(output) {
		return false, output, fmt.Errorf("the tests did not run: %w\n%s", err, output)
	}
	return true, output, nil
}

// failure is how a test binary reports that a test failed, ended the process or used up its time.
var failure = regexp.MustCompile(`--- FAIL: |panic: |fatal error: |SIGXCPU: `)

// files are those that a test is made of: without the others, it is compiled in half of the time,
// which is nearly all that a bug costs.
func files(test string) []string {
	if test == "TestRandomGraphs" {
		return []string{"main_test.go", "kit_test.go", "graph_*_test.go", "graph_test.go"}
	}
	return []string{"main_test.go", "kit_test.go", "drain_test.go", "marks_test.go", "hand_test.go"}
}
