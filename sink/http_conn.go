package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"sync"
	"syscall"
	"time"
)

// lastWords is how long a write that found its connection ended waits for the reader to see why. The reader
// is woken by the same end, so that only a machine that is very busy waits as long.
const lastWords = 500 * time.Millisecond

// hearingConn lets a server be heard that says why it ends a connection and ends it in mid-body: by a TLS
// alert that asks for another certificate, say, or by an early answer. net/http takes the first error for
// the whole truth, and a writer's "broken pipe" often comes before its reader has woken.
type hearingConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

// hearing makes dial's connections hearing ones.
func hearing(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &hearingConn{Conn: conn, closed: make(chan struct{})}, nil
	}
}

// Write returns the error of an ended connection once net/http's reader, which closes what has ended, has
// had its turn.
func (c *hearingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		timer := time.NewTimer(lastWords)
		defer timer.Stop()
		select {
		case <-c.closed:
		case <-timer.C:
		}
	}
	return n, err
}

// ReadFrom is how net/http writes a request's body. Ours lies in one piece, which goes to the system as it
// is; through net/http's buffer it would be copied once more, in a write for every 32 KiB.
func (c *hearingConn) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if p, ok := limited.R.(*payload); ok {
			n, err := p.writeTo(c, limited.N)
			limited.N -= n
			return n, err
		}
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

func (c *hearingConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// heard keeps the connection of a request, for what the server said last on it.
type heard struct{ conn net.Conn }

// trace has the connection of a request noted.
func (h *heard) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { h.conn = info.Conn }})
}

// alert is the TLS alert that ended the connection of a request that has failed, or nil: net/http does not
// tell of one that came before it began to write. crypto/tls does, each time one reads.
func (h *heard) alert() error {
	conn, ok := h.conn.(*tls.Conn)
	if !ok || conn.ConnectionState().NegotiatedProtocol == "h2" { // which goes on, and has its own reader
		return nil
	}
	_ = conn.SetReadDeadline(time.Now()) // it is closed already
	_, err := conn.Read(make([]byte, 1))
	var op *net.OpError
	if errors.As(err, &op) && op.Op == opAlert {
		return err
	}
	return nil
}

// opAlert is the Op of an alert that came.
const opAlert = "remote error"
