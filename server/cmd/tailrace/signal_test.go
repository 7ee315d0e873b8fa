//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// TestCtrlC runs the real program: a signal is for a process.
func TestCtrlC(t *testing.T) {
	binary := build(t)

	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run("the first "+signal.String()+" drains", func(t *testing.T) {
			t.Parallel()
			p := start(t, binary, "demo", "--json", "--rate", "5000")
			p.waitFor(t, "sending")
			p.send(t, signal)
			if err := p.wait(); err != nil {
				t.Errorf("%v\n%s", err, p.stderr.String())
			}
			ledger := ledgerIn(t, p.stdout.String())
			if ledger.Balance() != 0 || ledger.InFlight != 0 || ledger.Lost() != 0 || ledger.Delivered == 0 {
				t.Errorf("ledger %+v", ledger)
			}
		})
	}

	t.Run("the second ends the process at once", func(t *testing.T) {
		t.Parallel()
		collector := sinktest.Start(t, sinktest.Config{})
		collector.Set(sinktest.Stall())
		p := start(t, binary, "demo", "--json", "--drain", "1h", "--endpoint", collector.URL())
		p.waitFor(t, "sending")
		p.send(t, os.Interrupt)
		p.waitFor(t, "draining")
		p.send(t, os.Interrupt)
		err := p.wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
			t.Errorf("ended with %v, want the signal", err)
		}
		if p.stdout.Len() > 0 {
			t.Errorf("printed %s", p.stdout.String())
		}
	})
}

// process is a running tailrace.
type process struct {
	cmd    *exec.Cmd
	lines  *bufio.Reader // of stderr
	stdout bytes.Buffer
	stderr strings.Builder // what was read of it
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tailrace")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

func start(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	return startWith(t, nil, binary, args...)
}

// startWith starts a process that reads stdin from somewhere; nil is the null device.
func startWith(t *testing.T, stdin io.Reader, binary string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // kills a process that does not end
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Stdin, p.cmd.Stdout = stdin, &p.stdout
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewReader(stderr)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// waitFor reads stderr up to a line that begins with word.
func (p *process) waitFor(t *testing.T, word string) {
	t.Helper()
	for {
		line, err := p.lines.ReadString('\n')
		p.stderr.WriteString(line)
		if err != nil {
			t.Fatalf("no line begins with %q: %v\n%s", word, err, p.stderr.String())
		}
		if strings.HasPrefix(line, word) {
			return
		}
	}
}

func (p *process) send(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait reads the rest of stderr and returns how the process ended.
func (p *process) wait() error {
	_, err := io.Copy(&p.stderr, p.lines)
	return errors.Join(err, p.cmd.Wait())
}

// TestSendIsInterrupted runs the real program: what --from says after Ctrl-C is where the next run goes on.
func TestSendIsInterrupted(t *testing.T) {
	alone(t)
	binary := build(t)
	const n = 20_000
	path := file(t, "spans", spans(n))

	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run("the first "+signal.String()+" sends what was read", func(t *testing.T) {
			collector := sinktest.Start(t, sinktest.Config{})
			p := start(t, binary, "send", path, "--json", "--rate", "2000", "--batch", "50", "--endpoint", collector.URL())
			if err := collector.WaitFor(t.Context(), 500); err != nil {
				t.Fatal(err)
			}
			p.send(t, signal)
			from := p.interrupted(t, want)
			if ledger := ledgerIn(t, p.stdout.String()); ledger.Lost() != 0 || ledger.Delivered != int64(from) || collector.Len() != from {
				t.Errorf("go on from %d, %d stored, ledger %+v", from, collector.Len(), ledger)
			}
			code, _, stderr := tailrace(t, "send", path, "--from", strconv.Itoa(from), "--endpoint", collector.URL())
			if l := collector.Ledger(); code != 0 || l.Stored != n || l.Repeated != 0 {
				t.Errorf("exit code %d, collector %+v\n%s", code, l, stderr)
			}
		})
	}

	t.Run("the second gives up", func(t *testing.T) {
		collector := sinktest.Start(t, sinktest.Config{})
		collector.OnRequest(func(r sinktest.Request) sinktest.Fault {
			if r.N > 10 {
				return sinktest.Stall()
			}
			return nil
		})
		p := start(t, binary, "send", path, "--json", "--batch", "50", "--endpoint", collector.URL())
		if err := collector.WaitFor(t.Context(), 500); err != nil {
			t.Fatal(err)
		}
		p.send(t, os.Interrupt)
		p.waitFor(t, "draining")
		p.send(t, os.Interrupt)
		from := p.interrupted(t, 130)
		ledger := ledgerIn(t, p.stdout.String())
		if ledger.Balance() != 0 || ledger.Abandoned == 0 || ledger.Delivered < int64(from) || from > collector.Len() {
			t.Errorf("go on from %d, ledger %+v", from, ledger)
		}
		collector.Heal()
		code, _, stderr := tailrace(t, "send", path, "--from", strconv.Itoa(from), "--endpoint", collector.URL())
		if code != 0 || collector.Len() != n {
			t.Errorf("exit code %d, %d stored\n%s", code, collector.Len(), stderr)
		}
	})

	t.Run("stdin that waits holds up nothing", func(t *testing.T) {
		collector := sinktest.Start(t, sinktest.Config{})
		r, w := io.Pipe()
		t.Cleanup(func() { _ = w.Close() })
		p := startWith(t, r, binary, "send", "-", "--json", "--endpoint", collector.URL())
		if _, err := io.WriteString(w, spans(70)); err != nil {
			t.Fatal(err)
		}
		if err := collector.WaitFor(t.Context(), 70); err != nil {
			t.Fatal(err)
		}
		p.send(t, os.Interrupt)
		_, _ = io.Copy(&p.stderr, p.lines) // the process has ended, or will never
		_ = w.Close()                      // or Wait waits for what copies to stdin
		if from := p.interrupted(t, 130); from != 70 {
			t.Errorf("go on from %d, want 70", from)
		}
	})
}

// interrupted reads from a process that has ended with this code the number to go on from.
func (p *process) interrupted(t *testing.T, code int) (from int) {
	t.Helper()
	var exit *exec.ExitError
	if err := p.wait(); !errors.As(err, &exit) || exit.ExitCode() != code {
		t.Errorf("ended with %v, want exit code %d\n%s", err, code, p.stderr.String())
	}
	_, text, _ := strings.Cut(p.stderr.String(), "go on with --from ")
	if _, err := fmt.Sscan(text, &from); err != nil || !strings.Contains(p.stderr.String(), "tailrace: interrupted") {
		t.Fatalf("%v in\n%s", err, p.stderr.String())
	}
	return from
}
