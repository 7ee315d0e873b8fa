package browser

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheDemoIsThereAtOnce starts the program as a person does, and says how long it takes until the list of traces has
// rows that can be clicked. The goal is a second on a machine that does nothing else; what is tested is that it is not ten
// times as much.
func TestTheDemoIsThereAtOnce(t *testing.T) {
	needsBrowser(t)
	if runtime.GOOS == "windows" {
		t.Skip("it is ended by a signal")
	}
	program := filepath.Join(t.TempDir(), "tailrace")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/tailrace")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	p := Start(t)

	demo := exec.CommandContext(t.Context(), program, "demo", "--drain", "5s")
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGTERM) }
	demo.WaitDelay = 10 * time.Second
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Wait() }) // the end of the test ended it
	lines := bufio.NewScanner(out)
	address := ""
	for address == "" && lines.Scan() {
		if name, rest, ok := strings.Cut(strings.TrimSpace(lines.Text()), " "); ok && name == "dashboard" {
			address = strings.TrimSpace(rest)
		}
	}
	printed := time.Since(start)
	go func() { // so that it can go on
		for lines.Scan() {
		}
	}()
	p.AllowConsole(`ERR_CONNECTION_REFUSED`) // its live view, when the demo has ended
	p.Open(address)
	p.WaitFor("tr[data-id] .trace-link")
	p.WaitFor("role=searchbox Search")
	there := time.Since(start)
	t.Logf("the address after %d ms, rows after %d ms", printed.Milliseconds(), there.Milliseconds())
	if there > 10*time.Second {
		t.Errorf("the first rows came after %v", there)
	}
}
