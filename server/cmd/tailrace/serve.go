package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/peterbourgon/ff/v3"

	"github.com/tailrace-go/tailrace/server/internal/serve"
	"github.com/tailrace-go/tailrace/server/store"
)

const aboutServe = `Runs the trace server: it takes in what exporters send, keeps it in a folder, and answers the API.
HTTP/1.1, HTTP/2 and gRPC share each address.

It prints "listening on URL" to stdout, a line for each address. The first start on a folder also
makes the project "default" and tokens, and prints them, once; ` + "`tailrace token`" + ` makes others.
As long as there is no user, each start prints a link that makes the first one, for a day.
Without --data or a variable the folder is $XDG_DATA_HOME/tailrace or ~/.local/share/tailrace
(macOS: ~/Library/Application Support/tailrace, Windows: %LocalAppData%\tailrace).

The first Ctrl-C or SIGTERM stops it: /readyz says so, connections are refused, requests in flight
are answered, and what was acknowledged is on disk. A second one gives up what is in flight.

Each option is a flag, a variable or a line of the --config file (its name without dashes, a space,
the value; # begins a comment). The flag wins, then the variable. What may be given more than once
may also be one list, divided by commas.
`

const aboutServeCodes = `
The exit code is
  0    everything that had begun was finished
  1    it could not start, or something failed
  2    the command line, a variable or the configuration file is wrong
  130  it was interrupted twice by Ctrl-C (143: by SIGTERM), and gave up requests in flight
`

// serveFlags is what `tailrace serve` can be told.
type serveFlags struct {
	data                string
	addrs, hosts        listFlag
	proxies             networksFlag
	url                 string
	keepFor             ageFlag
	keepBytes           bytesFlag
	cert, key           string
	sync                string
	logLevel            slog.Level
	logFormat           string
	inFlight, memory    bytesFlag
	connections, tokens int
	grace, drain        time.Duration
	noFirst             bool
	config              string
}

func (f *serveFlags) set() *flag.FlagSet {
	flags := newFlags("serve", aboutServe)
	f.addrs.values = []string{"127.0.0.1:4318"}
	flags.Var(&f.addrs, "addr", "`host:port` to listen on; may be given more than once; 4318 is the port of OTLP over HTTP")
	flags.StringVar(&f.data, "data", "", "`folder` of the data; empty means that of the user")
	flags.Var(&f.keepFor, "retention", "`age` after which traces go, such as 30d or 720h, or forever; projects may have another")
	flags.Var(&f.keepBytes, "retention-bytes", "`size` on disk of a project above which its oldest days go, such as 10GiB, or unlimited; projects may have another")
	flags.StringVar(&f.cert, "tls-cert", "", "`file` with the certificate, PEM; read again when it changes")
	flags.StringVar(&f.key, "tls-key", "", "`file` with its key, PEM")
	flags.Var(&f.hosts, "host", "`name` under which the server may be reached, beside localhost and addresses; may be given more than once")
	flags.Var(&f.proxies, "behind-proxy", "`network` of a proxy whose X-Forwarded-For and X-Forwarded-Proto are believed, such as 10.0.0.0/8; may be given more than once")
	flags.StringVar(&f.url, "url", "", "`URL` of the server as others see it, for what it shows to copy; empty means as a request names it")
	flags.StringVar(&f.sync, "sync", "full", "what a commit survives: full, the loss of power too, or normal, a crash")
	flags.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "`level` of the log on stderr: debug, info, warn or error; debug has a line for each request")
	flags.StringVar(&f.logFormat, "log-format", "text", "of the log: text or json")
	f.inFlight = 64 << 20
	flags.Var(&f.inFlight, "max-in-flight-bytes", "`size` of requests that are not on disk yet; above, the answer is 503")
	f.memory = 384 << 20
	flags.Var(&f.memory, "memory", "`size` that the Go runtime aims to stay below, or unlimited; GOMEMLIMIT, where it is less; what SQLite holds comes on top")
	flags.IntVar(&f.connections, "max-connections", 4096, "`number` of connections at once; others wait")
	flags.IntVar(&f.tokens, "token-rate", 10_000, "`requests` a second that each token is good for; above, the answer is 429; -1 for no limit")
	flags.DurationVar(&f.grace, "grace", time.Second, "from the end of /readyz to the refusal of connections, for load balancers to notice")
	flags.DurationVar(&f.drain, "drain", 20*time.Second, "for requests in flight when it stops")
	flags.BoolVar(&f.noFirst, "no-first-tokens", false, "make and print nothing: no project, no tokens, no link for the first user")
	flags.StringVar(&f.config, "config", "", "`file` with these options")
	flags.Lookup("log-level").DefValue = "info" // as it is written
	flags.Usage = func() { serveUsage(flags) }
	return flags
}

const envPrefix = "TAILRACE"

// serveUsage prints the one table of all options.
func serveUsage(flags *flag.FlagSet) {
	w := flags.Output()
	say(w, "Usage: tailrace serve [flags]\n\n%s\n", aboutServe)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	say(t, "  FLAG\tVARIABLE\tDEFAULT\n")
	flags.VisitAll(func(f *flag.Flag) {
		kind, _ := flag.UnquoteUsage(f)
		name := "--" + f.Name
		if kind != "" {
			name += " " + kind
		}
		say(t, "  %s\t%s\t%s\n", name, envName(f.Name), cmp.Or(f.DefValue, "-"))
	})
	_ = t.Flush() // to a file of this process, or to nobody
	say(w, "\n")
	flags.VisitAll(func(f *flag.Flag) {
		_, usage := flag.UnquoteUsage(f)
		say(w, "  --%s\n    \t%s\n", f.Name, usage)
	})
	say(w, "%s", aboutServeCodes)
}

func envName(flagName string) string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// serveCommand runs the server. Its log goes to stderr.
func serveCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f serveFlags
	flags := f.set()
	if done, err := parse(flags, args, stdout); done || err != nil {
		return err
	}
	const help = "tailrace help serve"
	// What the arguments have set stays: they are read already.
	err := ff.Parse(flags, nil, ff.WithEnvVarPrefix(envPrefix), ff.WithConfigFileFlag("config"), ff.WithConfigFileParser(ff.PlainParser))
	if err != nil {
		return &usageError{err.Error(), help}
	}
	cfg, err := f.configure(stdout, stderr)
	if err != nil {
		return &usageError{err.Error(), help}
	}
	ctx, signals, stop := untilSignals(ctx)
	defer stop()
	cfg.Abandon = signals.abandon
	err = serve.Run(ctx, cfg)
	switch {
	case errors.Is(err, serve.ErrConfig):
		return &usageError{err.Error(), help}
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("another server runs on this folder: %w", err)
	case errors.Is(err, serve.ErrAbandoned) && isClosed(signals.abandon):
		return &exitError{signals.code(), err}
	}
	return err
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// configure makes the configuration of the flags.
func (f *serveFlags) configure(stdout, stderr io.Writer) (serve.Config, error) {
	data, err := dataFolder(f.data)
	if err != nil {
		return serve.Config{}, err
	}
	if data, err = filepath.Abs(data); err != nil {
		return serve.Config{}, err
	}
	log, err := newLog(stderr, f.logLevel, f.logFormat)
	if err != nil {
		return serve.Config{}, err
	}
	switch {
	case f.inFlight < 1<<20:
		return serve.Config{}, fmt.Errorf("--max-in-flight-bytes must be at least 1MiB, not %v", &f.inFlight)
	case f.connections < 1:
		return serve.Config{}, fmt.Errorf("--max-connections must be at least 1, not %d", f.connections)
	case f.tokens == 0 || f.tokens < -1:
		return serve.Config{}, fmt.Errorf("--token-rate must be at least 1, or -1 for no limit, not %d", f.tokens)
	case f.grace < 0:
		return serve.Config{}, errors.New("--grace is negative")
	case f.drain <= 0:
		return serve.Config{}, fmt.Errorf("--drain must be more than 0, not %v", f.drain)
	}
	return serve.Config{
		Data: data, Addrs: f.addrs.values, Limits: store.Limits{KeepFor: time.Duration(f.keepFor), KeepBytes: int64(f.keepBytes)},
		Sync: f.sync, TLSCert: f.cert, TLSKey: f.key, Hosts: f.hosts.values, Proxies: f.proxies, URL: f.url,
		MaxInFlightBytes: int(f.inFlight), MemoryLimit: max(int64(f.memory), 0), MaxConnections: f.connections, TokenRate: f.tokens,
		Grace: f.grace, Drain: f.drain, NoFirst: f.noFirst, Version: buildVersion(), Log: log, Out: stdout,
	}, nil
}

func newLog(w io.Writer, level slog.Level, format string) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format must be text or json, not %q", format)
}

// buildVersion is the version that the go command recorded.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version + " " + runtime.Version()
	}
	return "unknown"
}

// listFlag takes values one by one or divided by commas; the first ones replace the default.
type listFlag struct {
	values []string
	given  bool
}

func (l *listFlag) String() string { return strings.Join(l.values, ",") }

func (l *listFlag) Set(text string) error {
	if !l.given {
		l.values, l.given = nil, true
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			return errors.New("is empty")
		}
		l.values = append(l.values, part)
	}
	return nil
}

// networksFlag is a list of networks; an address alone is one.
type networksFlag []netip.Prefix

func (n *networksFlag) String() string {
	parts := make([]string, len(*n))
	for i, p := range *n {
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}

func (n *networksFlag) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		p, err := netip.ParsePrefix(part)
		if a, noBits := netip.ParseAddr(part); noBits == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return errors.New("want networks such as 10.0.0.0/8")
		}
		*n = append(*n, p.Masked())
	}
	return nil
}

// ageFlag is a duration that knows days; 0 is the default of the store, -1 for ever.
type ageFlag time.Duration

func (a *ageFlag) String() string {
	switch d := time.Duration(*a); {
	case d == 0:
		return "30d"
	case d < 0:
		return "forever"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	default:
		return d.String()
	}
}

func (a *ageFlag) Set(text string) error {
	if text == "forever" {
		*a = -1
		return nil
	}
	d, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n int
		n, err = strconv.Atoi(days)
		if n > 100*366 {
			return errors.New("want forever, or at most 100 years")
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < time.Hour {
		return errors.New("want an age of at least an hour such as 30d or 720h, or forever")
	}
	*a = ageFlag(d)
	return nil
}

// bytesFlag is a size with a unit; 0 is the default of the store, -1 no limit.
type bytesFlag int64

var units = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}, {"", 1}}

func (b *bytesFlag) String() string {
	switch {
	case *b == 0:
		return "10GiB"
	case *b < 0:
		return "unlimited"
	}
	for _, u := range units[:4] {
		if n := int64(*b); n >= u.bytes && n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.name)
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *bytesFlag) Set(text string) error {
	if text == "unlimited" {
		*b = -1
		return nil
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 1 || n > (1<<62)/u.bytes {
			break
		}
		*b = bytesFlag(n * u.bytes)
		return nil
	}
	return errors.New("want a size such as 10GiB or 500MB, or unlimited")
}
