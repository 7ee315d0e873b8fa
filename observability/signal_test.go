//go:build unix

package observability_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// child is set in the environment of the process that is sent a signal: what it is to be.
const child = "TAILRACE_TEST_SIGNAL_CHILD"

// panicky is a Shutdowner that is no help to anybody.
type panicky struct{}

func (panicky) Shutdown(context.Context) error { panic("no shutdown") }

// stubborn ends when it likes.
type stubborn struct{}

func (stubborn) Shutdown(context.Context) error { select {} }

// TestSignalChild is the process of the tests below, and no test by itself.
func TestSignalChild(t *testing.T) {
	role := os.Getenv(child)
	if role == "" {
		return
	}
	if state, ok := strings.CutPrefix(role, statePrefix); ok {
		stateChild(t, state)
		return
	}
	switch role {
	case "overload":
		overloadChild(t)
		return
	case "killed":
		killedChild(t)
		return
	case "drained":
		drainedChild(t)
		return
	case "suspended":
		suspendedChild(t)
		return
	}
	e, err := observability.NewCloudExporter(observability.CloudExporterConfig{MaxBatchWait: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	of := []observability.Shutdowner{panicky{}, e}
	if role == "stubborn" {
		of = append(of, stubborn{})
	}
	stop := observability.ShutdownOnSignal(context.Background(), of...)
	for i := range 100 {
		if err := e.Export(context.Background(), numbered(i)); err != nil {
			t.Fatal(err)
		}
	}
	if role == "stopped" {
		stop()
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
	t.Error("no signal came")
}

// process is a child that is ready for a signal.
type process struct {
	cmd  *exec.Cmd
	text *bufio.Reader
}

// childLasts is how long a process may live: a minute, beside the time in which it is suspended.
func childLasts() time.Duration {
	suspended, _ := time.ParseDuration(os.Getenv("TAILRACE_SUSPEND"))
	return suspended + time.Minute
}

func startChild(t *testing.T, c *sinktest.Collector, role string, env ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), childLasts()) // kills a process that does not end
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSignalChild$", "-test.v")
	cmd.Env = append(append(os.Environ(), env...), child+"="+role, "MASTRA_CLOUD_ACCESS_TOKEN="+fakeToken, "MASTRA_CLOUD_TRACES_ENDPOINT="+c.URL())
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd, bufio.NewReader(out)}
	for {
		line, err := p.text.ReadString('\n')
		if err != nil {
			t.Fatalf("the process is not ready: %v", err)
		}
		if strings.HasPrefix(line, "ready") {
			return p
		}
	}
}

// diesOf waits for the end of the process and holds that it was this signal's.
func (p *process) diesOf(t *testing.T, want syscall.Signal) {
	t.Helper()
	_, _ = p.text.WriteTo(&strings.Builder{})
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != want {
		t.Errorf("the process ended with %v, want %v", err, want)
	}
}

func TestShutdownOnSignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(s.String()+" delivers and then kills", func(t *testing.T) {
			t.Parallel()
			c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
			p := startChild(t, c, "usual")
			if err := p.cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			p.diesOf(t, s)
			if c.Len() != 100 {
				t.Errorf("%d of 100 spans arrived", c.Len())
			}
		})
	}
	t.Run("a second one kills at once", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
		p := startChild(t, c, "stubborn")
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitFor(t.Context(), 100); err != nil { // so the first has been seen
			t.Fatal(err)
		}
		if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		p.diesOf(t, syscall.SIGINT)
	})
	t.Run("after stop it does nothing", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{Token: fakeToken})
		p := startChild(t, c, "stopped")
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		p.diesOf(t, syscall.SIGTERM)
		if c.Len() != 0 {
			t.Errorf("%d spans arrived", c.Len())
		}
	})
}

// Without a signal nothing is left behind; goleak looks for it.
func TestShutdownOnSignalIsTakenBack(t *testing.T) {
	stop := observability.ShutdownOnSignal(t.Context(), panicky{})
	stop()
	stop()
	ctx, cancel := context.WithCancel(t.Context())
	stop = observability.ShutdownOnSignal(ctx, panicky{})
	cancel()
	stop()
}
