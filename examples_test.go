package tailrace

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryExportedNameIsInAnExample keeps the manual whole: each exported name of a package of
// the core is used in some file that has Examples, or is itself part of a declaration there.
func TestEveryExportedNameIsInAnExample(t *testing.T) {
	exported, used := map[string]string{}, map[string]bool{}
	walkGoFiles(t, func(path string, file *ast.File) {
		switch {
		case !strings.HasSuffix(path, "_test.go"):
			for _, name := range exportedNames(file) {
				exported[file.Name.Name+"."+name] = path
			}
		case hasExamples(file):
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if pkg, ok := n.X.(*ast.Ident); ok {
						used[pkg.Name+"."+n.Sel.Name] = true
					}
				case *ast.FuncDecl:
					noteExampleOf(used, file, n)
				}
				return true
			})
		}
	})
	for name, path := range exported {
		if !used[name] {
			t.Errorf("%s (%s) is in no Example", name, path)
		}
	}
	if len(exported) < 50 {
		t.Errorf("found only %d exported names: is this test looking in the right place?", len(exported))
	}
}

// TestTheREADMEShowsTheExample holds that the first Go of the README is that of an Example, which is
// compiled and run.
func TestTheREADMEShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.FromSlash("observability/example_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	shown, _, _ := strings.Cut(rest, "```")
	example := strings.ReplaceAll(string(source), "Config{Logger: quiet}", "Config{}") // Examples print nothing else
	example = strings.ReplaceAll(example, "\n\t", "\n")
	if strings.Count(shown, "\n") < 10 || !strings.Contains(example, "\n"+shown) {
		t.Errorf("no Example has the README's\n%s", shown)
	}
}

// noteExampleOf notes the name an Example is for: ExampleBatch is one of Batch.
func noteExampleOf(used map[string]bool, file *ast.File, f *ast.FuncDecl) {
	if name, ok := strings.CutPrefix(f.Name.Name, "Example"); ok {
		name, _, _ = strings.Cut(name, "_")
		used[strings.TrimSuffix(file.Name.Name, "_test")+"."+name] = true
	}
}

// walkGoFiles parses the files of the core's packages that users import.
func walkGoFiles(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case "testdata", "internal", "bench", "server", "connectors", "planted", ".git", ".ci":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			visit(filepath.ToSlash(path), file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// exportedNames returns the exported names that a file declares at the top level, but for methods,
// and for constants and variables that stand in a block with others: one of a block will do, and
// its doc comment shows the rest.
func exportedNames(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() {
						names = append(names, s.Name.Name)
					}
				case *ast.ValueSpec:
					if len(d.Specs) == 1 && s.Names[0].IsExported() {
						names = append(names, s.Names[0].Name)
					}
				}
			}
		}
	}
	return names
}

func hasExamples(file *ast.File) bool {
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example") {
			return true
		}
	}
	return false
}
