package source

import (
	"context"
	"iter"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Seq sends what a sequence yields. The sequence runs on the source's goroutine; it is stopped
// at the first item after the end of the run's context, so it should not wait long by itself.
func Seq[T any](seq iter.Seq[T]) pipeline.Source[T] {
	if seq == nil {
		return nil
	}
	return sequence[T](seq)
}

type sequence[T any] iter.Seq[T]

func (s sequence[T]) Feed(_ context.Context, out *pipeline.Outlet[T]) error {
	for item := range s {
		if err := out.Send(item); err != nil {
			return err
		}
	}
	return nil
}

// Slice sends items, in order.
func Slice[T any](items ...T) pipeline.Source[T] { return slice[T](items) }

type slice[T any] []T

func (s slice[T]) Feed(_ context.Context, out *pipeline.Outlet[T]) error {
	for _, item := range s {
		if err := out.Send(item); err != nil {
			return err
		}
	}
	return nil
}
