package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// listen opens all addresses, or none.
func listen(ctx context.Context, c Config) ([]net.Listener, error) {
	slots := make(chan struct{}, c.MaxConnections)
	var all []net.Listener
	for _, addr := range c.Addrs {
		l, err := listenAt(ctx, c, addr)
		if err != nil {
			for _, l := range all {
				_ = l.Close()
			}
			return nil, err
		}
		all = append(all, &limited{Listener: l, slots: slots, closed: make(chan struct{}), log: c.Log})
	}
	return all, nil
}

func listenAt(ctx context.Context, c Config, addr string) (net.Listener, error) {
	where, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: Config.Addrs: %w", ErrConfig, err)
	}
	outside := !where.IP.IsLoopback()
	if outside && c.Nobody != "" {
		return nil, fmt.Errorf("%w: Config.Addrs: %s can be reached from other machines, and nobody has to log in here", ErrConfig, addr)
	}
	if outside && c.TLSCert == "" && len(c.Proxies) == 0 {
		c.Log.Warn("tokens and traces go over the network in plain text: give a certificate, or listen on loopback behind a proxy that has one", "addr", addr)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", addr)
}

// limited holds back connections above a number that all addresses share: the kernel lets them wait. It is
// netutil.LimitListener with a shared number, and says when it is reached.
type limited struct {
	net.Listener

	slots  chan struct{}
	once   sync.Once
	closed chan struct{}
	log    *slog.Logger
	said   time.Time // by Accept alone
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	default:
		if now := time.Now(); now.Sub(l.said) > time.Minute {
			l.said = now
			l.log.Warn("there are as many connections as may be: others wait", "connections", cap(l.slots))
		}
		select {
		case l.slots <- struct{}{}:
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &counted{Conn: c, leave: sync.OnceFunc(func() { <-l.slots })}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	err := l.Listener.Close()
	if errors.Is(err, net.ErrClosed) { // http.Server closes it, and so does who made it
		return nil
	}
	return err
}

type counted struct {
	net.Conn

	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
