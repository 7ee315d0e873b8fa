package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxKept is the size of the largest input that is kept, in bytes: seeds lie in the repository, and
// run with every go test.
const maxKept = 4 << 10

// input is one file of a corpus.
type input struct {
	name string // a hash of what is in it
	size int64
}

// keep copies inputs that go test has found for the target from its cache to testdata, until there are
// so many. It returns how many it copied.
func (t target) keep(ctx context.Context, most int) (int, error) {
	cache, err := goCommand(ctx, "env", "GOCACHE")
	if err != nil {
		return 0, err
	}
	dir, err := goCommand(ctx, "list", "-f", "{{.Dir}}", t.pkg)
	if err != nil {
		return 0, err
	}
	from := filepath.Join(strings.TrimSpace(string(cache)), "fuzz", filepath.FromSlash(t.pkg), t.name)
	to := filepath.Join(strings.TrimSpace(string(dir)), "testdata", "fuzz", t.name)
	return keep(from, to, most)
}

func keep(from, to string, most int) (int, error) {
	found, err := inputs(from)
	if err != nil {
		return 0, err
	}
	there, err := inputs(to)
	if err != nil {
		return 0, err
	}
	found = slices.DeleteFunc(found, func(in input) bool {
		return in.size > maxKept || slices.ContainsFunc(there, func(other input) bool { return other.name == in.name })
	})
	chosen := spread(found, max(most-len(there), 0))
	if len(chosen) == 0 {
		return 0, nil
	}
	if err := os.MkdirAll(to, 0o750); err != nil {
		return 0, err
	}
	for _, in := range chosen {
		data, err := os.ReadFile(filepath.Join(from, in.name)) //nolint:gosec // of the go command's cache
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(to, in.name), data, 0o600); err != nil { //nolint:gosec // names that ReadDir gave
			return 0, err
		}
	}
	return len(chosen), nil
}

// inputs lists a directory, which may not exist.
func inputs(dir string) ([]input, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []input
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			found = append(found, input{e.Name(), info.Size()})
		}
	}
	return found, nil
}

// spread chooses n inputs whose sizes are as different as possible: what reaches other code is often
// longer or shorter, and a fuzzer's inputs of one size are mostly variants of each other.
func spread(from []input, n int) []input {
	slices.SortFunc(from, func(a, b input) int { return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.name, b.name)) })
	if len(from) <= n {
		return from
	}
	var chosen []input
	for i := range n {
		chosen = append(chosen, from[i*len(from)/n])
	}
	return chosen
}
