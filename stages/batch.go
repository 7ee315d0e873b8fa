package stages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// BatchConfig says when a batch is complete: at the first limit it meets.
type BatchConfig struct {
	MaxItems int           // items in a batch; 0 means 512
	MaxBytes int           // sum of what the items say by Size() int (or Charge() int, if they have it); 0 means no limit
	MaxWait  time.Duration // age of a batch's oldest item; 0 means no limit
}

func (c BatchConfig) withDefaults() (BatchConfig, error) {
	c.MaxItems = cmp.Or(c.MaxItems, 512)
	switch {
	case c.MaxItems < 0:
		return c, fmt.Errorf("BatchConfig.MaxItems is negative: %d", c.MaxItems)
	case c.MaxBytes < 0:
		return c, fmt.Errorf("BatchConfig.MaxBytes is negative: %d", c.MaxBytes)
	case c.MaxWait < 0:
		return c, fmt.Errorf("BatchConfig.MaxWait is negative: %v", c.MaxWait)
	}
	return c, nil
}

// Batch groups items, in order. A Flush and the end of a drain send what there is at once. An
// item that alone is larger than MaxBytes makes a batch of one.
//
// Without MaxWait the stage is an operator and shares its neighbour's goroutine. With it, the
// stage is an actor, because it has to wake up by itself.
//
// A panic in Size() fails its item alone, but with MaxWait all that the actor holds: see
// [pipeline.Actor].
//
// The receiver owns the batch, unless it only borrows it (see [pipeline.Stage.Borrowing]), as Encode
// and sink.View do: then one array serves all batches.
func Batch[T any](cfg BatchConfig) pipeline.Stage[T, pipeline.Batch[T]] {
	cfg, err := cfg.withDefaults()
	size := sizeOf[T]()
	if err == nil && cfg.MaxBytes > 0 && size == nil {
		err = fmt.Errorf("BatchConfig.MaxBytes is set, but %v has neither Size() int nor Charge() int", reflect.TypeFor[T]())
	}
	switch {
	case err != nil:
		return pipeline.BadStage[T, pipeline.Batch[T]]("batch", err)
	case cfg.MaxWait > 0:
		return timedBatch[T](cfg, size)
	}
	return pipeline.Fuse(func(in *pipeline.In[T], out *pipeline.Out[pipeline.Batch[T]]) func(*T) {
		g := group[T]{cfg: cfg, size: size}
		full := new(pipeline.Batch[T])
		push := func(batch pipeline.Batch[T]) {
			*full = batch
			out.Push(full)
			*full = nil
			if out.Lent() {
				g.reuse(batch)
			}
		}
		send := func() {
			if len(g.items) > 0 {
				push(g.take())
			}
		}
		in.OnMark(send)
		if cfg.MaxBytes == 0 {
			return func(item *T) {
				g.add(item, 0)
				in.Hold(item)
				if len(g.items) >= cfg.MaxItems {
					send()
				}
			}
		}
		return func(item *T) {
			var before pipeline.Batch[T]
			bytes := g.measure(item)
			if g.wouldExceed(bytes) {
				before = g.take()
			}
			g.add(item, bytes)
			in.Hold(item)
			if before != nil {
				push(before) // the item is held by now: a panic below must not cost it
			}
			if g.complete() {
				send()
			}
		}
	}).Named("batch")
}

// timedBatch is Batch with MaxWait.
func timedBatch[T any](cfg BatchConfig, size func(*T) int) pipeline.Stage[T, pipeline.Batch[T]] {
	return pipeline.Actor(func(_ context.Context, in *pipeline.Inlet[T], out *pipeline.Outlet[pipeline.Batch[T]]) error {
		g := group[T]{cfg: cfg, size: size}
		var due time.Time
		send := func() error {
			due = time.Time{} // an empty batch is never due
			if len(g.items) == 0 {
				return nil
			}
			batch := g.take()
			err := out.Send(batch)
			if out.Lent() {
				g.reuse(batch)
			}
			return err
		}
		in.OnMark(send)
		var item T // out here because it moves to the heap: once, not for each item
		for {
			var err error
			item, err = in.RecvUntil(due)
			switch {
			case errors.Is(err, pipeline.ErrDue):
				err = send()
			case err != nil:
				return in.Err()
			default:
				bytes := g.measure(&item)
				if g.wouldExceed(bytes) {
					err = send()
				}
				if g.add(&item, bytes); len(g.items) == 1 {
					due = time.Now().Add(cfg.MaxWait)
				}
				if g.complete() {
					err = errors.Join(err, send())
				}
			}
			if err != nil {
				return err
			}
		}
	}).Named("batch")
}

// maxAhead bounds the room that is made for a batch before it is known how large it gets.
const maxAhead = 1024

// group is a batch that grows.
type group[T any] struct {
	cfg   BatchConfig
	size  func(*T) int
	items pipeline.Batch[T]
	bytes int
	spare pipeline.Batch[T] // an empty batch whose array is used again
}

func (g *group[T]) measure(item *T) int {
	if g.cfg.MaxBytes == 0 {
		return 0
	}
	return g.size(item)
}

// wouldExceed reports whether an item of so many bytes has to start another batch.
func (g *group[T]) wouldExceed(bytes int) bool {
	return g.cfg.MaxBytes > 0 && len(g.items) > 0 && bytes > g.cfg.MaxBytes-g.bytes
}

func (g *group[T]) add(item *T, bytes int) {
	if g.items == nil {
		if g.items, g.spare = g.spare, nil; g.items == nil {
			g.items = make(pipeline.Batch[T], 0, min(g.cfg.MaxItems, maxAhead))
		}
	}
	g.items = append(g.items, *item)
	g.bytes += bytes
}

func (g *group[T]) complete() bool {
	return len(g.items) >= g.cfg.MaxItems || g.cfg.MaxBytes > 0 && g.bytes >= g.cfg.MaxBytes
}

// take returns the batch and starts an empty one.
func (g *group[T]) take() pipeline.Batch[T] {
	items := g.items
	g.items, g.bytes = nil, 0
	return items
}

// reuse takes a batch back that nobody holds any more.
func (g *group[T]) reuse(batch pipeline.Batch[T]) {
	clear(batch) // what its items point to must not live on with it
	g.spare = batch[:0]
}
