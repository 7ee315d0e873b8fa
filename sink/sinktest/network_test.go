package sinktest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestPipeFailsLikeTCP(t *testing.T) {
	buffer := make([]byte, 1)
	for _, test := range []struct {
		name string
		do   func(near, far *pipeConn) error
		want error
	}{
		{"read after a reset", func(near, far *pipeConn) error { far.Reset(); _, err := near.Read(buffer); return err }, syscall.ECONNRESET},
		{"write after a reset", func(near, far *pipeConn) error { far.Reset(); _, err := near.Write(buffer); return err }, syscall.ECONNRESET},
		{"read after the other end closed", func(near, far *pipeConn) error { _ = far.Close(); _, err := near.Read(buffer); return err }, io.EOF},
		{"write after the other end closed", func(near, far *pipeConn) error { _ = far.Close(); _, err := near.Write(buffer); return err }, syscall.EPIPE},
		{"read after this end closed", func(near, _ *pipeConn) error { _ = near.Close(); _, err := near.Read(buffer); return err }, net.ErrClosed},
		{"write after this end was reset", func(near, _ *pipeConn) error { near.Reset(); _, err := near.Write(buffer); return err }, net.ErrClosed},
		{"read after the deadline", func(near, _ *pipeConn) error {
			if err := near.SetReadDeadline(time.Unix(1, 0)); err != nil {
				return err
			}
			_, err := near.Read(buffer)
			return err
		}, os.ErrDeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			near, far := newPipe()
			defer func() { _, _ = near.Close(), far.Close() }()
			err := test.do(near, far)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			var op *net.OpError
			var number syscall.Errno
			if errors.As(test.want, &number) && !errors.As(err, &op) {
				t.Errorf("got %#v, want a *net.OpError of %v", err, number)
			}
		})
	}
}

func TestPipeDial(t *testing.T) {
	m := &memory{name: "collector"}
	listener, err := m.listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("dial with nobody accepting: got %v, want Canceled", err)
	}
	if err := errors.Join(listener.Close(), listener.Close()); err != nil {
		t.Error(err)
	}
	if _, err := m.dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Close: got %v, want ECONNREFUSED", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: got %v, want net.ErrClosed", err)
	}
}
