// Command faultdoc writes docs/faults.md: each fault that the library must survive, what must come of
// it, and what happened when its test played it just now.
//
//	go run ./internal/faults/faultdoc          # runs the tests and writes the page
//	go run ./internal/faults/faultdoc -check   # the same, but compares: CI
//	go run ./internal/faults/faultdoc -run http   # only rows whose id begins so, printed and not written
//
// It runs in the root of the repository, only the tests that a row of package faults names, all of
// them by one go test. A row is wrong if its test failed or does not exist, or passed without a word
// about it; then nothing is written, and the status is 1. A test that was skipped shows its reason, and
// -check takes such a row as it is: another machine may well play what this one cannot.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/tailrace-go/tailrace/internal/faults"
)

const page = "docs/faults.md"

func main() {
	check := flag.Bool("check", false, "compare "+page+" with what would be written; the status is 1 if it differs")
	only := flag.String("run", "", "play only rows whose id begins with this, and print what happened")
	flag.Parse()
	if err := run(*check, *only); err != nil {
		fmt.Fprintln(os.Stderr, "faultdoc:", err)
		os.Exit(1)
	}
}

func run(check bool, only string) error {
	sections := selected(faults.Sections(), only)
	heard, err := play(sections, !check)
	if err != nil {
		return err
	}
	happened, err := judge(sections, heard)
	if err != nil {
		return err
	}
	text := render(sections, happened)
	if only != "" {
		fmt.Print(text)
		return nil
	}
	if !check {
		return os.WriteFile(page, []byte(text), 0o600)
	}
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	if lines := differences(string(old), text); len(lines) > 0 {
		return errors.New(page + " is not what its tests say now; go run ./internal/faults/faultdoc writes it\n" + strings.Join(lines, "\n"))
	}
	return nil
}

// selected keeps the rows whose id begins with prefix, and the sections that have some.
func selected(sections []faults.Section, prefix string) (kept []faults.Section) {
	for _, s := range sections {
		var rows []faults.Row
		for _, r := range s.Rows {
			if strings.HasPrefix(r.ID, prefix) {
				rows = append(rows, r)
			}
		}
		if len(rows) > 0 {
			kept = append(kept, faults.Section{Title: s.Title, Rows: rows})
		}
	}
	return kept
}
