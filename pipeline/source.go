package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Source is where items enter a pipeline. Take one from package source, or write Feed.
type Source[T any] interface {
	// Feed sends items to out until there are no more, or Send returns an error, or ctx ends.
	// It returns nil, or what Send or ctx gave it, or an error that ends the run. ctx ends when
	// the run is to end: when Run's own does, or a stage has failed, or at Shutdown. An item is
	// accepted once Send has returned nil.
	Feed(ctx context.Context, out *Outlet[T]) error
}

// SourceFunc is a function that is a [Source].
type SourceFunc[T any] func(ctx context.Context, out *Outlet[T]) error

// Feed calls f.
func (f SourceFunc[T]) Feed(ctx context.Context, out *Outlet[T]) error { return f(ctx, out) }

// sourceName is the default name of a source: that of its type, without type arguments.
func sourceName(source any) string {
	if source == nil {
		return "source"
	}
	name := strings.ToLower(reflect.TypeOf(source).String())
	name, _, _ = strings.Cut(name, "[")
	name = name[strings.LastIndexAny(name, ".*")+1:]
	if name == "sourcefunc" {
		return "source"
	}
	return name
}

// Attend is for a source that waits for something of its own, such as a channel: it is to be
// called when the channel that [Outlet.Attention] returns is readable. It lets a Flush pass, and
// returns an error when the source is to end. Send does the same.
func (out *Outlet[T]) Attend() error {
	seg := out.seg
	if bits := seg.attn.Load(); bits != 0 {
		if bits&attnMark != 0 {
			seg.attn.And(^uint32(attnMark))
			if num := seg.p.marks.num.Load(); num > seg.seen {
				seg.mark(num)
			}
		}
		if bits&attnStop != 0 {
			return ErrClosed
		}
	}
	return seg.err
}

// Attention returns a channel that is readable when the engine wants a source to call Attend.
func (out *Outlet[T]) Attention() <-chan struct{} { return out.attention }

// Pull calls next for one item after the other until it returns [io.EOF], another error, or the
// run is ending. next fills in *item whole; the stages below work on it where it is, so nothing is
// copied, and its memory is used again. It is the cheapest way to feed a pipeline, since the loop
// is the engine's, and it goes on after runtime.Goexit in a stage below.
func (out *Outlet[T]) Pull(ctx context.Context, next func(ctx context.Context, item *T) error) error {
	for {
		err := out.pull(ctx, next)
		if err == io.EOF { //nolint:errorlint // one that is wrapped is a stream that broke, not the end
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pull is Pull until an operator panics. One recover covers all items.
func (out *Outlet[T]) pull(ctx context.Context, next func(ctx context.Context, item *T) error) error {
	seg, n, item := out.seg, out.node, &out.cell
	defer out.rescue()
	for {
		if err := next(ctx, item); err != nil {
			return err
		}
		if marksOn && seg.attn.Load() != 0 {
			if err := out.admit(*item); err != nil {
				return err
			}
		}
		out.inside = true
		n.out.inc()
		if out.weigh != nil {
			out.settle(item)
		}
		out.next(item)
		out.inside = false
		if out.scrub {
			var none T
			*item = none
		}
	}
}

// admit does what Send has to do for a source before it accepts an item: it looks whether the
// run is ending, lets marks pass, and waits for room in the byte budget. What an actor sends once the
// run is given up ends here.
func (out *Outlet[T]) admit(item T) error {
	if !out.source {
		return out.abandon(item)
	}
	err := out.Attend()
	if err == nil && out.charge != nil {
		bytes, b := int64(out.charge(&item)), out.seg.p.budget
		if err = b.fits(bytes); err == nil {
			err = b.take(bytes, out.seg.parker, out.Attend)
		} else {
			err = &StageError{Stage: out.node.stage.name, Err: err}
		}
	}
	if err != nil {
		out.node.stage.refusals.Add(int64(weightOf(out.weigh, &item)))
	}
	return err
}

// sourceRun is the goroutine of a source.
type sourceRun[T any] struct {
	seg    *segment
	source Source[T]
	out    *Outlet[T]
}

func startSource[T any](s *stage, source Source[T], t *tap[T]) {
	seg := s.p.newSegment(s, 0)
	n := s.newNode()
	n.in = &n.out // what a source has sent, it has accepted; an Entry counts what waits
	seg.head = n
	out := newOutlet(seg, n, t)
	out.source = true
	if out.charge != nil {
		seg.attn.Or(attnBytes)
	}
	out.attention = make(chan struct{}, 1)
	seg.poke = func() {
		select {
		case out.attention <- struct{}{}:
		default:
		}
		seg.parker.wake()
		if s.entry != nil {
			s.entry.poke()
		}
	}
	r := &sourceRun[T]{seg: seg, source: source, out: out}
	s.p.ready(seg, r.run)
}

// Resumable is implemented by sources whose Feed may be called again after runtime.Goexit in an
// operator behind it took its goroutine: they keep what they have to send outside of Feed.
type Resumable interface{ Resume() }

func (r *sourceRun[T]) run() {
	r.end(r.once())
}

func (r *sourceRun[T]) end(err error) {
	if err != nil && !r.ending(err) {
		r.seg.p.fail(asStageError(r.seg.stage.name, err))
	}
	r.seg.finish()
}

// ending reports whether err only says that the run is ending.
func (r *sourceRun[T]) ending(err error) bool {
	ctx := r.seg.p.sourceCtx
	return errors.Is(err, ErrClosed) || r.seg.p.aborted() && errors.Is(err, r.seg.p.abortCause()) || ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

// once calls Feed and turns a panic into an error. After runtime.Goexit it does not return, and
// another goroutine resumes.
func (r *sourceRun[T]) once() (err error) {
	seg, clean := r.seg, false
	h := newHelpers(seg, seg.poke)
	ctx, cancel := context.WithCancel(context.WithValue(seg.p.sourceCtx, helpersKey{}, h))
	defer cancel()
	defer func() {
		if clean {
			return
		}
		v := recover()
		failure := seg.settlePanic(v)
		_ = h.stop(failure) // the panic comes first
		err = failure
		if v == nil {
			seg.spawn(func() { r.resume(failure) })
		}
	}()
	err = r.source.Feed(ctx, r.out)
	clean = true
	cancel()
	return cmp.Or(err, h.stop(err))
}

// resume goes on after runtime.Goexit took the goroutine of a source.
func (r *sourceRun[T]) resume(failure *PanicError) {
	if _, ok := any(r.source).(Resumable); ok && failure.Stage != r.seg.stage.name {
		r.seg.p.noteError(failure)
		r.run()
		return
	}
	r.end(fmt.Errorf("the source cannot go on: %w", failure))
}
