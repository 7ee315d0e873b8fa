package stages

import "github.com/tailrace-go/tailrace/pipeline"

// Filter passes on the items that keep approves, in order, and counts the others as filtered.
// keep is called from one goroutine at a time, or from several under [pipeline.Workers].
func Filter[T any](keep func(T) bool) pipeline.Stage[T, T] {
	if keep == nil {
		return pipeline.BadStage[T, T]("filter", errNil("keep"))
	}
	return pipeline.Fuse(func(in *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		return func(item *T) {
			if keep(*item) {
				out.Push(item)
			} else {
				in.Filtered(item)
			}
		}
	}).Named("filter")
}

// Retain is Filter for items that are large values: keep gets a pointer, so nothing is copied,
// and may change the item it approves.
func Retain[T any](keep func(*T) bool) pipeline.Stage[T, T] {
	if keep == nil {
		return pipeline.BadStage[T, T]("retain", errNil("keep"))
	}
	return pipeline.Fuse(func(in *pipeline.In[T], out *pipeline.Out[T]) func(*T) {
		return func(item *T) {
			if keep(item) {
				out.Push(item)
			} else {
				in.Filtered(item)
			}
		}
	}).Named("retain").InPlace()
}
