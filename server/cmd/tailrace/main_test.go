package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args   string
		code   int
		stdout string // is in it; "" means that stdout is empty
		stderr string
	}{
		{"", 2, "", "no command given; see `tailrace help`"},
		{"help", 0, "tailrace demo", ""},
		{"--help", 0, "tailrace version", ""},
		{"help demo", 0, "-duration", ""},
		{"demo --help", 0, "-duration", ""},
		{"demo -h", 0, "captured from real exporters", ""},
		{"version --help", 0, "Says which version this is", ""},
		{"version", 0, "tailrace ", ""},
		{"serv", 2, "", "unknown command \"serv\"; see `tailrace help`"},
		{"help serv", 2, "", "unknown command \"serv\""},
		{"help serve", 0, "TAILRACE_ADDR", ""},
		{"serve --data x --retention 0s", 2, "", "want an age of at least an hour"},
		{"serve --data x --retention-bytes -3", 2, "", "want a size such as 10GiB"},
		{"serve --data x --max-in-flight-bytes 3B", 2, "", "--max-in-flight-bytes must be at least 1MiB"},
		{"serve --data x --behind-proxy proxy", 2, "", "want networks such as 10.0.0.0/8"},
		{"serve --data x --log-format xml", 2, "", "--log-format must be text or json"},
		{"serve --data x --log-level loud", 2, "", "-log-level"},
		{"serve --data x --addr ,", 2, "", "is empty"},
		{"serve --data x --drain 0s", 2, "", "--drain must be more than 0"},
		{"serve --data x --config no-such-file", 2, "", "no-such-file"},
		{"project", 2, "", "project wants one of create, list and delete"},
		{"project create", 2, "", "project create wants the name of one project"},
		{"project list x", 2, "", "project list takes no argument"},
		{"project delete x", 2, "", "say --yes"},
		{"project list --data no-such-folder", 1, "", "there is no data of tailrace in no-such-folder"},
		{"project list --data x --server http://localhost", 2, "", "both given"},
		{"project list --server http://collector.example --token t0k3n", 2, "", "use https"},
		{"project list --token t0k3n", 2, "", "a token is for a --server"},
		{"token create --project p", 2, "", "token create wants --scope"},
		{"token create --scope read", 2, "", "either --project or --all-projects"},
		{"token create --scope read --project p --all-projects", 2, "", "either --project or --all-projects"},
		{"token revoke --project p", 2, "", "wants the id of one token"},
		{"token list --project p --scope read", 2, "", "are of a new token"},
		{"help token", 0, "prints the token alone", ""},
		{"version 2", 2, "", "version takes no argument \"2\"; see `tailrace help version`"},
		{"demo --colour", 2, "", "flag provided but not defined: -colour; see `tailrace help demo`"},
		{"demo --duration soon", 2, "", "-duration"},
		{"demo 5s", 2, "", "demo takes no argument \"5s\""},
		{"demo --duration -1s", 2, "", "--duration is negative"},
		{"demo --rate -1", 2, "", "--rate is negative"},
		{"demo --producers 0", 2, "", "--producers must be at least 1"},
		{"demo --drain 0s", 2, "", "--drain must be more than 0"},
		{"demo --token t0k3n", 2, "", "--token is for an --endpoint"},
		{"demo --endpoint localhost", 2, "", "--endpoint must be like https://host/path"},
		{"demo --endpoint ftp://localhost", 2, "", "--endpoint must be like"},
		{"demo --endpoint http://collector.example --token t0k3n", 2, "", "use https"},
		{"demo --endpoint http://me:t0k3n@localhost/", 2, "", "no user or password"},
	} {
		t.Run(c.args, func(t *testing.T) {
			code, stdout, stderr := tailrace(t, strings.Fields(c.args)...)
			if code != c.code || !contains(stdout, c.stdout) || !contains(stderr, c.stderr) && c.args != "" {
				t.Errorf("tailrace %s: exit code %d, want %d\nstdout: %s\nwant: %s\nstderr: %s\nwant: %s", c.args, code, c.code, stdout, c.stdout, stderr, c.stderr)
			}
			if strings.Contains(stdout+stderr, "t0k3n") {
				t.Errorf("a secret is shown: %s%s", stdout, stderr)
			}
		})
	}
}

func TestEveryCommandIsInTheOverview(t *testing.T) {
	_, stdout, _ := tailrace(t, "help")
	for _, c := range commands() {
		if !strings.Contains(stdout, "tailrace "+c.name) || !strings.Contains(stdout, c.summary) {
			t.Errorf("%s is not in\n%s", c.name, stdout)
		}
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	if isTerminal(open(t, "file")) {
		t.Error("a file is a terminal")
	}
}

// contains reports whether part is in text, which is empty if part is.
func contains(text, part string) bool {
	return strings.Contains(text, part) && (part != "" || text == "")
}

// tailrace runs the program with args in this process.
func tailrace(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, problems := open(t, "stdout"), open(t, "stderr")
	code = run(t.Context(), args, out, problems)
	return code, written(t, out), written(t, problems)
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func written(t *testing.T, f *os.File) string {
	t.Helper()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
