package observability

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"time"
)

// Shutdowner is what [ShutdownOnSignal] ends: a [CloudExporter], or anything else that has something
// to send before the process is over.
type Shutdowner interface {
	Shutdown(ctx context.Context) error
}

// signalTimeout is how long the shutdowns have: less than the 30 s that Kubernetes leaves between
// SIGTERM and SIGKILL, and as long as Docker waits.
const signalTimeout = 10 * time.Second

// ShutdownOnSignal makes the process deliver what it has before it dies of SIGTERM or SIGINT: it
// then shuts all of these down, at once, with 10 s for all, and lets the signal do what it would
// have done. Another signal meanwhile ends the process at once.
//
// It is for programs that do not handle these signals. One that does calls Shutdown when its own work
// is done; what still exports spans by then would be refused here.
//
// The end of ctx, or a call of stop, takes that back. stop returns when nothing of it is left, or, if
// a signal has come, not at all: so deferred in main, it lets the shutdowns end.
func ShutdownOnSignal(ctx context.Context, of ...Shutdowner) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, shutdownSignals...)
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case s := <-signals:
			signal.Stop(signals) // another one has its usual meaning
			shutdownAll(context.WithoutCancel(ctx), of)
			dieOf(s)
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return func() {
		cancel()
		<-over
	}
}

// shutdownAll ends all of them side by side: one that is slow takes no time from the others. What
// their errors are they have logged.
func shutdownAll(ctx context.Context, of []Shutdowner) {
	ctx, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	var group sync.WaitGroup
	for _, s := range of {
		group.Go(func() {
			defer func() { _ = recover() }() // a panic here must not cost the others their spans
			_ = s.Shutdown(ctx)
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		// Who obeys ctx is about to return.
		select {
		case <-done:
		case <-time.After(signalGrace):
		}
	}
}

// signalGrace is how long after their time shutdowns may take to notice it.
const signalGrace = time.Second
