package main

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

const project = "bench"

// server is one that runs as a process of its own, possibly several times, always on the same data and address.
type server struct {
	binary, dir, sync string

	token   string
	address string // empty until the first start
	command *exec.Cmd
	log     bytes.Buffer // what it says on stderr, for when it does not start
}

// prepare makes the project and the token.
func (s *server) prepare(ctx context.Context) error {
	if _, err := s.call(ctx, "project", "create", "--data", s.dir, project); err != nil {
		return err
	}
	token, err := s.call(ctx, "token", "create", "--data", s.dir, "--project", project, "--scope", "ingest,read")
	s.token = strings.TrimSpace(token)
	return err
}

func (s *server) call(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, s.binary, args...) //nolint:gosec // the caller's own program
	var stderr bytes.Buffer
	c.Stderr = &stderr
	text, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w: %s", args, err, stderr.String())
	}
	return string(text), nil
}

// start starts the server and waits until it answers. It says how long that took.
func (s *server) start(ctx context.Context) (time.Duration, error) {
	address := s.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	began := time.Now()
	s.log.Reset()
	//nolint:gosec // the caller's own program
	s.command = exec.CommandContext(ctx, s.binary, "serve", "--data", s.dir, "--addr", address, "--sync", s.sync, "--retention-bytes", "unlimited", "--log-level", "warn")
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

func (s *server) url() string { return "http://" + s.address }

// stop ends the server as an operator does and says how long that took.
func (s *server) stop() (time.Duration, error) {
	began := time.Now()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	if err := s.command.Wait(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, s.log.String())
	}
	return time.Since(began), nil
}

// kill ends it as a crash does.
func (s *server) kill() error {
	if err := s.command.Process.Kill(); err != nil {
		return err
	}
	var died *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &died) || died.ExitCode() >= 0 {
		return fmt.Errorf("the server ended by itself: %w: %s", err, s.log.String())
	}
	return nil
}

// cpu is what an ended server used.
func (s *server) cpu() time.Duration {
	return s.command.ProcessState.UserTime() + s.command.ProcessState.SystemTime()
}

// peak is the most memory that the running server held, in bytes; 0 where the system does not say.
func (s *server) peak() int64 {
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
