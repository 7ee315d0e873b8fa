// Command build makes what the server embeds of the dashboard, and the types of the API for its source:
//
//	src/main.tsx, and what it imports   → dist/app.js
//	src/style/main.css, likewise        → dist/app.css
//	src/static/*                        → dist/*
//	third_party/*/LICENSE               → dist/LICENSES.txt
//	../api/openapi.json                 → src/api.gen.ts
//
// It is esbuild as a library, pinned by go.mod, so that nobody needs Node, and it writes the same bytes on every machine.
// Run it with `go generate ./web` in server/. The tests of this module build again and compare, and run the tests of
// the source. They read what lies outside the module, which the go command does not look at when it decides whether
// their last result still stands: run them with -count=1.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// webDir is server/web, from where `go generate` and the tests run.
const webDir = ".."

func main() {
	if err := run(webDir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run builds everything and puts it in its place.
func run(web string) error {
	root, err := os.OpenRoot(web)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing is written through it itself
	// The types first: the bundle is made of them.
	types, err := apiTypes(web)
	if err != nil {
		return err
	}
	if err := put(root, apiTypesFile, types); err != nil {
		return err
	}
	files, err := dist(web)
	if err != nil {
		return err
	}
	old, err := stray(root.FS(), files)
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := root.Remove(name); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := put(root, name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file below root, and the folders that it is in.
func put(root *os.Root, name string, text []byte) error {
	name = filepath.FromSlash(name)
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return root.WriteFile(name, text, 0o644)
}

// stray returns the files in dist that are not of this build.
func stray(web fs.FS, files map[string][]byte) (names []string, err error) {
	err = fs.WalkDir(web, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, ok := files[name]; !ok {
			names = append(names, name)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}
