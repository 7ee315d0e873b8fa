// Command planted tests the simulator: it plants the bugs of SIM-5, one at a time, and fails if the
// simulator does not find one of them within 10,000 schedules. Run it in the root of the module:
//
//	go run ./internal/sim/planted           # every bug
//	go run ./internal/sim/planted 'fsync'   # those whose name matches
//
// It prints the seed that found each. See package planted for how a bug gets in.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/tailrace-go/tailrace/internal/planted"
)

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

func run(pattern string) error {
	all := make([]planted.Bug, len(bugs))
	for i, b := range bugs {
		all[i] = b.Bug
	}
	return planted.Hunt(all, pattern, func(i int, scratch string, replace map[string]string) (planted.Finding, error) {
		return find(bugs[i], scratch, replace)
	})
}

// quick turns the optimizer off: to compile the packages takes longer than to play the schedules.
const quick = "-gcflags=github.com/tailrace-go/tailrace/...=-N -l"

// find builds the simulator with the bug and plays schedules until one fails.
func find(b bug, scratch string, replace map[string]string) (planted.Finding, error) {
	overlay, err := planted.Overlay(scratch, replace)
	if err != nil {
		return planted.Finding{}, err
	}
	binary := filepath.Join(scratch, "sim")
	build := exec.Command("go", "build", "-o", binary, quick, "-ldflags=-s -w", overlay, "./internal/sim")
	if text, err := build.CombinedOutput(); err != nil {
		return planted.Finding{}, fmt.Errorf("the simulator cannot be built: %w\n%s", err, text)
	}
	for _, mode := range b.modes {
		text, err := exec.Command(binary, "-mode", mode, "-n", "10000", "-procs", "1", "-shrink", "0").CombinedOutput()
		if err == nil {
			continue
		}
		if how := failure.Find(text); how != nil {
			return planted.Finding{Found: true, How: string(how)}, nil
		}
		return planted.Finding{}, fmt.Errorf("the simulator did not run: %w\n%s", err, text)
	}
	return planted.Finding{How: "10,000 schedules pass"}, nil
}

// failure is how the simulator reports a schedule, or many, that failed.
var failure = regexp.MustCompile(`seed \d+ of sim\d (failed|has ended the process)|pauses are not spread`)
