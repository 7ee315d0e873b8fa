// Package child runs `tailrace serve` as a process of its own, for the commands that measure and prove what it does.
package child

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Project is where a [Server]'s token may send to and read from.
const Project = "bench"

// Server is one that runs as a process of its own, possibly several times, always on the same data and address.
type Server struct {
	Binary, Dir, Sync string // the program, its folder of data, its option --sync

	Token   string // set by Prepare
	address string // empty until the first start
	command *exec.Cmd
	log     bytes.Buffer // what it says on stderr, for when it does not start
}

// Build makes the program from this module.
func Build(ctx context.Context, binary string) error {
	//nolint:gosec // the caller's own path
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/tailrace-go/tailrace/server/cmd/tailrace")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the server: %w\n%s", err, text)
	}
	return nil
}

// Prepare makes the project and the token.
func (s *Server) Prepare(ctx context.Context) error {
	if _, err := s.call(ctx, "project", "create", "--data", s.Dir, Project); err != nil {
		return err
	}
	token, err := s.call(ctx, "token", "create", "--data", s.Dir, "--project", Project, "--scope", "ingest,read")
	s.Token = strings.TrimSpace(token)
	return err
}

func (s *Server) call(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, s.Binary, args...) //nolint:gosec // the caller's own program
	var stderr bytes.Buffer
	c.Stderr = &stderr
	text, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w: %s", args, err, stderr.String())
	}
	return string(text), nil
}

// Start starts the server and waits until it answers. It says how long that took.
func (s *Server) Start(ctx context.Context) (time.Duration, error) {
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	began := time.Now()
	s.log.Reset()
	//nolint:gosec // the caller's own program
	s.command = exec.CommandContext(ctx, s.Binary, "serve", "--data", s.Dir, "--addr", address, "--sync", s.Sync, "--retention-bytes", "unlimited", "--log-level", "warn")
	s.command.Stderr = &s.log
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := s.command.Start(); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		_, text, ok := strings.Cut(lines.Text(), "listening on ")
		if !ok {
			continue
		}
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil {
			return 0, err
		}
		if s.address == "" { // those who send read it while the server is started anew
			s.address = u.Host
		}
		go func() { // whatever else it says; ends with the process
			for lines.Scan() {
			}
		}()
		return time.Since(began), nil
	}
	return 0, fmt.Errorf("the server did not start: %w\n%s", s.command.Wait(), s.log.String())
}

// URL is where it listens, once it was started.
func (s *Server) URL() string { return "http://" + s.address }

// Host is the host and port of that.
func (s *Server) Host() string { return s.address }

// Stop ends the server as an operator does and says how long that took.
func (s *Server) Stop() (time.Duration, error) {
	began := time.Now()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	if err := s.command.Wait(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, s.log.String())
	}
	return time.Since(began), nil
}

// Kill ends it as a crash does.
func (s *Server) Kill() error {
	if err := s.command.Process.Kill(); err != nil {
		return err
	}
	var died *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &died) || died.ExitCode() >= 0 {
		return fmt.Errorf("the server ended by itself: %w: %s", err, s.log.String())
	}
	return nil
}

// CPU is what an ended server used.
func (s *Server) CPU() time.Duration {
	return s.command.ProcessState.UserTime() + s.command.ProcessState.SystemTime()
}

// Peak is the most memory that the running server held, in bytes; 0 where the system does not say.
func (s *Server) Peak() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// Close ends a process that is left when something failed. One that has ended already is none.
func (s *Server) Close() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}
