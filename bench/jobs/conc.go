package jobs

import (
	"github.com/sourcegraph/conc/pool"
	"github.com/sourcegraph/conc/stream"
)

// How J3 is done with sourcegraph/conc: a task for each item.
func init() {
	J3u.Register("conc-pool", j3ConcPool)
	J3o.Register("conc-stream", j3ConcStream)
}

// j3ConcPool hands the results to the sink through a channel of 64, because tasks are concurrent and the sink is not.
func j3ConcPool(n int) (seen Result) {
	worked := make(chan Item, 64)
	go func() {
		defer close(worked)
		tasks := pool.New().WithMaxGoroutines(workers)
		for i := range n {
			item := NewItem(i)
			tasks.Go(func() { worked <- Work(item) })
		}
		tasks.Wait()
	}()
	for item := range worked {
		seen.Add(item)
	}
	return seen
}

// j3ConcStream has its sink in the callbacks, which the library calls in order and one at a time.
func j3ConcStream(n int) (seen Result) {
	tasks := stream.New().WithMaxGoroutines(workers)
	for i := range n {
		item := NewItem(i)
		tasks.Go(func() stream.Callback {
			worked := Work(item)
			return func() { seen.AddInOrder(worked) }
		})
	}
	tasks.Wait()
	return seen
}
