package send

import (
	"context"
	"io"

	"github.com/tailrace-go/tailrace/pipeline"
)

// waiting reads from what may keep a Read waiting for ever, such as a terminal or a pipe. It does so on a goroutine of its
// own, which is the only one that may outlive a run: nothing can interrupt it there.
type waiting struct {
	ctx       context.Context
	attention <-chan struct{}
	attend    func() error
	pieces    chan piece
	rest      piece
}

type piece struct {
	data []byte
	err  error
}

func newWaiting(ctx context.Context, attention <-chan struct{}, attend func() error, open func() (io.ReadCloser, error)) *waiting {
	w := &waiting{ctx: ctx, attention: attention, attend: attend, pieces: make(chan piece)}
	go w.fetch(open)
	return w
}

func (w *waiting) fetch(open func() (io.ReadCloser, error)) {
	f, err := open()
	if err == nil {
		defer context.AfterFunc(w.ctx, func() { _ = f.Close() })() // ends the Read of a pipe
		defer f.Close()
	}
	for err == nil {
		buf := make([]byte, 64<<10)
		var n int
		n, err = f.Read(buf)
		if !w.hand(piece{buf[:n], err}) {
			return
		}
	}
	w.hand(piece{nil, err})
}

func (w *waiting) hand(p piece) bool {
	select {
	case w.pieces <- p:
		return true
	case <-w.ctx.Done():
		return false
	}
}

// Read returns pipeline.ErrClosed when the run is ending.
func (w *waiting) Read(b []byte) (int, error) {
	for len(w.rest.data) == 0 && w.rest.err == nil {
		select {
		case w.rest = <-w.pieces:
		case <-w.ctx.Done():
			return 0, pipeline.ErrClosed
		case <-w.attention:
			if err := w.attend(); err != nil {
				return 0, err
			}
		}
	}
	n := copy(b, w.rest.data)
	w.rest.data = w.rest.data[n:]
	if len(w.rest.data) == 0 && w.rest.err != nil {
		return n, w.rest.err
	}
	return n, nil
}
