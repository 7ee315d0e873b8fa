package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const remedy = "run go generate ./web in server/ and commit what it makes"

// TestWhatIsCommittedIsFresh builds again, in memory, and compares. It is also what holds that a build is repeatable.
func TestWhatIsCommittedIsFresh(t *testing.T) {
	files, err := dist(webDir)
	if err != nil {
		t.Fatal(err)
	}
	old, err := stray(os.DirFS(webDir), files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		t.Errorf("%s is not of this build: %s", name, remedy)
	}
	if files[apiTypesFile], err = apiTypes(webDir); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(webDir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the source makes (%v): %s", name, err, remedy)
		}
	}
}

// What a browser may have to load of JavaScript, in bytes as gzip: before it shows the list of traces, a trace or a span,
// and for all pages together. The first is a promise; the second only holds what there is from growing unseen, since
// TRACE-SERVER.md wants 60 KB there too.
const (
	maxFirst = 60 << 10
	maxAll   = 92 << 10
)

func TestTheScriptsAreSmall(t *testing.T) {
	files, err := dist(webDir)
	if err != nil {
		t.Fatal(err)
	}
	all, size := 0, map[string]int{}
	for name, text := range files {
		if path.Ext(name) != ".js" {
			continue
		}
		size[name] = gzipped(t, text)
		t.Logf("%s: %d bytes, %d as gzip", name, len(text), size[name])
		all += size[name]
	}
	first, wanted := 0, []string{"dist/app.js"}
	for i := 0; i < len(wanted); i++ {
		first += size[wanted[i]]
		for _, m := range imports.FindAllStringSubmatch(string(files[wanted[i]]), -1) {
			if name := "dist/" + m[1]; !slices.Contains(wanted, name) {
				wanted = append(wanted, name)
			}
		}
	}
	t.Logf("first view %d bytes as gzip (%v), all %d", first, wanted, all)
	if first == 0 || first > maxFirst {
		t.Errorf("the first view loads %d bytes as gzip, want 1 to %d", first, maxFirst)
	}
	if all == 0 || all > maxAll {
		t.Errorf("all scripts have %d bytes as gzip, want 1 to %d", all, maxAll)
	}
}

var imports = regexp.MustCompile(`(?:from|import) ?"\./([\w-]+\.js)"`)

func gzipped(t *testing.T, text []byte) int {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// TestLicences holds that each library has its licence, is listed, and is named where it is distributed.
func TestLicences(t *testing.T) {
	list, err := os.ReadFile(filepath.Join(webDir, "third_party", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := thirdParty(webDir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := licences(webDir) // an error where one has none
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("found nothing in third_party: the walk is broken")
	}
	for _, name := range names {
		if !strings.Contains(string(list), "| `"+name+"`") {
			t.Errorf("third_party/README.md has no row for %s", name)
		}
		_, text, found := strings.Cut(string(all), "=== "+name+"\n")
		text, _, _ = strings.Cut(text, "\n=== ")
		if !found || !strings.Contains(text, "Copyright (c)") || !strings.Contains(text, "Permission is hereby granted") {
			t.Errorf("LICENSES.txt has no licence of %s: %q", name, text)
		}
	}
}

// TestNothingIsFetchedOrEvaluated holds that neither our source nor a library does what the page's policy forbids: a
// browser would find out only on the page where it happens.
func TestNothingIsFetchedOrEvaluated(t *testing.T) {
	files, err := dist(webDir)
	if err != nil {
		t.Fatal(err)
	}
	script := string(files["dist/app.js"])
	for _, forbidden := range []string{"eval(", "new Function(", "document.write", "importScripts", "insertAdjacentHTML", "outerHTML"} {
		if strings.Contains(script, forbidden) {
			t.Errorf("dist/app.js has %s", forbidden)
		}
	}
	if style := string(files["dist/app.css"]); strings.Contains(style, "@import") || strings.Contains(style, "url(http") {
		t.Error("dist/app.css loads something from elsewhere")
	}
}
