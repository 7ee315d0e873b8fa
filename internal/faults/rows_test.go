package faults

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// Every row is complete, has an id of its own, and names a test that exists. Ids that only differ in
// their number behind a hyphen come in its order.
func TestRowsAreWhole(t *testing.T) {
	tests := map[string]map[string]bool{}
	seen := map[string]bool{}
	for _, s := range Sections() {
		last := map[string]int{}
		for _, r := range s.Rows {
			for v, i := reflect.ValueOf(r), 0; i < v.NumField(); i++ {
				if text := v.Field(i).String(); text == "" || text != strings.TrimSpace(text) || strings.Contains(text, "\n") {
					t.Errorf("%s: the row %q has the %s %q", s.Title, r.ID, v.Type().Field(i).Name, text)
				}
			}
			if strings.ContainsAny(r.ID, " |") || seen[r.ID] {
				t.Errorf("%s: the id %q is there twice, or no id", s.Title, r.ID)
			}
			seen[r.ID] = true
			if m := numbered.FindStringSubmatch(r.ID); m != nil {
				n, err := strconv.Atoi(m[2])
				if err != nil {
					t.Fatal(err)
				}
				if n < last[m[1]] {
					t.Errorf("%s: %s comes after %s%d", s.Title, r.ID, m[1], last[m[1]])
				}
				last[m[1]] = n
			}
			if tests[r.Package] == nil {
				tests[r.Package] = testsOf(t, r.Package)
			}
			if !tests[r.Package][r.Test] {
				t.Errorf("%s: there is no %s in %s", r.ID, r.Test, r.Package)
			}
		}
	}
}

var numbered = regexp.MustCompile(`^(.*-)(\d+)$`)

// Each row is on the page. faultdoc -check holds what the page says of it.
func TestEveryRowIsOnThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Sections() {
		for _, r := range s.Rows {
			if !strings.Contains(string(page), "\n| "+r.ID+" | ") {
				t.Errorf("docs/faults.md has no row %s: run go run ./internal/faults/faultdoc", r.ID)
			}
		}
	}
}

// testsOf are the names of the tests in a directory.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}
