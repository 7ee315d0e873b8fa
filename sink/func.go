package sink

import (
	"context"
	"errors"

	"github.com/tailrace-go/tailrace/pipeline"
)

var errNil = errors.New("the function is nil")

// Func hands each item to f, which owns it then. A nil error counts it as delivered; another
// fails it, and the sink's failure policy says what follows: by default the run ends (see
// [pipeline.OnError]). f shares the goroutine of the stage above, unless the option
// [pipeline.Async] or [pipeline.Workers] says otherwise. ctx ends at the drain's deadline.
func Func[T any](f func(ctx context.Context, item T) error) pipeline.Sink[T] {
	if f == nil {
		return pipeline.BadSink[T]("func", errNil)
	}
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) {
		return func(item *T) {
			if err := f(in.Context(), *item); err != nil {
				in.Failed(item, err)
				return
			}
			in.Delivered(item)
		}
	}).Named("func")
}

// Each hands each item to f, which cannot fail.
func Each[T any](f func(item T)) pipeline.Sink[T] {
	if f == nil {
		return pipeline.BadSink[T]("each", errNil)
	}
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) {
		return func(item *T) {
			f(*item)
			in.Delivered(item)
		}
	}).Named("each")
}

// View is Each for what is only looked at: look gets a pointer, so nothing is copied. It must keep
// neither the pointer nor what the item itself points to, such as the array of a batch, which a
// stage above may use again.
func View[T any](look func(item *T)) pipeline.Sink[T] {
	if look == nil {
		return pipeline.BadSink[T]("view", errNil)
	}
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) {
		return func(item *T) {
			look(item)
			in.Delivered(item)
		}
	}).Named("view").Borrowing()
}

// Discard takes items and does nothing with them.
func Discard[T any]() pipeline.Sink[T] {
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) { return in.Delivered }).Named("discard")
}
