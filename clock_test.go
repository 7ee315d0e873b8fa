package tailrace_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
)

// wallClock is where the core looks at the date of a time, and why it may. Everywhere else it only
// compares, adds and subtracts times of time.Now, for which Go takes the monotonic clock: there a wall
// clock that is set, by an hour or by years, changes nothing.
var wallClock = map[string]string{
	"span/write.go":      "the date of a span, as it is written",
	"span/record.go":     "the date of a span, as it is read",
	"sink/retry.go":      "the date in a Retry-After, which is clamped to the longest pause",
	"sink/spool/name.go": "when an entry of a spool was put, perhaps by an earlier process: its age decides what is too old",
}

// dated are the functions and methods that look at a date, or take the monotonic part of a time away.
var dated = []string{
	"AddDate", "AppendFormat", "Date", "Day", "GobEncode", "Hour", "Local", "Parse", "ParseInLocation", "ParseTime",
	"Unix", "UnixMicro", "UnixMilli", "UnixNano", "UTC", "Year", "YearDay",
}

// TestTheWallClockIsReadInFewPlaces is how a wall clock that is set is played: not at all, since no test
// may set a machine's clock, but the source shows where that could matter, and these places have tests.
func TestTheWallClockIsReadInFewPlaces(t *testing.T) {
	found := map[string]bool{}
	for _, dir := range []string{"pipeline", "span", "source", "stages", "sink", "sink/spool", "observability"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			name := path.Join(dir, entry.Name())
			if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"time"` || i.Path.Value == `"net/http"` }) {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				f, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains(dated, f.Sel.Name) {
					return true
				}
				if of, ok := f.X.(*ast.Ident); ok && f.Sel.Name == "Parse" && of.Name != "time" {
					return true // url.Parse and its like
				}
				if found[name] = true; wallClock[name] == "" {
					t.Errorf("%v: %s looks at the wall clock's date: a time kept here would jump when that is set", fset.Position(call.Pos()), f.Sel.Name)
				}
				return true
			})
		}
	}
	for name, why := range wallClock {
		if !found[name] {
			t.Errorf("%s no longer looks at a date (%s): take it from the list", name, why)
		}
	}
	faults.Happened(t, "load.clock.wall", "all durations are monotonic; dates are read only in a span as it is written or read, in a Retry-After, which is clamped, and for the age of what is in a spool")
}
