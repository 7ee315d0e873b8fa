package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Each bug must fit the engine as it is, and the test that is to find it must be there. To compile and to hunt all of them
// takes minutes, which .ci/planted has.
func TestEachBugFitsTheEngine(t *testing.T) {
	t.Chdir("../../..") // where the files of bugs are named from
	files, err := filepath.Glob(filepath.Join(engine, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			there[string(found[1])] = true
		}
	}
	for _, b := range bugs {
		if err := b.Fits(t.TempDir()); err != nil {
			t.Errorf("%s: %v", b.Name, err)
		}
		if !there[b.test] {
			t.Errorf("%s: there is no %s", b.Name, b.test)
		}
	}
}
