package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/verify"
)

const aboutVerify = `Goes the way of a request to the endpoint step by step: configuration, name, connection,
certificate, token, compression, clock. It says for each how that went, and what to do where
it did not. Up to three requests are sent, none with a span in it.

` + aboutWhere + `
The exit code is 0 if spans can be delivered, 1 if a step failed, 2 if the command line is
wrong. A warning keeps nothing from being delivered.
`

// verifyFlags is what `tailrace verify` can be told.
type verifyFlags struct {
	whereFlags

	timeout time.Duration
	json    bool
}

func (f *verifyFlags) set() *flag.FlagSet {
	flags := newFlags("verify", aboutVerify)
	f.add(flags)
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "how long each step may take")
	flags.BoolVar(&f.json, "json", false, "print the report as one line of JSON")
	return flags
}

var errNotVerified = errors.New("spans cannot be delivered")

// verifyCommand prints its report to stdout.
func verifyCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f verifyFlags
	if done, err := parse(f.set(), args, stdout); done || err != nil {
		return err
	}
	wire, _ := f.format() // resolve says what is wrong with it
	if f.timeout <= 0 {
		return &usageError{"--timeout must be more than 0, not " + f.timeout.String(), "tailrace help verify"}
	}
	cfg := verify.Config{Wire: wire, Timeout: f.timeout}
	cfg.Target, cfg.Wrong = f.resolve(stderr)
	ctx, stop := untilSignal(ctx)
	defer stop()
	report := verify.Run(ctx, cfg)
	var err error
	if f.json {
		err = json.NewEncoder(stdout).Encode(report)
	} else {
		err = report.Write(stdout)
	}
	if err == nil && !report.OK {
		err = errNotVerified
	}
	return err
}
