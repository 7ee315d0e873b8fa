// Package faults is the list of what the library must survive, one [Row] for each fault, and how its
// tests say what happened.
//
// A test that plays a fault ends with
//
//	faults.Happened(t, "http.413", "%d halves, all delivered", n)
//
// which go test -json reports as an attribute. The command faultdoc runs the tests that the rows
// name, and writes docs/faults.md: for each row what was expected and what happened. So the text says
// what is the same in each run: no times, no ports, no seeds.
package faults

import (
	"fmt"
	"strings"
	"testing"
)

// Row is one fault, and what must come of it.
type Row struct {
	ID       string // such as http.413 or S-4; unique
	Fault    string // what goes wrong
	Expected string // what must come of that
	Package  string // directory of the test that plays it, below the root of the repository
	Test     string // its name, the one of the top level
}

// Section is a table of rows.
type Section struct {
	Title string
	Rows  []Row
}

// Sections are all tables, in the order of the page.
func Sections() []Section {
	return []Section{httpRows, networkRows, loadRows, inputRows, shutdownRows, spoolRows, simulatorRows, otelRows}
}

// Attribute is the key under which a test says what happened.
const Attribute = "fault"

// Happened says what came of a fault, once for each run of a test that plays it. It fails the test
// when no row has the id.
func Happened(t testing.TB, id, format string, args ...any) {
	t.Helper()
	for _, s := range Sections() {
		for _, r := range s.Rows {
			if r.ID == id {
				t.Attr(Attribute, id+" "+strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
				return
			}
		}
	}
	t.Errorf("no row of internal/faults has the id %q", id)
}
