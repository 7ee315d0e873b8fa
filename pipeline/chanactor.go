package pipeline

import "context"

// ChanActor makes a stage of a function on plain Go channels. It costs two channel operations an
// item. in is closed when the items end, or at the drain's deadline; the function returns when it
// is done, and must not close out. It cannot say what becomes of an item that it does not send:
// such items are counted as filtered when it returns. A Flush passes when the function has taken
// all items before it. Under the policy [Restart] the function gets new channels; the item that it
// died of is among those it took, and failed.
func ChanActor[A, B any](run func(ctx context.Context, in <-chan A, out chan<- B) error) Stage[A, B] {
	if run == nil {
		return Stage[A, B]{name: "chan actor"}
	}
	s := Actor(func(ctx context.Context, in *Inlet[A], out *Outlet[B]) error {
		c := &chanActor[A, B]{in: in, out: out, a: make(chan A), b: make(chan B), done: make(chan struct{})}
		return c.serve(ctx, run)
	})
	s.silent = true
	return s.Named("chan actor")
}

// chanActor moves items between the engine and a function's channels. The inlet stays with the
// actor's goroutine, the outlet is with the one that forwards.
type chanActor[A, B any] struct {
	in   *Inlet[A]
	out  *Outlet[B]
	a    chan A
	b    chan B
	done chan struct{} // closed when the function has returned
	died bool          // and that was a failure; read after done
}

func (c *chanActor[A, B]) serve(ctx context.Context, run func(context.Context, <-chan A, chan<- B) error) error {
	err := Go(ctx, "function", func(ctx context.Context) error {
		c.died = true // also if it panics
		defer close(c.done)
		err := run(ctx, c.a, c.b)
		c.died = err != nil
		return err
	})
	if err == nil {
		err = Go(ctx, "forward", c.forward)
	}
	if err != nil {
		return err
	}
	defer close(c.a)
	for item := range c.in.All() {
		select {
		case c.a <- item:
		case <-c.done:
			if c.died {
				return nil // the helper has the error, and the policy decides on the item
			}
			c.in.Filtered(item)
			c.in.Stop()
		}
	}
	return c.in.Err()
}

// forward sends what the function makes. It goes on after an error, so that the function is not
// left waiting; the items are then accounted for by Send.
func (c *chanActor[A, B]) forward(context.Context) error {
	var first error
	for {
		select {
		case item := <-c.b:
			if err := c.out.Send(item); err != nil && first == nil {
				first = err
				c.in.helpers.fail(err)
			}
		case <-c.done:
			return first
		}
	}
}
