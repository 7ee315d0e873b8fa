package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/send"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
)

const aboutSend = `Sends the spans of files to an endpoint: to import, to replay, to put it under load. A FILE,
or stdin for -, holds spans one a line (NDJSON), or bodies as exporters send them
({"spans":[...]}), of either generation, plain or compressed by gzip or zstd. It may be of any
size. A record that is bad is named and counted, and costs none of its neighbours.

The first Ctrl-C stops the reading and sends what was read; a second one gives that up. Then,
and whenever something was lost, the last line says with which --from to go on: every span
before it was delivered. A record that is bad has a number too.

` + aboutWhere + `
The exit code is
  0    every span was delivered (with --dry-run: would be sent)
  1    spans were lost, or the endpoint does not take any
  2    the command line or the configuration is wrong
  3    a file, or a record in it, could not be read; all others were delivered
  130  it was interrupted by Ctrl-C (143: by SIGTERM) before everything was delivered
`

// sendFlags is what `tailrace send` can be told.
type sendFlags struct {
	whereFlags

	compression                     string
	batch, body, rate, concurrency  int
	repeat                          int
	from                            int64
	seed                            uint64
	giveUp                          time.Duration
	dryRun, json, quiet, strictness bool
}

func (f *sendFlags) set() *flag.FlagSet {
	flags := newFlags("send FILE...", aboutSend)
	f.add(flags)
	flags.IntVar(&f.batch, "batch", 1000, "`spans` in a request, at most")
	flags.IntVar(&f.body, "max-body", 3584<<10, "`bytes` of a request before compression, at most; a span that needs more is lost")
	flags.StringVar(&f.compression, "compression", "auto", "of requests: auto, gzip, zstd or none; auto is gzip until the endpoint says that it takes zstd")
	flags.IntVar(&f.rate, "rate", 0, "spans sent in a second; 0 means as fast as possible")
	flags.IntVar(&f.concurrency, "concurrency", 0, "`requests` at once; 0 means as many as the endpoint keeps up with, up to 16")
	flags.DurationVar(&f.giveUp, "give-up-after", 5*time.Minute, "how long the endpoint may be down before this ends; 0 means for ever")
	flags.BoolVar(&f.dryRun, "dry-run", false, "read and check everything, and send nothing")
	flags.BoolVar(&f.json, "json", false, "print the final ledger to stdout, as one line of JSON; refused counts the records that are bad")
	flags.Int64Var(&f.from, "from", 0, "pass over this `number` of records at the beginning, as an interrupted run says")
	flags.IntVar(&f.repeat, "repeat", 1, "send everything so many `times`; above 1, each time with new trace and span ids, in the same trees")
	flags.Uint64Var(&f.seed, "seed", 0, "of the ids that --repeat makes, to go on with an interrupted run; 0 means others each time")
	flags.BoolVar(&f.strictness, "strict", false, "end at the first record that is bad")
	flags.BoolVar(&f.quiet, "quiet", false, "show no progress and no summary, only problems")
	return flags
}

// sendCommand sends files. What it shows goes to stderr, and only the ledger of --json to stdout.
func sendCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f sendFlags
	operands, done, err := parseWith(f.set(), args, stdout)
	if done || err != nil {
		return err
	}
	cfg, err := f.config(operands)
	if err != nil {
		return err
	}
	if !f.dryRun {
		where, err := f.resolve(stderr)
		switch {
		case err != nil:
			return &usageError{err.Error(), "tailrace help send"}
		case where.From == "the default" && where.Token == "":
			return &usageError{"there is no --endpoint, and no token for the default one", "tailrace help send"}
		}
		cfg.Endpoint, cfg.Token = where.URL.String(), where.Token
		if !f.quiet {
			say(stderr, "to %s\n", where.Shown())
		}
	}
	cfg.Problems = stderr
	if !f.quiet {
		cfg.Progress, cfg.Terminal = stderr, isTerminal(stderr)
	}

	ctx, signals, stop := untilSignals(ctx)
	defer stop()
	cfg.Abandon = signals.abandon
	result, err := send.Run(ctx, cfg)
	if errors.Is(err, pipeline.ErrConfig) {
		return &usageError{err.Error(), "tailrace help send"}
	}
	if f.json {
		if err := json.NewEncoder(stdout).Encode(result); err != nil {
			return err
		}
	}
	return outcome(result, err, signals)
}

// outcome is the end of a run as an error with its exit code, and with what to do next.
func outcome(r send.Result, err error, signals *interrupts) error {
	code := 0
	switch {
	case r.Interrupted:
		code, err = signals.code(), errors.Join(errors.New("interrupted"), err)
	case err != nil || r.Lost() > 0:
		code = 1
	case r.Bad+r.Unreadable > 0:
		code, err = 3, fmt.Errorf("bad records: %d; files that could not be read to their end: %d", r.Bad, r.Unreadable)
	}
	if code == 0 {
		return nil
	}
	if r.Resume != "" {
		err = fmt.Errorf("%w\nevery span before number %d was delivered; go on with %s", err, r.Next, r.Resume)
	}
	return &exitError{code, err}
}

// config checks the flags.
func (f *sendFlags) config(operands []string) (send.Config, error) {
	wrong := func(format string, args ...any) (send.Config, error) {
		return send.Config{}, &usageError{fmt.Sprintf(format, args...), "tailrace help send"}
	}
	wire, ok := f.format()
	switch {
	case len(operands) == 0:
		return wrong("send wants a FILE, or - for stdin")
	case !ok:
		return wrong("--wire must be 0 or 1, not %d", f.wire)
	case f.batch < 1:
		return wrong("--batch must be at least 1, not %d", f.batch)
	case f.body < 4<<10:
		return wrong("--max-body must be at least 4096, not %d", f.body)
	case f.rate < 0:
		return wrong("--rate is negative: %d", f.rate)
	case f.concurrency < 0 || f.concurrency > 256:
		return wrong("--concurrency must be 0 to 256, not %d", f.concurrency)
	case f.from < 0:
		return wrong("--from is negative: %d", f.from)
	case f.repeat < 1:
		return wrong("--repeat must be at least 1, not %d", f.repeat)
	case f.giveUp < 0:
		return wrong("--give-up-after is negative: %v", f.giveUp)
	}
	switch f.compression {
	case "auto", "gzip", "zstd", "none":
	default:
		return wrong("--compression must be auto, gzip, zstd or none, not %q", f.compression)
	}
	inputs, err := spanfile.Find(operands, os.Stdin)
	if err != nil {
		return send.Config{}, &exitError{3, err}
	}
	for _, in := range inputs {
		if in.Waits && f.repeat > 1 {
			return wrong("--repeat is %d, and %s can be read once", f.repeat, in.Name)
		}
	}
	giveUp := f.giveUp
	if giveUp == 0 {
		giveUp = -1
	}
	return send.Config{
		Inputs: inputs, AllowInsecure: f.insecure, Wire: wire, Batch: f.batch, MaxBodyBytes: f.body,
		Compression: f.compression, Concurrency: f.concurrency, Rate: f.rate, DryRun: f.dryRun,
		From: f.from, Repeat: f.repeat, Seed: f.seed, Strict: f.strictness, GiveUpAfter: giveUp,
	}, nil
}
