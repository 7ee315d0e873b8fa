package pipeline

import (
	"context"
	"errors"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"
)

// Go starts a helper goroutine for the actor, source or sink whose context ctx is, such as one
// of several senders. The run labels it with name, turns a panic into an error, and awaits it:
// an actor is not over before its helpers are. An error that fn returns ends the actor's loop,
// and is the actor's own error. Go returns an error if ctx does not come from a stage.
func Go(ctx context.Context, name string, fn func(ctx context.Context) error) error {
	h, ok := ctx.Value(helpersKey{}).(*helpers)
	if !ok {
		return errors.New("pipeline: Go was called with a context that no stage was given")
	}
	h.group.Add(1)
	h.seg.p.group.Go(func() error {
		defer h.group.Done()
		labels := pprof.Labels("pipeline", h.seg.p.cfg.Name, "stage", h.seg.stage.name, "helper", name)
		pprof.Do(ctx, labels, func(ctx context.Context) { h.run(ctx, fn) })
		return nil
	})
	return nil
}

type helpersKey struct{}

// helpers are the goroutines that one call of an actor's function started.
type helpers struct {
	seg    *segment
	ctx    context.Context // what the actor's function is given
	cancel context.CancelFunc
	wake   func() // ends the actor's wait for items
	group  sync.WaitGroup
	bad    atomic.Bool // err is set
	mu     sync.Mutex
	err    error
}

func newHelpers(seg *segment, wake func()) *helpers {
	h := &helpers{seg: seg, wake: wake}
	ctx, cancel := context.WithCancel(context.WithValue(seg.ctx, helpersKey{}, h))
	h.ctx, h.cancel = ctx, cancel
	return h
}

// run calls a helper's function and notes how it ended.
func (h *helpers) run(ctx context.Context, fn func(context.Context) error) {
	clean := false
	defer func() {
		if clean {
			return
		}
		failure := &PanicError{Stage: h.seg.stage.name, Value: recover()}
		if failure.Value != nil {
			failure.Stack = debug.Stack()
		}
		h.fail(failure)
	}()
	if err := fn(ctx); err != nil && ctx.Err() == nil {
		h.fail(err)
	}
	clean = true
}

func (h *helpers) fail(err error) {
	h.mu.Lock()
	if h.err == nil {
		h.err = err
	}
	h.mu.Unlock()
	h.bad.Store(true)
	if h.wake != nil {
		h.wake()
	}
}

func (h *helpers) failed() bool { return h.bad.Load() }

func (h *helpers) cause() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// stop awaits the helpers when the actor's function has returned err. If that is an error they
// are told to end. It returns the first error of a helper.
func (h *helpers) stop(err error) error {
	if err != nil {
		h.cancel()
	}
	h.group.Wait()
	h.cancel()
	return h.cause()
}
