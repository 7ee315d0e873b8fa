package sink

import (
	"errors"
	"io"
	"sync"

	"github.com/tailrace-go/tailrace/pipeline"
)

// payload is the body of one request. The transport may hold it for longer than its answer, so once
// it is closed it no longer touches the bytes, whoever reads; and a write that has begun by then has a
// share of the body, whose buffers are not used again before it is over.
type payload struct {
	body   *pipeline.Body // whose bytes they are
	mu     sync.Mutex
	data   []byte // what is left
	closed bool
}

var errDetached = errors.New("sink: the request is over")

// Read copies bytes out: into the frames of HTTP/2, or the records of TLS.
func (p *payload) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return 0, errDetached
	case len(p.data) == 0:
		return 0, io.EOF
	}
	n := copy(b, p.data)
	p.data = p.data[n:]
	return n, nil
}

// writeTo writes at most limit bytes to w, from where they lie.
func (p *payload) writeTo(w io.Writer, limit int64) (int64, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return 0, errDetached
	}
	data := p.data[:min(limit, int64(len(p.data)))]
	p.data = p.data[len(data):]
	p.body.Share(1) // before whoever closes p can free the body
	p.mu.Unlock()
	defer p.body.Free()
	n, err := w.Write(data)
	return int64(n), err
}

func (p *payload) Close() error {
	p.detach()
	return nil
}

func (p *payload) detach() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.data = true, nil
}
