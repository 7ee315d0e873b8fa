package observability

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// CloudExporterConfig holds the settings of a [CloudExporter]. Its zero value works once an
// environment variable has the access token. What is set here beats the environment.
type CloudExporterConfig struct {
	// AccessToken goes with each request. "" means MASTRA_PLATFORM_ACCESS_TOKEN, then
	// MASTRA_CLOUD_ACCESS_TOKEN; a variable is read again when its token is refused.
	AccessToken string

	// TokenSource takes the place of AccessToken where tokens are renewed. It is asked for the first
	// one, and again when the endpoint answers 401 or 403, one call at a time; it may use the network
	// and must end when ctx does. The exporter keeps what it has until the source gives another.
	TokenSource func(ctx context.Context) (string, error)

	// Optional makes an exporter without a token a disabled one: it says so once in the log, takes
	// spans and counts them as filtered. Otherwise that is ErrNoToken.
	Optional bool

	// Endpoint is where spans go. In records of 1.x, the default, it is an origin such as
	// https://cloud.example, and spans are published to /ai/spans/publish below it; "" means
	// https://observability.mastra.ai (in Europe https://observability.eu.mastra.ai). With Wire
	// span.V0 it is the full URL, as it is; "" means https://api.mastra.ai/ai/spans/publish.
	Endpoint string
	// TracesEndpoint is an origin too, or a URL whose path ends in /spans/publish, which is used as
	// it is. It beats Endpoint. Where neither is set the variables MASTRA_CLOUD_TRACES_ENDPOINT and
	// MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT say the same, and MASTRA_CLOUD_AI_TRACES_ENDPOINT, the
	// one of 0.x, a full URL.
	TracesEndpoint string
	// ProjectID puts /projects/<id> into the path below an origin: letters, digits, _ and -. ""
	// means MASTRA_PROJECT_ID, and none if that is empty.
	ProjectID string
	// IgnoreEnv keeps the exporter from reading any variable.
	IgnoreEnv bool
	// AllowInsecure lets the token go over http to hosts other than this one.
	AllowInsecure bool

	// Wire is the generation of the records: span.V1, the default and the newest, or span.V0.
	Wire span.Format

	MaxBatchSize  int           // spans in a request, at most Queue; 0 means 1000
	MaxBatchWait  time.Duration // age at which a batch that is not full is sent; 0 means 5 s
	MaxBatchBytes int           // of a request before compression; 0 means 3.5 MiB, or a sixteenth of MaxBytes if that is less
	MaxSpanBytes  int           // of one span, by its Size; a larger one is refused; 0 means MaxBatchBytes

	// MaxBytes bounds the memory of all spans in the exporter: queued, batched, being sent and
	// waiting for a retry. 0 means 64 MiB. Room for 2 × Senders × MaxBatchBytes of it is kept for
	// encoding, compressing and sending.
	MaxBytes int
	Queue    int           // spans that may wait to be batched; 0 means 32768, or MaxBatchSize up to 1<<20
	Overflow CloudOverflow // what happens to a span for which there is no room; "" means OverflowDropNewest

	// Senders and MaxSenders are the requests at once, at first and at most; 0 means 4 and 16. The
	// number adapts to what the endpoint keeps up with, and together they never hold more than half
	// of MaxBytes, so that the rest stays where Overflow can choose.
	Senders    int
	MaxSenders int

	Timeout    time.Duration // of one request, from the dial to the end of the answer; 0 means 10 s
	MaxRetries int           // how often a request is repeated before its spans have failed; 0 means no limit
	// MaxElapsed is how long after its first failure a request that fails again has failed for good.
	// The time of a pause does not count. 0 means 15 min, a negative time no limit.
	MaxElapsed  time.Duration
	Compression CloudCompression // "" means CompressAuto

	// Spool keeps batches on disk until the endpoint has them; its zero value is no spool. MaxElapsed
	// is not for what is there: Spool.MaxAge is.
	Spool CloudSpool

	// DrainTimeout is how long Shutdown may take whatever its context says; 0 means no limit.
	DrainTimeout time.Duration

	// DialContext and TLS change the exporter's own transport; TLS is copied, and a version before
	// 1.2 is never spoken. Transport replaces it, and closing its idle connections is then left to
	// the caller. No redirect is followed with any of them.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	TLS         *tls.Config
	Transport   http.RoundTripper

	// Instance is how a tailrace server names this exporter beside its account: to a server that asks for it with the
	// header Tailrace-Ledger, and to no other, each request says how many spans were accepted, delivered, dropped and
	// so on. At most 64 signs, without space, comma, = and quotes; "" means eight random ones.
	Instance string

	// Rand is where the random part of pauses comes from, for simulations; nil means a source of the
	// exporter's own. It is used by one goroutine at a time.
	Rand rand.Source

	// LogLevel is the lowest level that is logged: Debug for each request, once it is over, Info
	// (the default) for the start, the end and good news, Warn for pauses and losses.
	LogLevel slog.Level
	// Logger gets the lines; nil means slog.Default(). No line has a token, a prompt or anything of
	// a span's contents.
	Logger *slog.Logger

	// OnLoss is called for what is lost, as it was there: a *span.Span, a batch, a *pipeline.Body with its
	// Plain bytes, which are the callee's for the time of the call.
	// It is called from many goroutines, that of Export too, and must be quick.
	OnLoss func(stage, reason string, item any)
}

// CloudOverflow says what a [CloudExporter] does with a span for which there is no room.
type CloudOverflow string

// The policies. Tracing must not stall the program that is traced, so the default drops.
const (
	OverflowDropNewest CloudOverflow = "drop-newest" // the span is dropped and counted
	OverflowDropOldest CloudOverflow = "drop-oldest" // the spans that wait longest are, in its place
	OverflowBlock      CloudOverflow = "block"       // Export waits, until its context ends
)

func (o CloudOverflow) policy() (pipeline.Overflow, bool) {
	for _, policy := range []pipeline.Overflow{pipeline.DropNewest, pipeline.DropOldest, pipeline.Block} {
		if string(o) == policy.String() {
			return policy, true
		}
	}
	return 0, false
}

// cloudSetup is a configuration with its defaults, checked, and what was found for it outside.
type cloudSetup struct {
	CloudExporterConfig

	overflow  pipeline.Overflow
	target    *url.URL
	from      string // what said so
	ask       func(context.Context) (string, error)
	askedFrom string // what the token comes from
	shownAs   string // the token, masked; "" if it comes from a function
	logger    *slog.Logger
}

func (c CloudExporterConfig) withDefaults() (s cloudSetup, err error) {
	env := os.Getenv
	if c.IgnoreEnv {
		env = func(string) string { return "" }
	}
	chosen := c.MaxBatchSize // by the caller: the default fits every queue
	c.fill()
	s = cloudSetup{CloudExporterConfig: c, logger: c.Logger}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	if err := c.check(); err != nil {
		return s, err
	}
	if chosen > c.Queue {
		return s, fmt.Errorf("%w: CloudExporterConfig.MaxBatchSize is %d, more than Queue, %d", pipeline.ErrConfig, chosen, c.Queue)
	}
	s.overflow, _ = c.Overflow.policy()
	project, err := c.project(env)
	if err != nil {
		return s, err
	}
	if c.Wire == span.V0 && c.ProjectID == "" {
		project = "" // the variable is not of that generation
	}
	if s.target, s.from, err = c.endpoint(env, project); err != nil {
		return s, err
	}
	if s.ask, s.askedFrom, err = c.tokenSource(env); err == nil && c.TokenSource == nil {
		token, _ := s.ask(context.Background()) // what was just checked
		s.shownAs = masked(token)
	}
	s.AccessToken, s.TokenSource = "", nil // from here on, ask has it
	return s, err
}

// fill puts the defaults in.
func (c *CloudExporterConfig) fill() {
	c.MaxBatchSize = cmp.Or(c.MaxBatchSize, 1000)
	c.MaxBatchWait = cmp.Or(c.MaxBatchWait, 5*time.Second)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.MaxBatchBytes = cmp.Or(c.MaxBatchBytes, min(3584<<10, c.MaxBytes/16))
	c.MaxSpanBytes = cmp.Or(c.MaxSpanBytes, c.MaxBatchBytes)
	c.Queue = cmp.Or(c.Queue, max(32768, min(c.MaxBatchSize, 1<<20)))
	c.Overflow = cmp.Or(c.Overflow, OverflowDropNewest)
	c.Compression = cmp.Or(c.Compression, CompressAuto)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.MaxElapsed = cmp.Or(c.MaxElapsed, 15*time.Minute)
	c.MaxSenders = cmp.Or(c.MaxSenders, max(c.Senders, 16))
	c.Senders = cmp.Or(c.Senders, min(4, c.MaxSenders))
}

// check says what is wrong, and names the field.
func (c *CloudExporterConfig) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: CloudExporterConfig."+format, append([]any{pipeline.ErrConfig}, args...)...)
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"MaxBatchSize", c.MaxBatchSize}, {"MaxBytes", c.MaxBytes}, {"MaxBatchBytes", c.MaxBatchBytes}, {"MaxSpanBytes", c.MaxSpanBytes},
		{"Queue", c.Queue}, {"Senders", c.Senders}, {"MaxSenders", c.MaxSenders}, {"MaxRetries", c.MaxRetries},
	} {
		if f.value < 0 {
			return bad("%s is negative: %d", f.name, f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"MaxBatchWait", c.MaxBatchWait}, {"Timeout", c.Timeout}, {"DrainTimeout", c.DrainTimeout},
	} {
		if f.value < 0 {
			return bad("%s is negative: %v", f.name, f.value)
		}
	}
	if err := c.Spool.check(c); err != nil {
		return bad("%w", err)
	}
	_, overflow := c.Overflow.policy()
	room := c.MaxBytes - c.reserved()
	switch {
	case c.Wire != span.V0 && c.Wire != span.V1:
		return bad("Wire is %v, neither span.V0 nor span.V1", c.Wire)
	case !c.Compression.known():
		return bad("Compression is %q, not auto, gzip, zstd or none", string(c.Compression))
	case !overflow:
		return bad("Overflow is %q, not drop-newest, drop-oldest or block", string(c.Overflow))
	case c.MaxBatchBytes < minBatchBytes:
		return bad("MaxBatchBytes of %d is less than %d, which one small span may need", c.MaxBatchBytes, minBatchBytes)
	case c.MaxSpanBytes > c.MaxBatchBytes:
		return bad("MaxSpanBytes of %d is more than MaxBatchBytes, %d", c.MaxSpanBytes, c.MaxBatchBytes)
	case c.MaxSenders > maxSenders:
		return bad("MaxSenders is %d, more than %d", c.MaxSenders, maxSenders)
	case c.Senders > c.MaxSenders:
		return bad("Senders is %d, more than MaxSenders, %d", c.Senders, c.MaxSenders)
	case room < c.MaxSpanBytes:
		return bad("MaxBytes of %d leaves %d beside 2 × Senders × MaxBatchBytes, less than one span of MaxSpanBytes, %d", c.MaxBytes, room, c.MaxSpanBytes)
	case len(c.Instance) > 64 || strings.ContainsFunc(c.Instance, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`,="`, r) }):
		return bad("Instance must be at most 64 signs of ASCII, without space, comma, = and quotes")
	case c.Transport != nil && (c.DialContext != nil || c.TLS != nil):
		return bad("Transport replaces what DialContext and TLS change: set one or the other")
	}
	return nil
}

// maxSenders is the most that an HTTP sender takes.
const maxSenders = 256

// minBatchBytes is about what a span takes that says nothing but its name.
const minBatchBytes = 4 << 10

// reserved is what of MaxBytes is kept for encoding, compressing and sending.
func (c *CloudExporterConfig) reserved() int { return 2 * c.Senders * c.MaxBatchBytes }

// packers is how many goroutines compress.
func (c *CloudExporterConfig) packers() int { return min(2, runtime.GOMAXPROCS(0)) }

// Format writes where spans go, without the token, whatever the verb.
func (c CloudExporterConfig) Format(f fmt.State, _ rune) {
	token := "no token"
	if c.AccessToken != "" || c.TokenSource != nil {
		token = "a token"
	}
	_, _ = fmt.Fprintf(f, "observability.CloudExporterConfig{%s, %s}", cmp.Or(hostOf(c.TracesEndpoint), hostOf(c.Endpoint), "no endpoint"), token)
}

// LogValue keeps the token out of logs.
func (c CloudExporterConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// hostOf is what of a URL may be shown.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
