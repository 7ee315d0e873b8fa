package sinktest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ErrClosed is what a wait ends with when the collector is closed.
var ErrClosed = errors.New("sinktest: collector is closed")

// A Collector takes in spans like the real one, remembers them, and fails on demand. Its
// methods are safe for concurrent use, also from a function given to OnRequest, but for Close.
type Collector struct {
	config    Config
	network   network
	server    *http.Server
	transport *http.Transport
	coders    coders
	plan      plan
	store     store
	life      context.Context // ends with Close
	die       context.CancelFunc
	running   sync.WaitGroup // accept loops, and requests being served

	mu       sync.Mutex
	listener *door // nil while down
	conns    map[net.Conn]struct{}
	requests []*Request
	attempts map[string]int // requests so far, by Idempotency-Key
	count    int            // requests so far
	ended    bool
	errs     []error
}

// network is where a collector is reached: loopback or memory.
type network interface {
	listen() (net.Listener, error)
	dial(ctx context.Context) (net.Conn, error)
	host() string
}

// New starts a collector in memory, over net.Pipe. The caller closes it. The error is about
// config and names the field.
func New(config Config) (*Collector, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	return start(config, &memory{name: config.Host})
}

// Listen starts a collector on a loopback port that the kernel chooses. The caller closes it.
func Listen(config Config) (*Collector, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	return start(config, &loopback{addr: "127.0.0.1:0"})
}

// Start is Listen for a test: the collector is closed when the test ends, and if Err is not
// nil by then the test fails.
func Start(t testing.TB, config Config) *Collector {
	t.Helper()
	return forTest(t, config, Listen)
}

// StartPipe is New for a test, with the same end as Start's. Call it inside the bubble of
// testing/synctest, with the bubble's t.
func StartPipe(t testing.TB, config Config) *Collector {
	t.Helper()
	return forTest(t, config, New)
}

func forTest(t testing.TB, config Config, open func(Config) (*Collector, error)) *Collector {
	t.Helper()
	c, err := open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if err := c.Err(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func start(config Config, n network) (*Collector, error) {
	life, die := context.WithCancel(context.Background())
	c := &Collector{
		life:     life,
		die:      die,
		config:   config,
		network:  n,
		coders:   coders{limit: config.MaxBodyBytes},
		conns:    map[net.Conn]struct{}{},
		attempts: map[string]int{},
	}
	c.store.init(config.IDsOnly)
	c.server = &http.Server{
		Handler:           c,
		ConnState:         c.follow,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // it would report the very faults that were asked for
	}
	c.transport = &http.Transport{
		DialContext:         c.DialContext,
		DisableCompression:  true, // so that answers and headers are what was sent
		MaxIdleConnsPerHost: 64,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.open(); err != nil {
		die()
		return nil, err
	}
	return c, nil
}

// open begins to accept connections. The caller holds mu.
func (c *Collector) open() error {
	listener, err := c.network.listen()
	if err != nil {
		return fmt.Errorf("sinktest: %w", err)
	}
	entrance := &door{listener, c}
	c.listener = entrance
	c.running.Go(func() {
		// The error only says that Down or Close has closed the listener.
		_ = c.server.Serve(entrance)
	})
	return nil
}

// door is the listener from one Down to the next.
type door struct {
	net.Listener
	c *Collector
}

// Accept returns only connections that Down and Close will end.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil || d.c.remember(conn, d) {
			return conn, err
		}
		reset(conn) // it came in as the door was closed
	}
}

// URL is the collector's origin, without a slash at its end.
func (c *Collector) URL() string { return "http://" + c.network.host() }

// Client returns a client whose every request reaches this collector, whatever its URL says;
// Request.Host tells what it said. It follows redirects, as Go's clients do.
func (c *Collector) Client() *http.Client { return &http.Client{Transport: c.transport} }

// Transport returns the transport of Client: one for each collector, which Close ends.
func (c *Collector) Transport() *http.Transport { return c.transport }

// DialContext connects to this collector, whatever the address, for a transport of the
// caller's own. While the collector is down the error matches syscall.ECONNREFUSED.
func (c *Collector) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := c.plan.dial(ctx); err != nil {
		return nil, err
	}
	return c.network.dial(ctx)
}

// Down resets all connections and refuses new ones until Up, as if the collector had died.
// Faults, records and counts stay as they are.
func (c *Collector) Down() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil {
		return
	}
	// A child process that has not come to its program yet holds a copy of what is open here. The lock keeps off
	// all of them but one: os starts its first child with another before it, to see what the kernel can do.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	_ = c.listener.Close()
	c.listener = nil
	for conn := range c.conns {
		reset(conn)
	}
}

// Up ends Down, at the same address. On loopback another process may have taken the port
// meanwhile; then the collector stays down and Err tells.
func (c *Collector) Up() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil || c.ended {
		return
	}
	err := c.open()
	for range portTries {
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
		time.Sleep(10 * time.Millisecond) // a child that is being started may hold the port yet, see Down
		err = c.open()
	}
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

const portTries = 100 // of Up

// Close ends every connection, stall and wait, then returns when no request is being served.
// What was recorded stays readable. A second Close does nothing. It must not be called from a
// function given to OnRequest or from a Handler, whose return it waits for.
func (c *Collector) Close() {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended = true
	if c.listener != nil {
		_ = c.listener.Close()
		c.listener = nil
	}
	for conn := range c.conns {
		_ = conn.Close()
	}
	c.mu.Unlock()
	c.die()              // only now, so that no handler which it ends can still send an answer
	_ = c.server.Close() // its listeners are closed already, and say so
	c.transport.CloseIdleConnections()
	c.running.Wait()
	c.coders.close()
}

// Err says what makes the outcome of a test worthless: more than Config.MaxRequests requests,
// or a port that Up did not get back. It is nil otherwise.
func (c *Collector) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.errs...)
}

// follow keeps the list of connections, which net/http would hide once they are hijacked.
func (c *Collector) follow(conn net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		c.forget(conn)
	}
}

// remember makes Down and Close end conn, which came by a door, or by a server of the caller's if that is nil.
// It is false when one of them came first.
func (c *Collector) remember(conn net.Conn, by *door) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil || by != nil && by != c.listener {
		return false
	}
	c.conns[conn] = struct{}{}
	return true
}

func (c *Collector) forget(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}
