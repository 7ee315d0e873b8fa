package tailrace

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tailrace-go/tailrace"

// core is what a program that embeds the library can reach, from the bottom upwards.
var core = []string{
	"pipeline", "pipeline/pipelinetest", "pipeline/pipelinelog", "pipeline/live", "span",
	"source", "stages", "sink", "sink/sinktest",
	"sink/spool", "sink/spool/crashfs", "internal/foreign", "internal/losslog",
	"internal/captured", "internal/faults", "internal/sim", "observability", ".",
}

// arrows says what a package may import of ours. A key or a value that ends in /... means everything below it too.
// The longest key that fits a package decides, and a package that no key fits is an error: a new one says where it stands.
var arrows = map[string][]string{
	".":                             {},
	"pipeline/...":                  {},
	"pipeline/pipelinelog":          {"pipeline"},
	"pipeline/pipelinetest":         {"pipeline/..."},
	"pipeline/live":                 {"pipeline"},
	"pipeline/pipelinetest/planted": {"internal/planted"},
	"span/...":                      {},
	"source/...":                    {"pipeline/...", "span/...", "source/..."},
	"stages/...":                    {"pipeline/...", "span/...", "stages/..."},
	"sink/...":                      {"pipeline/...", "span/...", "sink/..."},
	"sink/sinktest":                 {"pipeline/...", "span/..."},
	"observability/...":             {"source/...", "stages/...", "sink/...", "pipeline/...", "span/...", "internal/foreign", "internal/losslog", "observability/..."},
	"internal/foreign":              {},
	"internal/losslog":              {"pipeline"},
	"internal/captured":             {},
	"internal/planted":              {}, // bugs, to test tests
	"internal/faults/...":           {"internal/faults"},
	"internal/toxic/...":            core, // the network's faults over real sockets, a module of tests
	"internal/fuzz":                 {},
	"internal/spoolbench":           core,
	"internal/sim/...":              append([]string{"internal/sim/...", "internal/planted"}, core...),

	"connectors/...":      append([]string{"connectors/..."}, core...),
	"server/...":          append([]string{"connectors/..."}, core...),
	"server/internal/...": append([]string{"server/internal/...", "connectors/..."}, core...),
	"server/access/...":   append([]string{"server/access/...", "server/store/...", "connectors/..."}, core...),
	"server/ingest/...":   append([]string{"server/ingest/...", "server/access/...", "server/store/...", "connectors/..."}, core...),
	"server/api/...":      append([]string{"server/api/...", "server/access/...", "server/store/...", "connectors/..."}, core...),
	"server/store/...":    append([]string{"server/store/...", "connectors/..."}, core...),
	"server/web/...":      {"server/access/..."}, // what it shows, its script asks the API for
	"server/web/build":    {},
	"server/cmd/tailrace": {"..."},
	// What wires ingest and api together for the program, and what measures or drives that whole.
	"server/internal/serve/...": {"..."},
	"server/servebench":         {"..."},
	"server/otlpload":           {"..."},
	"server/web/browser/...":    {"..."}, // tests of the whole program, as a browser sees it

	"server/internal/manage": append([]string{"server/store/..."}, core...),

	"bench/...": {"..."},
}

// helpers exist for tests, so the code that ships imports them only where it is a helper itself, or demonstrates.
var helpers = []string{
	"pipeline/pipelinetest/...", "sink/sinktest", "sink/spool/crashfs",
	"internal/captured", "internal/faults/...", "internal/planted", "internal/sim/...",
}

// modules are all that the core may require. One that is marked true is for tests and helpers only.
var modules = map[string]bool{
	"golang.org/x/sync":             false,
	"github.com/jpillora/backoff":   false,
	"github.com/klauspost/compress": false,
	"go.uber.org/goleak":            true,
	"pgregory.net/rapid":            true,
}

// serverModules are all that the server may require; true as above. Twelve that the program links are the most.
var serverModules = map[string]bool{
	"github.com/tailrace-go/tailrace":                                 false,
	"github.com/tailrace-go/tailrace/connectors/otlp":                 false,
	"github.com/klauspost/compress":                                   false,
	"modernc.org/sqlite":                                              false, // storage
	"connectrpc.com/connect":                                          false, // gRPC on net/http
	"google.golang.org/protobuf":                                      false,
	"github.com/peterbourgon/ff/v3":                                   false, // flags, environment, file
	"github.com/prometheus/client_golang":                             false, // /metrics
	"golang.org/x/crypto":                                             false, // argon2id
	"golang.org/x/time":                                               false, // rates
	"go.uber.org/goleak":                                              true,
	"pgregory.net/rapid":                                              true,
	"go.opentelemetry.io/proto/otlp":                                  true, // the official types, and the SDK's own exporters, against ours
	"go.opentelemetry.io/otel":                                        true,
	"go.opentelemetry.io/otel/sdk":                                    true,
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp": true,
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc": true,
	"github.com/santhosh-tekuri/jsonschema/v6":                        true, // answers against openapi.json
}

// otlpModules are all that connectors/otlp may require; true as above.
var otlpModules = map[string]bool{
	"github.com/tailrace-go/tailrace":                                 false,
	"github.com/klauspost/compress":                                   false,
	"connectrpc.com/connect":                                          false, // gRPC on net/http
	"google.golang.org/protobuf":                                      false,
	"google.golang.org/genproto/googleapis/rpc":                       true,
	"go.uber.org/goleak":                                              true,
	"pgregory.net/rapid":                                              true,
	"go.opentelemetry.io/proto/otlp":                                  true, // the official types, and the SDK's own exporters, against ours
	"go.opentelemetry.io/otel":                                        true,
	"go.opentelemetry.io/otel/sdk":                                    true,
	"go.opentelemetry.io/otel/trace":                                  true,
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp": true,
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc": true,
}

// prometheusModules are all that connectors/prometheus may require; true as above.
var prometheusModules = map[string]bool{
	"github.com/tailrace-go/tailrace":     false,
	"github.com/prometheus/client_golang": false,
	"go.uber.org/goleak":                  true,
}

// otelModules are all that connectors/otel may require; true as above.
var otelModules = map[string]bool{
	"github.com/tailrace-go/tailrace":                                 false,
	"github.com/tailrace-go/tailrace/connectors/otlp":                 false,
	"go.opentelemetry.io/otel":                                        false,
	"go.opentelemetry.io/otel/sdk":                                    false,
	"go.opentelemetry.io/otel/trace":                                  false,
	"go.opentelemetry.io/otel/metric":                                 false,
	"go.opentelemetry.io/otel/sdk/metric":                             true,
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp": true, // the way before, against ours
	"go.uber.org/goleak":                                              true,
	"pgregory.net/rapid":                                              true,
}

// A file is one Go file and what it imports.
type file struct {
	pkg      string   // its package's directory below the root, "." for the root itself
	name     string   // for messages
	test     bool     // its name ends in _test.go
	external bool     // a test in package foo_test: it stands where a user stands
	imports  []string // full import paths
}

// TestArrows reads the imports of every Go file of every module. It parses files where `go list` would be shorter because
// `go list` sees one GOOS and one set of tags, and because a test that only starts a command is cached when imports change.
func TestArrows(t *testing.T) {
	files := goFiles(t)
	if len(files) < 2 {
		t.Fatalf("found %d Go files: the walk is broken", len(files))
	}
	for _, f := range files {
		for _, fault := range faults(f) {
			t.Error(fault)
		}
	}
}

func TestCoreRequiresOnlyItsModules(t *testing.T) {
	requiresOnly(t, "go.mod", modules)
}

func TestTheServerRequiresOnlyItsModules(t *testing.T) {
	requiresOnly(t, "server/go.mod", serverModules)
	linked := 0
	for _, tests := range serverModules {
		if !tests {
			linked++
		}
	}
	if linked > 12 {
		t.Errorf("the server links %d modules directly, 12 are the most", linked)
	}
}

func TestOTLPRequiresOnlyItsModules(t *testing.T) {
	requiresOnly(t, "connectors/otlp/go.mod", otlpModules)
}

func TestPrometheusRequiresOnlyItsModules(t *testing.T) {
	requiresOnly(t, "connectors/prometheus/go.mod", prometheusModules)
}

func TestOTelRequiresOnlyItsModules(t *testing.T) {
	requiresOnly(t, "connectors/otel/go.mod", otelModules)
}

// requiresOnly reports what a go.mod requires directly that is not in the list.
func requiresOnly(t *testing.T, file string, allowed map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range direct(string(text)) {
		if _, ok := allowed[path]; !ok {
			t.Errorf("%s requires %s, which is not among its modules", file, path)
		}
	}
}

func TestWrongArrowsAreFound(t *testing.T) {
	for _, c := range []struct {
		name string
		file file
		want bool // a fault
	}{
		{"pipeline may not know span", file{pkg: "pipeline", imports: []string{module + "/span"}}, true},
		{"nor may its own tests", file{pkg: "pipeline", test: true, imports: []string{module + "/span"}}, true},
		{"but its external tests are users", file{pkg: "pipeline", test: true, external: true, imports: []string{module + "/stages"}}, false},
		{"a user of the core alone, though", file{pkg: "pipeline", test: true, external: true, imports: []string{module + "/server/store"}}, true},
		{"pipeline may use errgroup", file{pkg: "pipeline", imports: []string{"context", "golang.org/x/sync/errgroup"}}, false},
		{"pipeline may not compress", file{pkg: "pipeline", imports: []string{"github.com/klauspost/compress/zstd"}}, true},
		{"its tests may", file{pkg: "pipeline", test: true, imports: []string{"github.com/klauspost/compress/zstd"}}, false},
		{"span may not know pipeline", file{pkg: "span", imports: []string{module + "/pipeline"}}, true},
		{"stages may know pipeline", file{pkg: "stages", imports: []string{module + "/pipeline"}}, false},
		{"stages may not know sink", file{pkg: "stages", imports: []string{module + "/sink"}}, true},
		{"source may not know stages", file{pkg: "source", imports: []string{module + "/stages"}}, true},
		{"sink may not know source", file{pkg: "sink", imports: []string{module + "/source"}}, true},
		{"sink may not ship its fake", file{pkg: "sink", imports: []string{module + "/sink/sinktest"}}, true},
		{"its tests use it", file{pkg: "sink", test: true, imports: []string{module + "/sink/sinktest"}}, false},
		{"sinktest knows span", file{pkg: "sink/sinktest", imports: []string{module + "/span"}}, false},
		{"sinktest does not know sink", file{pkg: "sink/sinktest", imports: []string{module + "/sink"}}, true},
		{"stages may not ship goleak", file{pkg: "stages", imports: []string{"go.uber.org/goleak"}}, true},
		{"pipelinetest may use rapid", file{pkg: "pipeline/pipelinetest", imports: []string{"pgregory.net/rapid"}}, false},
		{"no sixth module", file{pkg: "sink", imports: []string{"github.com/stretchr/testify/require"}}, true},
		{"not in tests either", file{pkg: "sink", test: true, external: true, imports: []string{"github.com/stretchr/testify/require"}}, true},
		{"a prefix is not a module", file{pkg: "sink", imports: []string{"golang.org/x/syncing"}}, true},
		{"the exporter sees what it is built of", file{pkg: "observability", imports: []string{module + "/sink"}}, false},
		{"the exporter does not see the server", file{pkg: "observability", imports: []string{module + "/server/store"}}, true},
		{"ingest sees store", file{pkg: "server/ingest", imports: []string{module + "/server/store"}}, false},
		{"ingest does not see api", file{pkg: "server/ingest", imports: []string{module + "/server/api"}}, true},
		{"store sees neither", file{pkg: "server/store", imports: []string{module + "/server/ingest"}}, true},
		{"the dashboard does not see api", file{pkg: "server/web", imports: []string{module + "/server/api"}}, true},
		{"nor store, in tests either", file{pkg: "server/web", test: true, imports: []string{module + "/server/store/meta"}}, true},
		{"it sees who may come", file{pkg: "server/web", imports: []string{module + "/server/access"}}, false},
		{"the program sees them all", file{pkg: "server/cmd/tailrace", imports: []string{module + "/server/api"}}, false},
		{"the server may require what it likes", file{pkg: "server/store", imports: []string{"go.etcd.io/bbolt"}}, false},
		{"bench sees all", file{pkg: "bench/jobs", imports: []string{module + "/server/store"}}, false},
		{"a new package must say where it stands", file{pkg: "common"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := faults(c.file); (len(got) > 0) != c.want {
				t.Errorf("%s imports %q: got faults %q, want any: %t", c.file.pkg, c.file.imports, got, c.want)
			}
		})
	}
}

func TestIndirectRequirementsAreNotDirect(t *testing.T) {
	const text = `module m

require golang.org/x/sync v0.22.0

require (
	pgregory.net/rapid v1.3.0
	example.com/deep v1.0.0 // indirect
)

replace example.com/deep => ../deep
`
	if got, want := direct(text), []string{"golang.org/x/sync", "pgregory.net/rapid"}; !slices.Equal(got, want) {
		t.Errorf("direct(%q) = %q, want %q", text, got, want)
	}
}

// faults says what is wrong with the imports of f, one line each.
func faults(f file) []string {
	allowed, ok := allowedFor(f)
	if !ok {
		return []string{fmt.Sprintf("%s: package %s is in no row of the table of arrows", f.name, f.pkg)}
	}
	var found []string
	for _, imported := range f.imports {
		ours, isOurs := relative(imported)
		switch {
		case isOurs && !fitsAny(allowed, ours):
			found = append(found, fmt.Sprintf("%s: %s may not import %s", f.name, f.pkg, ours))
		case isOurs && !f.test && fitsAny(helpers, ours) && !mayHelp(f.pkg):
			found = append(found, fmt.Sprintf("%s: only tests may import %s", f.name, ours))
		case !isOurs && inCore(f.pkg) && strings.Contains(firstElement(imported), "."):
			if fault := foreign(f, imported); fault != "" {
				found = append(found, fault)
			}
		}
	}
	return found
}

// allowedFor returns what f may import of ours, false when the table has no row for its package.
func allowedFor(f file) ([]string, bool) {
	best := ""
	for key := range arrows {
		if fits(key, f.pkg) && len(key) > len(best) {
			best = key
		}
	}
	if best == "" {
		return nil, false
	}
	allowed := slices.Concat(arrows[best], []string{f.pkg})
	if f.test {
		allowed = append(allowed, "pipeline/pipelinetest", "sink/sinktest", "internal/captured", "internal/faults")
	}
	if f.external || f.test && f.pkg == "." { // the root's tests are the manual, and no one can import them
		allowed = append(allowed, core...)
	}
	return allowed, true
}

// foreign says what is wrong when f, of the core, imports a package of somebody else's module; "" when nothing is.
func foreign(f file, imported string) string {
	for path, testOnly := range modules {
		if imported != path && !strings.HasPrefix(imported, path+"/") {
			continue
		}
		switch {
		case testOnly && !f.test && !fitsAny(helpers, f.pkg):
			return fmt.Sprintf("%s: only tests may import %s", f.name, imported)
		case path == "github.com/klauspost/compress" && f.pkg == "pipeline" && !f.test:
			return fmt.Sprintf("%s: pipeline may not import %s: it knows nothing of bytes", f.name, imported)
		}
		return ""
	}
	return fmt.Sprintf("%s: the core may not import %s", f.name, imported)
}

func inCore(pkg string) bool {
	return !fitsAny([]string{"connectors/...", "server/...", "bench/...", "internal/toxic/..."}, pkg)
}

// mayHelp tells whether shipped code of pkg may import helpers: they themselves, and what runs a demonstration.
func mayHelp(pkg string) bool {
	return fitsAny(helpers, pkg) || fitsAny([]string{"bench/...", "server/cmd/tailrace", "server/internal/demo", "server/web/browser/..."}, pkg)
}

func fitsAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, pkg) })
}

// fits tells whether pkg is what pattern names, with the go command's meaning of "/...".
func fits(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == tree || strings.HasPrefix(pkg, tree+"/")
	}
	return pkg == pattern
}

// relative turns an import path of ours into a directory below the root.
func relative(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

func firstElement(imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	return first
}

// direct returns the modules that the text of a go.mod requires without "// indirect".
func direct(gomod string) []string {
	var paths []string
	inBlock := false
	for line := range strings.Lines(gomod) {
		line = strings.TrimSpace(line)
		rest, isRequire := strings.CutPrefix(line, "require ")
		switch {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
		}
		if !isRequire {
			rest = line
		}
		fields := strings.Fields(rest)
		if (isRequire || inBlock) && len(fields) >= 2 && !strings.HasSuffix(line, "// indirect") {
			paths = append(paths, fields[0])
		}
	}
	return paths
}

// goFiles parses the imports of every Go file below the root, in all modules and whatever their build tags.
func goFiles(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			hidden := name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
			if hidden || base == "testdata" || base == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := file{
			pkg:      path.Dir(filepath.ToSlash(name)),
			name:     name,
			test:     strings.HasSuffix(base, "_test.go"),
			external: strings.HasSuffix(parsed.Name.Name, "_test"),
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
