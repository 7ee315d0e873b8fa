package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden holds what is printed for people and for shells.
func TestGolden(t *testing.T) {
	for name, args := range map[string][]string{
		"help.txt":            {"help"},
		"help-send.txt":       {"help", "send"},
		"help-serve.txt":      {"help", "serve"},
		"help-project.txt":    {"help", "project"},
		"help-spool.txt":      {"help", "spool"},
		"help-token.txt":      {"help", "token"},
		"help-verify.txt":     {"help", "verify"},
		"help-completion.txt": {"help", "completion"},
		"completion.bash":     {"completion", "bash"},
		"completion.zsh":      {"completion", "zsh"},
		"completion.fish":     {"completion", "fish"},
	} {
		t.Run(name, func(t *testing.T) {
			code, got, stderr := tailrace(t, args...)
			if code != 0 || stderr != "" {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || got != string(want) {
				t.Errorf("%v\ngot\n%s\nwant (-update writes it)\n%s", err, got, want)
			}
		})
	}
}
