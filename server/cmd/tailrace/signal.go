package main

import (
	"context"
	"os"
	"os/signal"
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
