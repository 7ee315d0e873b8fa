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
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

const publishPath = "/ai/spans/publish" // of Mastra's collectors

const aboutDemo = `Sends spans of AI agents through the whole pipeline (emitter, filter, batch, encode,
compress, http) to a collector in this process, which keeps their ids in memory, and
shows how they go. The first are captured from real exporters, the others made like them.

A second collector takes spans of your own meanwhile; its address is shown.

It ends after --duration, or at Ctrl-C: then it drains, which a second Ctrl-C cuts short.
The exit code is 0 only if every span is accounted for and none was lost.
`

// demoFlags is what `tailrace demo` can be told.
type demoFlags struct {
	duration, drain time.Duration
	rate, producers int
	json            bool
	endpoint, token string
}

func (f *demoFlags) set() *flag.FlagSet {
	flags := newFlags("demo", aboutDemo)
	flags.DurationVar(&f.duration, "duration", 0, "how long to make spans, such as `5s`; 0 means until Ctrl-C")
	flags.IntVar(&f.rate, "rate", 2000, "spans made in a second; 0 means as fast as possible")
	flags.IntVar(&f.producers, "producers", 4, "goroutines that make spans")
	flags.DurationVar(&f.drain, "drain", 10*time.Second, "how long to wait for spans in flight at the end; what is left is abandoned")
	flags.BoolVar(&f.json, "json", false, "print the final ledger to stdout, as one line of JSON, and all else to stderr")
	flags.StringVar(&f.endpoint, "endpoint", "", "send to this `URL` instead; one without a path gets "+publishPath)
	flags.StringVar(&f.token, "token", "", "access token for the endpoint")
	return flags
}

// demoCommand runs the demonstration. With --json its result is all of stdout; without, stdout shows the run.
func demoCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f demoFlags
	if done, err := parse(f.set(), args, stdout); done || err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if cfg.Endpoint == "" {
		collector, err := sinktest.Listen(sinktest.Config{IDsOnly: true, MaxRequests: -1})
		if err != nil {
			return fmt.Errorf("cannot listen on loopback for the collector: %w", err)
		}
		defer collector.Close()
		cfg.Endpoint = collector.URL() + publishPath
		cfg.Stored = func() (int, error) {
			l := collector.Ledger()
			return l.Stored, l.Check()
		}
	}
	cfg.Progress = stdout
	if f.json {
		cfg.Progress = stderr
	}
	if f.endpoint == "" {
		guests, err := openToGuests(cfg.Progress)
		if err != nil {
			return err
		}
		defer guests.close()
	}
	cfg.Terminal = isTerminal(cfg.Progress.(*os.File))

	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	ctx, stop := untilSignal(ctx)
	defer stop()

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

// guests is a second collector, for spans that programs of the user's own send while the demo runs. It is apart from
// the first, whose account is to equal the pipeline's to the span.
type guests struct {
	collector *sinktest.Collector
	out       io.Writer
}

// openToGuests starts the collector for guests and says on out how to reach it.
func openToGuests(out io.Writer) (*guests, error) {
	collector, err := sinktest.Listen(sinktest.Config{IDsOnly: true, MaxRequests: -1})
	if err != nil {
		return nil, fmt.Errorf("cannot listen on loopback for your own spans: %w", err)
	}
	_, _ = fmt.Fprintf(out, "to see spans of your own counted here, start your program with\n"+
		"  MASTRA_CLOUD_TRACES_ENDPOINT=%s MASTRA_CLOUD_ACCESS_TOKEN=demo\n\n", collector.URL())
	return &guests{collector, out}, nil
}

// close says what came, if anything did.
func (g *guests) close() {
	g.collector.Close()
	if l := g.collector.Ledger(); l.Received > 0 {
		_, _ = fmt.Fprintf(g.out, "of your own: %d spans received = %d stored + %d repeated + %d rejected\n", l.Received, l.Stored, l.Repeated, l.Rejected)
	}
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
