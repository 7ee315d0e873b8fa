package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// untilSignal returns a context that ends with ctx or at the first signal which asks the program to end. By then signals
// have their usual meaning again, so that one more ends the process at once: with signal.NotifyContext, one that comes at
// that very moment would be swallowed. stop ends the context too.
func untilSignal(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	parent, stop := context.WithCancel(ctx)
	child, end := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-parent.Done():
		}
		signal.Stop(signals)
		end()
	}()
	return child, stop
}

// interrupts are the two signals that a long command answers: the first asks it to finish what it has begun, the second to
// give that up. By then signals have their usual meaning again.
type interrupts struct {
	abandon chan struct{} // closed at the second
	first   atomic.Int64  // the first, as a number; 0 if there was none
}

// untilSignals returns a context that ends with ctx or at the first signal. stop ends everything.
func untilSignals(ctx context.Context) (_ context.Context, in *interrupts, stop context.CancelFunc) {
	parent, stop := context.WithCancel(ctx)
	child, end := context.WithCancel(context.WithoutCancel(ctx))
	in = &interrupts{abandon: make(chan struct{})}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(signals)
		select {
		case s := <-signals:
			if number, ok := s.(syscall.Signal); ok {
				in.first.Store(int64(number))
			}
			end()
		case <-parent.Done():
			end()
			return
		}
		select {
		case <-signals:
			close(in.abandon)
		case <-parent.Done():
		}
	}()
	return child, in, stop
}

// code is the exit code of a process that a signal has ended: 130 after Ctrl-C.
func (in *interrupts) code() int {
	if n := in.first.Load(); n != 0 {
		return 128 + int(n)
	}
	return 128 + int(syscall.SIGINT)
}
