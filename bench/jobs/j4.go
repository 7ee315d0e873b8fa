package jobs

import (
	"strconv"
	"sync"
)

// J4 is J1 with 1, 8 and 64 producers, which share the items in equal ranges.
var J4 = [...]*Job{newJ4(producerCounts[0]), newJ4(producerCounts[1]), newJ4(producerCounts[2])}

var producerCounts = [...]int{1, 8, 64}

func newJ4(producers int) *Job {
	variant := "producers=" + strconv.Itoa(producers)
	return &Job{Name: "J4/" + variant, Variant: variant, Items: 1_000_000, Base: "chan64", plain: j1Loop}
}

// RegisterJ4 adds an implementation to J4 with 1, 8 and 64 producers.
func RegisterJ4(name string, run func(producers, n int) Result) {
	for i, job := range J4 {
		job.Register(name, func(n int) Result { return run(producerCounts[i], n) })
	}
}

func init() {
	for _, depth := range depths {
		RegisterJ4(chanName(depth), func(producers, n int) Result { return j4Chan(producers, n, depth) })
	}
	RegisterJ4("chunk", j4Chunk)
	RegisterJ4("swap-link", j4SwapLink)
}

// Produce calls produce on so many goroutines, with ranges of equal size that make up 0 to n-1, and returns when all
// have returned.
func Produce(producers, n int, produce func(from, to int)) {
	var group sync.WaitGroup
	for p := range producers {
		group.Go(func() { produce(p*n/producers, (p+1)*n/producers) })
	}
	group.Wait()
}

func j4Chan(producers, n, depth int) Result {
	items := make(chan Item, depth)
	go func() {
		defer close(items)
		Produce(producers, n, func(from, to int) {
			for i := from; i < to; i++ {
				items <- NewItem(i)
			}
		})
	}()
	return tailChan(items, depth)
}

// A tail is the map, filter, batch and sink of J4 on the goroutine of whoever has the items.
type tail struct {
	batch []Item
	seen  Result
}

func newTail() *tail { return &tail{batch: make([]Item, 0, batchItems)} }

func (t *tail) take(vector []Item) {
	for _, item := range vector {
		item.A = item.ID*3 + 1
		if item.ID%2 != 0 {
			continue
		}
		if t.batch = append(t.batch, item); len(t.batch) == batchItems {
			t.flush()
		}
	}
}

func (t *tail) flush() {
	t.seen.AddBatch(t.batch)
	t.batch = t.batch[:0]
}
