//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
)

// served is a `tailrace serve` in a process of its own.
type served struct {
	url    string
	first  string // what the first start printed
	cmd    *exec.Cmd
	rest   chan string // of stdout
	stderr bytes.Buffer
}

func startServer(t *testing.T, binary string, args ...string) *served {
	t.Helper()
	s := &served{cmd: exec.Command(binary, append([]string{"serve"}, args...)...), rest: make(chan string, 1)} //nolint:noctx // it is sent a signal
	s.cmd.Env = append(os.Environ(), "TAILRACE_GRACE=0s")
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, s.stderr.String())
	}
	var ok bool
	if s.url, ok = strings.CutPrefix(strings.TrimSpace(line), "listening on "); !ok {
		t.Fatalf("the first line is %q", line)
	}
	go func() {
		text, _ := io.ReadAll(lines)
		s.rest <- string(text)
	}()
	return s
}

// stop asks the server to stop and waits for it.
func (s *served) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.first = <-s.rest
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, s.stderr.String())
	}
}

// ask sends a request and returns the answer.
func (s *served) ask(t *testing.T, method, path, token string, body []byte) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

// must runs a command of tailrace and returns what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := tailrace(t, args...)
	if code != 0 {
		t.Fatalf("tailrace %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	return strings.TrimSpace(stdout)
}

// TestServe lives a server's life: a project and a token are made while it runs, a body is sent, it stops, and all of it
// is there when it starts again.
func TestServe(t *testing.T) {
	binary, data := build(t), filepath.Join(t.TempDir(), "data")
	config := filepath.Join(t.TempDir(), "tailrace.conf")
	if err := os.WriteFile(config, []byte("# a comment\naddr 127.0.0.1:0\ndata "+data+"\nretention forever\nlog-level debug\nlog-format json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, binary, "--config", config)

	if id := must(t, "project", "create", "--data", data, "support"); id != "support" {
		t.Errorf("project create prints %q", id)
	}
	token := must(t, "token", "create", "--data", data, "--project", "support", "--scope", "ingest,read", "--label", "test")
	body := captured.Body("mastra-cloud-1.x.json")
	if status, text := s.ask(t, "POST", "/ai/spans/publish", token, body); status != 200 {
		t.Fatalf("ingest: %d %s", status, text)
	}
	if status, text := s.ask(t, "POST", "/ai/spans/publish", token[:len(token)-4]+"AAAA", body); status != 401 {
		t.Errorf("with a wrong token: %d %s", status, text)
	}
	spans := func() int {
		t.Helper()
		status, text := s.ask(t, "GET", "/api/projects/support", token, nil)
		var info struct{ Spans int }
		if err := json.Unmarshal([]byte(text), &info); err != nil || status != 200 {
			t.Fatalf("%d %s: %v", status, text, err)
		}
		return info.Spans
	}
	before := spans()
	if before == 0 {
		t.Error("nothing is stored")
	}
	s.stop(t)
	log := s.stderr.String()
	if strings.Contains(log, token) || !strings.Contains(log, `"route":"POST /ai/spans/publish"`) {
		t.Errorf("the log has a token, or not the route:\n%s", log)
	}
	secrets := secretsIn(s.first)
	if len(secrets) < 2 {
		t.Fatalf("the first start printed\n%s", s.first)
	}
	for _, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Error("the log has a token of the first start")
		}
	}

	s = startServer(t, binary, "--addr", "127.0.0.1:0", "--data", data)
	if after := spans(); after != before {
		t.Errorf("%d spans after the restart, want %d", after, before)
	}
	overAPI(t, s, secrets[0])
	revoked := strings.Fields(strings.Split(must(t, "token", "list", "--data", data, "--project", "support"), "\n")[1])[0]
	must(t, "token", "revoke", "--data", data, "--project", "support", revoked)
	if code, _, stderr := tailrace(t, "project", "delete", "--data", data, "--yes", "support"); code != 1 || !strings.Contains(stderr, "--server") {
		t.Errorf("delete beside a server: %d %s", code, stderr)
	}
	s.stop(t)
	if len(secretsIn(s.first)) > 0 {
		t.Errorf("the second start prints tokens:\n%s", s.first)
	}
	must(t, "project", "delete", "--data", data, "--yes", "support")
	if _, err := os.Stat(filepath.Join(data, "support")); !os.IsNotExist(err) {
		t.Errorf("the traces of a deleted project: %v", err)
	}
	if list := must(t, "project", "list", "--data", data, "--json"); strings.Contains(list, "support") || !strings.Contains(list, `"id": "default"`) {
		t.Errorf("projects %s", list)
	}
}

// overAPI does through the API what the commands do on the folder.
func overAPI(t *testing.T, s *served, admin string) {
	t.Helper()
	t.Setenv("TAILRACE_TOKEN", admin)
	at := []string{"--server", s.url}
	run := func(args ...string) string { return must(t, append(args, at...)...) }
	if id := run("project", "create", "remote"); id != "remote" {
		t.Errorf("project create prints %q", id)
	}
	secret := run("token", "create", "--project", "remote", "--scope", "read", "--label", "far", "--expires", "1h")
	if status, text := s.ask(t, "GET", "/api/projects/remote", secret, nil); status != 200 {
		t.Errorf("the token: %d %s", status, text)
	}
	list := run("token", "list", "--project", "remote")
	if !strings.Contains(list, "far") || !strings.Contains(list, "until ") || strings.Contains(list, secret) {
		t.Errorf("tokens\n%s", list)
	}
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	run("token", "revoke", "--project", "remote", id)
	if status, _ := s.ask(t, "GET", "/api/projects/remote", secret, nil); status != 401 {
		t.Errorf("a revoked token: %d", status)
	}
	if list := run("project", "list"); !strings.Contains(list, "remote") {
		t.Errorf("projects\n%s", list)
	}
	run("project", "delete", "--yes", "remote")
	code, _, stderr := tailrace(t, append([]string{"token", "list", "--project", "remote"}, at...)...)
	if code != 1 || !strings.Contains(stderr, "no such project") {
		t.Errorf("tokens of a deleted project: %d %s", code, stderr)
	}
	t.Setenv("TAILRACE_TOKEN", "")
}

// secretsIn finds tokens, in order.
func secretsIn(text string) []string {
	var found []string
	for _, field := range strings.Fields(text) {
		if strings.HasPrefix(field, "trt_") {
			found = append(found, field)
		}
	}
	return found
}

// inviteIn finds the link of the first user, empty when there is none.
func inviteIn(text string) string {
	for _, field := range strings.Fields(text) {
		if strings.Contains(field, "/invite/tri_") {
			return field
		}
	}
	return ""
}

func TestTheFirstUserComesByALink(t *testing.T) {
	binary, data := build(t), t.TempDir()
	var links []string
	start := func(args ...string) *served {
		return startServer(t, binary, append([]string{"--addr", "127.0.0.1:0", "--data", data}, args...)...)
	}
	for range 2 {
		s := start()
		s.stop(t)
		link, ok := strings.CutPrefix(inviteIn(s.first), s.url)
		if !ok || strings.Contains(s.stderr.String(), link) {
			t.Fatalf("printed %s\nlogged %s", s.first, s.stderr.String())
		}
		links = append(links, "/api/invites/"+strings.TrimPrefix(link, "/invite/"))
	}
	s := start("--no-first-tokens")
	body := []byte(`{"user":"ann","password":"correct horse"}`)
	if status, text := s.ask(t, "POST", links[0], "", body); status != 404 {
		t.Errorf("the link of an earlier start: %d %s", status, text)
	}
	if status, text := s.ask(t, "POST", links[1], "", body); status != 201 || !strings.Contains(text, `"admin":true`) {
		t.Errorf("the link: %d %s", status, text)
	}
	if status, text := s.ask(t, "POST", links[1], "", body); status != 404 {
		t.Errorf("the link once more: %d %s", status, text)
	}
	if status, text := s.ask(t, "POST", "/api/login", "", body); status != 200 {
		t.Errorf("login: %d %s", status, text)
	}
	s.stop(t)
	s = start()
	s.stop(t)
	if s.first != "" {
		t.Errorf("with a user the next start prints %s", s.first)
	}
}

func TestOneServerAFolder(t *testing.T) {
	binary, data := build(t), t.TempDir()
	s := startServer(t, binary, "--addr", "127.0.0.1:0", "--data", data, "--no-first-tokens")
	out, err := exec.CommandContext(t.Context(), binary, "serve", "--addr", "127.0.0.1:0", "--data", data).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another server runs on this folder") {
		t.Errorf("a second server: %v\n%s", err, out)
	}
	s.stop(t)
	if s.first != "" {
		t.Errorf("with --no-first-tokens: %s", s.first)
	}
}

func TestUserFolder(t *testing.T) {
	for _, c := range []struct {
		system string
		env    map[string]string
		want   string
	}{
		{"linux", map[string]string{"HOME": "/home/ann"}, "/home/ann/.local/share/tailrace"},
		{"linux", map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "/data/tailrace"},
		{"linux", map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "relative"}, "/home/ann/.local/share/tailrace"},
		{"darwin", map[string]string{"HOME": "/Users/ann"}, "/Users/ann/Library/Application Support/tailrace"},
		{"linux", nil, ""},
	} {
		got, err := userFolder(c.system, func(name string) string { return c.env[name] })
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("on %s with %v: %q, %v; want %q", c.system, c.env, got, err, c.want)
		}
	}
}

func TestFlagValues(t *testing.T) {
	for text, want := range map[string]string{
		"30d": "30d", "720h": "30d", "1h": "1h0m0s", "forever": "forever", "25h": "25h0m0s",
		"0": "", "59m": "", "-1d": "", "d": "", "1.5d": "", "999999999d": "",
	} {
		var a ageFlag
		if err := a.Set(text); (err == nil) != (want != "") || err == nil && a.String() != want {
			t.Errorf("age %q is %v, %v; want %q", text, &a, err, want)
		}
	}
	for text, want := range map[string]string{
		"10GiB": "10GiB", "1024": "1KiB", "500MB": "500000000", "1 TiB": "1TiB", "7B": "7", "unlimited": "unlimited",
		"0": "", "-1": "", "GiB": "", "9999999999TiB": "", "1.5GiB": "", "": "",
	} {
		var b bytesFlag
		if err := b.Set(text); (err == nil) != (want != "") || err == nil && b.String() != want {
			t.Errorf("size %q is %v, %v; want %q", text, &b, err, want)
		}
	}
	var l listFlag
	l.values = []string{"default"}
	for _, text := range []string{"a, b", "c"} {
		if err := l.Set(text); err != nil {
			t.Error(err)
		}
	}
	if fmt.Sprint(l.values) != "[a b c]" {
		t.Errorf("list %v", l.values)
	}
	if got := printable("a\x1b[2J"); strings.Contains(got, "\x1b") {
		t.Errorf("printable leaves %q", got)
	}
}
