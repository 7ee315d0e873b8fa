package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// target is one fuzz function.
type target struct{ pkg, name string }

func (t target) String() string { return t.pkg + " " + t.name }

// list finds the targets of packages, all of the module if there are none.
func list(ctx context.Context, packages []string) ([]target, error) {
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	out, err := goCommand(ctx, append([]string{"test", "-list", "^Fuzz"}, packages...)...)
	if err != nil {
		return nil, err
	}
	return parseList(out), nil
}

// parseList reads what go test -list prints: the functions of a package, and then the package.
func parseList(out []byte) []target {
	var targets []target
	var names []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		switch fields := strings.Fields(lines.Text()); {
		case len(fields) == 1 && strings.HasPrefix(fields[0], "Fuzz"):
			names = append(names, fields[0])
		case len(fields) > 1 && fields[0] == "ok":
			for _, name := range names {
				targets = append(targets, target{fields[1], name})
			}
			names = nil
		}
	}
	return targets
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the caller's own packages
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return out, nil
}

// progress is how far a target came.
type progress struct{ execs, fresh, total int }

// fuzz runs the target for a while. An error has what go test printed.
func (t target) fuzz(ctx context.Context, limit time.Duration, workers int) (progress, error) {
	args := []string{"test", "-run", "^$", "-fuzz", "^" + t.name + "$", "-fuzztime", limit.String()}
	if workers > 0 {
		args = append(args, "-parallel", strconv.Itoa(workers))
	}
	cmd := exec.CommandContext(ctx, "go", append(args, t.pkg)...)         //nolint:gosec // likewise
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // else its workers are left
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil && !onlyLate(out) {
		return parseProgress(out), fmt.Errorf("%v: %w\n%s", t, err, out)
	}
	return parseProgress(out), nil
}

// onlyLate reports whether go test failed because an input was being tried when the time was over,
// which it takes for a failure, and for no other reason.
func onlyLate(out []byte) bool {
	return bytes.Contains(out, []byte("context deadline exceeded")) && !bytes.Contains(out, []byte("Failing input"))
}

var progressLine = regexp.MustCompile(`(?m)^fuzz: elapsed: .*, execs: (\d+) .*new interesting: (\d+) \(total: (\d+)\)`)

// parseProgress reads the last line in which go test says how far it came.
func parseProgress(out []byte) progress {
	all := progressLine.FindAllSubmatch(out, -1)
	if len(all) == 0 {
		return progress{}
	}
	var n [3]int
	for i, digits := range all[len(all)-1][1:] {
		n[i], _ = strconv.Atoi(string(digits)) // digits are all that the expression lets through
	}
	return progress{n[0], n[1], n[2]}
}
