package stages

import (
	"context"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Map makes one item of each. To change a large item, [Apply] is cheaper.
func Map[A, B any](f func(A) B) pipeline.Stage[A, B] {
	if f == nil {
		return pipeline.BadStage[A, B]("map", errNil("f"))
	}
	if same, ok := mapSame(f).(pipeline.Stage[A, B]); ok {
		return same
	}
	return pipeline.Fuse(func(_ *pipeline.In[A], out *pipeline.Out[B]) func(*A) {
		made := new(B)
		return func(item *A) {
			*made = f(*item)
			out.Push(made)
		}
	}).Named("map")
}

// mapSame is Map where the type stays: the result takes the place of the item, so there is one
// cell in the cache instead of one a stage. It returns nil where A is not B.
func mapSame[A, B any](f func(A) B) any {
	g, ok := any(f).(func(A) A)
	if !ok {
		return nil
	}
	return pipeline.Fuse(func(_ *pipeline.In[A], out *pipeline.Out[A]) func(*A) {
		return func(item *A) {
			*item = g(*item)
			out.Push(item)
		}
	}).Named("map")
}

// TryMap makes one item of each, or fails it: the stage's failure policy says what follows (see
// [pipeline.OnError]). ctx ends at the drain's deadline.
func TryMap[A, B any](f func(ctx context.Context, item A) (B, error)) pipeline.Stage[A, B] {
	if f == nil {
		return pipeline.BadStage[A, B]("try map", errNil("f"))
	}
	return pipeline.Fuse(func(in *pipeline.In[A], out *pipeline.Out[B]) func(*A) {
		made := new(B)
		return func(item *A) {
			b, err := f(in.Context(), *item)
			if err != nil {
				in.Failed(item, err)
				return
			}
			*made = b
			out.Push(made)
		}
	}).Named("try map")
}

// Apply changes each item where it lies and passes it on. It costs a fraction of Map, which
// copies the item three times. It must not stand below a Fork whose branches share their items.
func Apply[T any](change func(*T)) pipeline.Stage[T, T] {
	if change == nil {
		return pipeline.BadStage[T, T]("apply", errNil("change"))
	}
	return pipeline.Fuse(func(_ *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		return func(item *T) {
			change(item)
			out.Push(item)
		}
	}).Named("apply").InPlace()
}

// FlatMap makes any number of items of each: f calls emit for each of them, in order. An item of
// which it makes none is counted as filtered.
func FlatMap[A, B any](f func(item A, emit func(B))) pipeline.Stage[A, B] {
	if f == nil {
		return pipeline.BadStage[A, B]("flat map", errNil("f"))
	}
	return pipeline.Operator(f).Named("flat map")
}

// Tap lets look see each item on its way. It must not change what it sees, and must be quick.
func Tap[T any](look func(T)) pipeline.Stage[T, T] {
	if look == nil {
		return pipeline.BadStage[T, T]("tap", errNil("look"))
	}
	return pipeline.Fuse(func(_ *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		return func(item *T) {
			look(*item)
			out.Push(item)
		}
	}).Named("tap")
}
