package sink_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// Frames of HTTP/2, RFC 9113, section 6.
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7

	flagAck = 1

	codeInternal = 2
	codeRefused  = 7
)

// faultyHTTP2 speaks as much of HTTP/2 by TLS as it takes to fail each request.
type faultyHTTP2 struct {
	listener net.Listener
	fail     func(w io.Writer, stream uint32) (hangUp bool) // what a request meets
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	ended bool
}

func startFaultyHTTP2(t *testing.T, config *tls.Config, fail func(w io.Writer, stream uint32) bool) *faultyHTTP2 {
	t.Helper()
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	s := &faultyHTTP2{listener: listener, fail: fail}
	s.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if s.remember(conn) {
				s.running.Go(func() { s.serve(conn) })
			}
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.hangUp(true)
		s.running.Wait()
	})
	return s
}

func (s *faultyHTTP2) remember(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		_ = conn.Close()
		return false
	}
	s.conns = append(s.conns, conn)
	return true
}

// hangUp closes all connections, and those to come if it is for good.
func (s *faultyHTTP2) hangUp(forGood bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = forGood
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

// serve ends with the connection: whatever goes wrong with it is what this is for.
func (s *faultyHTTP2) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	if _, err := io.CopyN(io.Discard, conn, int64(len(preface))); err != nil {
		return
	}
	writeFrame(conn, frameSettings, 0, 0, nil)
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		size, kind, flags := int64(head[0])<<16|int64(head[1])<<8|int64(head[2]), head[3], head[4]
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			return
		}
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			writeFrame(conn, frameSettings, flagAck, 0, nil)
		case kind == frameHeaders && s.fail(conn, binary.BigEndian.Uint32(head[5:])):
			return
		}
	}
}

// writeFrame writes to a connection whose end its reader meets.
func writeFrame(w io.Writer, kind, flags byte, stream uint32, payload []byte) {
	frame := []byte{0, 0, byte(len(payload)), kind, flags}
	frame = binary.BigEndian.AppendUint32(frame, stream)
	_, _ = w.Write(append(frame, payload...))
}

// What HTTP/2 adds to the ways of a connection to fail: it may be told to end, a request alone may be reset,
// and one that is dead has to be found out, since all requests share it.
func TestHTTP2Faults(t *testing.T) {
	own := newAuthority(t)
	good := own.issue(t, tlsHost, time.Now().Add(time.Hour))
	reset := func(code byte) func(io.Writer, uint32) bool {
		return func(w io.Writer, stream uint32) bool {
			writeFrame(w, frameReset, 0, stream, []byte{0, 0, 0, code})
			return false
		}
	}
	for _, row := range []struct {
		id    string
		fail  func(w io.Writer, stream uint32) bool
		met   func(error) bool
		stays bool // connections outlive the fault, and have to be given up by the client
	}{
		{id: "net.h2-goaway", fail: func(w io.Writer, _ uint32) bool {
			writeFrame(w, frameGoAway, 0, 0, make([]byte, 8)) // no stream was looked at, no error
			return true
		}, met: says("GOAWAY")},
		{id: "net.h2-rst-stream", fail: reset(codeInternal), met: says("INTERNAL_ERROR")},
		{id: "net.h2-refused-stream", fail: reset(codeRefused), met: says("REFUSED_STREAM")},
		{id: "net.h2-ping-timeout", fail: func(io.Writer, uint32) bool { return false }, met: late, stays: true},
	} {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			c := sinktest.Start(t, sinktest.Config{})
			server := startSecure(t, c, good, true)
			faulty := startFaultyHTTP2(t, good, row.fail)
			way := &road{addr: server.Listener.Addr().String()}
			trouble{
				id: row.id, met: row.met,
				cfg: sink.HTTPConfig{Endpoint: "https://" + tlsHost, TLS: &tls.Config{RootCAs: own.roots}, DialContext: way.DialContext},
				begin: func() {
					way.lead(leadTo(faulty.listener.Addr().String()))
					server.breakOff()
				},
				end: func() {
					way.back()
					if !row.stays {
						faulty.hangUp(false)
					}
				},
			}.play(t, c)
		})
	}
}
