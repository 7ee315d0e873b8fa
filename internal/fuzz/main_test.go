package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTargetsAreFound(t *testing.T) {
	const listed = "FuzzAcceptEncoding\nFuzzRetryAfter\nok  \texample.com/m/sink\t0.05s\n?   \texample.com/m\t[no test files]\nFuzzCut\nok  \texample.com/m/span\t(cached)\nok  \texample.com/m/stages\t0.01s\n"
	want := []target{{"example.com/m/sink", "FuzzAcceptEncoding"}, {"example.com/m/sink", "FuzzRetryAfter"}, {"example.com/m/span", "FuzzCut"}}
	if got := parseList([]byte(listed)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProgressIsThatOfTheLastLine(t *testing.T) {
	const out = "fuzz: elapsed: 0s, gathering baseline coverage: 0/192 completed\n" +
		"fuzz: elapsed: 3s, execs: 325017 (108336/sec), new interesting: 11 (total: 202)\n" +
		"fuzz: elapsed: 6s, execs: 680218 (118402/sec), new interesting: 12 (total: 203)\nPASS\n"
	if got, want := parseProgress([]byte(out)), (progress{680218, 12, 203}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parseProgress([]byte("PASS\n")); got != (progress{}) {
		t.Errorf("got %+v of nothing", got)
	}
}

func TestALateEndIsNoFailure(t *testing.T) {
	for out, want := range map[string]bool{
		"--- FAIL: FuzzCut (10.02s)\n    context deadline exceeded\nFAIL\n":                                                     true,
		"--- FAIL: FuzzCut (3s)\n    cut_test.go:9: context deadline exceeded\n    Failing input written to testdata/x\nFAIL\n": false,
		"--- FAIL: FuzzCut (3s)\n    cut_test.go:9: cut too much\nFAIL\n":                                                       false,
	} {
		if got := onlyLate([]byte(out)); got != want {
			t.Errorf("%q: got %t", out, got)
		}
	}
}

// TestKeep holds that inputs of all sizes are kept, none that is large, and never more than asked for.
func TestKeep(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "cache"), filepath.Join(t.TempDir(), "testdata", "fuzz", "FuzzX")
	if n, err := keep(from, to, 4); n != 0 || err != nil {
		t.Errorf("without a cache: %d, %v", n, err)
	}
	if err := os.MkdirAll(from, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, size := range []int{10, 11, 12, 13, 100, 101, 1000, 4096, 4097, 1 << 20} {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprintf("%016x", i)), bytes.Repeat([]byte("x"), size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ most, copied, there int }{{4, 4, 4}, {4, 0, 4}, {5, 1, 5}, {100, 3, 8}, {1, 0, 8}} {
		n, err := keep(from, to, c.most)
		there, listErr := inputs(to)
		if err != nil || listErr != nil || n != c.copied || len(there) != c.there {
			t.Errorf("keep %d: copied %d (%v), %d are there (%v); want %d and %d", c.most, n, err, len(there), listErr, c.copied, c.there)
		}
		for _, in := range there {
			if in.size > maxKept {
				t.Errorf("kept one of %d bytes", in.size)
			}
		}
	}
}

func TestSpread(t *testing.T) {
	var all []input
	for i := range 100 {
		all = append(all, input{fmt.Sprint(i), int64(i)})
	}
	var sizes []int64
	for _, in := range spread(all, 4) {
		sizes = append(sizes, in.size)
	}
	if want := []int64{0, 25, 50, 75}; !slices.Equal(sizes, want) {
		t.Errorf("chose sizes %v, want %v", sizes, want)
	}
}

func TestBadFlags(t *testing.T) {
	for _, c := range []struct{ arg, want string }{{"-time=-1s", "-time"}, {"-keep=-1", "-keep"}, {"-parallel=-1", "-parallel"}, {"-run=(", "-run"}} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{c.arg}, &out, &out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.arg, err)
		}
	}
}
