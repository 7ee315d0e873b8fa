package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// Config says what an API answers from. Store and Meta are required.
type Config struct {
	Store store.Store
	Meta  *meta.DB
	Log   *slog.Logger     // nil: nothing is logged
	Now   func() time.Time // nil: time.Now

	// Logins hash passwords and make sessions; nil means those of access.LoginConfig's defaults.
	Logins *access.Logins
	// URL is that of this server for browsers and for programs that send to it, such as https://traces.example.org. Empty
	// means the one that a request came to.
	URL string

	// Limits are those of projects that have none of their own, as the store applies them; 0 means those of the store.
	Limits store.Limits

	Version string        // of the program, for /healthz and /metrics
	Timeout time.Duration // of a question; 0 means 5 s. Exports and live views have none

	Ingest    func() Ingest                   // what the receiving half has counted; nil: nothing
	Forget    func(project string)            // has the receiving half store nothing more for a deleted project; nil: nothing does
	Exporters func(project string) []Exporter // what senders have reported; nil: nothing

	MaxStreams       int // live views at once; 0 means 256
	MaxCallerStreams int // of one token, user or address; 0 means 16
}

func (c Config) withDefaults() (Config, error) {
	if c.Store == nil {
		return c, errors.New("api: Config.Store is missing")
	}
	if c.Meta == nil {
		return c, errors.New("api: Config.Meta is missing")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logins == nil {
		var err error
		if c.Logins, err = access.NewLogins(access.LoginConfig{DB: c.Meta, Now: c.Now}); err != nil {
			return c, err
		}
	}
	if err := checkURL(c.URL); err != nil {
		return c, err
	}
	if c.Ingest == nil {
		c.Ingest = func() Ingest { return Ingest{} }
	}
	if c.Forget == nil {
		c.Forget = func(string) {}
	}
	if c.Exporters == nil {
		c.Exporters = func(string) []Exporter { return nil }
	}
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.MaxStreams = cmp.Or(c.MaxStreams, 256)
	c.MaxCallerStreams = cmp.Or(c.MaxCallerStreams, 16)
	if c.Timeout < 0 || c.MaxStreams < 0 || c.MaxCallerStreams < 0 {
		return c, fmt.Errorf("api: Config.Timeout is %v, MaxStreams %d, MaxCallerStreams %d; want none below 0", c.Timeout, c.MaxStreams, c.MaxCallerStreams)
	}
	return c, nil
}

// API answers the routes of [API.Routes]. It starts no goroutine.
type API struct {
	cfg      Config
	table    []operation
	compress func(http.Handler) http.HandlerFunc
	streams  streams
	guesses  guesses
	metrics  *metrics

	draining context.Context // ends with Drain
	drain    context.CancelFunc
}

// New makes an API. The error names the field that is missing or wrong.
func New(c Config) (*API, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	// zstd is left out: no browser asks for it without TLS, and one kind of compression is enough to test.
	compress, err := gzhttp.NewWrapper(gzhttp.EnableZstd(false), gzhttp.MinSize(1024), gzhttp.CompressionLevel(1))
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	a := &API{cfg: c, compress: compress}
	a.draining, a.drain = context.WithCancel(context.Background())
	a.streams.init(c.MaxStreams, c.MaxCallerStreams)
	a.guesses.init(c.Now)
	a.metrics = newMetrics(a)
	a.table = a.operations()
	return a, nil
}

// Drain ends the live views and makes /readyz say that no more work should come here. Call it before the server's
// Shutdown, which would wait for the views. Everything else is answered as before.
func (a *API) Drain() { a.drain() }

// operations is the table: all that the API can do. Each topic has a file.
func (a *API) operations() []operation {
	return slices.Concat(
		a.traceOperations(),
		a.recordOperations(),
		a.seriesOperations(),
		a.liveOperations(),
		a.exportOperations(),
		a.settingsOperations(),
		a.serverOperations(),
	)
}

// Routes returns the table for an [access.Router].
func (a *API) Routes() []access.Route {
	routes := make([]access.Route, len(a.table))
	for i := range a.table {
		routes[i] = a.route(&a.table[i])
	}
	return routes
}

// route makes the handler of an operation. Live views are not compressed: a compressor keeps back what should go out now.
func (a *API) route(o *operation) access.Route {
	route := o.Route
	if o.media == eventStream {
		route.Handle = func(w http.ResponseWriter, r *http.Request, g access.Grant) { a.serve(o, w, r, g) }
		return route
	}
	route.Handle = func(w http.ResponseWriter, r *http.Request, g access.Grant) {
		a.compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(o, w, r, g) })).ServeHTTP(w, r)
	}
	return route
}
