package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCompletionWantsAShell(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		if code, stdout, stderr := tailrace(t, args...); code != 2 || stdout != "" || !strings.Contains(stderr, "one shell: bash, zsh or fish") {
			t.Errorf("%q: exit code %d\n%s%s", args, code, stdout, stderr)
		}
	}
}

// TestShellsTakeTheirScripts asks the shells that this machine has.
func TestShellsTakeTheirScripts(t *testing.T) {
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip(err)
			}
			_, script, _ := tailrace(t, "completion", shell)
			check := exec.CommandContext(t.Context(), path, "-n")
			check.Stdin = strings.NewReader(script)
			if out, err := check.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	_, script, _ := tailrace(t, "completion", "bash")
	for typed, want := range map[string]string{
		"tailrace ver":              "verify version",
		"tailrace s":                "serve send spool",
		"tailrace serve --tls":      "--tls-cert --tls-key",
		"tailrace project ":         "create list delete",
		"tailrace token re":         "revoke",
		"tailrace send --to":        "--token --token-file",
		"tailrace send a.json --se": "--seed",
		"tailrace send a":           "", // left to bash, which knows the files
		"tailrace completion ":      "bash zsh fish",
		"tailrace help dem":         "demo",
		"tailrace verify --timeo":   "--timeout",
	} {
		words := strings.Split(typed, " ")
		run := exec.CommandContext(t.Context(), bash, append([]string{"-c", script + `
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_tailrace
			echo "${COMPREPLY[*]}"`, "bash"}, words...)...)
		out, err := run.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q completes to %q, want %q: %v", typed, got, want, err)
		}
	}
}
