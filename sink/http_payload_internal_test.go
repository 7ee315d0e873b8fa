package sink

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
)

// slowConn counts writes, and stays in the second until it is told to go on.
type slowConn struct {
	net.Conn
	mu      sync.Mutex
	sizes   []int
	entered chan struct{} // nil: no write waits
	goOn    chan struct{}
}

func (c *slowConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.sizes = append(c.sizes, len(b))
	second := len(c.sizes) == 2
	c.mu.Unlock()
	if second && c.entered != nil {
		close(c.entered)
		<-c.goOn
	}
	return c.Conn.Write(b)
}

func bodyOf(data []byte) *pipeline.Body {
	return &pipeline.Body{Data: data, Plain: data, ContentType: "application/json", Parts: []pipeline.Part{{From: 0, To: len(data)}}}
}

// TestBodyGoesOutInOnePiece holds that a body reaches the system as it lies, behind what net/http buffers
// with the request's head, and not in pieces of a copy: net/http may take another way than the one that
// hearingConn.ReadFrom expects, and nobody would notice but by the time it takes.
func TestBodyGoesOutInOnePiece(t *testing.T) {
	const size = 1 << 20
	var got int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	conn := &slowConn{}
	s := NewHTTP(HTTPConfig{Endpoint: server.URL, DialContext: func(ctx context.Context, network, address string) (c net.Conn, err error) {
		conn.Conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return conn, err
	}})
	defer s.own.CloseIdleConnections()
	body := bodyOf(make([]byte, size))
	if o := s.post(t.Context(), body, "key", form{data: body.Data}); o.class != accepted {
		t.Fatal(o.err)
	}
	conn.mu.Lock()
	defer conn.mu.Unlock()
	if got != size || len(conn.sizes) != 2 {
		t.Errorf("%d bytes arrived, in writes of %v; want the head with a beginning, and the rest", got, conn.sizes)
	}
}

// TestBufferOutlivesItsWrite holds that the buffers of a body that was answered before its end are not used
// again while a connection still writes them.
func TestBufferOutlivesItsWrite(t *testing.T) {
	conn := &slowConn{entered: make(chan struct{}), goOn: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-conn.entered // and answers early
	}))
	defer server.Close()
	s := NewHTTP(HTTPConfig{Endpoint: server.URL, DialContext: func(ctx context.Context, network, address string) (c net.Conn, err error) {
		conn.Conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return conn, err
	}})
	defer s.own.CloseIdleConnections()
	body := bodyOf(make([]byte, 1<<20))
	freed := make(chan struct{})
	body.OnFree(func(*pipeline.Body) { close(freed) })
	if o := s.post(t.Context(), body, "key", form{data: body.Data}); o.class != accepted {
		t.Fatal(o.err)
	}
	body.Free() // as the sink does when it is done with it
	select {
	case <-freed:
		t.Error("the buffers were given back while a connection wrote them")
	default:
	}
	close(conn.goOn)
	<-freed
}

func TestPayloadThatIsOver(t *testing.T) {
	p := &payload{body: bodyOf([]byte("text")), data: []byte("text")}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if n, err := p.Read(make([]byte, 4)); n != 0 || !errors.Is(err, errDetached) {
		t.Errorf("Read: %d, %v", n, err)
	}
	if n, err := p.writeTo(io.Discard, 4); n != 0 || !errors.Is(err, errDetached) {
		t.Errorf("writeTo: %d, %v", n, err)
	}
}
