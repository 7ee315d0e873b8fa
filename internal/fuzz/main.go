// Command fuzz runs the fuzz targets of this module one after the other, each for a while, and keeps
// of what they found what is worth to be tried with every `go test` from then on.
//
//	go run ./internal/fuzz -time 10m            every target, ten minutes each
//	go run ./internal/fuzz -time 1h ./sink/...  those of some packages
//	go run ./internal/fuzz -time 0 -keep 64     run none; keep up to 64 small inputs of each
//
// For each target it prints how many inputs it tried and how many of those reached code that none had
// reached before. It exits with 1 if a target failed: go test has then written the input beside the
// test, where `go test` finds it again.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(stderr)
	limit := flags.Duration("time", time.Minute, "how long each target runs; 0 runs none")
	keep := flags.Int("keep", 0, "how many `inputs` of each target to have in testdata, at most")
	only := flags.String("run", "", "only targets whose names match this `regexp`")
	workers := flags.Int("parallel", 0, "how many `inputs` are tried at once; 0 means what go test does")
	if err := flags.Parse(args); err != nil {
		return err
	}
	match, err := regexp.Compile(*only)
	switch {
	case err != nil:
		return fmt.Errorf("-run: %w", err)
	case *limit < 0:
		return fmt.Errorf("-time is negative: %v", *limit)
	case *keep < 0:
		return fmt.Errorf("-keep is negative: %d", *keep)
	case *workers < 0:
		return fmt.Errorf("-parallel is negative: %d", *workers)
	}
	targets, err := list(ctx, flags.Args())
	if err != nil {
		return err
	}
	failed := 0
	for _, t := range targets {
		if !match.MatchString(t.name) {
			continue
		}
		if *limit > 0 {
			found, err := t.fuzz(ctx, *limit, *workers)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			_, _ = fmt.Fprintf(stdout, "%-60s %12d inputs, %6d new, %6d in all\n", t, found.execs, found.fresh, found.total)
			if err != nil {
				failed++
				_, _ = fmt.Fprintf(stderr, "%v\n", err)
			}
		}
		if *keep > 0 {
			n, err := t.keep(ctx, *keep)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(stdout, "%-60s %12d kept\n", t, n)
		}
	}
	if failed > 0 {
		return fmt.Errorf("targets that failed: %d", failed)
	}
	return nil
}
