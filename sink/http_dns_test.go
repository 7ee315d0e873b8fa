package sink_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// nameServer answers on loopback that every name has one address, or how it fails.
type nameServer struct {
	conn   net.PacketConn
	answer atomic.Pointer[nameAnswer]
	done   chan struct{}
}

type nameAnswer struct {
	address netip.Addr // of all names; of IPv4
	code    byte       // RCODE of RFC 1035, section 4.1.1, in place of an address
	silent  bool
}

const (
	servFail = 2
	nxDomain = 3
)

func startNameServer(t *testing.T, address netip.Addr) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn, done: make(chan struct{})}
	s.set(nameAnswer{address: address})
	go s.serve()
	t.Cleanup(func() {
		_ = conn.Close()
		<-s.done
	})
	return s
}

func (s *nameServer) set(a nameAnswer) { s.answer.Store(&a) }

func (s *nameServer) serve() {
	defer close(s.done)
	query := make([]byte, 512)
	for {
		n, from, err := s.conn.ReadFrom(query)
		if err != nil {
			return
		}
		if a := *s.answer.Load(); !a.silent && n > 12 {
			_, _ = s.conn.WriteTo(a.reply(query[:n]), from) // a client that is gone asks no more
		}
	}
}

// reply makes the answer to a query of one question: the header, the question, an address.
func (a nameAnswer) reply(query []byte) []byte {
	end := 12
	for query[end] != 0 { // the labels of the name
		end += 1 + int(query[end])
	}
	end += 5
	kind := binary.BigEndian.Uint16(query[end-4:])
	reply := append([]byte(nil), query[:end]...)
	reply[2], reply[3] = 0x81, 0x80|a.code // a response, with recursion
	for i := 6; i < 12; i++ {
		reply[i] = 0 // answers, and what else there might be
	}
	if a.code == 0 && kind == 1 { // of IPv6 there is none
		reply[7] = 1
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the same name, A, IN, for 0 s
		reply = append(reply, a.address.AsSlice()...)
	}
	return reply
}

// DialContext dials what the server says that a name is.
func (s *nameServer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "udp", s.conn.LocalAddr().String())
		if err == nil { // net would read on for five seconds after the end of a lookup
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}}
	return (&net.Dialer{Resolver: resolver}).DialContext(ctx, network, address)
}

// A name is asked for anew by each connection, whatever became of the last.
func TestDNSFaults(t *testing.T) {
	home := netip.MustParseAddr("127.0.0.1")
	for _, row := range []struct {
		id     string
		answer nameAnswer
		met    func(error) bool
	}{
		{"net.dns-nxdomain", nameAnswer{code: nxDomain}, func(err error) bool {
			var fault *net.DNSError
			return errors.As(err, &fault) && fault.IsNotFound
		}},
		{"net.dns-servfail", nameAnswer{code: servFail}, func(err error) bool {
			var fault *net.DNSError
			return errors.As(err, &fault) && fault.IsTemporary
		}},
		{"net.dns-timeout", nameAnswer{silent: true}, late},
	} {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			c := sinktest.Start(t, sinktest.Config{})
			names := startNameServer(t, home)
			trouble{
				id: row.id, met: row.met,
				cfg: sink.HTTPConfig{Endpoint: strings.Replace(c.URL(), "127.0.0.1", "collector.example", 1), DialContext: names.DialContext},
				begin: func() {
					names.set(row.answer)
					cutOff(c)
				},
				end: func() { names.set(nameAnswer{address: home}) },
			}.play(t, c)
		})
	}
	t.Run("net.dns-moved", func(t *testing.T) {
		t.Parallel()
		c := sinktest.Start(t, sinktest.Config{})
		_, port, err := net.SplitHostPort(hostOf(c.URL()))
		if err != nil {
			t.Fatal(err)
		}
		old, err := net.Listen("tcp", "127.0.0.2:"+port)
		if err != nil {
			t.Skipf("this machine has no second address of loopback: %v", err)
		}
		_ = old.Close() // nobody listens there: it is where the endpoint was
		names := startNameServer(t, home)
		trouble{
			id: "net.dns-moved", met: refused,
			cfg: sink.HTTPConfig{Endpoint: "http://collector.example:" + port, DialContext: names.DialContext, Timeout: time.Second},
			begin: func() {
				names.set(nameAnswer{address: netip.MustParseAddr("127.0.0.2")})
				cutOff(c)
			},
			end: func() { names.set(nameAnswer{address: home}) },
		}.play(t, c)
	})
}

// cutOff ends the connections that there are, which need no name any more, and those that are being made by
// an address that was found before.
func cutOff(c *sinktest.Collector) {
	c.Down()
	time.Sleep(200 * time.Millisecond)
	c.Up()
}
