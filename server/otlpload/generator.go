package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

const (
	generatorPath    = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen"
	generatorVersion = "v0.161.0"
	perTrace         = 2       // spans: a root and a child
	queue            = 200_000 // spans that may wait in it; unless told, it drops what is more than 2048
)

// generator finds telemetrygen, or builds it in scratch.
func generator(ctx context.Context, named, scratch string) (path string, err error) {
	if named != "" {
		return named, nil
	}
	if found, err := exec.LookPath("telemetrygen"); err == nil {
		return found, nil
	}
	install := exec.CommandContext(ctx, "go", "install", generatorPath+"@"+generatorVersion)
	install.Dir = scratch // outside of any module
	install.Env = append(os.Environ(), "GOBIN="+scratch, "GOFLAGS=-mod=mod", "GOWORK=off")
	if text, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("there is no telemetrygen on the PATH, and it cannot be built: %w\n%s", err, text)
	}
	return filepath.Join(scratch, "telemetrygen"), nil
}

// generate sends c.spans spans to an address, and returns when the generator has ended.
func generate(ctx context.Context, c config, way, address, token string) error {
	args := []string{
		"traces", "--otlp-insecure", "--otlp-endpoint", address, "--otlp-http=" + strconv.FormatBool(way == "http"),
		"--workers", strconv.Itoa(c.workers), "--traces", strconv.Itoa(c.spans / perTrace / c.workers),
		"--rate", strconv.Itoa(c.rate / c.workers), "--batch-size", "512",
	}
	if token != "" {
		args = append(args, "--otlp-header", `authorization="Bearer `+token+`"`)
	}
	command := exec.CommandContext(ctx, c.program, args...) //nolint:gosec // the caller's own program
	command.Env = append(os.Environ(), "OTEL_BSP_MAX_QUEUE_SIZE="+strconv.Itoa(queue))
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("telemetrygen: %w\n%s", err, said.Bytes())
	}
	if bytes.Contains(said.Bytes(), []byte("\tERROR\t")) {
		return errors.New("telemetrygen:\n" + said.String())
	}
	return nil
}
