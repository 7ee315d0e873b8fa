package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/demo"
)

const publishPath = "/ai/spans/publish" // of Mastra's collectors

const aboutDemo = `Sends spans of AI agents through the whole pipeline (emitter, filter, batch, encode,
compress, http) to a trace server in this process, and shows how they go. The first are
captured from real exporters, the others made up. Beside them there are ten stories with a
cause to find, tagged "sample" and "story:NAME": a clean run, a retry loop, a context that
overflows, a slow tool, 5,000 spans, a long chat, a run that is always in progress, a rate
limit, a wrong prompt, a lost parent; and a day of ordinary runs.

The server listens on loopback and asks nobody to log in. It takes spans of your own
meanwhile, in a project apart: what to set for that is shown. Its data goes with it, unless
--data names a folder.

It ends after --duration, or at Ctrl-C: then it drains, which a second Ctrl-C cuts short.
The exit code is 0 only if every span is accounted for and none was lost.
`

// demoFlags is what `tailrace demo` can be told.
type demoFlags struct {
	duration, drain time.Duration
	rate, producers int
	json            bool
	endpoint, token string
	addr, data      string
}

func (f *demoFlags) set() *flag.FlagSet {
	flags := newFlags("demo", aboutDemo)
	flags.DurationVar(&f.duration, "duration", 0, "how long to make spans, such as `5s`; 0 means until Ctrl-C")
	flags.IntVar(&f.rate, "rate", 5, "spans made in a second beside the samples; 0 means as fast as possible")
	flags.IntVar(&f.producers, "producers", 4, "goroutines that make spans")
	flags.DurationVar(&f.drain, "drain", 10*time.Second, "how long to wait for spans in flight at the end; what is left is abandoned")
	flags.BoolVar(&f.json, "json", false, "print the final ledger to stdout, as one line of JSON, and all else to stderr")
	flags.StringVar(&f.endpoint, "endpoint", "", "send to this `URL` instead; one without a path gets "+publishPath)
	flags.StringVar(&f.token, "token", "", "access token for the endpoint")
	flags.StringVar(&f.addr, "addr", "127.0.0.1:0", "`host:port` that the server listens on; port 0 is any that is free")
	flags.StringVar(&f.data, "data", "", "`folder` for the server's data; empty means one that is removed in the end")
	return flags
}

// demoCommand runs the demonstration. With --json its result is all of stdout; without, stdout shows the run.
func demoCommand(ctx context.Context, args []string, stdout, stderr *os.File) (err error) {
	var f demoFlags
	if done, err := parse(f.set(), args, stdout); done || err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	progress := stdout
	if f.json {
		progress = stderr
	}
	cfg.Progress, cfg.Terminal = progress, isTerminal(progress)
	ctx, stop := untilSignal(ctx)
	defer stop()
	if cfg.Endpoint == "" {
		server, err := startDemoServer(ctx, f.addr, f.data, stderr)
		if err != nil {
			return fmt.Errorf("the trace server does not start: %w", err)
		}
		defer func() { err = errors.Join(err, server.close(progress)) }()
		server.introduce(progress)
		cfg.Endpoint, cfg.Token, cfg.Stored, cfg.Samples = server.url+publishPath, server.token, server.stored, true
	}
	return f.run(ctx, cfg, stdout)
}

// run makes and sends spans, and prints the ledger.
func (f demoFlags) run(ctx context.Context, cfg demo.Config, stdout io.Writer) error {
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	result, err := demo.Run(ctx, cfg)
	if f.json && result.Stages != nil {
		if err := json.NewEncoder(stdout).Encode(result); err != nil {
			return err
		}
	}
	var loss *pipeline.LossError
	switch {
	case errors.Is(err, pipeline.ErrConfig):
		return &usageError{err.Error(), "tailrace help demo"}
	case errors.As(err, &loss) && loss.Ledger.Abandoned > 0:
		return fmt.Errorf("%w\nthe endpoint did not take all within %v: it is slow, or away; --drain gives it more time", err, f.drain)
	}
	return err
}

// config checks the flags.
func (f demoFlags) config() (demo.Config, error) {
	wrong := func(format string, args ...any) (demo.Config, error) {
		return demo.Config{}, &usageError{fmt.Sprintf(format, args...), "tailrace help demo"}
	}
	switch {
	case f.duration < 0:
		return wrong("--duration is negative: %v", f.duration)
	case f.rate < 0:
		return wrong("--rate is negative: %d", f.rate)
	case f.producers < 1:
		return wrong("--producers must be at least 1, not %d", f.producers)
	case f.drain <= 0:
		return wrong("--drain must be more than 0, not %v", f.drain)
	case f.endpoint != "" && (f.data != "" || f.addr != "127.0.0.1:0"):
		return wrong("--data and --addr are of a server in this process, and --endpoint is another")
	case f.token != "" && f.endpoint == "":
		return wrong("--token is for an --endpoint, and none is given")
	}
	if f.endpoint != "" {
		u, err := url.Parse(f.endpoint)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			return wrong("--endpoint must be like https://host/path, with no user or password in it")
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = publishPath
		}
		f.endpoint = u.String()
	}
	return demo.Config{
		Endpoint: f.endpoint, Token: f.token, Rate: f.rate, Producers: f.producers, DrainTimeout: f.drain,
	}, nil
}
