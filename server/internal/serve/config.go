package serve

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// ErrConfig is matched by every error that says a setting is wrong.
var ErrConfig = errors.New("serve: configuration")

// Config says what a server is to be. Data is required.
type Config struct {
	Data  string   // the folder; made if need be
	Addrs []string // host:port each; none means 127.0.0.1:4318

	Limits store.Limits // of projects that have none of their own; 0 means those of the store
	Sync   string       // full or normal: what a commit survives; "" means full

	// TLSCert and TLSKey are files in PEM format, read again when they change. None means plain HTTP.
	TLSCert, TLSKey string

	Hosts   []string       // names under which the server may be reached, beside localhost and addresses
	Proxies []netip.Prefix // networks whose X-Forwarded-For and X-Forwarded-Proto are believed
	URL     string         // of the server as others see it; "" means as a request names it

	// Nobody is the project of a server that asks nobody to log in; it listens on loopback alone. Empty: everybody has to.
	Nobody string

	MaxInFlightBytes int // of requests that are not stored yet; 0 means 64 MiB
	MaxConnections   int // at once; 0 means 4096

	// MemoryLimit is what the Go runtime may hold before it collects garbage more often, in bytes, see
	// debug.SetMemoryLimit; what GOMEMLIMIT says, if that is less. It is the whole process's, and set once. 0 leaves it
	// as it is.
	MemoryLimit int64
	TokenRate   int // requests a second of each token; 0 means 10,000, a negative number no limit

	Grace time.Duration // from the end of ctx, when /readyz says so, until connections are refused
	Drain time.Duration // from then on, for requests in flight; 0 means 20 s

	// Abandon is closed to have the server give up requests in flight and end at once; nil: never.
	Abandon <-chan struct{}

	// NoFirst keeps the first start on a folder from making a project and tokens and printing them, and every start from
	// making a link for the first user.
	NoFirst bool

	decoders, packers int // bodies that are decoded, and batches that are packed, at the same time

	Version string
	Log     *slog.Logger // nil: nothing is logged
	Out     io.Writer    // where "listening on URL" goes, a line for each address, and what first starts make; nil: nowhere
}

func (c Config) withDefaults() (Config, error) {
	if c.Data == "" {
		return c, fmt.Errorf("%w: Config.Data is empty", ErrConfig)
	}
	if len(c.Addrs) == 0 {
		c.Addrs = []string{"127.0.0.1:4318"}
	}
	c.Sync = strings.ToUpper(cmp.Or(c.Sync, "full"))
	c.MaxConnections = cmp.Or(c.MaxConnections, 4096)
	c.Drain = cmp.Or(c.Drain, 20*time.Second)
	switch {
	case c.Sync != "FULL" && c.Sync != "NORMAL":
		return c, fmt.Errorf("%w: Config.Sync is %q, want full or normal", ErrConfig, c.Sync)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return c, fmt.Errorf("%w: Config.TLSCert and Config.TLSKey go together", ErrConfig)
	case c.MaxInFlightBytes < 0:
		return c, fmt.Errorf("%w: Config.MaxInFlightBytes is %d", ErrConfig, c.MaxInFlightBytes)
	case c.MemoryLimit < 0:
		return c, fmt.Errorf("%w: Config.MemoryLimit is %d", ErrConfig, c.MemoryLimit)
	case c.MaxConnections < 0:
		return c, fmt.Errorf("%w: Config.MaxConnections is %d", ErrConfig, c.MaxConnections)
	case c.Grace < 0 || c.Drain < 0:
		return c, fmt.Errorf("%w: Config.Grace is %v and Config.Drain %v", ErrConfig, c.Grace, c.Drain)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Out == nil {
		c.Out = io.Discard
	}
	return c, nil
}
