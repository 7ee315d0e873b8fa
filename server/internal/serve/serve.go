package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/api"
	"github.com/tailrace-go/tailrace/server/ingest"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/server/web"
)

// ErrAbandoned is matched when the server ended before its requests did.
var ErrAbandoned = errors.New("serve: ended before all requests were answered")

// server is what Run joins.
type server struct {
	cfg    Config
	db     *meta.DB
	store  store.Store
	ingest *ingest.Server
	api    *api.API
	router *access.Router
	first  first
}

// Run serves until ctx ends or something that it needs fails. Then /readyz goes first, after Grace the listeners, then
// the requests in flight, what ingest holds, and last the store. It returns nil when all that had begun was finished;
// [ErrAbandoned] when Drain was too short for it, or Abandon came.
//
// An error that matches [ErrConfig] is about the configuration; one that matches store.ErrLocked says that another
// server runs on the folder.
func Run(ctx context.Context, cfg Config) (err error) {
	cfg, err = cfg.withDefaults()
	if err != nil {
		return err
	}
	limitMemory(cfg.MemoryLimit)
	cfg.decoders, cfg.packers = spareProcessors()
	s, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	listeners, scheme, tls, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if err := s.announce(listeners, scheme); err != nil {
		for _, l := range listeners {
			_ = l.Close() // err says what is wrong
		}
		return err
	}
	return s.run(ctx, listeners, tls)
}

// spareProcessors returns how many bodies are decoded, and how many batches packed, at the same time, and has Go use a
// thread more than these and the writer occupy, once in a process. Then a question always finds a thread, which the
// system runs at once; Go alone would let it wait for 10 ms for each goroutine that works. What GOMAXPROCS says stays.
var spareProcessors = sync.OnceValues(func() (decoders, packers int) {
	n := runtime.GOMAXPROCS(0)
	decoders, packers = (n+1)/2, n
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(decoders + packers + 2)
	}
	return decoders, packers
})

// limitMemory lowers the limit of the Go runtime, if there is one to set, and has it collect half as often below it.
// GOMEMLIMIT is never raised, and what GOGC says stays.
func limitMemory(bytes int64) {
	if bytes <= 0 {
		return
	}
	if bytes < debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(bytes)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// open opens the folder and makes the router.
func open(ctx context.Context, cfg Config) (*server, error) {
	s := &server{cfg: cfg}
	if err := s.openAll(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *server) openAll(ctx context.Context) (err error) {
	cfg := s.cfg
	if s.db, err = meta.Open(meta.Config{Dir: cfg.Data}); err != nil {
		return err
	}
	cache := meta.NewCache(s.db)
	// The store is opened before anything is made: only one server gets past this.
	opened, err := sqlite.Open(sqlite.Config{
		Dir: cfg.Data, Sync: cfg.Sync, Packers: cfg.packers,
		Limits: func(project string) store.Limits {
			p, _ := cache.Project(context.WithoutCancel(ctx), project) // without it: those of the server
			return store.Limits{
				KeepFor:   cmp.Or(p.Limits.KeepFor, cfg.Limits.KeepFor),
				KeepBytes: cmp.Or(p.Limits.KeepBytes, cfg.Limits.KeepBytes),
			}
		},
	})
	if err != nil {
		return err
	}
	s.store = opened
	switch {
	case cfg.Nobody != "":
		err = nobodys(ctx, s.db, cfg.Nobody)
	case !cfg.NoFirst:
		if s.first, err = makeFirst(ctx, s.db); err == nil {
			err = s.first.makeInvite(ctx, s.db)
		}
	}
	if err != nil {
		return err
	}
	if s.ingest, err = ingest.New(ingest.Config{Store: s.store, Log: cfg.Log, MaxBytes: cfg.MaxInFlightBytes, DrainTimeout: cfg.Drain, Decoders: cfg.decoders}); err != nil {
		return err
	}
	s.api, err = api.New(api.Config{
		Store: s.store, Meta: s.db, Log: cfg.Log, Version: cfg.Version, URL: cfg.URL, Limits: cfg.Limits,
		Ingest: func() api.Ingest { return counts(s.ingest.Stats()) }, Forget: s.ingest.Forget,
		Exporters: func(project string) []api.Exporter { return exporters(project, s.ingest.Reports(project)) },
	})
	if err != nil {
		return err
	}
	s.router, err = access.NewRouter(access.Config{
		DB: s.db, Log: cfg.Log, Hosts: cfg.Hosts, Proxies: cfg.Proxies, Rate: cfg.TokenRate, Nobody: cfg.Nobody, NotFound: web.NotFound,
	}, slices.Concat(s.ingest.Routes(), s.api.Routes(), web.Routes())...)
	return err
}

// close closes what is open.
func (s *server) close() error {
	var errs []error
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

func (s *server) listen(ctx context.Context) (_ []net.Listener, scheme string, c *certificate, err error) {
	scheme = "http"
	if s.cfg.TLSCert != "" {
		scheme = "https"
		if c, err = loadCertificate(s.cfg.TLSCert, s.cfg.TLSKey, s.cfg.Log); err != nil {
			return nil, "", nil, err
		}
	}
	listeners, err := listen(ctx, s.cfg)
	return listeners, scheme, c, err
}

// announce says where the server can be reached.
func (s *server) announce(listeners []net.Listener, scheme string) error {
	for _, l := range listeners {
		if _, err := fmt.Fprintf(s.cfg.Out, "listening on %s://%s\n", scheme, l.Addr()); err != nil {
			return err
		}
	}
	url := cmp.Or(strings.TrimRight(s.cfg.URL, "/"), scheme+"://"+reachable(listeners[0].Addr()))
	return s.first.show(s.cfg.Out, url, s.cfg.Data)
}

// reachable is an address that a client on this machine can use.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

// maxHeader bounds the headers of a request.
const maxHeader = 64 << 10

// httpServer has no WriteTimeout: live views go on for hours, and ingest bounds its bodies by their rate.
func (s *server) httpServer(c *certificate) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true) // gRPC without TLS
	h := &http.Server{
		Handler: s.router, Protocols: protocols, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		// Of connections: a handshake that failed, a port scan. Nothing of it is worth waking somebody up.
		ErrorLog: slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
	if c != nil {
		h.TLSConfig = c.config()
	}
	return h
}

// run serves until the end.
func (s *server) run(ctx context.Context, listeners []net.Listener, c *certificate) error {
	h := s.httpServer(c)
	failed := make(chan error, len(listeners)+1)
	// Ingest outlives the listeners: requests in flight wait for their commits.
	intake, stopIntake := context.WithCancel(context.WithoutCancel(ctx))
	defer stopIntake()
	drained := make(chan error, 1)
	go func() {
		err := s.ingest.Run(intake)
		drained <- err
		failed <- err // before it was asked to end: nobody listens later
	}()
	var serving sync.WaitGroup
	for _, l := range listeners {
		serving.Go(func() { failed <- serveOn(h, l, c) })
	}

	var why error
	select {
	case <-ctx.Done():
		s.cfg.Log.Info("stopping")
	case why = <-failed:
		why = errors.Join(errors.New("serve: a part of the server has ended"), why)
	}
	s.api.Drain()
	if why == nil {
		s.wait(s.cfg.Grace)
	}
	err := s.shutdown(ctx, h)
	stopIntake()
	if ingestErr := <-drained; why == nil {
		err = errors.Join(err, ingestErr)
	}
	serving.Wait()
	if why == nil && err == nil {
		s.cfg.Log.Info("stopped: every request was answered")
	}
	return errors.Join(why, err)
}

func serveOn(h *http.Server, l net.Listener, c *certificate) error {
	var err error
	if c != nil {
		err = h.ServeTLS(l, "", "")
	} else {
		err = h.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// wait waits, unless the end is to be at once.
func (s *server) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.cfg.Abandon:
	}
}

// shutdown refuses connections and waits for the requests in flight.
func (s *server) shutdown(ctx context.Context, h *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
	defer cancel()
	if s.cfg.Abandon != nil {
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			select {
			case <-s.cfg.Abandon:
				cancel()
			case <-stop:
			}
		}()
	}
	err := h.Shutdown(ctx)
	if err == nil {
		return nil
	}
	s.cfg.Log.Warn("requests in flight are given up", "error", err)
	return errors.Join(ErrAbandoned, h.Close())
}
