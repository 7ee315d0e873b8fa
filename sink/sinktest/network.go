package sinktest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// loopback is a real socket. Its address is fixed by the first listen and reused by the others.
type loopback struct {
	addr string
}

func (l *loopback) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", l.addr)
	if err != nil {
		return nil, err
	}
	if addr := listener.Addr().String(); addr != l.addr {
		l.addr = addr // only before the collector is in use, so readers need no lock
	}
	return listener, nil
}

func (l *loopback) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", l.addr)
}

func (l *loopback) host() string { return l.addr }

// memory connects over net.Pipe, which is all that a bubble with a fake clock can do.
type memory struct {
	name string

	mu       sync.Mutex
	listener *pipeListener
}

func (m *memory) listen() (net.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listener = &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	return m.listener, nil
}

func (m *memory) dial(ctx context.Context) (net.Conn, error) {
	m.mu.Lock()
	listener := m.listener
	m.mu.Unlock()
	near, far := newPipe()
	select {
	case listener.conns <- far:
		return near, nil
	case <-listener.done:
		return nil, opError("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED))
	case <-ctx.Done():
		return nil, opError("dial", context.Cause(ctx))
	}
}

func (m *memory) host() string { return m.name }

// pipeListener accepts what dial hands over. Closed, it refuses.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, opError("accept", net.ErrClosed)
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// pipeConn is one end of a net.Pipe that fails with the errors of a TCP connection: a pipe by
// itself knows only io.EOF and io.ErrClosedPipe.
type pipeConn struct {
	net.Conn
	peer   *pipeConn
	broken atomic.Bool // the peer has reset the connection
	closed atomic.Bool // this end was closed from this side
}

func newPipe() (near, far *pipeConn) {
	a, b := net.Pipe()
	near, far = &pipeConn{Conn: a}, &pipeConn{Conn: b}
	near.peer, far.peer = far, near
	return near, far
}

func (p *pipeConn) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	return n, p.name("read", err)
}

func (p *pipeConn) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	return n, p.name("write", err)
}

func (p *pipeConn) Close() error {
	p.closed.Store(true)
	return p.Conn.Close()
}

// Reset closes the connection so that the other end fails with ECONNRESET.
func (p *pipeConn) Reset() {
	if !p.closed.Load() {
		p.peer.broken.Store(true)
	}
	_ = p.Close()
}

// name gives err the name that TCP has for it.
func (p *pipeConn) name(op string, err error) error {
	switch {
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe):
		return err // nil, or a deadline
	case p.broken.Load():
		// First, although this end may be closed too: net/http closes it when its reader meets the
		// reset, and its writer must not report that instead.
		return opError(op, syscall.ECONNRESET)
	case p.closed.Load():
		return opError(op, net.ErrClosed)
	case op == "write":
		return opError(op, syscall.EPIPE)
	default:
		return io.EOF
	}
}

func opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "pipe", Addr: pipeAddr{}, Err: err}
}

// reset ends conn at once. A TCP peer gets a RST instead of a FIN.
func reset(conn net.Conn) {
	switch conn := conn.(type) {
	case *pipeConn:
		conn.Reset()
		return
	case *net.TCPConn:
		_ = conn.SetLinger(0) // on a failure Close below still ends the connection
	}
	_ = conn.Close()
}
