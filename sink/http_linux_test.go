package sink_test

import (
	"context"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// What it takes Linux to play: a full backlog, an address that is in use, no file descriptors left.
func TestNetworkFaultsOfLinux(t *testing.T) {
	t.Run("net.black-hole", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		hole := blackHole(t)
		way := &road{addr: hostOf(c.URL())}
		trouble{
			id: "net.black-hole", met: late, cfg: sink.HTTPConfig{DialContext: way.DialContext},
			begin: func() {
				way.lead(leadTo(hole))
				c.Down()
				c.Up()
			},
			end: way.back,
		}.play(t, c)
	})
	t.Run("net.no-ports", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		way := &road{addr: hostOf(c.URL())}
		trouble{
			id: "net.no-ports", met: is(syscall.EADDRNOTAVAIL), cfg: sink.HTTPConfig{DialContext: way.DialContext},
			begin: func() {
				open := way.shut() // else a sender is there before the fault
				c.Down()
				c.Up()
				open(noPortLeft(t, way.addr))
			},
			end: way.back,
		}.play(t, c)
	})
	t.Run("net.no-files", func(t *testing.T) {
		if os.Getenv(childVariable) == "" {
			t.Parallel()
		}
		if !inChild(t) {
			faults.Happened(t, "net.no-files", "retried; "+wasWell)
			return
		}
		c := sinktest.Start(t, sinktest.Config{})
		way := &road{addr: hostOf(c.URL())}
		var before syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Fatal(err)
		}
		limit := func(n uint64) {
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: before.Max}); err != nil {
				t.Error(err)
			}
		}
		trouble{
			id: "net.no-files", met: is(syscall.EMFILE), cfg: sink.HTTPConfig{DialContext: way.DialContext},
			begin: func() {
				open := way.shut()
				c.Down() // else the connections that there are would do
				c.Up()
				limit(3) // what is open stays open
				open((&net.Dialer{}).DialContext)
			},
			end: func() { limit(before.Cur) },
		}.play(t, c)
	})
}

// blackHole is an address that takes no connection and refuses none: it listens, nobody accepts, and there
// is no room for one more to wait.
func blackHole(t *testing.T) (addr string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in := name.(*syscall.SockaddrInet4)
	addr = (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String()
	for range 10 { // one is enough for a backlog of 0, but that is for the kernel to say
		conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Skip("this kernel has room for more than ten connections in a backlog of 0")
	return ""
}

// noPortLeft dials to an address from the one port that has a connection to it already.
func noPortLeft(t *testing.T, to string) dialFunc {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
		})
		if err != nil {
			return err
		}
		return failed
	}}
	conn, err := dialer.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	same := *dialer
	same.LocalAddr = conn.LocalAddr()
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return same.DialContext(ctx, network, to)
	}
}
