package jobs

import (
	"context"

	"github.com/samber/ro"
)

// How the jobs are done with samber/ro: as it is, where each stage calls the next on the goroutine of the source, and
// with ObserveOn before each stage, which gives it a goroutine and a queue. The sink is on the last stage's goroutine.
func init() {
	J1.Register("ro", func(n int) (seen Result) {
		roEach(roTail(roItems(n)), seen.AddBatch)
		return seen
	})
	J1.Register("ro-observeon", func(n int) (seen Result) {
		mapped := ro.Map(Scale)(roApart(roItems(n)))
		kept := ro.Filter(Even)(roApart(mapped))
		roEach(ro.BufferWithCount[Item](batchItems)(roApart(kept)), seen.AddBatch)
		return seen
	})
	J2.Register("ro", func(n int) (seen Result) {
		line := roItems(n)
		for range increments {
			line = ro.Map(Increment)(line)
		}
		roEach(line, seen.Add)
		return seen
	})
	J2.Register("ro-observeon", func(n int) (seen Result) {
		roEach(roIncrements(roItems(n), increments), seen.Add)
		return seen
	})
	RegisterJ4("ro", j4Ro)
	J5.Register("ro", func(n int) (seen Result) {
		roEach(ro.Pipe2(roItems(n), ro.GroupBy(Lane), ro.MergeMap(ro.Map(Scale))), seen.Add)
		return seen
	})
	Idle.Register("ro-observeon", idleRo)
}

// roItems is the source: of the kind that takes no lock, as those of the library that have one producer.
func roItems(n int) ro.Observable[Item] {
	return ro.NewUnsafeObservableWithContext(func(ctx context.Context, to ro.Observer[Item]) ro.Teardown {
		for i := range n {
			to.NextWithContext(ctx, NewItem(i))
		}
		to.CompleteWithContext(ctx)
		return nil
	})
}

// roTail is the map, filter and batch of J1 and J4.
func roTail(items ro.Observable[Item]) ro.Observable[[]Item] {
	return ro.Pipe3(items, ro.Map(Scale), ro.Filter(Even), ro.BufferWithCount[Item](batchItems))
}

// roApart puts what follows on a goroutine of its own, behind a queue of 64.
func roApart(line ro.Observable[Item]) ro.Observable[Item] {
	return ro.ObserveOn[Item](idleDepth)(line)
}

// roIncrements appends so many stages, each apart.
func roIncrements(line ro.Observable[Item], stages int) ro.Observable[Item] {
	for range stages {
		line = ro.Map(Increment)(roApart(line))
	}
	return line
}

// roEach runs a line with next as its sink and returns when it is complete.
func roEach[T any](line ro.Observable[T], next func(T)) {
	done := roStart(line, next)
	if err := <-done; err != nil {
		panic(err)
	}
}

// roStart subscribes next to a line. The channel gets what the line ends with, nil when it completes.
func roStart[T any](line ro.Observable[T], next func(T)) <-chan error {
	done := make(chan error, 1)
	line.Subscribe(ro.NewObserver(next, func(err error) { done <- err }, func() { done <- nil }))
	return done
}

// j4Ro crosses a channel of 64, which is how the library takes items from many goroutines.
func j4Ro(producers, n int) (seen Result) {
	items := make(chan Item, 64)
	go func() {
		defer close(items)
		Produce(producers, n, func(from, to int) {
			for i := from; i < to; i++ {
				items <- NewItem(i)
			}
		})
	}()
	roEach(roTail(ro.FromChannel(items)), seen.AddBatch)
	return seen
}

func idleRo() Line {
	first, arrived := ro.NewPublishSubject[Item](), make(chan Item)
	done := roStart(roIncrements(first.AsObservable(), idleStages), func(item Item) { arrived <- item })
	return Line{
		Send:    first.Next,
		Receive: func() Item { return <-arrived },
		Stop: func() {
			first.Complete()
			if err := <-done; err != nil {
				panic(err)
			}
		},
	}
}
