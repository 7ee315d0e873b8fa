package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/internal/faults"
)

const module = "github.com/tailrace-go/tailrace/"

// event is a line of go test -json; go doc test2json.
type event struct {
	Action, Package, Test, Output string
	Key, Value                    string // of an attribute
}

// a test is what was heard of one of the top level, and of those below it.
type test struct {
	result  string              // pass, fail or skip; "" if it has not run
	said    map[string][]string // what happened, by the id of a row
	skipped []string            // the reasons, its own and those below it
}

// record is what was heard of all tests, by package directory and name.
type record map[[2]string]*test

func (r record) of(pkg, name string) *test {
	at := [2]string{pkg, name}
	if r[at] == nil {
		r[at] = &test{said: map[string][]string{}}
	}
	return r[at]
}

// play runs the tests of all rows. Those of several packages run at once, so a name that two packages
// have runs in both: that costs less than a go test for each. fresh takes no result from the cache.
func play(sections []faults.Section, fresh bool) (record, error) {
	packages, names := map[string]bool{}, map[string]bool{}
	for _, s := range sections {
		for _, r := range s.Rows {
			packages["./"+r.Package] = true
			names[regexp.QuoteMeta(r.Test)] = true
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no row has such an id")
	}
	args := []string{"test", "-json", "-run", "^(" + strings.Join(slices.Sorted(maps.Keys(names)), "|") + ")$"}
	if fresh {
		args = append(args, "-count=1")
	}
	command := exec.Command("go", append(args, slices.Sorted(maps.Keys(packages))...)...) //nolint:gosec // what the rows name
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	heard, failed := listen(out)
	_, _ = io.Copy(io.Discard, out) // else go test would block, and Wait with it
	return heard, errors.Join(failed, command.Wait())
}

// where is how testing begins what a test logs.
var where = regexp.MustCompile(`^\s*\w+\.go:\d+: `)

// listen reads what go test says. Its error has the output of what failed.
func listen(from io.Reader) (record, error) {
	heard := record{}
	logs := map[[2]string]*bytes.Buffer{} // by package and full name
	var failed []error
	for lines := json.NewDecoder(from); ; {
		var e event
		if err := lines.Decode(&e); err == io.EOF {
			return heard, errors.Join(failed...)
		} else if err != nil {
			return nil, fmt.Errorf("what go test -json printed: %w", err)
		}
		pkg := strings.TrimPrefix(e.Package, module)
		if e.Package+"/" == module {
			pkg = "."
		}
		at := [2]string{pkg, e.Test}
		if logs[at] == nil {
			logs[at] = new(bytes.Buffer)
		}
		top, _, below := strings.Cut(e.Test, "/")
		switch e.Action {
		case "attr":
			if e.Key == faults.Attribute {
				id, text, _ := strings.Cut(e.Value, " ")
				said := heard.of(pkg, top).said
				if !slices.Contains(said[id], text) {
					said[id] = append(said[id], text)
				}
			}
		case "output":
			logs[at].WriteString(e.Output)
		case "build-output":
			failed = append(failed, errors.New(strings.TrimSuffix(e.Output, "\n")))
		case "pass", "fail", "skip":
			if !below && top != "" {
				heard.of(pkg, top).result = e.Action
			}
			if e.Action == "fail" {
				failed = append(failed, fmt.Errorf("%s %s failed:\n%s", pkg, e.Test, logs[at]))
			}
			if e.Action == "skip" && top != "" {
				t := heard.of(pkg, top)
				if why := reason(logs[at].String()); !slices.Contains(t.skipped, why) {
					t.skipped = append(t.skipped, why)
				}
			}
			delete(logs, at)
		}
	}
}

// reason is the last thing that a skipped test has logged.
func reason(log string) (why string) {
	for line := range strings.Lines(log) {
		if prefix := where.FindString(line); prefix != "" {
			why = strings.TrimSpace(line[len(prefix):])
		}
	}
	return why
}

// skipped begins what happened to a row that was not played.
const skipped = "not played: "

// judge says for each row what happened, by its id.
func judge(sections []faults.Section, heard record) (map[string]string, error) {
	happened := map[string]string{}
	var wrong []error
	for _, s := range sections {
		for _, r := range s.Rows {
			t := heard.of(r.Package, r.Test)
			said := t.said[r.ID]
			switch {
			case t.result == "":
				wrong = append(wrong, fmt.Errorf("%s: %s in %s has not run", r.ID, r.Test, r.Package))
			case t.result == "fail":
				wrong = append(wrong, fmt.Errorf("%s: %s in %s failed", r.ID, r.Test, r.Package))
			case len(said) == 1:
				happened[r.ID] = said[0]
			case len(said) > 1:
				wrong = append(wrong, fmt.Errorf("%s: %s in %s says different things: %q", r.ID, r.Test, r.Package, said))
			case len(t.skipped) > 0:
				happened[r.ID] = skipped + strings.Join(t.skipped, "; ")
			default:
				wrong = append(wrong, fmt.Errorf("%s: %s in %s says nothing about it", r.ID, r.Test, r.Package))
			}
		}
	}
	return happened, errors.Join(wrong...)
}
