//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // kills a process that does not end
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Stdout = &p.stdout
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
