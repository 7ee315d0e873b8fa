package spanfile_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/server/internal/spanfile"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.ndjson", "a.ndjson", "[odd].json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stdin, err := os.Open(filepath.Join(dir, "a.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })

	for _, c := range []struct {
		name string
		args []string
		want []string
		err  string
	}{
		{"paths in their order", []string{"b.ndjson", "a.ndjson"}, []string{"b.ndjson", "a.ndjson"}, ""},
		{"a pattern is sorted", []string{"*.ndjson"}, []string{"a.ndjson", "b.ndjson"}, ""},
		{"a file whose name is a pattern", []string{"[odd].json"}, []string{"[odd].json"}, ""},
		{"stdin among them", []string{"a.ndjson", "-"}, []string{"a.ndjson", "stdin"}, ""},
		{"stdin twice", []string{"-", "-"}, nil, "stdin can be read once"},
		{"no such file", []string{"c.ndjson"}, nil, "c.ndjson"},
		{"no match", []string{"*.txt"}, nil, "*.txt: no file matches"},
		{"a bad pattern", []string{"["}, nil, "syntax error in pattern"},
		{"a directory", []string{"."}, nil, "is a directory: name its files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(dir)
			inputs, err := spanfile.Find(c.args, stdin)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want %q", err, c.err)
				}
				return
			}
			var names []string
			for _, in := range inputs {
				names = append(names, in.Name)
				r, err := in.Open()
				if err != nil || in.Size != 3 || in.Waits {
					t.Fatalf("%s: size %d, waits %t: %v", in.Name, in.Size, in.Waits, err)
				}
				if text, err := io.ReadAll(r); string(text) != "{}\n" {
					t.Errorf("%s has %q: %v", in.Name, text, err)
				}
				_ = r.Close()
			}
			if err != nil || !slices.Equal(names, c.want) {
				t.Errorf("%q, want %q: %v", names, c.want, err)
			}
		})
	}
}
